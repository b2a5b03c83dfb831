// The ladder of tiers, and where a member stands on it (schema/tiers.py).
import { statement } from './db.js'
import { tierId } from './ids.js'

const WHOLE = 10_000
export const TIER = 't.id, t.code, t.name, t.rank, t.threshold, t.earn_multiplier_bps, t.redeem_limit_points'

const read = statement('ladder', `SELECT ${TIER} FROM tier t ORDER BY t.rank`)

/** What a tier gives its members. */
export function benefits (multiplier, limit) {
  const given = []
  if (multiplier > WHOLE) given.push({ kind: 'EARN_MULTIPLIER', value: multiplier })
  if (limit !== null) given.push({ kind: 'REDEEM_LIMIT', value: limit })
  return given
}

/** A row of the table `tier` as a client sees it. */
export function tier (row) {
  return {
    id: tierId(row.id),
    code: row.code,
    name: row.name,
    rank: row.rank,
    threshold: row.threshold,
    earnMultiplier: row.earn_multiplier_bps,
    redeemLimit: row.redeem_limit_points,
    benefits: benefits(row.earn_multiplier_bps, row.redeem_limit_points)
  }
}

/** The way from the tier held to the next one; null on the highest. */
export function next (held, above, growth) {
  if (above === undefined || above === null) return null
  const done = Math.floor(Math.max(0, growth - held.threshold) * WHOLE / (above.threshold - held.threshold))
  return { tier: above, need: Math.max(0, above.threshold - growth), percent: Math.min(done, WHOLE) }
}

let byId = new Map(), above = new Map()

/** Reads the ladder into memory, now and every second. */
export async function keepLadder () {
  const look = async () => {
    const rows = await read(), ladder = rows.map(tier)
    byId = new Map(rows.map((row, at) => [row.id, ladder[at]]))
    above = new Map(rows.map((row, at) => [row.id, ladder[at + 1] ?? null]))
  }
  await look()
  setInterval(() => look().catch(() => {}), 1000).unref()
}

export const held = id => byId.get(id)

export function progress (id, growth, since) {
  const tier = byId.get(id)
  return { tier, since, growth, next: next(tier, above.get(id), growth) }
}

export const ladder = () => [...byId.values()]
