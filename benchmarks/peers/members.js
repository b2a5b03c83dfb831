// Members and what hangs on them, each relation read for many members at once: what loaders are made of.
import { keyStatement, moment, prepared, statement } from './db.js'
import { asked, memberId, momentCursor } from './ids.js'
import { Page } from './pages.js'
import { TIER, next, tier } from './tiers.js'
import { openProfile } from './vault.js'

/** The columns of a member's own row, by the field that wants them. */
export const OWN = {
  id: 'm.id AS "memberId"',
  state: 'm.state',
  joinedAt: `${moment('m.joined_at')} AS "joinedAt"`,
  createdAt: `${moment('m.created_at')} AS "createdAt"`
}
const MEMBER = Object.values(OWN).join(', ')

const one = statement('member', `SELECT ${MEMBER} FROM member m WHERE m.id = $1`)

const OF_TIER = `growth_account g CROSS JOIN LATERAL (SELECT * FROM member WHERE id = g.member_id LIMIT 1) m
  WHERE g.tier_id = (SELECT t.id FROM tier t WHERE t.code = $`

/** Which part of the list of members is asked for: its rows, by the index that has them in order, and their order. */
export function part ({ filter, ...args }) {
  const page = asked(args, 2), [at, id] = page.key ?? (page.backwards ? FIRST : LAST)
  const values = [at, id, page.limit + 1], state = filter?.state, tier = filter?.tierCode
  const way = page.backwards ? 'ASC' : 'DESC', [moment, whose] = tier == null ? MEMBERS : ACCOUNTS
  const from = tier == null ? 'member m WHERE' : `${OF_TIER}${values.push(tier)}) AND`
  const only = state == null ? '' : `m.state = $${values.push(state)} AND`
  const rows = `SELECT m.* FROM ${from} ${only} (${moment}, ${whose}) ${page.backwards ? '>' : '<'}
    ($1::timestamptz, $2::uuid) ORDER BY ${moment} ${way}, ${whose} ${way} LIMIT $3`
  return { page, rows, order: `m.created_at ${way}, m.id ${way}`, values }
}

const MEMBERS = ['m.created_at', 'm.id'], ACCOUNTS = ['g.known_since', 'g.member_id']
const FIRST = ['-infinity', '00000000-0000-0000-0000-000000000000']
const LAST = ['infinity', 'ffffffff-ffff-ffff-ffff-ffffffffffff']

function shown (row) {
  row.id = memberId(row.memberId)
  return row
}

/** One member. */
export async function member (id) {
  const [row] = await one(id)
  return row === undefined ? null : shown(row)
}

class Edge {
  constructor (node) {
    this.node = node
  }

  get cursor () {
    return momentCursor(this.node.createdAt, this.node.memberId)
  }
}

/** The connection of the rows fetched for a page of members. */
export const connection = (rows, page) => new Page(rows, page, row => new Edge(row))

/** A page of members, newest first. */
export async function members (args) {
  const { page, rows, order, values } = part(args)
  const read = prepared(`SELECT ${MEMBER} FROM (${rows}) m ORDER BY ${order}`)
  return connection((await read(...values)).map(shown), page)
}

const sealed = statement('profiles',
  'SELECT id, profile FROM member WHERE id = ANY($1::uuid[]) AND profile IS NOT NULL')
const wrapped = keyStatement('keys', 'SELECT member_id, wrapped FROM member_key WHERE member_id = ANY($1::uuid[])')

/** The wrapped key of each of these members who has one. */
export async function keysOf (ids) {
  const found = new Map()
  for (const row of await wrapped(ids)) found.set(row.member_id, row.wrapped)
  return found
}

/** What each member says of themselves. */
export async function profiles (ids) {
  const [rows, keys] = await Promise.all([sealed(ids), keysOf(ids)])
  const found = new Map(rows.map(row => [row.id, row.profile]))
  return ids.map(id => openProfile(id, keys.get(id), found.get(id)))
}

const standings = statement('standings',
  `SELECT g.member_id, g.growth, ${moment('g.tier_since')} AS since, ${TIER}, row_to_json(n) AS above
    FROM growth_account g JOIN tier t ON t.id = g.tier_id LEFT JOIN tier n ON n.rank = t.rank + 1
    WHERE g.member_id = ANY($1::uuid[])`)

/** Where each member stands on the ladder. */
export async function progresses (ids) {
  const found = new Map()
  for (const row of await standings(ids)) {
    const held = tier(row), above = row.above && tier(row.above)
    found.set(row.member_id, { tier: held, since: row.since, growth: row.growth, next: next(held, above, row.growth) })
  }
  return ids.map(id => found.get(id))
}

const tiers = statement('tiers',
  `SELECT g.member_id, ${TIER} FROM growth_account g JOIN tier t ON t.id = g.tier_id
    WHERE g.member_id = ANY($1::uuid[])`)

/** The tier each member holds. */
export async function tiersOf (ids) {
  const found = new Map((await tiers(ids)).map(row => [row.member_id, tier(row)]))
  return ids.map(id => found.get(id))
}

const accounts = statement('accounts',
  `SELECT a.member_id AS "memberId", a.available - x.gone AS available, a.pending, a.held, a.debt,
    a.lifetime_earned AS "lifetimeEarned", a.lifetime_spent AS "lifetimeSpent",
    a.lifetime_expired + x.gone AS "lifetimeExpired" FROM points_account a
    CROSS JOIN LATERAL (SELECT COALESCE(SUM(l.remaining), 0)::bigint AS gone FROM points_lot l
      WHERE l.member_id = a.member_id AND l.active AND l.remaining > 0 AND l.expires_at <= now()) x
    WHERE a.member_id = ANY($1::uuid[])`)

/** Each member's points as they stand now. */
export async function accountsOf (ids) {
  const found = new Map((await accounts(ids)).map(row => [row.memberId, row]))
  return ids.map(id => found.get(id))
}

const expiring = statement('expiring',
  `SELECT m.id, l.points, ${moment('l.expires_at')} AS "expiresAt" FROM unnest($1::uuid[]) AS m(id)
    CROSS JOIN LATERAL (SELECT expires_at, SUM(remaining)::bigint AS points FROM points_lot
      WHERE member_id = m.id AND active AND remaining > 0 AND expires_at > now()
      GROUP BY expires_at ORDER BY expires_at LIMIT $2) l`)

/** What each member is about to lose, soonest first. */
export async function expiringOf (ids, args) {
  const found = new Map()
  for (const id of ids) found.set(id, [])
  for (const row of await expiring(ids, asked(args, 0).limit)) found.get(row.id).push(row)
  return ids.map(id => found.get(id))
}
