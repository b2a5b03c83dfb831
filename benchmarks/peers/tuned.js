// Our own SQL, joined by what the selection asks for: a member and what hangs on them in one statement.
import { keyStatement, moment, prepared } from './db.js'
import { reader } from './entries.js'
import { memberId } from './ids.js'
import { lookAhead } from './look_ahead.js'
import { OWN, connection, expiringOf, keysOf, part } from './members.js'
import { held, progress } from './tiers.js'
import { openProfile } from './vault.js'

const PROFILE = ', m.profile'
const STANDING = `, g.tier_id, g.growth, ${moment('g.tier_since')} AS since`
const STANDINGS = ' CROSS JOIN LATERAL (SELECT * FROM growth_account WHERE member_id = m.id LIMIT 1) g'
const ACCOUNT = `, a.available, a.pending, a.held, a.debt, a.lifetime_earned AS "lifetimeEarned",
  a.lifetime_spent AS "lifetimeSpent", a.lifetime_expired AS "lifetimeExpired"`
const ACCOUNTS = ' CROSS JOIN LATERAL (SELECT * FROM points_account WHERE member_id = m.id LIMIT 1) a'
const GONE = ', x.gone'
const EXPIRED = ` CROSS JOIN LATERAL (SELECT COALESCE(SUM(l.remaining), 0)::bigint AS gone FROM points_lot l
  WHERE l.member_id = m.id AND l.active AND l.remaining > 0 AND l.expires_at <= now()) x`
const SOON = `, s.points AS soon, ${moment('s.expires_at')} AS soon_at`
const EXPIRING = ` LEFT JOIN LATERAL (SELECT expires_at, SUM(remaining)::bigint AS points FROM points_lot
  WHERE member_id = m.id AND active AND remaining > 0 AND expires_at > now()
  GROUP BY expires_at ORDER BY expires_at LIMIT $2) s ON true`

const NOTHING = { fields: new Set(), has: () => false, only: () => null }
const FIGURES = ['available', 'pending', 'held', 'debt', 'lifetimeEarned', 'lifetimeSpent', 'lifetimeExpired']

/** What of a member has to be read, by what is asked of them; worked out once for each selection. */
function needs (asked, ...own) {
  const points = asked.only('points'), has = (...names) => names.some(name => asked.has(name))
  const figures = points !== null && FIGURES.some(name => points.has(name))
  const wanted = {
    own: Object.keys(OWN).filter(name => name === 'id' || own.includes(name) || asked.has(name)),
    profile: has('card', 'profile'),
    standing: has('tier', 'tierProgress'),
    figures,
    gone: figures && (points.has('available') || points.has('lifetimeExpired')),
    expiring: points?.only('expiring') ?? null,
    entries: points?.only('entries') ?? null
  }
  wanted.columns = wanted.own.map(name => OWN[name]).join(', ') + (wanted.profile ? PROFILE : '') +
    (wanted.standing ? STANDING : '') + (wanted.figures ? ACCOUNT : '') + (wanted.gone ? GONE : '')
  wanted.joins = (wanted.standing ? STANDINGS : '') + (wanted.figures ? ACCOUNTS : '') + (wanted.gone ? EXPIRED : '')
  return wanted
}

/** A member as the selection asks for them, of the row that was read. */
function shown (row, wanted, wrapped) {
  if (wanted.profile) row.card = row.profile = openProfile(row.memberId, wrapped, row.profile)
  if (wanted.standing) {
    row.tierProgress = progress(row.tier_id, row.growth, row.since)
    row.tier = row.tierProgress.tier
  }
  row.id = memberId(row.memberId)
  if (wanted.gone) {
    row.available -= row.gone
    row.lifetimeExpired += row.gone
  }
  row.points = row
  return row
}

/** The reader of what is asked of the entries of a ledger. */
function readerOf (asked) {
  const nodes = asked.only('nodes'), edges = asked.only('edges')?.only('node')
  return reader((nodes?.and(edges) ?? edges ?? NOTHING).fields)
}

