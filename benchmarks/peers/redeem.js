// A redemption by the function in redeem.sql, and the answers of our schema to it (rules/points, schema/points).
import { hash, randomUUID } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { moment, once, statement } from './db.js'
import { owner, readMemberId } from './ids.js'

const SPENDERS = new Set(['OWNER', 'ADMIN', 'OPERATOR', 'CS', 'CASHIER'])
const KEY = /^[\x21-\x7e]{8,128}$/

const MESSAGES = {
  ABOVE_TIER_LIMIT: ['AboveTierLimit', 'The member\'s tier does not allow so many points in one redemption.'],
  IDEMPOTENCY_KEY_REUSED: ['PlainError', 'This key already stands for a different request.'],
  INSUFFICIENT_POINTS: ['InsufficientPoints', 'The member has fewer points than asked for.'],
  MEMBER_FROZEN: ['PlainError', 'This membership is frozen.'],
  MEMBER_MERGED: ['MemberMerged', 'This membership was merged into another.'],
  MEMBER_NOT_ACTIVE: ['MemberNotActive', 'This membership is not active.'],
  NOT_FOUND: ['PlainError', 'Nothing here answers to that id.'],
  POINTS_LIMIT: ['PointsLimit', 'This is more than one movement or one account may carry.']
}
const FIELDS = {
  ABOVE_TIER_LIMIT: ['points'], INSUFFICIENT_POINTS: ['points'], IDEMPOTENCY_KEY_REUSED: ['idempotencyKey']
}

const call = statement('redeem',
  `SELECT refused, fact, state_found, replayed, entry_id, entry_points, balance_after, reason_kept,
    ${moment('recorded_at')} AS at, available, pending, held, debt, lifetime_earned, lifetime_spent, lifetime_expired
    FROM peers.redeem($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)`)

/** Makes the function, once for all peers that start together. */
export const makeRedeem = () => once(readFileSync(new URL('./redeem.sql', import.meta.url), 'utf8'))

function refusal (code, row, wanted) {
  const [__typename, message] = MESSAGES[code]
  return {
    entry: null,
    account: null,
    replayed: false,
    userErrors: [{
      __typename,
      code,
      message,
      field: FIELDS[code] ?? null,
      retryable: false,
      wanted,
      limit: row?.fact,
      available: row?.fact,
      state: row?.state_found,
      into: null
    }]
  }
}

function answer (whose, row) {
  const account = {
    memberId: whose,
    available: row.available,
    pending: row.pending,
    held: row.held,
    debt: row.debt,
    lifetimeEarned: row.lifetime_earned,
    lifetimeSpent: row.lifetime_spent,
    lifetimeExpired: row.lifetime_expired
  }
  const entry = {
    id: owner(whose).entryId(row.entry_id),
    kind: 'REDEEM',
    bucket: 'AVAILABLE',
    points: row.entry_points,
    balanceAfter: row.balance_after,
    reason: row.reason_kept,
    occurredAt: row.at,
    recordedAt: row.at,
    purchaseId: null
  }
  return { entry, account, replayed: row.replayed, userErrors: [] }
}

/** Takes points from a member: from the one who calls, or by staff from the one they name. */
export async function redeem (input, who) {
  const own = who?.kind === 'MEMBER' ? who.id : null
  if (own === null && !SPENDERS.has(who?.role)) throw new Error('This is for members and staff.')
  if (!(input.points > 0)) throw new Error('`points` must be above 0.')
  if (!KEY.test(input.idempotencyKey)) {
    throw new Error('`idempotencyKey` has 8 to 128 printable ASCII characters and no spaces.')
  }
  if (input.note != null || (input.purchaseId != null && own === null)) throw new Error('The peers keep no notes.')
  const named = input.memberId == null ? own : readMemberId(input.memberId)
  if (named === null || (own !== null && named !== own) || input.purchaseId != null) {
    return refusal('NOT_FOUND', null, input.points)
  }
  const reason = input.reason ?? 'REDEMPTION'
  const print = hash('sha256', JSON.stringify([input.points, reason, null, null]), 'hex')
  try {
    const [row] = await call(named, input.points, reason, `${who.kind}:${who.id}`, input.idempotencyKey, print,
      who.kind, who.id, who.role ?? null, who.store_id ?? null, randomUUID().replaceAll('-', ''), null)
    return row.refused === null ? answer(named, row) : refusal(row.refused, row, input.points)
  } catch (error) {
    if (error.constraint !== 'points_transaction_cause') throw error
    return refusal('IDEMPOTENCY_KEY_REUSED', null, input.points)
  }
}
