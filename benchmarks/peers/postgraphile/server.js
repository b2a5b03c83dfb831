// PostGraphile 5 on our tables, in its own words. The token is checked in front of it; the member's id is a variable.
import { readFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { postgraphile } from 'postgraphile'
import { makePgService } from 'postgraphile/adaptors/pg'
import { lambda, loadOne } from 'postgraphile/grafast'
import { grafserv } from 'postgraphile/grafserv/node'
import { PostGraphileAmberPreset } from 'postgraphile/presets/amber'
import { extendSchema, gql, jsonPgSmartTags } from 'postgraphile/utils'
import { caller } from '../callers.js'
import { main, once } from '../db.js'
import { keysOf } from '../members.js'
import { makeRedeem } from '../redeem.js'
import { benefits } from '../tiers.js'
import { openProfile } from '../vault.js'

// two of our tables know their member by a plain column
const owned = field => ({ tags: { foreignKey: `(member_id) references member (id)|@foreignFieldName ${field}` } })

const tags = jsonPgSmartTags({
  version: 1,
  config: { class: { 'public.points_entry': owned('pointsEntries') } }
})

const keys = async ids => {
  const found = await keysOf(ids)
  return ids.map(id => found.get(id) ?? null)
}

const fields = extendSchema({
  typeDefs: gql`
    extend type Member { displayName: String }
    extend type Tier { benefits: [Benefit!]! }
    type Benefit { kind: String! value: Int! }
  `,
  objects: {
    Member: {
      plans: {
        displayName ($member) {
          const $id = $member.get('id')
          return lambda([$id, loadOne($id, keys), $member.get('profile')],
            ([id, key, profile]) => openProfile(id, key, profile).displayName)
        }
      }
    },
    Tier: {
      plans: {
        benefits: $tier => lambda([$tier.get('earn_multiplier_bps'), $tier.get('redeem_limit_points')],
          ([bps, limit]) => benefits(Number(bps), limit === null ? null : Number(limit)))
      }
    }
  }
})

await makeRedeem()
await once(readFileSync(new URL('./computed.sql', import.meta.url), 'utf8'))

const handler = postgraphile({
  extends: [PostGraphileAmberPreset],
  plugins: [tags, fields],
  pgServices: [makePgService({ pool: main, schemas: ['public', 'graphile'] })],
  grafserv: { watch: false, graphiql: false, graphqlPath: '/graphql' },
  grafast: { explain: false }
}).createServ(grafserv).createHandler()

createServer(async (request, response) => {
  if (await caller(request.headers.authorization)) return handler(request, response)
  response.writeHead(401).end()
}).listen(Number(process.env.BENCH_PORT), '127.0.0.1')
