// What happens to the member: one socket for all who follow, or polling, from one cursor to the next.
// This file is a source, in CommonJS. `events.mjs` is made from it by `generate.py`.
'use strict';

const PROTOCOL = 'graphql-transport-ws';
const OPEN_MS = 10000; // within which a socket is open and acknowledged
const PING_MS = 25000;
const SILENT_PINGS = 2; // so many pings that nothing answered are a cut
const FIRST_PAUSE_MS = 1000;
const LONGEST_PAUSE_MS = 30000;
const FAILURES = 3; // so many sockets in a row that did not open, and we poll
const POLL_MS = 15000;
const SOCKET_AGAIN_MS = 300000; // how long we poll until the next try at a socket
const REMEMBERED = 50; // cursors by which an event that is told twice is known
const HOPELESS_CODES = [1002, 1009, 4400, 4406, 4408, 4409, 4429]; // the same socket would end the same way
const HOPELESS_WORDS = /exceed|domain list/; // too many sockets of this mini-program; not a socket domain
const PASSING = ['TIMEOUT', 'RATE_LIMITED', 'UNAVAILABLE', 'INTERNAL_SERVER_ERROR', 'UNAUTHENTICATED'];

const EVENT = `cursor type occurredAt purchaseId entries { kind points balanceAfter }
    member { state } points { available pending debt } tier { code name }`;
const FOLLOW = `subscription LoyaltyEvents($after: String) {
  memberEvents(after: $after) { ${EVENT} }
}`;
const POLL = `query LoyaltyEventsPoll($after: String) {
  memberEvents(after: $after, first: 20) { events { ${EVENT} } hasMore }
}`;
const LATEST = 'query LoyaltyEventsLatest { memberEvents(first: 1) { latest } }';

/** Call a page's function. What it throws is the page's own, and stops nothing here. */
function tell(listener, ...words) {
  if (typeof listener !== 'function') return;
  try {
    listener(...words);
  } catch (error) {
    setTimeout(() => {
      throw error;
    }, 0);
  }
}

