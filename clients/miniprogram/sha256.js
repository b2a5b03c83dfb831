// The hash by which the server knows a document: SHA-256 of its UTF-8. Hosts have no such function.
// This file is a source, in CommonJS. `sha256.mjs` is made from it by `generate.py`.
'use strict';

/** The first 32 bits of what follows the point in a root, which is where the constants of SHA-256 come from. */
const fraction = (root) => ((root - Math.floor(root)) * 2 ** 32) | 0;

const primes = [];
for (let next = 2; primes.length < 64; next += 1) if (primes.every((prime) => next % prime)) primes.push(next);
const ROUND = primes.map((prime) => fraction(Math.cbrt(prime)));
const START = primes.slice(0, 8).map((prime) => fraction(Math.sqrt(prime)));

const turn = (word, by) => (word >>> by) | (word << (32 - by));

/** The bytes of a text, then a bit that is set, then its length, in whole blocks of 16 words. */
function blocksOf(text) {
  const bytes = encodeURIComponent(text).match(/%..|[^]/g) || [];
  const words = new Array(((bytes.length + 8) >> 6) * 16 + 16).fill(0);
  const put = (byte, place) => {
    words[place >> 2] |= byte << (24 - (place % 4) * 8);
  };
  bytes.forEach((said, place) => put(said[1] ? parseInt(said.slice(1), 16) : said.charCodeAt(0), place));
  put(0x80, bytes.length);
  words[words.length - 1] = bytes.length * 8;
  return words;
}

function mixed(state, block) {
  const schedule = block.slice();
  for (let i = 16; i < 64; i += 1) {
    const [early, late] = [schedule[i - 15], schedule[i - 2]];
    const one = turn(early, 7) ^ turn(early, 18) ^ (early >>> 3);
    const two = turn(late, 17) ^ turn(late, 19) ^ (late >>> 10);
    schedule.push((schedule[i - 16] + one + schedule[i - 7] + two) | 0);
  }
  let [a, b, c, d, e, f, g, h] = state;
  for (let i = 0; i < 64; i += 1) {
    const chosen = (e & f) ^ (~e & g);
    const one = (h + (turn(e, 6) ^ turn(e, 11) ^ turn(e, 25)) + chosen + ROUND[i] + schedule[i]) | 0;
    const most = (a & b) ^ (a & c) ^ (b & c);
    const two = ((turn(a, 2) ^ turn(a, 13) ^ turn(a, 22)) + most) | 0;
    [h, g, f, e, d, c, b, a] = [g, f, e, (d + one) | 0, c, b, a, (one + two) | 0];
  }
  return [a, b, c, d, e, f, g, h].map((word, place) => (word + state[place]) | 0);
}

/** The SHA-256 of a text in UTF-8, in lower-case hexadecimals. */
function sha256(text) {
  const words = blocksOf(text);
  let state = START;
  for (let at = 0; at < words.length; at += 16) state = mixed(state, words.slice(at, at + 16));
  return state.map((word) => (word >>> 0).toString(16).padStart(8, '0')).join('');
}

module.exports = { sha256 };
