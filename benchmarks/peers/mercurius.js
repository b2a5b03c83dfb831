// Mercurius with JIT. `tuned` answers by our own joined SQL, `loaders` by Mercurius' own loaders.
import Fastify from 'fastify'
import mercurius from 'mercurius'
import { asMember, asPartner, asReader, caller } from './callers.js'
import { allEntries } from './entries.js'
import * as all from './members.js'
import { partner, stats } from './partners.js'
import { redeem, makeRedeem } from './redeem.js'
import { schema } from './schema.js'
import { keepLadder } from './tiers.js'
import { entries, home, list } from './tuned.js'

const ids = queries => queries.map(query => query.obj.memberId)

/** One batch for each set of arguments, which mostly is one batch. */
async function byArguments (queries, batch) {
  const groups = new Map(), answers = new Array(queries.length)
  queries.forEach(({ params }, at) => {
    const name = JSON.stringify(params)
    if (!groups.has(name)) groups.set(name, [])
    groups.get(name).push(at)
  })
  await Promise.all([...groups.values()].map(async places => {
    const found = await batch(places.map(at => queries[at].obj.memberId), queries[places[0]].params)
    places.forEach((at, place) => { answers[at] = found[place] })
  }))
  return answers
}

// a parent is loaded once, so that there is nothing to remember
const opts = { cache: false }
const loader = batch => ({ loader: queries => batch(ids(queries)), opts })
const listing = batch => ({ loader: queries => byArguments(queries, batch), opts })

const Mutation = { pointsRedeem: (_, { input }, { who }) => redeem(input, who) }

const Partner = { stats: ({ rowId }, args) => stats(rowId, args) }
const partners = { partner: (_, args, { who }) => partner(asPartner(who)) }

const MODES = {
  tuned: {
    // its rows hold what is to be answered, word for word
    compilerOptions: { disableLeafSerialization: true },
    resolvers: {
      Mutation,
      Partner,
      Query: {
        ...partners,
        me: (_, args, { who }, info) => home(asMember(who), info),
        members: (_, args, { who }, info) => asReader(who) ?? list(args, info)
      },
      PointsAccount: {
        entries: (account, args, _, info) => account.entries ?? entries(account.memberId, args, info),
        expiring: (account, args) =>
          account.expiring ?? all.expiringOf([account.memberId], args).then(([found]) => found)
      }
    }
  },
  loaders: {
    resolvers: {
      Mutation,
      Partner,
      Query: {
        ...partners,
        me: (_, args, { who }) => all.member(asMember(who)),
        members: (_, args, { who }) => asReader(who) ?? all.members(args)
      }
    },
    loaders: {
      Member: {
        card: loader(all.profiles),
        profile: loader(all.profiles),
        tier: loader(all.tiersOf),
        tierProgress: loader(all.progresses),
        points: loader(all.accountsOf)
      },
      PointsAccount: { entries: listing(allEntries), expiring: listing(all.expiringOf) }
    }
  }
}

const app = Fastify({ logger: false })
await makeRedeem()
await keepLadder()
app.register(mercurius, {
  schema,
  ...MODES[process.argv[2]],
  jit: 1,
  context: async request => ({ who: await caller(request.headers.authorization) })
})
await app.listen({ port: Number(process.env.BENCH_PORT), host: '127.0.0.1' })
