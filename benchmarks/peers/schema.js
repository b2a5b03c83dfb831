// Our published schema, word for word; what answers it is the peers' own.
import { readFileSync } from 'node:fs'

export const schema = readFileSync(new URL('../../schema/schema.graphql', import.meta.url), 'utf8')