/** The events of a client. `member` has its tokens, `request` sends a document, `failed` makes a LoyaltyError. */
function eventsOf(settings, { member, request, failed }) {
  const followers = new Map();
  const address = settings.socketUrl || settings.url.replace(/^http/, 'ws');
  let running = false;
  let named = 0;
  let line = null; // the socket that is open or opening
  let wake = () => {};

  const rest = (ms) =>
    new Promise((resolve) => {
      wake = resolve;
      setTimeout(resolve, ms);
    });

  function drop(follower, error) {
    if (!followers.delete(follower.id)) return;
    if (error) tell(follower.onError, error);
    if (followers.size) return;
    if (line) line.end({ wanted: true });
    wake();
  }

  /** What is new goes to the page, once, and is where we go on from. */
  function take(follower, event) {
    if (!followers.has(follower.id) || follower.seen.includes(event.cursor)) return;
    follower.seen.push(event.cursor);
    if (follower.seen.length > REMEMBERED) follower.seen.shift();
    follower.after = event.cursor;
    tell(follower.onEvent, event);
  }

  /** Begin with what happens from now on, and have the page load what was before. */
  async function begin(follower) {
    if (follower.after !== null) return;
    const { epoch } = follower;
    const { memberEvents } = await request(LATEST, {}, { retries: 0 });
    if (!followers.has(follower.id) || epoch !== follower.epoch) return;
    follower.after = memberEvents.latest;
    tell(follower.onStart, follower.after);
  }

  function anew(follower) {
    follower.after = null;
    follower.seen = [];
    follower.epoch += 1;
  }

  /** Ask for what is new; answers how many seconds the server wants to be left alone, if it told. */
  async function ask(follower) {
    try {
      for (let more = true; more && followers.has(follower.id); ) {
        await begin(follower);
        const { epoch } = follower;
        const { memberEvents } = await request(POLL, { after: follower.after }, { retries: 0 });
        if (epoch !== follower.epoch) return 0;
        memberEvents.events.forEach((event) => take(follower, event));
        more = memberEvents.hasMore;
      }
    } catch (error) {
      if (error.code === 'BAD_USER_INPUT' && follower.after !== null) anew(follower);
      else if (!error.retryable) drop(follower, error);
      return error.retryAfterSeconds || 0;
    }
    return 0;
  }

  /** Ask again and again, until it is time to try a socket. */
  async function poll() {
    const rounds = settings.socket ? Math.ceil(SOCKET_AGAIN_MS / POLL_MS) : Infinity;
    for (let round = 0; round < rounds && followers.size; round += 1) {
      if (settings.foreground) await settings.foreground();
      const asked = await Promise.all(Array.from(followers.values(), ask));
      if (followers.size) await rest(Math.max(POLL_MS, ...asked.map((seconds) => seconds * 1000)));
    }
  }

  /** One socket from its opening to its end. Answers how it ended, and whether it was ever acknowledged. */
  function sit(token) {
    return new Promise((resolve) => {
      let acknowledged = false;
      let ended = false;
      let unanswered = 0;
      let socket = null;

      const end = (how) => {
        if (ended) return;
        ended = true;
        line = null;
        if (socket && !how.closed) socket.close(1000);
        resolve(Object.assign({ acknowledged, token }, how));
      };
      const send = (message) => {
        if (!ended && socket) socket.send(JSON.stringify(message));
      };
      const subscribe = async (follower) => {
        const id = String(follower.id);
        try {
          await begin(follower);
        } catch (error) {
          if (!error.retryable) drop(follower, error);
          else end({ seconds: error.retryAfterSeconds });
          return;
        }
        if (!followers.has(follower.id) || follower.after === null) return;
        const payload = { query: FOLLOW, variables: { after: follower.after } };
        if (line === own && acknowledged) send({ id, type: 'subscribe', payload });
      };
      const own = { subscribe, end, complete: (follower) => send({ id: String(follower.id), type: 'complete' }) };

      /** A subscription ended by an error: its follower begins anew, goes, or waits for the next socket. */
      const refused = (follower, errors) => {
        const told = errors[0] || {};
        const { code, retryAfterSeconds } = told.extensions || {};
        if (code === 'BAD_USER_INPUT' && follower.after !== null) {
          anew(follower);
          subscribe(follower);
        } else if (PASSING.includes(code)) end({ seconds: retryAfterSeconds });
        else drop(follower, failed(errors));
      };
      const heard = {
        connection_ack() {
          acknowledged = true;
          followers.forEach(subscribe);
        },
        ping: () => send({ type: 'pong' }),
        next(follower, { data, errors }) {
          if (data && data.memberEvents) {
            own.lively = true;
            take(follower, data.memberEvents);
          } else refused(follower, errors || []);
        },
        error: refused,
        complete: () => end({}),
      };
      const watch = () => {
        if (ended) return;
        if (unanswered >= SILENT_PINGS) {
          end({ reason: 'silent' });
          return;
        }
        unanswered += 1;
        if (acknowledged) send({ type: 'ping' });
        setTimeout(watch, PING_MS);
      };

      line = own;
      const listener = {
        open: () => send({ type: 'connection_init', payload: { authorization: `Bearer ${token}` } }),
        message(text) {
          if (ended) return;
          unanswered = 0;
          let message;
          try {
            message = JSON.parse(text);
          } catch (_) {
            end({ reason: 'not JSON' }); // a proxy's page, say
            return;
          }
          const act = Object.prototype.hasOwnProperty.call(heard, message.type) && heard[message.type];
          if (!act) return;
          if (!message.id) act();
          else if (followers.has(Number(message.id))) act(followers.get(Number(message.id)), message.payload);
        },
        close: (told) => end(Object.assign({ closed: true }, told)),
      };
      try {
        socket = settings.socket({ url: address, protocol: PROTOCOL }, listener);
      } catch (error) {
        end({ closed: true, reason: String(error && (error.errMsg || error.message)) });
        return;
      }
      setTimeout(() => acknowledged || end({ reason: 'not open in time' }), OPEN_MS);
      setTimeout(watch, PING_MS);
    });
  }

  /** A socket with a token that is good, as far as we know. Answers how it ended. */
  async function connect(before) {
    let token;
    try {
      const isRefused = before.code === 4401 || before.code === 4403;
      token = isRefused && before.token ? await member.instead(before.token) : await member.token();
    } catch (error) {
      if (!error.retryable) Array.from(followers.values()).forEach((follower) => drop(follower, error));
      return { acknowledged: false, seconds: error.retryAfterSeconds };
    }
    return followers.size ? sit(token) : { acknowledged: false };
  }

  async function run() {
    let unopened = 0;
    let pauses = 0;
    let before = {};
    while (followers.size) {
      if (settings.foreground) await settings.foreground();
      if (!settings.socket || unopened >= FAILURES) {
        await poll();
        unopened = FAILURES - 1; // one more try, and if that fails too we poll on
        continue;
      }
      const events = follow.told;
      before = await connect(before);
      if (!followers.size) break;
      if (before.wanted) continue;
      unopened = before.acknowledged ? 0 : unopened + 1;
      if (HOPELESS_CODES.includes(before.code) || HOPELESS_WORDS.test(before.reason)) unopened = FAILURES;
      if (unopened >= FAILURES) continue;
      pauses = follow.told === events ? pauses : 0;
      const pause = Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** pauses) * (0.5 + Math.random());
      pauses += 1;
      await rest(Math.max(pause, (before.seconds || 0) * 1000));
    }
    running = false;
  }

  if (settings.onHide) {
    settings.onHide(() => {
      if (line) line.end({ wanted: true });
      wake();
    });
  }

  function follow(options) {
    named += 1;
    const follower = Object.assign({}, options, { id: named, seen: [], epoch: 0 });
    follower.after = follower.after === undefined ? null : follower.after;
    const { onEvent } = follower;
    follower.onEvent = (event) => {
      follow.told += 1;
      tell(onEvent, event);
    };
    followers.set(follower.id, follower);
    if (line) line.subscribe(follower);
    else if (running) wake();
    else {
      running = true;
      run();
    }
    return () => {
      if (line) line.complete(follower);
      drop(follower);
    };
  }
  follow.told = 0;

  return {
    follow,
    /** The member is another one from now on: their events are others, too. */
    anew() {
      followers.forEach(anew);
      if (line) line.end({ wanted: true });
      wake();
    },
    stop: () => Array.from(followers.values()).forEach((follower) => drop(follower)),
  };
}

module.exports = { eventsOf, FOLLOW, POLL, LATEST };
