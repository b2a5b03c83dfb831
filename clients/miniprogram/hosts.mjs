// Made by generate.py from hosts.js. Change that, then run generate.py again.
// What the client needs of WeChat, Taro and uni-app: requests, sockets, codes, storage, and whether anybody looks.
// This file is a source, in CommonJS. `hosts.mjs` is made from it by `generate.py`.
/** Call a host's API, whether it answers by callbacks (wx, uni) or by a promise as well (Taro). */
function call(host, name, given) {
  return new Promise((resolve, reject) => {
    const answer = host[name](Object.assign({}, given, { success: resolve, fail: reject }));
    if (answer && typeof answer.then === 'function') answer.then(resolve, reject);
  });
}

/** Bytes from the host's or the browser's secure generator, else from Math.random and the clock: see README.md. */
function randomBytes(host, count) {
  const fallback = () => {
    const seed = Date.now();
    const byte = (_, i) => Math.floor(Math.random() * 256) ^ (seed / 2 ** (8 * (i % 6)));
    return Uint8Array.from({ length: count }, byte);
  };
  const checked = (answer) => {
    const bytes = new Uint8Array(answer.randomValues);
    return bytes.length === count ? bytes : fallback();
  };
  if (typeof host.getRandomValues === 'function') {
    return call(host, 'getRandomValues', { length: count }).then(checked, fallback);
  }
  const web = typeof crypto !== 'undefined' && crypto && typeof crypto.getRandomValues === 'function';
  return Promise.resolve(web ? crypto.getRandomValues(new Uint8Array(count)) : fallback());
}

/** The host's language as HTTP writes it: `zh_CN` is `zh-CN`; undefined where the host does not say. */
function languageOf(host) {
  const ask = host.getAppBaseInfo || host.getSystemInfoSync;
  const language = typeof ask === 'function' ? ask.call(host).language : undefined;
  return language ? String(language).replace(/_/g, '-') : undefined;
}

/** What the member sees in the list of their logins: `Apple iPhone 15, WeChat`. */
function deviceOf(host) {
  const ask = host.getDeviceInfo || host.getSystemInfoSync;
  const told = typeof ask === 'function' ? ask.call(host) : {};
  const named = [told.brand, told.model].filter(Boolean).join(' ');
  return named ? `${named}, WeChat` : undefined;
}

/** Whether the mini-program is in the foreground: WeChat lets nothing out, and cuts sockets, while it is not. */
function stageOf(host) {
  const waiting = [];
  const leaving = [];
  let shown = true;
  if (typeof host.onAppHide === 'function' && typeof host.onAppShow === 'function') {
    host.onAppHide(() => {
      shown = false;
      leaving.forEach((listener) => listener());
    });
    host.onAppShow(() => {
      shown = true;
      waiting.splice(0).forEach((resolve) => resolve());
    });
  }
  return {
    foreground: () => (shown ? Promise.resolve() : new Promise((resolve) => waiting.push(resolve))),
    onHide: (listener) => leaving.push(listener),
  };
}

/**
 * Open a socket. `on` is told `open()`, `message(text)` and `close({ code, reason })`, the last of them once.
 * WeChat gives the task at once; Taro promises it; uni-app does either, by its version.
 */
function socketOf(host, { url, protocol }, on) {
  let task = null;
  let over = false;
  const close = (told) => {
    if (over) return;
    over = true;
    on.close({ code: told && told.code, reason: String((told && (told.reason || told.errMsg)) || '') });
  };
  const attach = (given) => {
    if (!given || typeof given.onMessage !== 'function') return;
    task = given;
    task.onOpen(() => over || on.open());
    task.onMessage((told) => over || on.message(String(told.data)));
    task.onError(close);
    task.onClose(close);
    if (over) task.close({ code: 1000 });
  };
  // without `success` and `fail`, uni-app would promise the task, and WeChat would throw
  const given = host.connectSocket({ url, protocols: [protocol], success() {}, fail: close });
  if (given && typeof given.then === 'function') given.then(attach, close);
  else attach(given);
  return {
    send: (text) => !over && task && task.send({ data: text, fail: close }),
    close(code) {
      over = true;
      if (task) task.close({ code });
    },
  };
}

function platform(host, login) {
  const made = {
    request: (given) => call(host, 'request', given),
    appLogin: () => call(host, 'login', login).then((answer) => answer.code),
    storage: {
      get: (key) => host.getStorageSync(key),
      set: (key, value) => host.setStorageSync(key, value),
      remove: (key) => host.removeStorageSync(key),
    },
    language: () => languageOf(host),
    device: () => deviceOf(host),
    randomBytes: (count) => randomBytes(host, count),
  };
  if (typeof host.connectSocket === 'function') made.socket = (given, on) => socketOf(host, given, on);
  return Object.assign(made, stageOf(host));
}

/** Options of createClient for WeChat's own `wx`. They are the default where there is a `wx`. */
const wechat = (wx) => platform(wx, {});

/** Options of createClient for Taro: `createClient({ url, ...taro(Taro) })`. */
const taro = (Taro) => platform(Taro, {});

/** Options of createClient for uni-app: `createClient({ url, ...uniApp(uni) })`. */
const uniApp = (uni) => platform(uni, { provider: 'weixin' });

export { randomBytes, wechat, taro, uniApp };
