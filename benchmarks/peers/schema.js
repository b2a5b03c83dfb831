// Our published schema; what answers it is the peers' own.
import { readFileSync } from 'node:fs'

const published = readFileSync(new URL('../../schema/schema.graphql', import.meta.url), 'utf8')

// graphql-jit asks for fields that may not be null although they have a default
export const schema = published.replaceAll(/^( {2}\w+: \w+)! = /gm, '$1 = ')
