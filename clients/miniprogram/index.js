// The loyalty API's client for mini-programs: WeChat, Taro and uni-app. It needs ES2018 and the host, nothing else.
// This file is the source, in CommonJS. `index.mjs` is made from it by `generate.py`. README.md shows how to use it.
'use strict';

const AT_ONCE = 8; // WeChat allows 10 requests at once; two are left for the rest of the mini-program
const TIMEOUT_MS = 20000; // above the server's own 15 s, so that what it has to say is heard
const EXPIRY_MARGIN_MS = 60000;
const RETRIES = 3;
const FIRST_PAUSE_MS = 500;
const LONGEST_PAUSE_MS = 30000;
const KEY_BYTES = 16;
const RETRYABLE_STATUSES = [408, 425, 429, 500, 502, 503, 504];
const RETRYABLE_CODES = ['TIMEOUT', 'RATE_LIMITED', 'UNAVAILABLE', 'INTERNAL_SERVER_ERROR'];

const TOKENS = 'tokens { accessToken accessTokenExpiresAt refreshToken }';
const LOGIN = `mutation Login($input: MemberLoginInput!) {
  memberLogin(input: $input) { ${TOKENS} isNewMember userErrors { code message retryable } }
}`;
const REFRESH = `mutation Refresh($input: TokenRefreshInput!) { tokenRefresh(input: $input) { ${TOKENS} } }`;
const REVOKE = 'mutation Logout($input: TokenRevokeInput!) { tokenRevoke(input: $input) { revoked } }';

/** What people are told where the server has no words for them: English, 中文. */
const WORDS = {
  NETWORK: ['The network cannot be reached. Please try again.', '网络连接失败，请稍后重试。'],
  TIMED_OUT: ['There was no answer in time. Please try again.', '请求超时，请稍后重试。'],
  INTERRUPTED: ['This was interrupted. Please try again.', '请求已中断，请重试。'],
  DOMAIN_NOT_ALLOWED: ['This address is not a request domain of the mini-program.', '服务器域名未配置。'],
  WECHAT_LOGIN_FAILED: ['WeChat could not log you in. Please try again.', '微信登录失败，请重试。'],
  HTTP: ['The service is not available just now. Please try again later.', '服务暂时不可用，请稍后重试。'],
  TIMEOUT: ['This took too long. Please try again.', '处理超时，请稍后重试。'],
  RATE_LIMITED: ['That was too much at once. Please try again later.', '操作过于频繁，请稍后再试。'],
  UNAVAILABLE: ['The service is away for a moment. Please try again.', '服务暂时不可用，请稍后重试。'],
  INTERNAL_SERVER_ERROR: ['Something broke on our side. Please try again later.', '系统异常，请稍后重试。'],
};

/** Everything that can go wrong. It never holds a token, the document or the variables. */
class LoyaltyError extends Error {
  constructor(kind, code, message, more) {
    super(message);
    this.name = 'LoyaltyError';
    this.kind = kind; // 'network' | 'http' | 'graphql' | 'user'
    this.code = code;
    this.retryable = false;
    Object.assign(this, more); // retryable, requestId, retryAfter, status, errors, data, reason
  }
}

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

/** A function that resolves as soon as the mini-program is in the foreground: WeChat lets nothing out before. */
function foregroundOf(host) {
  const waiting = [];
  let shown = true;
  if (typeof host.onAppHide === 'function' && typeof host.onAppShow === 'function') {
    host.onAppHide(() => {
      shown = false;
    });
    host.onAppShow(() => {
      shown = true;
      waiting.splice(0).forEach((resolve) => resolve());
    });
  }
  return () => (shown ? Promise.resolve() : new Promise((resolve) => waiting.push(resolve)));
}

function platform(host, login) {
  return {
    request: (given) => call(host, 'request', given),
    appLogin: () => call(host, 'login', login).then((answer) => answer.code),
    storage: {
      get: (key) => host.getStorageSync(key),
      set: (key, value) => host.setStorageSync(key, value),
      remove: (key) => host.removeStorageSync(key),
    },
    language: () => languageOf(host),
    randomBytes: (count) => randomBytes(host, count),
    foreground: foregroundOf(host),
  };
}

/** Options of createClient for WeChat's own `wx`. They are the default where there is a `wx`. */
const wechat = (wx) => platform(wx, {});

/** Options of createClient for Taro: `createClient({ url, ...taro(Taro) })`. */
const taro = (Taro) => platform(Taro, {});

/** Options of createClient for uni-app: `createClient({ url, ...uniApp(uni) })`. */
const uniApp = (uni) => platform(uni, { provider: 'weixin' });

