// Ids and cursors as the house writes them (schema/ids.py, schema/pages.py).

const MEMBER = 1, TIER = 2, ENTRY = 3, PURCHASE = 4, PARTNER = 20

const one = Buffer.alloc(17)
const tail = Buffer.alloc(18)
const owned = Buffer.alloc(17)

const hex = uuid =>
  uuid.slice(0, 8) + uuid.slice(9, 13) + uuid.slice(14, 18) + uuid.slice(19, 23) + uuid.slice(24)

function ownerless (tag, uuid) {
  one[0] = tag
  one.hexWrite(hex(uuid), 1, 16)
  return one.base64urlSlice(0, 17)
}

export const memberId = uuid => ownerless(MEMBER, uuid)
export const partnerId = uuid => ownerless(PARTNER, uuid)
export const tierId = uuid => ownerless(TIER, uuid)

/** What the ids of one member's rows have in common: 15 of the 17 bytes in front are whole letters. */
class Owner {
  constructor (uuid) {
    const raw = hex(uuid)
    owned.hexWrite(raw, 1, 16)
    owned[0] = ENTRY
    this.entry = owned.base64urlSlice(0, 15)
    owned[0] = PURCHASE
    this.purchase = owned.base64urlSlice(0, 15)
    this.rest = raw.slice(28)
  }

  entryId (uuid) {
    tail.hexWrite(this.rest + hex(uuid), 0, 18)
    return this.entry + tail.base64urlSlice(0, 18)
  }

  purchaseId (uuid) {
    tail.hexWrite(this.rest + hex(uuid), 0, 18)
    return this.purchase + tail.base64urlSlice(0, 18)
  }
}

export const owner = uuid => new Owner(uuid)

const UUID = /^(.{8})(.{4})(.{4})(.{4})(.{12})$/

function decode (tag, text) {
  const raw = Buffer.from(text, 'base64url')
  if (raw[0] !== tag || raw.toString('base64url') !== text) return null
  const parts = []
  for (let at = 1; at + 16 <= raw.length; at += 16) parts.push(raw.hexSlice(at, at + 16).replace(UUID, '$1-$2-$3-$4-$5'))
  return parts
}

export const readMemberId = text => decode(MEMBER, text)?.[0] ?? null
export const readPurchaseId = text => decode(PURCHASE, text)

export const seqCursor = seq => Buffer.from(`[1,${seq}]`, 'latin1').base64urlSlice()

/** The cursor of a moment and an id. Ours writes the moment with its offset, and a whole second without its fraction. */
export function momentCursor (moment, uuid) {
  const at = `${moment.endsWith('.000000Z') ? moment.slice(0, -8) : moment.slice(0, -1)}+00:00`
  return Buffer.from(`[1,"${at}","${uuid}"]`, 'latin1').base64urlSlice()
}

/** The key behind a cursor of so many parts. */
export function readCursor (text, parts) {
  try {
    const [version, ...key] = JSON.parse(Buffer.from(text, 'base64url').latin1Slice())
    if (version === 1 && key.length === parts) return key
  } catch {}
  throw new Error('This cursor is not one of this list\'s.')
}

/** Which part of a list is asked for (schema/pages.py). */
export function asked ({ first, after, last, before }, parts) {
  if (first != null && last != null) throw new Error('Ask with `first` or with `last`, not with both.')
  if (after != null && before != null) throw new Error('Ask with `after` or with `before`, not with both.')
  const backwards = last != null || before != null
  if ((backwards && (first != null || after != null)) || (last == null && before != null)) {
    throw new Error('`before` goes with `last`, `after` with `first`.')
  }
  const limit = (backwards ? last : first) ?? 20
  if (!(limit >= 1 && limit <= 100)) throw new Error('A page has 1 to 100 items.')
  const cursor = backwards ? before : after
  return { limit, backwards, key: cursor == null ? null : readCursor(cursor, parts) }
}
