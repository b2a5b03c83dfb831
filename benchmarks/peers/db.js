// The two databases of the house, over `pg` with named prepared statements.
import pg from 'pg'

pg.types.setTypeParser(pg.types.builtins.INT8, Number)

const pool = (url, max) => new pg.Pool({
  connectionString: url.replace(/\?.*$/, ''),
  max,
  options: '-c TimeZone=UTC -c jit=off',
  idleTimeoutMillis: 0
})

export const main = pool(process.env.BENCH_DATABASE_URL, Number(process.env.BENCH_POOL ?? 8))
const keys = pool(process.env.BENCH_KEYS_URL, 4)

/** A prepared statement of the main database: a function of its values that promises its rows. */
export const statement = (name, text) => async (...values) => (await main.query({ name, text, values })).rows

const texts = new Map()

/** The statement of a text that is put together; there are as many as there are selections. */
export function prepared (text) {
  let made = texts.get(text)
  if (made === undefined) texts.set(text, made = statement(`made_${texts.size}`, text))
  return made
}

/** The same of the key store. */
export const keyStatement = (name, text) => async (...values) => (await keys.query({ name, text, values })).rows

/** A moment as the house answers it. */
export const moment = column => `to_char(${column}, 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')`

/** Runs a script that makes what is not there yet; of several peers that start together, one after the other. */
export async function once (script) {
  const client = await main.connect()
  try {
    await client.query(`BEGIN; SELECT pg_advisory_xact_lock(7265110431); ${script}; COMMIT`)
  } finally {
    client.release(true)
  }
}
