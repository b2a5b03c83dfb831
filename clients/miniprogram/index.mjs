// Made by generate.py from index.js. Change that, then run generate.py again.
// The loyalty API's client for mini-programs: WeChat, Taro and uni-app. It needs ES2018 and the host, nothing else.
// This file is a source, in CommonJS. `index.mjs` is made from it by `generate.py`. README.md shows how to use it.
import { eventsOf, FOLLOW, POLL, LATEST } from './events.mjs';
import { friendsOf, TOUCH, JOIN, MAKE_CODE, REFERRAL, PROGRESS, TRY_TRANSFER, TRANSFER } from './friends.mjs';
import { randomBytes, wechat, taro, uniApp } from './hosts.mjs';
import { LoyaltyError, sender, persistently } from './sending.mjs';
import { session, TOKENS } from './session.mjs';

const RETRIES = 3;
const KEY_BYTES = 16;

const STANDING = 'query LoyaltyStanding { me { state phone { verified } } }';
const LINK = `mutation LoyaltyLinkPhone($input: MemberPhoneLinkInput!) {
  memberPhoneLink(input: $input) {
    phone { masked } alreadyLinked memberState ${TOKENS} userErrors { code message field retryable }
  }
}`;
const DEVICES = 'query LoyaltyDevices { me { logins { id device createdAt lastSeenAt current } } }';
const END_DEVICE = `mutation LoyaltyEndDevice($input: LoginEndInput!) {
  loginEnd(input: $input) { ended userErrors { code message field retryable } }
}`;
const END_OTHERS = `mutation LoyaltyEndOtherDevices {
  loginEndOthers { ended userErrors { code message field retryable } }
}`;
/** What this client asks for in the member's name: documents for the server to trust. */
const OWN = [
  STANDING, LINK, DEVICES, END_DEVICE, END_OTHERS, FOLLOW, POLL, LATEST, TOUCH, JOIN, MAKE_CODE, REFERRAL, PROGRESS,
  TRY_TRANSFER, TRANSFER,
];

/** A client of one endpoint. Make one for the whole mini-program; it logs the member in when that is needed. */
function createClient(options) {
  const settings = Object.assign(typeof wx === 'undefined' ? {} : wechat(wx), options);
  const missing = ['url', 'request', 'appLogin', 'storage'].filter((name) => !settings[name]);
  if (missing.length) throw new Error(`createClient needs ${missing.join(', ')}`);
  const sending = sender(settings, OWN);
  const member = session(settings, sending);

  async function once(document, variables, how) {
    const logouts = member.logouts();
    const token = how.anonymous ? undefined : await member.token();
    try {
      return (await sending.send(document, variables, Object.assign({}, how, { token }))).data;
    } catch (error) {
      if (error.code !== 'UNAUTHENTICATED' || !token || logouts !== member.logouts()) throw error;
      const instead = await member.instead(token, document === LINK);
      return (await sending.send(document, variables, Object.assign({}, how, { token: instead }))).data;
    }
  }

  function request(document, variables, how = {}) {
    // where the server says when to come again, a query waits as well: nothing was run
    const { retries = 0, patience = how.retries === undefined ? RETRIES : retries } = how;
    const { foreground } = settings;
    return persistently(() => once(document, variables, how), { retries, patience, foreground });
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

  const events = eventsOf(settings, { member, request, failed: sending.failed });
  const keyless = (document, input) => mutate(document, input, { key: null });

  async function linkPhone(phoneCode) {
    const payload = await member.link(() => keyless(LINK, { phoneCode }));
    if (payload.tokens) events.anew();
    const { phone, alreadyLinked, memberState, userErrors } = payload;
    return { phone, alreadyLinked, memberState, userErrors, memberChanged: Boolean(payload.tokens) };
  }

  async function login({ phoneCode } = {}) {
    const again = { retries: RETRIES, foreground: settings.foreground };
    const told = await persistently(() => member.enter(phoneCode), again);
    if (told) return { memberState: told.memberState, phoneLinked: told.phoneLinked, phoneError: told.phoneError };
    const linked = phoneCode ? await linkPhone(phoneCode) : { userErrors: [] };
    const { me } = await request(STANDING);
    const phoneLinked = Boolean(me.phone && me.phone.verified);
    return { memberState: me.state, phoneLinked, phoneError: linked.userErrors[0] || null };
  }

  function logOut() {
    events.stop();
    return member.end();
  }

  const friends = friendsOf(settings, { request, mutate, freshKey });
  return Object.assign(friends, {
    request,
    mutate,
    login,
    linkPhone,
    logOut,
    logout: logOut,
    devices: () => request(DEVICES).then(({ me }) => me.logins),
    endDevice: (loginId) => keyless(END_DEVICE, { loginId }),
    endOtherDevices: () => keyless(END_OTHERS),
    events: events.follow,
  });
}

export { createClient, LoyaltyError, wechat, taro, uniApp };