const ledgers = new WeakMap()

/** A page of a member's ledger. */
export function entries (memberId, args, info) {
  const node = info.fieldNodes[0]
  let found = ledgers.get(node)
  if (found === undefined) ledgers.set(node, found = readerOf(lookAhead(info)))
  return found.ofOne(memberId, args)
}

const key = keyStatement('key', 'SELECT wrapped FROM member_key WHERE member_id = $1')
const BELIEVED_MS = 1000, MOST = 20_000
const lately = new Map()

/** A member's wrapped key, by what was read within the last second, as ours does it (rules/remembering.py). */
function keyOf (id) {
  const now = Date.now(), found = lately.get(id)
  if (found !== undefined && now - found.at < BELIEVED_MS) return found.key
  return readKey(id, now)
}

async function readKey (id, now) {
  const [row] = await key(id)
  lately.delete(id)
  if (lately.size >= MOST) lately.delete(lately.keys().next().value)
  if (row !== undefined) lately.set(id, { key: row.wrapped, at: now })
  return row?.wrapped
}

const homes = new WeakMap()

function homeOf (node, info) {
  let made = homes.get(node)
  if (made === undefined) {
    const wanted = needs(lookAhead(info)), soon = wanted.expiring !== null
    const text = `SELECT ${wanted.columns}${soon ? SOON : ''} FROM member m${wanted.joins}${soon ? EXPIRING : ''} WHERE m.id = $1`
    const needed = wanted.own.length > 1 || wanted.profile || wanted.standing || wanted.figures || soon
    made = { wanted, read: needed ? prepared(text) : null }
    homes.set(node, made)
  }
  return made
}

/** The calling member, with all that is asked of them but pages of lists. */
export async function home (id, info) {
  const { wanted, read } = homeOf(info.fieldNodes[0], info)
  if (read === null) return shown({ memberId: id }, wanted)
  const soon = wanted.expiring?.values(info).first
  const values = wanted.expiring === null ? [id] : [id, soon ?? 20]
  const known = wanted.profile ? keyOf(id) : null
  const [rows, wrapped] = known instanceof Promise ? await Promise.all([read(...values), known]) : [await read(...values), known]
  if (rows.length === 0) return null
  const member = shown(rows[0], wanted, wrapped)
  if (wanted.expiring !== null) {
    member.expiring = member.soon === null ? [] : rows.map(row => ({ points: row.soon, expiresAt: row.soon_at }))
  }
  return member
}

const lists = new WeakMap()

function listOf (node, info) {
  let wanted = lists.get(node)
  if (wanted === undefined) {
    const asked = lookAhead(info), nodes = asked.only('nodes'), edges = asked.only('edges')?.only('node')
    wanted = needs(nodes?.and(edges) ?? edges ?? NOTHING, 'createdAt')
    wanted.more = Number(wanted.entries?.has('pageInfo') ?? false)
    wanted.pages = wanted.entries && readerOf(wanted.entries)
    lists.set(node, wanted)
  }
  return wanted
}

/** A page of members, in three statements at most: their rows, their keys, and their latest entries. */
export async function list (args, info) {
  const wanted = listOf(info.fieldNodes[0], info), { page, rows: source, order, values } = part(args)
  const read = prepared(`SELECT ${wanted.columns} FROM (${source}) m${wanted.joins} ORDER BY ${order}`)
  const found = connection(await read(...values), page), rows = found.nodes, ids = rows.map(row => row.memberId)
  const [keys, pages, soon] = await Promise.all([
    wanted.profile ? keysOf(ids) : null,
    wanted.pages && wanted.pages.ofAll(ids, wanted.entries.values(info), wanted.more),
    wanted.expiring && expiringOf(ids, wanted.expiring.values(info))
  ])
  for (let at = 0; at < rows.length; at++) {
    const row = shown(rows[at], wanted, keys?.get(rows[at].memberId))
    if (pages) row.entries = pages[at]
    if (soon) row.expiring = soon[at]
  }
  return found
}

