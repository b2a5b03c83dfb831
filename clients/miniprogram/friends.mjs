// Made by generate.py from friends.js. Change that, then run generate.py again.
// Whom a member brings and what they give: referral codes, how somebody came, where a tier stands, points for others.
// This file is a source, in CommonJS. `friends.mjs` is made from it by `generate.py`.
import { quietly } from './sending.mjs';

const TOUCH = `mutation LoyaltyTouch($input: ReferralTouchInput!) {
  referralTouch(input: $input) { accepted userErrors { code message field retryable } }
}`;
const JOIN = `mutation LoyaltyJoin($input: MemberEnrollInput!) {
  memberEnroll(input: $input) { member { state } replayed userErrors { code message field retryable } }
}`;
const SHARED = 'code channel link scene qrDataUri';
const MAKE_CODE = `mutation LoyaltyReferralCode($input: ReferralCodeCreateInput!) {
  referralCodeCreate(input: $input) { code { ${SHARED} } userErrors { code message field retryable } }
}`;
const REFERRAL = `query LoyaltyReferral($first: Int, $after: String) {
  me { referral {
    codes { ${SHARED} } earnings { points growth qualified pending owed }
    milestones { campaign qualified reached points growth grantedAt revoked }
    broughtBy { referrer { displayName avatarUrl } state missing missingMinor }
    invitees(first: $first, after: $after) {
      nodes { name state cause missing missingMinor boundAt validUntil } pageInfo { hasNextPage endCursor }
    }
  } }
}`;
const PROGRESS = `query LoyaltyProgress {
  me {
    tierProgress {
      tier { code name } growthInWindow expiresAt graceUntil next { need percent tier { code name } }
      retain { need deadline } projected { at tier { code name } }
    }
    benefits { kind value code limit usedThisMonth givenAt }
  }
}`;
const TRY_TRANSFER = `query LoyaltyTryTransfer($input: PointsTransferPreviewInput!) {
  pointsTransferPreview(input: $input) {
    to { displayName avatarUrl } allowed available availableAfter leftCount leftPoints
    userErrors { code message field retryable }
  }
}`;
const TRANSFER = `mutation LoyaltyTransfer($input: PointsTransferInput!) {
  pointsTransfer(input: $input) {
    to { displayName avatarUrl } account { available } userErrors { code message field retryable }
  }
}`;

/** The words after `%`, as they were meant; as they are, where that is nothing. */
const plain = (text) => quietly(() => decodeURIComponent(text)) || text;

/** The code by which a mini-program was opened: of `scene` or `r` in its query, or of a link that was scanned. */
function codeOf(launch) {
  const query = (launch && launch.query) || {};
  const scene = /^r=(\w+)$/i.exec(plain(String(query.scene || '')));
  const link = /[?&][rc]=(\w+)/i.exec(plain(String(query.q || '')));
  if (scene) return scene[1];
  return query.r ? String(query.r) : link && link[1];
}

/** What a client does about friends. */
function friendsOf(settings, { request, mutate, freshKey }) {
  const { storage } = settings;
  const came = `loyalty.came ${settings.url}`;
  const named = `loyalty.device ${settings.url}`;

  /** What this phone is called: random, made once. The server keeps a hash of it. */
  async function device() {
    const known = quietly(() => storage.get(named));
    if (known) return known;
    const made = await freshKey();
    quietly(() => storage.set(named, made));
    return made;
  }

  async function launched(launch) {
    const code = codeOf(launch);
    if (!code) return null;
    quietly(() => storage.set(came, code));
    const payload = await mutate(TOUCH, { code, device: await device() }, { anonymous: true });
    return payload.userErrors.length ? null : code;
  }

  async function enroll(profile) {
    const code = quietly(() => storage.get(came)) || undefined;
    const payload = await mutate(JOIN, { profile, referral: { code, device: await device() } }, { key: null });
    if (payload.member) quietly(() => storage.remove(came));
    return payload;
  }

  return {
    launched,
    enroll,
    referral: (how = {}) => request(REFERRAL, { first: how.first, after: how.after }).then(({ me }) => me.referral),
    referralCode: (channel) => mutate(MAKE_CODE, channel ? { channel } : {}, { key: null }),
    progress: () => request(PROGRESS).then(({ me }) => Object.assign({}, me.tierProgress, { benefits: me.benefits })),
    tryTransfer: (toMemberCode, points) =>
      request(TRY_TRANSFER, { input: { toMemberCode, points } }).then((data) => data.pointsTransferPreview),
    transfer: (toMemberCode, points, how) => mutate(TRANSFER, { toMemberCode, points }, how),
  };
}

export { friendsOf, TOUCH, JOIN, MAKE_CODE, REFERRAL, PROGRESS, TRY_TRANSFER, TRANSFER };
