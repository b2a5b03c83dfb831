// A mini-program's world: ES2018, `wx`, Taro, `uni`, and timers and a clock that only the test moves.
// There is no network, no console, no browser and no Node: what the client reaches for beyond `wx` is not there.
const world = {
  now: 0,
  outbox: [], // requests on their way out
  wires: [], // what is done to sockets: opened, sent, closed
  sockets: [], // their listeners, each list at its socket's number
  noSockets: null, // what connectSocket fails with, if it fails
  callbacks: {},
  timers: [],
  stored: {},
  code: 'demo:mei', // what wx.login gives; null when it fails
  language: 'en',
  fullStorage: false,
  inFlight: 0,
  most: 0, // requests in flight at once, ever
  logins: 0,
  randoms: 0,
  said: [], // whatever is written to a console
  hidden: [],
  shown: [],
  outcome: null,
};

Date.now = () => world.now;
var setTimeout = (task, ms) => world.timers.push({ due: world.now + (ms || 0), task });
for (const level of ['log', 'info', 'warn', 'error', 'debug']) console[level] = (...words) => world.said.push(words.join(' '));

// a phone of 2018 has none of these
for (const [owner, names] of [
  [Array.prototype, ['flat', 'flatMap', 'at', 'findLast', 'toSorted']],
  [String.prototype, ['matchAll', 'replaceAll', 'at', 'trimStart', 'trimEnd']],
  [Object, ['fromEntries', 'hasOwn', 'groupBy']],
  [Promise, ['allSettled', 'any', 'withResolvers', 'try']],
  [this, ['queueMicrotask', 'structuredClone', 'clearTimeout', 'BigInt', 'WeakRef', 'globalThis']],
]) names.forEach((name) => delete owner[name]);

const later = (task) => Promise.resolve().then(task);

const wx = {
  request(given) {
    const id = String(Object.keys(world.callbacks).length);
    const { url, method, header, data, timeout } = given;
    world.callbacks[id] = given;
    world.inFlight += 1;
    world.most = Math.max(world.most, world.inFlight);
    world.outbox.push({ id, url, method, header, data, timeout });
    return { abort() {} };
  },
  login({ success, fail }) {
    world.logins += 1;
    const { code } = world;
    later(() => (code ? success({ code, errMsg: 'login:ok' }) : fail({ errMsg: 'login:fail system error' })));
  },
  getRandomValues({ length, success }) {
    world.randoms += 1;
    const bytes = Uint8Array.from({ length }, (_, place) => (world.randoms * 31 + place * 7) % 256);
    later(() => success({ randomValues: bytes.buffer, errMsg: 'getRandomValues:ok' }));
  },
  setStorageSync(key, value) {
    if (world.fullStorage) throw new Error('setStorageSync:fail exceed storage max size 10Mb');
    world.stored[key] = JSON.stringify(value);
  },
  getStorageSync: (key) => (key in world.stored ? JSON.parse(world.stored[key]) : ''),
  removeStorageSync(key) {
    delete world.stored[key];
  },
  connectSocket({ url, protocols, fail }) {
    const heard = { open: [], message: [], error: [], close: [] };
    const id = world.sockets.push(heard) - 1;
    if (world.noSockets) later(() => fail({ errMsg: world.noSockets }));
    else world.wires.push({ id, open: { url, protocols } });
    return {
      send: ({ data }) => world.wires.push({ id, send: data }),
      close: ({ code }) => world.wires.push({ id, close: code }),
      onOpen: (listener) => heard.open.push(listener),
      onMessage: (listener) => heard.message.push(listener),
      onError: (listener) => heard.error.push(listener),
      onClose: (listener) => heard.close.push(listener),
    };
  },
  getDeviceInfo: () => ({ brand: 'Apple', model: 'iPhone 15' }),
  getAppBaseInfo: () => ({ language: world.language }),
  onAppHide: (listener) => world.hidden.push(listener),
  onAppShow: (listener) => world.shown.push(listener),
};

/** Taro answers by callbacks and by a promise, which is rejected as well; on some platforms by the promise alone. */
const Taro = Object.assign({}, wx);
for (const name of ['request', 'login', 'getRandomValues']) {
  Taro[name] = (given) =>
    new Promise((resolve, reject) => {
      const both = (callback, settle) => (answer) => {
        if (callback && name !== 'request') callback(answer);
        settle(answer);
      };
      const heard = { success: both(given.success, resolve), fail: both(given.fail, reject) };
      wx[name](Object.assign({}, given, heard));
    });
}

/** uni-app wants to know by whom to log in, and has no getRandomValues of its own. */
const uni = Object.assign({}, wx, {
  getRandomValues: undefined,
  getAppBaseInfo: undefined,
  getDeviceInfo: undefined,
  getSystemInfoSync: () => ({ language: world.language, brand: 'HUAWEI', model: 'Mate 60' }),
  login(given) {
    if (given.provider !== 'weixin') return later(() => given.fail({ errMsg: 'login:fail provider' }));
    return wx.login(given);
  },
});

/** uni-app of the older kind promises the task unless it is given a callback; so does Taro, always. */
Taro.connectSocket = (given) => later(() => wx.connectSocket(given));

const modules = {};
const require = (given) => {
  const name = given.replace(/\.mjs$/, '');
  if (!(name in modules)) throw new Error(`module '${name}' is not defined`);
  return modules[name];
};

/** Run a CommonJS source, to which some names mean nothing; from now on it is what `require(name)` gives. */
function define(name, source, ...unknown) {
  const module = { exports: {} };
  new Function('module', 'exports', 'require', ...unknown, source)(module, module.exports, require);
  modules[name] = module.exports;
}

/** Begin some work; `turn` tells what came of it. */
function start(work) {
  world.outcome = null;
  work().then(
    (value) => {
      world.outcome = { value: value === undefined ? null : value };
    },
    (error) => {
      world.outcome = { error: Object.assign({ text: String(error) }, error, { message: error.message }) };
    }
  );
}

/** What has happened since: requests to carry, how the work ended, whether somebody waits for a timer. */
function turn() {
  const { outcome, now, timers } = world;
  const next = timers.length ? Math.min(...timers.map(({ due }) => due)) : null;
  return JSON.stringify({ requests: world.outbox.splice(0), wires: world.wires.splice(0), outcome, now, next });
}

/** Something reaches a socket. */
function reach(id, what, told) {
  world.sockets[id][what].forEach((listener) => listener(told));
}

/** An answer arrives. */
function arrive(id, reply) {
  world.inFlight -= 1;
  const { success, fail } = world.callbacks[id];
  if (reply.fail) fail({ errMsg: reply.fail });
  else success(reply);
}

/** Time passes until the next timer is due. */
function wait() {
  world.timers.sort((one, other) => one.due - other.due);
  const { due, task } = world.timers.shift();
  world.now = Math.max(world.now, due);
  task();
}