/** A queue: at most `limit` tasks run at once, the others wait in order, urgent ones before them. */
function queue(limit) {
  const waiting = [];
  let running = 0;
  const next = () => {
    if (running >= limit || !waiting.length) return;
    const { task, resolve, reject } = waiting.shift();
    const done = () => {
      running -= 1;
      next();
    };
    running += 1;
    task().then(resolve, reject).then(done);
  };
  return (task, urgent) =>
    new Promise((resolve, reject) => {
      waiting[urgent ? 'unshift' : 'push']({ task, resolve, reject });
      next();
    });
}

/** What comes of it; undefined when it fails. A storage that fails costs a login at the next start, nothing else. */
function quietly(act) {
  try {
    return act();
  } catch (_) {
    return undefined;
  }
}

function lowerCased(header) {
  const found = {};
  Object.keys(header || {}).forEach((name) => {
    found[name.toLowerCase()] = String(header[name]);
  });
  return found;
}

/** Seconds to wait by a Retry-After header, which names seconds or a moment; undefined without one. */
function secondsToWait(header) {
  const said = header['retry-after'];
  if (/^\d+$/.test(said)) return Number(said);
  const moment = Date.parse(said);
  return moment ? Math.max(0, Math.ceil((moment - (Date.parse(header.date) || Date.now())) / 1000)) : undefined;
}

/** What the host said of a failure, for the developer. */
const reasonOf = (failure) => String((failure && failure.errMsg) || failure);

function networkCode(failure) {
  const said = failure.toLowerCase();
  if (said.includes('interrupted')) return 'INTERRUPTED';
  if (/time(d )?[ -]?out/.test(said)) return 'TIMED_OUT';
  return said.includes('domain list') ? 'DOMAIN_NOT_ALLOWED' : 'NETWORK';
}

/** What sends one document and reads its answer. */
function sender(settings) {
  const enter = queue(AT_ONCE);
  let sent = 0;
  const language = () => (typeof settings.language === 'function' ? settings.language() : settings.language);
  const words = (code, otherwise) => {
    const known = WORDS[code];
    return known ? known[/^zh/i.test(language()) ? 1 : 0] : otherwise;
  };
  const requestIdOf = () => {
    sent += 1; // it names the request in the server's log, and need not be secret
    return `mp-${Date.now().toString(36)}-${sent}-${Math.random().toString(36).slice(2, 10)}`;
  };

  function read(reply, askedAs) {
    const header = lowerCased(reply.header);
    const body = typeof reply.data === 'string' ? quietly(() => JSON.parse(reply.data)) : reply.data;
    const told = {
      requestId: header['x-request-id'] || askedAs,
      status: reply.statusCode,
      retryAfter: secondsToWait(header),
    };
    if (body && Array.isArray(body.errors) && body.errors.length) {
      const code = (body.errors[0].extensions || {}).code || 'UNKNOWN';
      const more = { retryable: RETRYABLE_CODES.includes(code), errors: body.errors, data: body.data };
      throw new LoyaltyError('graphql', code, words(code, body.errors[0].message), Object.assign(told, more));
    }
    if (reply.statusCode === 200 && body && body.data) return { data: body.data, header };
    const retryable = RETRYABLE_STATUSES.includes(reply.statusCode);
    throw new LoyaltyError('http', `HTTP_${reply.statusCode}`, words('HTTP'), Object.assign(told, { retryable }));
  }

  async function send(document, variables, { operationName, timeout, token, urgent }) {
    const askedAs = requestIdOf();
    const header = {
      'content-type': 'application/json',
      accept: 'application/graphql-response+json, application/json',
      'x-request-id': askedAs,
    };
    const spoken = language();
    if (spoken) header['accept-language'] = spoken;
    if (token) header.authorization = `Bearer ${token}`;
    const request = {
      url: settings.url,
      method: 'POST',
      timeout: timeout || settings.timeout || TIMEOUT_MS,
      header,
      data: JSON.stringify({ query: String(document), variables, operationName }),
    };
    let reply;
    try {
      reply = await enter(async () => settings.request(request), urgent);
    } catch (failure) {
      const reason = reasonOf(failure);
      const code = networkCode(reason);
      const more = { retryable: code !== 'DOMAIN_NOT_ALLOWED', requestId: askedAs, reason };
      throw new LoyaltyError('network', code, words(code), more);
    }
    return read(reply, askedAs);
  }

  return { send, words };
}

