// GraphQL Yoga with dataloaders.
import { createServer } from 'node:http'
import DataLoader from 'dataloader'
import { createSchema, createYoga } from 'graphql-yoga'
import { asMember, asPartner, asReader, caller } from './callers.js'
import { allEntries } from './entries.js'
import * as all from './members.js'
import { partner, stats } from './partners.js'
import { makeRedeem, redeem } from './redeem.js'
import { schema } from './schema.js'

/** One operation: who calls, and a loader for each relation and its arguments, made when it is first asked for. */
function operation (who) {
  const loaders = new Map()
  const load = (batch, id, args) => {
    const name = args === undefined ? batch.name : batch.name + JSON.stringify(args)
    let loader = loaders.get(name)
    if (loader === undefined) loaders.set(name, loader = new DataLoader(ids => batch(ids, args)))
    return loader.load(id)
  }
  return { who, load }
}

const related = batch => (parent, _, context) => context.load(batch, parent.memberId)
const listed = batch => (parent, args, context) => context.load(batch, parent.memberId, args)

const resolvers = {
  Query: {
    partner: (_, args, { who }) => partner(asPartner(who)),
    me: (_, args, { who }) => all.member(asMember(who)),
    members: (_, args, { who }) => asReader(who) ?? all.members(args)
  },
  Mutation: { pointsRedeem: (_, { input }, { who }) => redeem(input, who) },
  Partner: { stats: ({ rowId }, args) => stats(rowId, args) },
  Member: {
    card: related(all.profiles),
    profile: related(all.profiles),
    tier: related(all.tiersOf),
    tierProgress: related(all.progresses),
    points: related(all.accountsOf)
  },
  PointsAccount: { entries: listed(allEntries), expiring: listed(all.expiringOf) }
}

const yoga = createYoga({
  schema: createSchema({ typeDefs: schema, resolvers, resolverValidationOptions: { requireResolversForResolveType: 'ignore' } }),
  logging: false,
  graphiql: false,
  landingPage: false,
  multipart: false,
  context: async ({ request }) => operation(await caller(request.headers.get('authorization') ?? undefined))
})

await makeRedeem()
createServer(yoga).listen(Number(process.env.BENCH_PORT), '127.0.0.1')
