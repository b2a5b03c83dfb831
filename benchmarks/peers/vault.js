// Opens what the house sealed (rules/vault.py): AES-256-GCM under a key of each member's own, which is wrapped
// under a key derived from the master key.
import { createDecipheriv, createSecretKey, hkdfSync } from 'node:crypto'

const master = Buffer.from(process.env.BENCH_MASTER_KEY ?? '', 'base64')
const wrapping = createSecretKey(Buffer.from(hkdfSync('sha256', master, Buffer.alloc(0), 'loyalty member keys', 32)))

function open (key, sealed, boundTo) {
  if (sealed[0] !== 1) throw new Error('This value was sealed by another scheme.')
  const decipher = createDecipheriv('aes-256-gcm', key, sealed.subarray(1, 13))
  decipher.setAAD(Buffer.from(boundTo, 'latin1'))
  decipher.setAuthTag(sealed.subarray(sealed.length - 16))
  const plain = decipher.update(sealed.subarray(13, sealed.length - 16))
  decipher.final()
  return plain
}

const NOTHING = Object.freeze({ displayName: null, avatarUrl: null, birthday: null })

/** What a member says of themselves; nothing where nothing was told, or the key is gone. */
export function openProfile (memberId, wrapped, sealed) {
  if (!wrapped || !sealed) return NOTHING
  const key = open(wrapping, wrapped, `${memberId}:key`)
  const told = JSON.parse(open(key, sealed, `${memberId}:profile`).utf8Slice())
  return { displayName: told.display_name ?? null, avatarUrl: told.avatar_url ?? null, birthday: told.birthday ?? null }
}