/** The member's login: tokens kept, renewed one at a time, and ended. */
function session(settings, { send, words }) {
  const place = `loyalty.tokens ${settings.url}`;
  const ask = (document, input) => send(document, { input }, { urgent: true });
  const kept = quietly(() => settings.storage.get(place));
  let tokens = kept && kept.access ? kept : null;
  let renewing = null;
  let isNewMember = false;
  let logouts = 0; // how many times somebody logged out: an answer that comes after it renews nothing

  function keep(given, header) {
    const now = Date.now();
    // the phone's clock may be wrong: what counts is how long the server says the token lives
    const lives = Date.parse(given.accessTokenExpiresAt) - (Date.parse(header.date) || now);
    const until = lives > EXPIRY_MARGIN_MS ? now + lives : null;
    tokens = { access: given.accessToken, refresh: given.refreshToken, until };
    quietly(() => settings.storage.set(place, tokens));
    return tokens.access;
  }

  function forget() {
    tokens = null;
    quietly(() => settings.storage.remove(place));
  }

  async function logIn() {
    let code;
    try {
      code = await settings.appLogin();
    } catch (failure) {
      const more = { retryable: true, reason: reasonOf(failure) };
      throw new LoyaltyError('network', 'WECHAT_LOGIN_FAILED', words('WECHAT_LOGIN_FAILED'), more);
    }
    const { data, header } = await ask(LOGIN, { code });
    const payload = data.memberLogin;
    if (!payload.tokens) {
      const [refusal] = payload.userErrors;
      const more = { retryable: refusal.retryable, requestId: header['x-request-id'], errors: payload.userErrors };
      throw new LoyaltyError('user', refusal.code, refusal.message, more);
    }
    isNewMember = payload.isNewMember;
    return keep(payload.tokens, header);
  }

  async function obtain() {
    if (tokens && tokens.refresh) {
      const { data, header } = await ask(REFRESH, { refreshToken: tokens.refresh });
      if (data.tokenRefresh.tokens) return keep(data.tokenRefresh.tokens, header);
      forget();
    }
    return logIn();
  }

  function renew() {
    if (!renewing) {
      const done = () => {
        renewing = null;
      };
      renewing = obtain();
      renewing.then(done, done);
    }
    return renewing;
  }

  return {
    token() {
      const fresh = tokens && (tokens.until === null || Date.now() < tokens.until - EXPIRY_MARGIN_MS);
      return !renewing && fresh ? Promise.resolve(tokens.access) : renew();
    },
    /** Another token than the one that was refused: the one somebody else just got, or a fresh one. */
    instead(refused) {
      return tokens && tokens.access !== refused ? Promise.resolve(tokens.access) : renew();
    },
    logouts: () => logouts,
    isNewMember: () => isNewMember,
    async end() {
      if (renewing) await renewing.catch(() => {});
      const ended = tokens;
      logouts += 1;
      forget();
      if (!ended) return false;
      const { data } = await ask(REVOKE, { token: ended.refresh || ended.access });
      return data.tokenRevoke.revoked;
    },
  };
}

/** Try, and at most `retries` times again what may succeed later. Pauses double, or are as long as the server asked. */
async function persistently(attempt, retries, foreground) {
  for (let failures = 0; ; failures += 1) {
    try {
      return await attempt();
    } catch (error) {
      const asked = error.retryAfter;
      const doubled = FIRST_PAUSE_MS * 2 ** failures * (0.5 + Math.random() / 2);
      const pause = asked === undefined ? doubled : asked * 1000;
      if (!error.retryable || failures >= retries || pause > LONGEST_PAUSE_MS) throw error;
      await new Promise((resolve) => setTimeout(resolve, pause));
      if (foreground) await foreground();
    }
  }
}

/** A client of one endpoint. Make one for the whole mini-program; it logs the member in when that is needed. */
function createClient(options) {
  const settings = Object.assign(typeof wx === 'undefined' ? {} : wechat(wx), options);
  const missing = ['url', 'request', 'appLogin', 'storage'].filter((name) => !settings[name]);
  if (missing.length) throw new Error(`createClient needs ${missing.join(', ')}`);
  const sending = sender(settings);
  const member = session(settings, sending);

  async function once(document, variables, how) {
    const logouts = member.logouts();
    const token = how.anonymous ? undefined : await member.token();
    try {
      return (await sending.send(document, variables, Object.assign({}, how, { token }))).data;
    } catch (error) {
      if (error.code !== 'UNAUTHENTICATED' || !token || logouts !== member.logouts()) throw error;
      const instead = await member.instead(token);
      return (await sending.send(document, variables, Object.assign({}, how, { token: instead }))).data;
    }
  }

  function request(document, variables, how = {}) {
    return persistently(() => once(document, variables, how), how.retries || 0, settings.foreground);
  }

  async function freshKey() {
    const bytes = await (settings.randomBytes || ((count) => randomBytes({}, count)))(KEY_BYTES);
    return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
  }

  async function mutate(document, input, how = {}) {
    const given = how.key === undefined ? (input || {}).idempotencyKey : how.key;
    const key = given === undefined ? await freshKey() : given;
    const variables = { input: key === null ? input : Object.assign({}, input, { idempotencyKey: key }) };
    try {
      const data = await request(document, variables, Object.assign({ retries: RETRIES }, how));
      return data[Object.keys(data)[0]];
    } catch (error) {
      error.key = key;
      throw error;
    }
  }

  return {
    request,
    mutate,
    login: () => member.token().then(() => ({ isNewMember: member.isNewMember() })),
    logout: () => member.end(),
  };
}

module.exports = { createClient, LoyaltyError, wechat, taro, uniApp };
