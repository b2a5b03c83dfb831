// The member's login: in by WeChat, tokens that are kept and renewed, and out.
// This file is a source, in CommonJS. `session.mjs` is made from it by `generate.py`.
'use strict';

const { LoyaltyError, persistently, quietly, reasonOf } = require('./sending');

const EXPIRY_MARGIN_MS = 60000;
const GRACE_MS = 25000; // how long a refresh is asked for again: later nobody waits for it any more

const TOKENS = 'tokens { accessToken accessTokenExpiresIn refreshToken }';
const LOGIN = `mutation Login($input: MemberLoginInput!) {
  memberLogin(input: $input) {
    ${TOKENS} memberState phoneLinked phoneError { code message retryable } userErrors { code message retryable }
  }
}`;
const REFRESH = `mutation Refresh($input: TokenRefreshInput!) { tokenRefresh(input: $input) { ${TOKENS} } }`;
const REVOKE = 'mutation Logout($input: TokenRevokeInput!) { tokenRevoke(input: $input) { revoked } }';

/** The member's login: tokens kept, renewed one at a time, and ended. */
function session(settings, { send, words }) {
  const place = `loyalty.tokens ${settings.url}`;
  const ask = (document, input) => send(document, { input }, { urgent: true });
  const kept = quietly(() => settings.storage.get(place));
  let tokens = kept && kept.access ? kept : null;
  let renewing = null;
  let linking = null; // while a phone is linked the tokens may change: who is refused meanwhile waits
  let logouts = 0; // how many times somebody logged out: an answer that comes after it renews nothing

  function keep(given, since) {
    // the phone's clock may be wrong: what counts is how long the server says the token lives
    const lives = given.accessTokenExpiresIn * 1000;
    const until = lives > EXPIRY_MARGIN_MS ? since + lives : null;
    tokens = { access: given.accessToken, refresh: given.refreshToken, until };
    quietly(() => settings.storage.set(place, tokens));
    return tokens.access;
  }

  function forget() {
    tokens = null;
    quietly(() => settings.storage.remove(place));
  }

  /** Log in by a fresh code of WeChat's. Answers what the programme said. */
  async function logIn(phoneCode) {
    let code;
    try {
      code = await settings.appLogin();
    } catch (failure) {
      const more = { retryable: true, reason: reasonOf(failure) };
      throw new LoyaltyError('network', 'WECHAT_LOGIN_FAILED', words('WECHAT_LOGIN_FAILED'), more);
    }
    const device = quietly(() => (typeof settings.device === 'function' ? settings.device() : settings.device));
    const since = Date.now();
    const { data, header } = await ask(LOGIN, { code, phoneCode, device });
    const payload = data.memberLogin;
    if (!payload.tokens) {
      const [refusal] = payload.userErrors;
      const more = { retryable: refusal.retryable, requestId: header['x-request-id'], errors: payload.userErrors };
      throw new LoyaltyError('user', refusal.code, refusal.message, more);
    }
    keep(payload.tokens, since);
    return payload;
  }

  /**
   * Exchange the refresh token. When nothing came back, the same one is sent again: if only the request was lost it is
   * good. If the answer was, the server ends the login, or bears with it for some seconds where it is set so.
   */
  async function refresh() {
    const began = Date.now();
    const again = (error) => Date.now() - began < GRACE_MS && error.kind !== 'graphql';
    const attempt = async () => {
      const since = Date.now();
      const { data } = await ask(REFRESH, { refreshToken: tokens.refresh });
      return data.tokenRefresh.tokens && keep(data.tokenRefresh.tokens, since);
    };
    return persistently(attempt, { retries: 2, foreground: settings.foreground, again });
  }

  async function obtain() {
    if (tokens && tokens.refresh) {
      const access = await refresh();
      if (access) return access;
      forget();
    }
    return logIn().then(() => tokens.access);
  }

  function renew(act) {
    if (!renewing) {
      const done = () => {
        renewing = null;
      };
      renewing = act();
      renewing.then(done, done);
    }
    return renewing;
  }

  const token = () => {
    const fresh = tokens && (tokens.until === null || Date.now() < tokens.until - EXPIRY_MARGIN_MS);
    return !renewing && fresh ? Promise.resolve(tokens.access) : renew(obtain);
  };
  return {
    token,
    /** Another token than the one that was refused: the one somebody else just got, or a fresh one. */
    async instead(refused, isLink) {
      if (linking && !isLink) await linking.catch(() => {});
      return tokens && tokens.access !== refused ? tokens.access : renew(obtain);
    },
    logouts: () => logouts,
    /** Log in unless somebody is. Answers what the programme said to a login, null when none was needed. */
    async enter(phoneCode) {
      if (tokens || renewing) return token().then(() => null);
      let told;
      await renew(async () => {
        told = await logIn(phoneCode);
        return tokens.access;
      });
      return told;
    },
    /** Do what may end the tokens, and keep those that are given instead. */
    async link(act) {
      while (linking) await linking.catch(() => {});
      const done = () => {
        linking = null;
      };
      const since = Date.now();
      const before = logouts;
      linking = act().then((payload) => {
        if (payload.tokens && before === logouts) keep(payload.tokens, since);
        return payload;
      });
      linking.then(done, done);
      return linking;
    },
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

module.exports = { session, TOKENS };
