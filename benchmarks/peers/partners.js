// Partners and what their links came to (schema/partners/), by the two statements that the house reads.
import { moment, statement } from './db.js'
import { partnerId } from './ids.js'

const SUMMED = ['touchers', 'touches', 'unique_touches', 'registered', 'qualified', 'buyers', 'orders', 'gross_minor',
  'gross_cost', 'refunders', 'refunds', 'refund_minor', 'refund_cost', 'rewarded', 'reward_points']
const SUMS = SUMMED.map(name => `SUM(${name})::bigint AS ${name}`).join(', ')
const MOST = 500, WHOLE = 10_000

const one = statement('partner',
  `SELECT id, name, ${moment('created_at')} AS "createdAt", ${moment('disabled_at')} AS "disabledAt"
    FROM partner WHERE id = $1`)

const told = column => statement(`partner_by_${column}`,
  `SELECT ${moment('b.touched_at')} AS touched_at, ${moment('b.happened_at')} AS happened_at, d.* FROM partner_books b
    LEFT JOIN (SELECT ${column}::text AS cell, ${SUMS} FROM partner_day WHERE partner_id = $1 AND day >= $2::date
      AND day <= $3::date GROUP BY ${column} ORDER BY ${column} LIMIT ${MOST}) d ON TRUE ORDER BY d.cell`)

const BY = { DAY: told('day'), CHANNEL: told('channel'), CAMPAIGN: told('campaign') }

/** What is told of sums: nothing of what nobody stands behind. */
class Figures {
  constructor (sums) {
    const { touches, registered, qualified } = sums, bought = sums.buyers > 0, returned = sums.refunders > 0
    this.touches = touches || null
    this.uniqueTouches = touches ? sums.unique_touches : null
    this.registered = registered || null
    this.qualified = qualified || null
    this.orders = bought ? sums.orders : null
    this.grossMinor = bought ? sums.gross_minor : null
    this.refunds = returned ? sums.refunds : null
    this.refundMinor = returned ? sums.refund_minor : null
    this.netMinor = bought ? sums.gross_minor - sums.refund_minor : null
    this.rewardPoints = sums.rewarded ? sums.reward_points : null
    this.rewardCostMinor = bought ? Math.floor((sums.gross_cost - sums.refund_cost) / WHOLE) : null
    this.conversionBps = registered && qualified ? Math.floor(qualified * WHOLE / registered) : null
  }
}

class Cell extends Figures {
  constructor (row, by) {
    super(row)
    this.day = by === 'DAY' ? row.cell : null
    this.channel = by === 'CHANNEL' ? row.cell || null : null
    this.campaign = by === 'CAMPAIGN' ? row.cell || null : null
  }
}

/** The organisation that calls. */
export async function partner (rowId) {
  const [row] = await one(rowId)
  return row === undefined ? null : { ...row, rowId, id: partnerId(rowId) }
}

/** What its links came to in some days. */
export async function stats (rowId, { from, to, by }) {
  if (from == null || to == null) throw new Error('Say from which day to which.')
  const rows = await BY[by](rowId, from, to), first = rows[0]
  const asOf = first === undefined ? null : earlier(first.touched_at, first.happened_at)
  const sums = {}, cells = []
  for (const name of SUMMED) sums[name] = 0
  for (const row of rows) {
    if (row.cell === null) continue
    for (const name of SUMMED) sums[name] += row[name]
    cells.push(new Cell(row, by))
  }
  return { from, to, asOf, total: new Figures(sums), cells }
}

const earlier = (one, other) => one === null || other === null ? one ?? other : one < other ? one : other
