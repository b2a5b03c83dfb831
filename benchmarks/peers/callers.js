// Who calls, by the same check as ours (rules/credentials.py): the token's SHA-256, its expiry and revocation, and
// for staff their role and that they are active; remembered for a second at most.
import { hash, timingSafeEqual } from 'node:crypto'
import { crc32 } from 'node:zlib'
import { statement } from './db.js'

const token = statement('token',
  `SELECT t.principal_kind AS kind, t.principal_id AS id, t.issued_for IS NOT NULL AND t.used_at IS NULL AS fresh,
    extract(epoch FROM t.expires_at)::float8 * 1000 AS until, s.role, s.store_id
    FROM token t LEFT JOIN staff s ON s.id = t.principal_id AND t.principal_kind = 'STAFF'
    WHERE t.digest = $1 AND t.use = 'ACCESS' AND t.revoked_at IS NULL AND s.active IS NOT FALSE`)
const arrive = statement('arrive',
  'UPDATE token SET used_at = now() WHERE digest = $1 AND revoked_at IS NULL RETURNING digest')

const key = statement('api_key',
  `SELECT k.digest, k.kind, k.partner_id AS id, extract(epoch FROM k.expires_at)::float8 * 1000 AS until
    FROM api_key k LEFT JOIN partner p ON p.id = k.partner_id
    WHERE k.key_id = $1 AND k.revoked_at IS NULL AND p.disabled_at IS NULL`)

const KEPT_MS = 1000, MOST = 20_000
const known = new Map()

/** What an API key stands for: its check sum, then its digest under its id (rules/keys.py). */
async function holder (secret) {
  const parts = secret.split('_'), sum = crc32(parts.slice(0, 4).join('_')).toString(16).padStart(8, '0')
  if (parts.length !== 5 || parts[4] !== sum) return null
  const [row] = await key(parts[2])
  if (row === undefined || !timingSafeEqual(Buffer.from(row.digest), Buffer.from(hash('sha256', secret, 'hex')))) return null
  row.until ??= Infinity
  return row
}

/** What an access token stands for. */
async function bearer (secret, now) {
  const digest = hash('sha256', secret, 'hex')
  const [row] = await token(digest)
  return row === undefined || row.until <= now || (row.fresh && (await arrive(digest)).length === 0) ? null : row
}

async function recognise (secret, now) {
  const row = await (secret.startsWith('lyl_') ? holder(secret) : bearer(secret, now))
  if (row === null || row.until <= now) return null
  if (known.size >= MOST) known.delete(known.keys().next().value)
  known.set(secret, { row, at: now })
  return row
}

/** Who an Authorization header stands for; null for nobody. */
export function caller (header) {
  if (header === undefined || header.length > 207 || !/^bearer /i.test(header)) return null
  const secret = header.slice(7).trim(), now = Date.now()
  const found = known.get(secret)
  if (found !== undefined) {
    if (now - found.at < KEPT_MS) return found.row.until > now ? found.row : null
    known.delete(secret)
  }
  return recognise(secret, now)
}

/** The calling partner's id. */
export function asPartner (who) {
  if (who?.kind !== 'PARTNER') throw new Error('This is for partners.')
  return who.id
}

const READERS = new Set(['OWNER', 'ADMIN', 'OPERATOR', 'CS', 'COMMUNITY_MANAGER', 'ANALYST'])

/** The calling member's id. */
export function asMember (who) {
  if (who?.kind !== 'MEMBER') throw new Error('This is for members.')
  return who.id
}

/** Sees that staff call who may read of all members. */
export function asReader (who) {
  if (who?.kind !== 'STAFF' || !READERS.has(who.role)) throw new Error('This is for staff.')
}
