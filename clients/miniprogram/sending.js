// One document sent and its answer read, and every error told in the member's language.
// This file is a source, in CommonJS. `sending.mjs` is made from it by `generate.py`.
'use strict';

const { sha256 } = require('./sha256');

const AT_ONCE = 8; // WeChat allows 10 requests at once; two are left for the rest of the mini-program
const TIMEOUT_MS = 20000; // above the server's own 15 s, so that what it has to say is heard
const FIRST_PAUSE_MS = 500;
const LONGEST_PAUSE_MS = 30000;
const RETRYABLE_STATUSES = [408, 425, 429, 500, 502, 503, 504];
const RETRYABLE_CODES = ['TIMEOUT', 'RATE_LIMITED', 'UNAVAILABLE', 'INTERNAL_SERVER_ERROR'];
const OPERATION = /^\s*(?:query|mutation|subscription)\s+(\w+)/m;

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
    Object.assign(this, more); // retryable, requestId, retryAfterSeconds, status, errors, data, reason
  }
}

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

/** What comes of it; undefined when it fails. A storage that fails costs a login at the next start, no more. */
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
function sender(settings, own) {
  const enter = queue(AT_ONCE);
  const hashes = new Map();
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

  /** The error of GraphQL's own errors: those of an answer, or of a subscription. */
  function failed(errors, told, data) {
    const said = errors[0] || {};
    const { code = 'UNKNOWN', requestId, retryAfterSeconds } = said.extensions || {};
    const more = Object.assign({ requestId, retryable: RETRYABLE_CODES.includes(code), errors, data }, told);
    if (more.retryAfterSeconds === undefined) more.retryAfterSeconds = retryAfterSeconds;
    return new LoyaltyError('graphql', code, words(code, said.message), more);
  }

  function read(reply, askedAs) {
    const header = lowerCased(reply.header);
    const body = typeof reply.data === 'string' ? quietly(() => JSON.parse(reply.data)) : reply.data;
    const told = {
      requestId: header['x-request-id'] || askedAs,
      status: reply.statusCode,
      retryAfterSeconds: secondsToWait(header),
    };
    if (body && Array.isArray(body.errors) && body.errors.length) throw failed(body.errors, told, body.data);
    if (reply.statusCode === 200 && body && body.data) return { data: body.data, header };
    const retryable = RETRYABLE_STATUSES.includes(reply.statusCode);
    throw new LoyaltyError('http', `HTTP_${reply.statusCode}`, words('HTTP'), Object.assign(told, { retryable }));
  }

  async function post(body, { timeout, token, urgent }) {
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
      data: JSON.stringify(body),
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

  /** The hash by which the server may know a document: its build's, the map's, or that of its text. */
  function hashOf(document, text) {
    if (!settings.documents) return undefined;
    const built = document.__meta__ && document.__meta__.hash;
    if (built) return String(built);
    if (settings.documents !== true && !own.includes(document)) {
      const [, name] = OPERATION.exec(text) || [];
      return settings.documents[name];
    }
    if (!hashes.has(text)) hashes.set(text, sha256(text));
    return hashes.get(text);
  }

  async function send(document, variables, how) {
    const query = String(document);
    const { operationName } = how;
    const hash = how.token && hashOf(document, query);
    if (!hash) return post({ query, variables, operationName }, how);
    const documentId = hash.startsWith('sha256:') ? hash : `sha256:${hash}`;
    try {
      return await post({ documentId, variables }, how);
    } catch (error) {
      if (error.code !== 'PERSISTED_QUERY_NOT_FOUND') throw error;
      // a server in development remembers it from now on; in production it says that nobody registered it
      return post({ documentId, query, variables, operationName }, how);
    }
  }

  return { send, words, failed };
}

/**
 * Try, and at most `retries` times again what may succeed later; `patience` times where the server says when. Pauses
 * double, or are as long as the server asked.
 */
async function persistently(attempt, { retries, patience = retries, foreground, again = () => true }) {
  for (let failures = 0; ; failures += 1) {
    try {
      return await attempt();
    } catch (error) {
      const asked = error.retryAfterSeconds;
      const doubled = FIRST_PAUSE_MS * 2 ** failures * (0.5 + Math.random() / 2);
      const pause = asked === undefined ? doubled : asked * 1000;
      const most = asked === undefined ? retries : patience;
      if (!error.retryable || failures >= most || pause > LONGEST_PAUSE_MS || !again(error)) throw error;
      await new Promise((resolve) => setTimeout(resolve, pause));
      if (foreground) await foreground();
    }
  }
}

module.exports = { LoyaltyError, sender, persistently, quietly, reasonOf };
