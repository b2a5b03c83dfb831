// The points ledger as a client sees it (schema/points/_ledger.py).
import { moment, statement } from './db.js'
import { asked, owner, seqCursor } from './ids.js'
import { Page } from './pages.js'

const COLUMNS = {
  id: 'e.id',
  kind: 't.kind',
  bucket: 'e.bucket',
  points: 'e.delta AS points',
  balanceAfter: 'e.balance_after AS "balanceAfter"',
  reason: 't.reason',
  occurredAt: `${moment('t.effective_at')} AS "occurredAt"`,
  recordedAt: `${moment('t.created_at')} AS "recordedAt"`,
  purchaseId: 't.purchase_id AS "purchaseId"'
}
const JOINED = 'points_entry e JOIN points_transaction t ON t.member_id = e.member_id AND t.id = e.transaction_id'
const NEWEST = 2 ** 52, OLDEST = 0

class Edge {
  constructor (node) {
    this.node = node
  }

  get cursor () {
    return seqCursor(this.node.seq)
  }
}

const edgeOf = row => new Edge(row)
const beyond = ({ key, backwards }) => key === null ? (backwards ? OLDEST : NEWEST) : key[0]

/** Reads pages of ledgers, newest first, with these fields of an entry. */
class Reader {
  constructor (fields, name = fields.join('_')) {
    const columns = ['e.seq', ...fields.map(field => COLUMNS[field])].join(', ')
    const page = (start, where, order) => `SELECT ${start}${columns} FROM ${JOINED} ${where} ORDER BY e.seq ${order} LIMIT $3`
    const one = (way, sign, order) => statement(`entries_${way}_${name}`,
      page('', `WHERE e.member_id = $1 AND e.seq ${sign} $2`, order))
    const many = (way, sign, order) => statement(`all_entries_${way}_${name}`,
      `SELECT l.* FROM unnest($1::uuid[]) AS m(id) CROSS JOIN LATERAL
        (${page('e.member_id, ', `WHERE e.member_id = m.id AND e.seq ${sign} $2`, order)}) l`)
    this.one = { false: one('on', '<', 'DESC'), true: one('back', '>', 'ASC') }
    this.many = { false: many('on', '<', 'DESC'), true: many('back', '>', 'ASC') }
    this.hasIds = fields.includes('id') || fields.includes('purchaseId')
  }

  connection (rows, memberId, page) {
    if (this.hasIds) {
      const whose = owner(memberId)
      for (const row of rows) {
        row.id = row.id && whose.entryId(row.id)
        row.purchaseId = row.purchaseId && whose.purchaseId(row.purchaseId)
      }
    }
    return new Page(rows, page, edgeOf)
  }

  /** A page of one member's ledger. */
  async ofOne (memberId, args) {
    const page = asked(args, 1)
    return this.connection(await this.one[page.backwards](memberId, beyond(page), page.limit + 1), memberId, page)
  }

  /** A page of each of these members' ledgers, in one statement; nothing is read beyond it where nobody asks. */
  async ofAll (memberIds, args, ahead = 1) {
    const page = asked(args, 1), found = new Map()
    for (const id of memberIds) found.set(id, [])
    const rows = await this.many[page.backwards](memberIds, beyond(page), page.limit + ahead)
    for (const row of rows) found.get(row.member_id).push(row)
    return memberIds.map(id => this.connection(found.get(id), id, page))
  }
}

const readers = new Map()

/** The reader of these fields, made once. */
export function reader (fields) {
  const wanted = Object.keys(COLUMNS).filter(field => fields.has(field)), name = wanted.join('_')
  if (!readers.has(name)) readers.set(name, new Reader(wanted))
  return readers.get(name)
}

const whole = new Reader(Object.keys(COLUMNS), 'whole')

export const allEntries = (memberIds, args) => whole.ofAll(memberIds, args)
