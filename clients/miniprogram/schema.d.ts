// Made by generate.py from schema/schema.graphql. Change that, then run generate.py again.

/** So many points may not pay for this order. */
export interface AboveShareLimit {
  __typename?: 'AboveShareLimit';
  /** What to switch on. */
  code: ErrorCode;
  /** A sentence for people, in English or Chinese by `Accept-Language`. */
  message: string;
  /** The part of `input` that was refused, if one was. */
  field: string[] | null;
  /** Whether the same request may succeed later without anybody changing it. */
  retryable: boolean;
  /** How much was asked for. */
  wanted: Long;
  /** The most there may be. */
  limit: Long;
}

/** The member's tier does not allow so many points in one redemption. */
export interface AboveTierLimit {
  __typename?: 'AboveTierLimit';
  /** What to switch on. */
  code: ErrorCode;
  /** A sentence for people, in English or Chinese by `Accept-Language`. */
  message: string;
  /** The part of `input` that was refused, if one was. */
  field: string[] | null;
  /** Whether the same request may succeed later without anybody changing it. */
  retryable: boolean;
  /** How much was asked for. */
  wanted: Long;
  /** The most there may be. */
  limit: Long;
}

/** What sort of caller did it. */
export type ActorKind =
  /** The programme itself; `CLI` as its id is the command line. */
  | 'SYSTEM'
  /** A member. */
  | 'MEMBER'
  /** Somebody of the staff. */
  | 'STAFF'
  /** A partner, with one of its keys. */
  | 'PARTNER'
  /** A service; its id is that of its key. */
  | 'SERVICE'
  /** Somebody who has not logged in, or several callers counted together. */
  | 'NOBODY';

/** A key of a partner or a service (接口密钥). Its secret is told once, when it is issued. */
export interface ApiKey {
  __typename?: 'ApiKey';
  /** The public part of the key: the third of its five pieces. Not for members, but for OWNER, ADMIN. */
  id: ID;
  /** Who calls with it. Not for members, but for OWNER, ADMIN. */
  kind: KeyKind;
  /** What people call it. Not for members, but for OWNER, ADMIN. */
  name: string;
  /** A service's name for itself; its orders are unique within it. Not for members, but for OWNER, ADMIN. */
  source: string | null;
  /** The store a service sells in; null for any. Not for members, but for OWNER, ADMIN. */
  storeId: ID | null;
  /** The partner whose it is. Not for members, but for OWNER, ADMIN. */
  partnerId: ID | null;
  /** What it is kept to; null means all that its kind may. Not for members, but for OWNER, ADMIN. */
  scopes: KeyScope[] | null;
  /** From where it may be used, as CIDR blocks; null means anywhere. Not for members, but for OWNER, ADMIN. */
  networks: string[] | null;
  /** When it ends by itself; null means never. Not for members, but for OWNER, ADMIN. */
  expiresAt: DateTime | null;
  /** When it was revoked; null while it is not. Not for members, but for OWNER, ADMIN. */
  revokedAt: DateTime | null;
  /** When it was last used, to the minute; null if never. Not for members, but for OWNER, ADMIN. */
  lastUsedAt: DateTime | null;
  /** When it was issued. Not for members, but for OWNER, ADMIN. */
  createdAt: DateTime;
}

/** One page of a list. */
export interface ApiKeyConnection {
  __typename?: 'ApiKeyConnection';
  /** The items with their cursors. */
  edges: ApiKeyEdge[];
  /** The items alone. */
  nodes: ApiKey[];
  /** Where the page lies in the list. */
  pageInfo: PageInfo;
}

/** A key to issue. Of each holder two may live, so that one can follow the other. */
export interface ApiKeyCreateInput {
  /** Whose it is to be. */
  holder: ApiKeyHolderInput;
  /** What people call it, 1 to 80 characters: `till 3`. */
  name: string;
  /** What it is kept to; all that its kind may when left out. */
  scopes?: KeyScope[] | null;
  /** From where it may be used, 20 at most: `203.0.113.0/24`. Anywhere when left out. */
  networks?: string[] | null;
  /** When it ends; never when left out. */
  expiresAt?: DateTime | null;
}

/** One item of a list, and where it stands. */
export interface ApiKeyEdge {
  __typename?: 'ApiKeyEdge';
  /** Send it as `after` or `before` to read on from here. */
  cursor: string;
  /** The item. */
  node: ApiKey;
}

/** Whose the key is to be. */
export type ApiKeyHolderInput =
  /** A service's. */
  | { service: ServiceHolderInput; partnerId?: never }
  /** A partner's. */
  | { service?: never; partnerId: ID };

/** What became of a key. */
export interface ApiKeyPayload {
  __typename?: 'ApiKeyPayload';
  /** The key; null when refused. Not for members, but for OWNER, ADMIN. */
  apiKey: ApiKey | null;
  /**
   * All of a fresh key, to be sent as `Bearer`. It is told this once and never again. Not for members, but for
   * OWNER, ADMIN.
   */
  secret: string | null;
  /** Why it was refused; empty on success. Not for members, but for OWNER, ADMIN. */
  userErrors: UserError[];
}

/** A key to end. */
export interface ApiKeyRevokeInput {
  /** Which. */
  id: ID;
}

/** A key to be followed by another, alike but for its secret. */
export interface ApiKeyRotateInput {
  /** The present key. */
  id: ID;
  /** How many hours the present key goes on; 2,160 at most. */
  overlapHours?: number;
}

/** What one of the staff asked for, and what became of it (审批). */
export interface Approval {
  __typename?: 'Approval';
  /** Opaque. Store it, send it back, read nothing into it. */
  id: ID;
  /** What is asked for. Not for members, but for OWNER, ADMIN, OPERATOR, CS. */
  kind: ApprovalKind;
  /** Where it stands. Not for members, but for OWNER, ADMIN, OPERATOR, CS. */
  state: ApprovalState;
  /** The member it is about, for `node` and `member`. Not for members, but for OWNER, ADMIN, OPERATOR, CS. */
  memberId: ID;
  /** How many points to add, or with a minus to take. Not for members, but for OWNER, ADMIN, OPERATOR, CS. */
  delta: Long;
  /** Why, in one word. Not for members, but for OWNER, ADMIN, OPERATOR, CS. */
  reason: ReasonCode;
  /** When it was asked for. Not for members, but for OWNER, ADMIN, OPERATOR, CS. */
  requestedAt: DateTime;
  /** From this moment on it can no longer be approved. Not for members, but for OWNER, ADMIN, OPERATOR, CS. */
  expiresAt: DateTime;
  /** When it was decided, or withdrawn; null while it was not. Not for members, but for OWNER, ADMIN, OPERATOR, CS. */
  decidedAt: DateTime | null;
  /** Why it was rejected; null when it was not. Not for members, but for OWNER, ADMIN, OPERATOR, CS. */
  decisionReason: ReasonCode | null;
  /** The member's name and picture. Not for members, but for OWNER, ADMIN, OPERATOR, CS. */
  card: MemberCard;
  /** What the requester wrote for people. Kept encrypted. Not for members, but for OWNER, ADMIN, OPERATOR, CS. */
  note: Note | null;
  /** Who asked for it (申请人). Not for members, but for OWNER, ADMIN, OPERATOR, CS. */
  requestedBy: StaffCard | null;
  /** Who decided on it (审批人), or withdrew it. Not for members, but for OWNER, ADMIN, OPERATOR, CS. */
  decidedBy: StaffCard | null;
  /** The line of the ledger it led to, once approved. Not for members, but for OWNER, ADMIN, OPERATOR, CS. */
  entry: PointsEntry | null;
  /**
   * What approving it would come to now, by the same checks; null once it is settled. Not for members, but for
   * OWNER, ADMIN, OPERATOR, CS.
   */
  preview: ApprovalPreview | null;
}

/** A request of a colleague's to approve. */
export interface ApprovalApproveInput {
  /** Which. */
  approvalId: ID;
  /**
   * Chosen by you for this one request (a UUID will do): 8 to 128 printable ASCII characters. The same key with the
   * same input is done once and always answered alike, so a retry is harmless.
   */
  idempotencyKey: string;
}

/** One page of a list. */
export interface ApprovalConnection {
  __typename?: 'ApprovalConnection';
  /** The items with their cursors. */
  edges: ApprovalEdge[];
  /** The items alone. */
  nodes: Approval[];
  /** Where the page lies in the list. */
  pageInfo: PageInfo;
}

/** This request has been decided already. */
export interface ApprovalDecided {
  __typename?: 'ApprovalDecided';
  /** What to switch on. */
  code: ErrorCode;
  /** A sentence for people, in English or Chinese by `Accept-Language`. */
  message: string;
  /** The part of `input` that was refused, if one was. */
  field: string[] | null;
  /** Whether the same request may succeed later without anybody changing it. */
  retryable: boolean;
  /** The state it is in. */
  state: string;
}

/** One item of a list, and where it stands. */
export interface ApprovalEdge {
  __typename?: 'ApprovalEdge';
  /** Send it as `after` or `before` to read on from here. */
  cursor: string;
  /** The item. */
  node: Approval;
}

/** What is asked for. */
export type ApprovalKind =
  /** Points put in or taken out by hand. */
  | 'POINTS_ADJUST';

/** The request after it. */
export interface ApprovalPayload {
  __typename?: 'ApprovalPayload';
  /** The request; null when refused. Not for members, but for OWNER, ADMIN, OPERATOR, CS. */
  approval: Approval | null;
  /** Whether this answers an earlier, identical request. Not for members, but for OWNER, ADMIN, OPERATOR, CS. */
  replayed: boolean;
  /** Why it was refused; empty on success. Not for members, but for OWNER, ADMIN, OPERATOR, CS. */
  userErrors: UserError[];
}

/** What approving a request would come to now. */
export interface ApprovalPreview {
  __typename?: 'ApprovalPreview';
  /** Whether it would go through now. Not for members, but for OWNER, ADMIN, OPERATOR, CS. */
  allowed: boolean;
  /** What stands against it. Not for members, but for OWNER, ADMIN, OPERATOR, CS. */
  userErrors: UserError[];
}

/** Too many requests about this member wait. Have them decided first. */
export interface ApprovalQueueFull {
  __typename?: 'ApprovalQueueFull';
  /** What to switch on. */
  code: ErrorCode;
  /** A sentence for people, in English or Chinese by `Accept-Language`. */
  message: string;
  /** The part of `input` that was refused, if one was. */
  field: string[] | null;
  /** Whether the same request may succeed later without anybody changing it. */
  retryable: boolean;
  /** The most there may be. */
  limit: Long;
}

/** A request of a colleague's to reject. */
export interface ApprovalRejectInput {
  /** Which. */
  approvalId: ID;
  /** Why, in one word: `NO_EVIDENCE`. */
  reason: ReasonCode;
}

/** Something to ask a colleague to approve. */
export interface ApprovalRequestInput {
  /** What is asked for. */
  subject: ApprovalSubject;
  /**
   * Chosen by you for this one request (a UUID will do): 8 to 128 printable ASCII characters. The same key with the
   * same input is done once and always answered alike, so a retry is harmless.
   */
  idempotencyKey: string;
}

/** So many points are adjusted by two people: one asks, another approves. */
export interface ApprovalRequired {
  __typename?: 'ApprovalRequired';
  /** What to switch on. */
  code: ErrorCode;
  /** A sentence for people, in English or Chinese by `Accept-Language`. */
  message: string;
  /** The part of `input` that was refused, if one was. */
  field: string[] | null;
  /** Whether the same request may succeed later without anybody changing it. */
  retryable: boolean;
  /** How much was asked for. */
  wanted: Long;
  /** The most there may be. */
  limit: Long;
}

/** Where a request stands. */
export type ApprovalState =
  /** Waits for somebody else to decide. */
  | 'PENDING'
  /** Allowed by somebody else, and done at the same moment. */
  | 'APPROVED'
  /** Refused by somebody else. Nothing was done. */
  | 'REJECTED'
  /** Taken back by whoever asked. Nothing was done. */
  | 'WITHDRAWN'
  /** Nobody decided within 7 days. Nothing was done. */
  | 'EXPIRED';

/** What is asked for: one of these. */
export type ApprovalSubject =
  /** Points put in or taken out by hand. */
  | { pointsAdjust: PointsAdjustRequest };

/** A request of your own to take back. */
export interface ApprovalWithdrawInput {
  /** Which. */
  approvalId: ID;
}

/** One fact of what was done: ids and numbers, never personal data. */
export interface AuditFact {
  __typename?: 'AuditFact';
  /** What is told: `points`, `transaction`, `identities`. Not for members, but for OWNER, ADMIN, CS. */
  name: string;
  /** As text; a list or an object as JSON. Not for members, but for OWNER, ADMIN, CS. */
  value: string;
}

/** Which lines to look for. */
export interface AuditFilter {
  /** Who did it: the id of staff, a member or a partner, a key's id, or `CLI`. */
  actorId?: ID | null;
  /** What sort of caller did it. */
  actorKind?: ActorKind | null;
  /** What was done: `member.freeze`, or all of a kind with a dot at the end: `member.`. */
  action?: string | null;
  /** The member concerned. */
  memberId?: ID | null;
  /** From this moment on. */
  since?: DateTime | null;
  /** Before this moment. */
  until?: DateTime | null;
  /** The request it was done in. */
  requestId?: string | null;
}

/** One line of the audit log (审计日志). It never changes. */
export interface AuditLine {
  __typename?: 'AuditLine';
  /** Tells lines apart. Not for members, but for OWNER, ADMIN, CS. */
  id: ID;
  /** When it was done. Not for members, but for OWNER, ADMIN, CS. */
  at: DateTime;
  /** What sort of caller did it. Not for members, but for OWNER, ADMIN, CS. */
  actorKind: ActorKind;
  /** Who did it: send it back as `filter.actorId`. Not for members, but for OWNER, ADMIN, CS. */
  actorId: ID | null;
  /** Their role then, if they are staff. Not for members, but for OWNER, ADMIN, CS. */
  role: StaffRole | null;
  /** The store they worked in. Not for members, but for OWNER, ADMIN, CS. */
  storeId: ID | null;
  /** What was done: `points.adjust`, `member.freeze`, `access.denied`. Not for members, but for OWNER, ADMIN, CS. */
  action: string;
  /** The member concerned. Not for members, but for OWNER, ADMIN, CS. */
  memberId: ID | null;
  /** The reason code they gave. Not for members, but for OWNER, ADMIN, CS. */
  reason: string | null;
  /**
   * From where: the first 24 bits of an IPv4 address, the first 48 of IPv6. Not for members, but for OWNER, ADMIN,
   * CS.
   */
  network: string | null;
  /** The request it was done in, as the log and `X-Request-Id` have it. Not for members, but for OWNER, ADMIN, CS. */
  requestId: string | null;
  /** What else is known of it, 50 facts at most. Not for members, but for OWNER, ADMIN, CS. */
  facts: AuditFact[];
}

/** One page of a list. */
export interface AuditLineConnection {
  __typename?: 'AuditLineConnection';
  /** The items with their cursors. */
  edges: AuditLineEdge[];
  /** The items alone. */
  nodes: AuditLine[];
  /** Where the page lies in the list. */
  pageInfo: PageInfo;
}

/** One item of a list, and where it stands. */
export interface AuditLineEdge {
  __typename?: 'AuditLineEdge';
  /** Send it as `after` or `before` to read on from here. */
  cursor: string;
  /** The item. */
  node: AuditLine;
}

/** The balance is not what the request expected. */
export interface BalanceChanged {
  __typename?: 'BalanceChanged';
  /** What to switch on. */
  code: ErrorCode;
  /** A sentence for people, in English or Chinese by `Accept-Language`. */
  message: string;
  /** The part of `input` that was refused, if one was. */
  field: string[] | null;
  /** Whether the same request may succeed later without anybody changing it. */
  retryable: boolean;
  /** What there is. */
  available: Long;
}

/** Hundredths of a per cent as a whole number: 10000 is 100 %, or a multiplier of one. */
export type BasisPoints = number;

/** One thing a tier gives its members. The rules enforce it. */
export interface Benefit {
  __typename?: 'Benefit';
  /** What sort of benefit. */
  kind: BenefitKind;
  /** How much of it, in the unit its kind names; 1 where its code says it all. */
  value: Long;
  /** What it opens or gives; null where its kind has no code. */
  code: string | null;
  /** How often it may be used in a month of the programme; null as often as they like. */
  perMonth: number | null;
}

/** The member has used this benefit as often as their tier allows this month. */
export interface BenefitExhausted {
  __typename?: 'BenefitExhausted';
  /** What to switch on. */
  code: ErrorCode;
  /** A sentence for people, in English or Chinese by `Accept-Language`. */
  message: string;
  /** The part of `input` that was refused, if one was. */
  field: string[] | null;
  /** Whether the same request may succeed later without anybody changing it. */
  retryable: boolean;
  /** The most there may be. */
  limit: Long;
}

/** What a tier gives its members. */
export type BenefitKind =
  /** Purchases earn more: `value` is the multiplier in basis points. */
  | 'EARN_MULTIPLIER'
  /** One redemption may take at most `value` points. */
  | 'REDEEM_LIMIT'
  /** The caps of earn rules are wider: `value` is a multiplier in basis points. */
  | 'CAP_OVERRIDE'
  /** What points pay takes fewer of them: `value` is off, in basis points. */
  | 'REDEEM_DISCOUNT'
  /** Goods cost less: `value` is off, in basis points. */
  | 'MEMBER_PRICE'
  /** Every month there are `value` coupons of the template `code`. */
  | 'PERIODIC_COUPON'
  /** What goes by `code` is open to them. */
  | 'EXCLUSIVE_ACCESS'
  /** Communities of the kind `code` are open to them. */
  | 'COMMUNITY_ACCESS'
  /** Whoever earns the tier, or rises past it, gets `value` points, once in a cycle. */
  | 'UPGRADE_GIFT'
  /** In the month of their birthday they get `value` points, once a year. */
  | 'BIRTHDAY_GIFT';

/** A benefit to be used. */
export interface BenefitUseInput {
  /** Whose. */
  memberId: ID;
  /** `PERIODIC_COUPON`, `EXCLUSIVE_ACCESS` or `COMMUNITY_ACCESS`: the others need no use. */
  kind: BenefitKind;
  /** Its code. */
  code: string;
  /**
   * Chosen by you for this one request (a UUID will do): 8 to 128 printable ASCII characters. The same key with the
   * same input is done once and always answered alike, so a retry is harmless.
   */
  idempotencyKey: string;
}

/** What a use of a benefit came to. */
export interface BenefitUsePayload {
  __typename?: 'BenefitUsePayload';
  /**
   * Which use of the month it was, from 1; null when refused. Not for members, but for OWNER, ADMIN, OPERATOR, CS,
   * CASHIER, SERVICE.
   */
  number: number | null;
  /**
   * How often it may still be used this month; null means as often as they like. Not for members, but for OWNER,
   * ADMIN, OPERATOR, CS, CASHIER, SERVICE.
   */
  left: number | null;
  /**
   * Whether the same request had been done before. Not for members, but for OWNER, ADMIN, OPERATOR, CS, CASHIER,
   * SERVICE.
   */
  replayed: boolean;
  /** Why it was refused; empty on success. Not for members, but for OWNER, ADMIN, OPERATOR, CS, CASHIER, SERVICE. */
  userErrors: UserError[];
}

/** A benefit that was used. */
export interface BenefitUsed {
  __typename?: 'BenefitUsed';
  /** What sort of benefit. Not for members, but for OWNER, ADMIN, OPERATOR, CS, SERVICE. */
  kind: BenefitKind;
  /** Its code. Not for members, but for OWNER, ADMIN, OPERATOR, CS, SERVICE. */
  code: string;
  /** When. Not for members, but for OWNER, ADMIN, OPERATOR, CS, SERVICE. */
  usedAt: DateTime;
}

/** How near to the member's birthday a purchase is. */
export type BirthdayMatch =
  /** On that day. */
  | 'DAY'
  /** In that month. */
  | 'MONTH';

/** One thing that speaks against a campaign. */
export interface CampaignFinding {
  __typename?: 'CampaignFinding';
  /** What it is. Not for members, but for OWNER, ADMIN, OPERATOR. */
  code: CampaignFindingCode;
  /** Whether it keeps the campaign from being published. Not for members, but for OWNER, ADMIN, OPERATOR. */
  severity: CampaignFindingSeverity;
  /**
   * Where in the draft: `milestones.0.points`; null where it is of the draft as a whole. Not for members, but for
   * OWNER, ADMIN, OPERATOR.
   */
  field: string | null;
  /**
   * The rule it goes back to: the law, WeChat's rules, or this platform's own sense. Not for members, but for OWNER,
   * ADMIN, OPERATOR.
   */
  rule: string;
  /**
   * What is wrong and what to do, in English or Chinese as the request asked. Not for members, but for OWNER, ADMIN,
   * OPERATOR.
   */
  message: string;
}

/** What can be wrong with a campaign. */
export type CampaignFindingCode =
  /** It pays for more than one level. */
  | 'LAW_PYRAMID_DEPTH'
  /** It pays for heads: for people who have bought and done nothing. */
  | 'LAW_HEAD_COUNT'
  /** To recommend costs a fee, a deposit or a purchase. */
  | 'LAW_ENTRY_FEE'
  /** A prize is above what a lottery may give away. */
  | 'LAW_LOTTERY_MAX'
  /** It rewards the act of sharing, or forces it (诱导分享). */
  | 'WECHAT_SHARE_REWARD'
  /** What is gained is left to chance, or not known beforehand. */
  | 'WECHAT_RANDOM_GAIN'
  /** Rewards are given before the goods can come back. */
  | 'HOLD_ZERO'
  /** No refund takes a reward back. */
  | 'CLAW_BACK_NONE'
  /** Nothing caps what one referrer gets. */
  | 'CAP_MISSING'
  /** Nothing bounds what all get together. */
  | 'BUDGET_MISSING'
  /** Both rewards are worth more than the least that must be paid for them. */
  | 'REWARD_ABOVE_ORDER'
  /** Touches count for longer than a referral is valid. */
  | 'WINDOW_ABOVE_VALIDITY'
  /** Nobody looks at it first when somebody of the staff brings members. */
  | 'STAFF_PAID'
  /** No campaign has this field. */
  | 'FIELD_UNKNOWN'
  /** The draft is not a JSON object, or too large. */
  | 'DRAFT_UNREADABLE';

/** Whether a campaign can be published in spite of a finding. */
export type CampaignFindingSeverity =
  /** It cannot. */
  | 'BLOCKS'
  /** It can: somebody should have read it. */
  | 'WARNS';

/** More would be taken than is held. */
export interface CaptureExceedsHold {
  __typename?: 'CaptureExceedsHold';
  /** What to switch on. */
  code: ErrorCode;
  /** A sentence for people, in English or Chinese by `Accept-Language`. */
  message: string;
  /** The part of `input` that was refused, if one was. */
  field: string[] | null;
  /** Whether the same request may succeed later without anybody changing it. */
  retryable: boolean;
  /** How much was asked for. */
  wanted: Long;
  /** The most there may be. */
  limit: Long;
}

/** One line of a cart. */
export interface CartLineInput {
  /**
   * What the whole line costs after discounts other than the member's price, in minor units; 0 or more. Shipping is
   * no line.
   */
  paidMinor: Long;
}

/** An ISO 4217 currency code, such as `CNY`. */
export type CurrencyCode = string;

/** The order is not in the programme's currency. */
export interface CurrencyMismatch {
  __typename?: 'CurrencyMismatch';
  /** What to switch on. */
  code: ErrorCode;
  /** A sentence for people, in English or Chinese by `Accept-Language`. */
  message: string;
  /** The part of `input` that was refused, if one was. */
  field: string[] | null;
  /** Whether the same request may succeed later without anybody changing it. */
  retryable: boolean;
  /** What it should have been. */
  expected: string;
}

/** A day of the calendar, `YYYY-MM-DD`. */
export type CalendarDate = string;

/** A moment. Sent with an offset (`2026-03-01T12:00:00+08:00`), answered in UTC (`…Z`). */
export type DateTime = string;

/** An operation that clients may send by the hash of its text (受信文档). */
export interface Document {
  __typename?: 'Document';
  /** The SHA-256 of its text in UTF-8, in lower-case hexadecimals. Not for members, but for STAFF. */
  sha256: string;
  /** What people and metrics call it: the operation's name, unless another was given. Not for members, but for STAFF. */
  name: string;
  /** Its text, to the last space. Not for members, but for STAFF. */
  source: string;
  /** Who registered it: a kind of caller, a colon, and who of them. Not for members, but for STAFF. */
  registeredBy: string;
  /** When it was registered, the last time if it had been withdrawn. Not for members, but for STAFF. */
  registeredAt: DateTime;
  /** Since when it is no longer trusted; null while it is. Not for members, but for STAFF. */
  withdrawnAt: DateTime | null;
}

/** One page of a list. */
export interface DocumentConnection {
  __typename?: 'DocumentConnection';
  /** The items with their cursors. */
  edges: DocumentEdge[];
  /** The items alone. */
  nodes: Document[];
  /** Where the page lies in the list. */
  pageInfo: PageInfo;
}

/** One item of a list, and where it stands. */
export interface DocumentEdge {
  __typename?: 'DocumentEdge';
  /** Send it as `after` or `before` to read on from here. */
  cursor: string;
  /** The item. */
  node: Document;
}

/** A document to trust. */
export interface DocumentInput {
  /** Its text, exactly as clients hash it: valid, within the limits, with one operation. */
  source: string;
  /** What to call it; the operation's name by default. 1 to 120 characters. */
  name?: string | null;
  /** The hash your build made of it. When it is another's, nothing is registered. */
  sha256?: string | null;
}

/** This document cannot be trusted as it is. */
export interface DocumentInvalid {
  __typename?: 'DocumentInvalid';
  /** What to switch on. */
  code: ErrorCode;
  /** A sentence for people, in English or Chinese by `Accept-Language`. */
  message: string;
  /** The part of `input` that was refused, if one was. */
  field: string[] | null;
  /** Whether the same request may succeed later without anybody changing it. */
  retryable: boolean;
  /** What is wrong, for a developer. */
  why: string;
}

/** These are more documents than may be registered. */
export interface DocumentLimit {
  __typename?: 'DocumentLimit';
  /** What to switch on. */
  code: ErrorCode;
  /** A sentence for people, in English or Chinese by `Accept-Language`. */
  message: string;
  /** The part of `input` that was refused, if one was. */
  field: string[] | null;
  /** Whether the same request may succeed later without anybody changing it. */
  retryable: boolean;
  /** The most there may be. */
  limit: Long;
}

/** Documents to trust. */
export interface DocumentRegisterInput {
  /** 1 to 100 of them; all are registered, or none is. */
  documents: DocumentInput[];
}

/** What a registration came to. */
export interface DocumentRegisterPayload {
  __typename?: 'DocumentRegisterPayload';
  /** The documents, in the order they were sent. Not for members, but for OWNER, ADMIN. */
  documents: Document[];
  /** How many of them were not trusted before. Not for members, but for OWNER, ADMIN. */
  registered: number;
  /** Why it was refused; empty on success. Not for members, but for OWNER, ADMIN. */
  userErrors: UserError[];
}

/** A document to trust no longer. */
export interface DocumentWithdrawInput {
  /** Its hash, with or without `sha256:` before it. */
  sha256: string;
}

/** What a withdrawal came to. */
export interface DocumentWithdrawPayload {
  __typename?: 'DocumentWithdrawPayload';
  /** The document; null when refused. Not for members, but for OWNER, ADMIN. */
  document: Document | null;
  /** Why it was refused; empty on success. Not for members, but for OWNER, ADMIN. */
  userErrors: UserError[];
}

/** What the base, the tier or one rule gave for a purchase. It never changes. */
export interface EarnAward {
  __typename?: 'EarnAward';
  /** What gave it. */
  kind: EarnAwardKind;
  /** The version of the rule that gave it; null for the programme's base and the tier. */
  rule: EarnRuleName | null;
  /** What was credited, each award by a movement of its own. */
  points: Long;
  /** What it came to before any cap. */
  wanted: Long;
  /** What left less of it than it came to; empty when nothing did. */
  cappedBy: EarnCapHit[];
}

/** What gave points for a purchase. */
export type EarnAwardKind =
  /** The programme's base. */
  | 'BASE'
  /** The tier held when it was paid, over the base. */
  | 'TIER'
  /** A rule, in place of the programme's base. */
  | 'BASE_RATE'
  /** A rule: so many points. */
  | 'BONUS_POINTS'
  /** A rule: a multiplier, over the base. */
  | 'BONUS_MULTIPLIER';

/** A cap that left fewer points than a rule came to. */
export interface EarnCapHit {
  __typename?: 'EarnCapHit';
  /** Whose cap it is: the rule's own, or that of the whole programme. */
  ruleCode: string;
  /** Over what it is counted. */
  period: EarnCapPeriod;
}

/** Over what a cap is counted, in the programme's days. */
export type EarnCapPeriod =
  /** One purchase. */
  | 'TRANSACTION'
  /** A member's day. */
  | 'DAY'
  /** A member's week, from Monday. */
  | 'WEEK'
  /** A member's month. */
  | 'MONTH'
  /** All of a member's time. */
  | 'LIFETIME'
  /** The rule's budget, for all members together. */
  | 'BUDGET';

/** The most points an earn rule gives; null is no cap. What is beyond a cap is clipped. */
export interface EarnCaps {
  __typename?: 'EarnCaps';
  /** One purchase. Not for members, but for STAFF. */
  transaction: Long | null;
  /** A member's day. Not for members, but for STAFF. */
  day: Long | null;
  /** A member's week, from Monday. Not for members, but for STAFF. */
  week: Long | null;
  /** A member's month. Not for members, but for STAFF. */
  month: Long | null;
  /** All of a member's time. Not for members, but for STAFF. */
  lifetime: Long | null;
}

/** The most points an earn rule gives; null is no cap. */
export interface EarnCapsInput {
  /** One purchase. */
  transaction?: Long | null;
  /** A member's day. */
  day?: Long | null;
  /** A member's week, from Monday. */
  week?: Long | null;
  /** A member's month. */
  month?: Long | null;
  /** All of a member's time. */
  lifetime?: Long | null;
}

/** What a filter of an earn rule lets in. */
export interface EarnChoice {
  __typename?: 'EarnChoice';
  /** Only these; all, where it is empty. Not for members, but for STAFF. */
  include: string[];
  /** Never these. Not for members, but for STAFF. */
  exclude: string[];
}

/** What a filter of an earn rule lets in. */
export interface EarnChoiceInput {
  /** Only these, 200 at most; all, where it is empty. */
  include?: string[];
  /** Never these, 200 at most. */
  exclude?: string[];
}

/** One version of an earn rule (积分规则). It never changes but that it ends. */
export interface EarnRule {
  __typename?: 'EarnRule';
  /** The rule's code: capitals, digits and underscores. Not for members, but for STAFF. */
  code: string;
  /** Counted from 1. Not for members, but for STAFF. */
  version: number;
  /** What it does. Not for members, but for STAFF. */
  kind: EarnRuleKind;
  /** What people call it. Not for members, but for STAFF. */
  name: string;
  /** How many points: of a bonus, or of a base rate for each `perMinor`. Not for members, but for STAFF. */
  points: Long | null;
  /** For a base rate: for how many minor units `points` are earned. Not for members, but for STAFF. */
  perMinor: Long | null;
  /** For a multiplier: 20000 doubles the base. Above 10000. Not for members, but for STAFF. */
  multiplier: BasisPoints | null;
  /**
   * 0 to 1000. Higher ones come first where a base rate is chosen and where caps are used up. Not for members, but
   * for STAFF.
   */
  priority: number;
  /** Of the rules of one group, that which gives most applies. Not for members, but for STAFF. */
  exclusiveGroup: string | null;
  /** Purchases paid from this moment on. Not for members, but for STAFF. */
  startsAt: DateTime | null;
  /** Purchases paid before this moment. Not for members, but for STAFF. */
  endsAt: DateTime | null;
  /** Purchases paid on these days; empty is every day. Not for members, but for STAFF. */
  weekdays: Weekday[];
  /** Purchases paid from this time of the programme's day on: `18:00`. Not for members, but for STAFF. */
  timeFrom: string | null;
  /**
   * Purchases paid before this time. An earlier one than `timeFrom` is on the next day. Not for members, but for
   * STAFF.
   */
  timeUntil: string | null;
  /** The tier held when it is paid, by code. Not for members, but for STAFF. */
  tiers: EarnChoice;
  /** Which articles, by `sku`: the rule is of their lines alone. Not for members, but for STAFF. */
  skus: EarnChoice;
  /** Which categories: the rule is of their lines alone. Not for members, but for STAFF. */
  categories: EarnChoice;
  /** Where it was sold, by the store's code. Not for members, but for STAFF. */
  stores: EarnChoice;
  /** By which channel it was sold. Not for members, but for STAFF. */
  channels: EarnChoice;
  /** Whether it is of a member's first paid order alone. Not for members, but for STAFF. */
  firstOrder: boolean;
  /**
   * Whether it is of purchases on the member's birthday, or in its month; null is both neither. Not for members, but
   * for STAFF.
   */
  birthday: BirthdayMatch | null;
  /** The least that must be paid for what the rule is of, and not by points. Not for members, but for STAFF. */
  minEligibleMinor: Long;
  /** The most it gives. Not for members, but for STAFF. */
  caps: EarnCaps;
  /**
   * The most it gives to all members together; null is no budget. An order draws on one budget at most. Not for
   * members, but for STAFF.
   */
  budget: Long | null;
  /**
   * What purchases hold of the budget now, under all versions of the rule; null where it never had one. Not for
   * members, but for STAFF.
   */
  budgetUsed: Long | null;
  /** Since when it is in force. Not for members, but for STAFF. */
  publishedAt: DateTime;
  /**
   * When the next version took its place, or it was retired; null while it is in force. Not for members, but for
   * STAFF.
   */
  endedAt: DateTime | null;
}

/** The earn rule is not at the version it was expected to be at. */
export interface EarnRuleChanged {
  __typename?: 'EarnRuleChanged';
  /** What to switch on. */
  code: ErrorCode;
  /** A sentence for people, in English or Chinese by `Accept-Language`. */
  message: string;
  /** The part of `input` that was refused, if one was. */
  field: string[] | null;
  /** Whether the same request may succeed later without anybody changing it. */
  retryable: boolean;
  /** The version in force; 0 where there is none. */
  version: Long;
}

/** One page of a list. */
export interface EarnRuleConnection {
  __typename?: 'EarnRuleConnection';
  /** The items with their cursors. */
  edges: EarnRuleEdge[];
  /** The items alone. */
  nodes: EarnRule[];
  /** Where the page lies in the list. */
  pageInfo: PageInfo;
}

/** One item of a list, and where it stands. */
export interface EarnRuleEdge {
  __typename?: 'EarnRuleEdge';
  /** Send it as `after` or `before` to read on from here. */
  cursor: string;
  /** The item. */
  node: EarnRule;
}

/** An earn rule: all of its filters must let a purchase in. */
export interface EarnRuleInput {
  /** The rule's code: capitals, digits and underscores. */
  code: string;
  /** What it does. */
  kind: EarnRuleKind;
  /** What people call it. */
  name: string;
  /** How many points: of a bonus, or of a base rate for each `perMinor`. */
  points?: Long | null;
  /** For a base rate: for how many minor units `points` are earned. */
  perMinor?: Long | null;
  /** For a multiplier: 20000 doubles the base. Above 10000. */
  multiplier?: BasisPoints | null;
  /** 0 to 1000. Higher ones come first where a base rate is chosen and where caps are used up. */
  priority?: number;
  /** Of the rules of one group, that which gives most applies. */
  exclusiveGroup?: string | null;
  /** Purchases paid from this moment on. */
  startsAt?: DateTime | null;
  /** Purchases paid before this moment. */
  endsAt?: DateTime | null;
  /** Purchases paid on these days; empty is every day. */
  weekdays?: Weekday[];
  /** Purchases paid from this time of the programme's day on: `18:00`. */
  timeFrom?: string | null;
  /** Purchases paid before this time. An earlier one than `timeFrom` is on the next day. */
  timeUntil?: string | null;
  /** The tier held when it is paid, by code. */
  tiers?: EarnChoiceInput | null;
  /** Which articles, by `sku`: the rule is of their lines alone. */
  skus?: EarnChoiceInput | null;
  /** Which categories: the rule is of their lines alone. */
  categories?: EarnChoiceInput | null;
  /** Where it was sold, by the store's code. */
  stores?: EarnChoiceInput | null;
  /** By which channel it was sold. */
  channels?: EarnChoiceInput | null;
  /** Whether it is of a member's first paid order alone. */
  firstOrder?: boolean;
  /** Whether it is of purchases on the member's birthday, or in its month; null is both neither. */
  birthday?: BirthdayMatch | null;
  /** The least that must be paid for what the rule is of, and not by points. */
  minEligibleMinor?: Long;
  /** The most it gives. */
  caps?: EarnCapsInput | null;
  /** The most it gives to all members together; null is no budget. An order draws on one budget at most. */
  budget?: Long | null;
}

/** An earn rule cannot be like this. */
export interface EarnRuleInvalid {
  __typename?: 'EarnRuleInvalid';
  /** What to switch on. */
  code: ErrorCode;
  /** A sentence for people, in English or Chinese by `Accept-Language`. */
  message: string;
  /** The part of `input` that was refused, if one was. */
  field: string[] | null;
  /** Whether the same request may succeed later without anybody changing it. */
  retryable: boolean;
  /** What is wrong, for a developer. */
  why: string;
}

/** What an earn rule does. */
export type EarnRuleKind =
  /** Replaces the programme's base for what it is of: one applies, by priority. */
  | 'BASE_RATE'
  /** Gives so many points more. */
  | 'BONUS_POINTS'
  /** Multiplies the base. What multipliers add is added up, never multiplied. */
  | 'BONUS_MULTIPLIER'
  /** Gives nothing: its caps are those of all that purchases earn. One may be in force. */
  | 'CAPS';

/** One version of an earn rule, by name. */
export interface EarnRuleName {
  __typename?: 'EarnRuleName';
  /** The rule's code, which does not change. */
  code: string;
  /** Which version of it. */
  version: number;
  /** What people call it. */
  name: string;
}

/** What became of an earn rule. */
export interface EarnRulePayload {
  __typename?: 'EarnRulePayload';
  /** The version; null when refused. Not for members, but for OWNER, ADMIN, OPERATOR. */
  earnRule: EarnRule | null;
  /** Whether this had been done before. Not for members, but for OWNER, ADMIN, OPERATOR. */
  replayed: boolean;
  /** Why it was refused; empty on success. Not for members, but for OWNER, ADMIN, OPERATOR. */
  userErrors: UserError[];
}

/** A rule to bring into force. */
export interface EarnRulePublishInput {
  /** All of it: what is left out is not kept of the version before. */
  rule: EarnRuleInput;
  /** Refuse unless this version is in force, 0 for none, so that two people do not overwrite each other. */
  expectedVersion?: number | null;
  /**
   * Chosen by you for this one request (a UUID will do): 8 to 128 printable ASCII characters. The same key with the
   * same input is done once and always answered alike, so a retry is harmless.
   */
  idempotencyKey: string;
}

/** A rule to end. */
export interface EarnRuleRetireInput {
  /** Which. */
  code: string;
  /** Refuse unless this version is in force, 0 for none, so that two people do not overwrite each other. */
  expectedVersion?: number | null;
  /**
   * Chosen by you for this one request (a UUID will do): 8 to 128 printable ASCII characters. The same key with the
   * same input is done once and always answered alike, so a retry is harmless.
   */
  idempotencyKey: string;
}

/** Points are held for a checkout that is not over yet. */
export interface ErasureBlocked {
  __typename?: 'ErasureBlocked';
  /** What to switch on. */
  code: ErrorCode;
  /** A sentence for people, in English or Chinese by `Accept-Language`. */
  message: string;
  /** The part of `input` that was refused, if one was. */
  field: string[] | null;
  /** Whether the same request may succeed later without anybody changing it. */
  retryable: boolean;
  /** How much is set aside. */
  held: Long;
}

/** Why the programme said no. Codes are never reused. */
export type ErrorCode =
  /** So many points may not pay for this order. 超出该订单可用积分抵扣的上限。 */
  | 'ABOVE_SHARE_LIMIT'
  /** The member's tier does not allow so many points in one redemption. 超出该会员等级的单次兑换上限。 */
  | 'ABOVE_TIER_LIMIT'
  /** This request has been decided already. 该申请已被处理。 */
  | 'APPROVAL_DECIDED'
  /** This request has waited too long. Ask anew. 该申请已过期，请重新提交。 */
  | 'APPROVAL_EXPIRED'
  /** Too many requests about this member wait. Have them decided first. 该会员待审批的申请过多，请先处理。 */
  | 'APPROVAL_QUEUE_FULL'
  /** So many points are adjusted by two people: one asks, another approves. 该调整数额须经他人审批。 */
  | 'APPROVAL_REQUIRED'
  /** The event is too old to be reported without the right to backfill. 事件时间过早，需要补录权限。 */
  | 'BACKFILL_REQUIRED'
  /** The balance is not what the request expected. 积分余额已变动。 */
  | 'BALANCE_CHANGED'
  /** The member has used this benefit as often as their tier allows this month. 该权益本月已用完。 */
  | 'BENEFIT_EXHAUSTED'
  /** The member's tier does not give this benefit. 该会员等级不享有此权益。 */
  | 'BENEFIT_NOT_ENTITLED'
  /** Too much is being written just now. 系统繁忙，请稍后重试。 */
  | 'BUSY'
  /** More would be taken than is held. 核销积分超出预占数量。 */
  | 'CAPTURE_EXCEEDS_HOLD'
  /** The event claims to happen in the future. 事件时间晚于当前时间。 */
  | 'CLOCK_SKEW'
  /** The order is not in the programme's currency. 订单币种与计划币种不符。 */
  | 'CURRENCY_MISMATCH'
  /** This document cannot be trusted as it is. 该文档不能登记为受信文档。 */
  | 'DOCUMENT_INVALID'
  /** These are more documents than may be registered. 受信文档数量超出上限。 */
  | 'DOCUMENT_LIMIT'
  /** The earn rule is not at the version it was expected to be at. 积分规则的版本已变更。 */
  | 'EARN_RULE_CHANGED'
  /** An earn rule cannot be like this. 无法按此要求设置积分规则。 */
  | 'EARN_RULE_INVALID'
  /** Points are held for a checkout that is not over yet. 该会员有预占中的积分，暂不能注销。 */
  | 'ERASURE_BLOCKED'
  /** This event was already reported with other content. 该事件已以不同内容上报。 */
  | 'EVENT_EXISTS'
  /** This is more growth than one member may hold. 超出成长值上限。 */
  | 'GROWTH_LIMIT'
  /** The hold has expired: its points are available again. 预占已过期，积分已退回。 */
  | 'HOLD_EXPIRED'
  /** The hold has been captured or released before. 预占已核销或已释放。 */
  | 'HOLD_NOT_OPEN'
  /** Points are not held for so long. 预占时间超出上限。 */
  | 'HOLD_TOO_LONG'
  /** This key already stands for a different request. 该幂等键已用于其他请求。 */
  | 'IDEMPOTENCY_KEY_REUSED'
  /** These identities belong to different members. 这些身份标识分属不同会员。 */
  | 'IDENTITY_CONFLICT'
  /** This identity cannot be read as what it claims to be. 身份标识格式无效。 */
  | 'IDENTITY_INVALID'
  /** An unverified phone cannot be added to a member who already has another. 未验证的手机号不能添加到已有手机号的会员。 */
  | 'IDENTITY_UNVERIFIED'
  /** The member has fewer points than asked for. 积分不足。 */
  | 'INSUFFICIENT_POINTS'
  /** This invitation is unknown, used or expired. Ask for a new one. 邀请链接无效、已使用或已过期，请重新索取。 */
  | 'INVITATION_INVALID'
  /** A key cannot be issued like this. 无法按此要求签发密钥。 */
  | 'KEY_INVALID'
  /** Two keys of this holder live already; revoke one of them first. 该持有方已有两个有效密钥，请先吊销其中一个。 */
  | 'KEY_LIMIT'
  /** This is the last owner who can log in: make somebody else an owner first. 这是最后一位可登录的所有者，请先指定其他所有者。 */
  | 'LAST_OWNER'
  /** This login did not succeed. 登录失败。 */
  | 'LOGIN_REFUSED'
  /** This membership is frozen. 该会员已被冻结。 */
  | 'MEMBER_FROZEN'
  /** This membership was merged into another. 该会员已合并至其他会员。 */
  | 'MEMBER_MERGED'
  /** This membership is not active. 该会员未激活。 */
  | 'MEMBER_NOT_ACTIVE'
  /** This plan is not on sale. 该会员套餐未在售。 */
  | 'MEMBERSHIP_NOT_ON_SALE'
  /** This payment was reported before for somebody else, or for another plan. 该支付单号已用于其他会员或套餐。 */
  | 'MEMBERSHIP_PAYMENT_KNOWN'
  /** No plan can be like this. 会员套餐无效。 */
  | 'MEMBERSHIP_PLAN_INVALID'
  /** What was paid is not the price of this plan. 支付金额与会员套餐价格不符。 */
  | 'MEMBERSHIP_PRICE_MISMATCH'
  /** This payment was refunded before. 该会员付款已退款。 */
  | 'MEMBERSHIP_REFUNDED'
  /** A membership of another tier is still running: it must end, or be refunded, first. 该会员仍有其他等级的付费会员在有效期内。 */
  | 'MEMBERSHIP_RUNS'
  /** These two cannot be merged as they are now. 当前无法合并这两位会员。 */
  | 'MERGE_BLOCKED'
  /** A member cannot be merged into themselves. 不能将会员与其自身合并。 */
  | 'MERGE_SELF'
  /** Somebody or something already goes by that name. 该名称已被使用。 */
  | 'NAME_TAKEN'
  /** Nothing here answers to that id. 未找到。 */
  | 'NOT_FOUND'
  /** Only whoever asked for this may withdraw it. 仅申请人可以撤回该申请。 */
  | 'NOT_REQUESTER'
  /** Points pay in multiples of a unit. 抵扣积分须为最小单位的整数倍。 */
  | 'OFF_UNIT'
  /** This order was already recorded with other content. 该订单已以不同内容记录。 */
  | 'ORDER_EXISTS'
  /** This order does not add up. 订单内容有误。 */
  | 'ORDER_INVALID'
  /** No order of that reference was recorded yet. 尚未记录该订单。 */
  | 'ORDER_NOT_FOUND'
  /** Nobody decides on what they asked for themselves. 不能审批本人提交的申请。 */
  | 'OWN_APPROVAL'
  /** Nobody decides on a referral in which they stand themselves, as a member. 不能审核与本人有关的推荐关系。 */
  | 'OWN_REFERRAL'
  /** Whoever approved a settlement does not say themselves that it was paid. 审批人不能自行登记该结算单已付款。 */
  | 'OWN_SETTLEMENT'
  /** A fee is 0 to 9,999 basis points of what is settled. 手续费应为结算额的 0 至 9999 个基点。 */
  | 'PARTNER_FEE_INVALID'
  /** This partner has as many links as there may be. 该合作伙伴的推广链接数量已达上限。 */
  | 'PARTNER_LINK_LIMIT'
  /** A partner's name has 1 to 80 printable characters, and no spaces around it. 合作伙伴名称应为 1 至 80 个可打印字符，首尾不留空格。 */
  | 'PARTNER_NAME_INVALID'
  /** Another partner goes by this name. 该合作伙伴名称已被使用。 */
  | 'PARTNER_NAME_TAKEN'
  /** A password has 12 to 128 characters. 密码长度须为 12 至 128 个字符。 */
  | 'PASSWORD_LENGTH'
  /** This password would be among the first to be guessed. 该密码过于常见，容易被猜中。 */
  | 'PASSWORD_TOO_COMMON'
  /** Too many people are logging in just now. 当前登录人数过多，请稍后重试。 */
  | 'PASSWORDS_BUSY'
  /** A payment's reference has 1 to 100 printable characters. 付款凭证号应为 1 至 100 个可打印字符。 */
  | 'PAYMENT_REF_INVALID'
  /** This phone code is unknown, used or expired. Let the member press the button again. 手机号授权码无效、已使用或已过期，请重新获取。 */
  | 'PHONE_CODE_REFUSED'
  /** No more phone numbers can be asked of WeChat today. 今日获取手机号的次数已用完，请明天再试。 */
  | 'PHONE_LOOKUPS_SPENT'
  /** This phone number is another member's. Customer service can help. 该手机号属于另一位会员，请联系客服。 */
  | 'PHONE_TAKEN'
  /** This is more than one movement or one account may carry. 超出单次变动或账户的积分上限。 */
  | 'POINTS_LIMIT'
  /** These points are not pending any more. 该批积分已不在待生效状态。 */
  | 'POINTS_NOT_PENDING'
  /** Somebody else has published a policy meanwhile. 积分策略已被他人更新。 */
  | 'POINTS_POLICY_CHANGED'
  /** This cannot be a policy for points. 积分策略无效。 */
  | 'POINTS_POLICY_INVALID'
  /** This part of the profile cannot be kept as it is. 资料内容无效。 */
  | 'PROFILE_INVALID'
  /** This database already holds a programme with other terms. 该数据库已设置了其他条款的计划。 */
  | 'PROGRAMME_EXISTS'
  /** These terms cannot be those of a programme. 计划条款无效。 */
  | 'PROGRAMME_TERMS_INVALID'
  /** Prove yourself again: this is only for staff who did so in the last minutes. 请先再次验证身份，再执行此操作。 */
  | 'PROOF_REQUIRED'
  /** The purchase is in a state in which this cannot happen. 订单当前状态不允许此操作。 */
  | 'PURCHASE_STATE_CONFLICT'
  /** The membership that would receive the points is not active. 接收积分的会员未处于激活状态。 */
  | 'RECEIVER_NOT_ACTIVE'
  /** This qualifying act needs communities, which the programme does not have yet. 该达标条件需要社群功能，目前尚不可用。 */
  | 'REFERRAL_ACT_UNAVAILABLE'
  /** The campaign is not at the version it was expected to be at. 推荐活动的版本已变更。 */
  | 'REFERRAL_CAMPAIGN_CHANGED'
  /** This cannot be a referral campaign. 推荐活动无效。 */
  | 'REFERRAL_CAMPAIGN_INVALID'
  /** There is no such referral campaign. 推荐活动不存在。 */
  | 'REFERRAL_CAMPAIGN_UNKNOWN'
  /**
   * The law or WeChat forbids this campaign: `campaignLint` says by which rule. 该活动违反法律或微信平台规则，请查看 campaignLint
   * 的检查结果。
   */
  | 'REFERRAL_CAMPAIGN_UNLAWFUL'
  /** A channel is 1 to 32 capitals, digits and underscores. 渠道代码无效。 */
  | 'REFERRAL_CHANNEL_INVALID'
  /** There are no more channels for one member. 渠道数量已达上限。 */
  | 'REFERRAL_CHANNEL_LIMIT'
  /** Nobody has to look at this referral. 该推荐关系不在审核中。 */
  | 'REFERRAL_NOT_IN_REVIEW'
  /** This member cannot be bound to that referrer. 无法建立推荐关系。 */
  | 'REFERRAL_NOT_POSSIBLE'
  /** More would be given back than there was. 退还数量超过原始数量。 */
  | 'REFUND_EXCEEDS_ORIGINAL'
  /** Events are told again of the last thirty days only. 仅可重放最近三十天的事件。 */
  | 'REPLAY_TOO_FAR'
  /** Whoever asked for this may no longer ask for it. Somebody else has to ask anew. 申请人已无权提交此申请，请由他人重新提交。 */
  | 'REQUESTER_GONE'
  /** Your role may not open, change or close an account of that role. 您的角色无权开通、变更或关闭该角色的账号。 */
  | 'ROLE_TOO_LOW'
  /** This settlement is not in a state in which that can be done. 该结算单当前状态不允许此操作。 */
  | 'SETTLEMENT_DECIDED'
  /** A cashier works in one store, which must be named. 收银员必须指定所属门店。 */
  | 'STORE_REQUIRED'
  /** This tier cannot be granted like this. 无法这样授予等级。 */
  | 'TIER_GRANT_INVALID'
  /** This tier is held by somebody, or was, or a plan gives it: it cannot be left out. 该等级正在或曾经被会员持有，或有付费方案授予，无法移除。 */
  | 'TIER_LEVEL_IN_USE'
  /** No tier is granted to this member, or it is over already. 该会员没有被授予的等级，或已到期。 */
  | 'TIER_NOT_GRANTED'
  /** Somebody has published another scheme since. Read it, and publish anew. 等级方案已被他人更新，请重新读取后再发布。 */
  | 'TIER_SCHEME_CHANGED'
  /** This ladder of tiers cannot be climbed. 等级方案无效。 */
  | 'TIER_SCHEME_INVALID'
  /** The thresholds of the tiers must rise from 0. 等级门槛必须从 0 开始严格递增。 */
  | 'TIER_THRESHOLD_ORDER'
  /** This token is unknown, spent or expired. 令牌无效、已使用或已过期。 */
  | 'TOKEN_INVALID'
  /** Too many tries lately. Wait a little, then try again. 尝试过于频繁，请稍后再试。 */
  | 'TOO_MANY_ATTEMPTS'
  /** The member has too many holds open. 该会员未完成的预占过多。 */
  | 'TOO_MANY_HOLDS'
  /** You have revealed as much as may be revealed in an hour. 查看明文过于频繁，请稍后再试。 */
  | 'TOO_MANY_REVEALS'
  /** The code of your second factor is needed. 请输入双重验证码。 */
  | 'TOTP_REQUIRED'
  /** This account must be given a second factor before anything else. 该账号须先设置双重验证。 */
  | 'TOTP_SETUP_REQUIRED'
  /** This code is wrong, too old, or was used already: wait for the next one. 验证码错误、已过期或已使用，请等待下一个验证码。 */
  | 'TOTP_WRONG'
  /** Members may not give points to each other here. 本计划未开放积分转赠。 */
  | 'TRANSFER_DISABLED'
  /** This is beyond what a member may give to others. 超出积分转赠限制。 */
  | 'TRANSFER_LIMIT'
  /** Points cannot be given to oneself. 不能将积分转赠给自己。 */
  | 'TRANSFER_SELF'
  /** This merge cannot be undone, or cannot be undone any more. 该合并无法撤销，或已超出可撤销的条件。 */
  | 'UNMERGE_NOT_POSSIBLE'
  /** A webhook endpoint cannot be like this. 无法按此要求设置 Webhook 端点。 */
  | 'WEBHOOK_INVALID'
  /** There are as many webhook endpoints as there may be; delete one of them first. Webhook 端点数量已达上限，请先删除其中一个。 */
  | 'WEBHOOK_LIMIT'
  /** Webhooks cannot be sent to this address. 无法向该地址发送 Webhook。 */
  | 'WEBHOOK_URL_REFUSED'
  /** WeChat cannot be reached just now. 暂时无法连接微信。 */
  | 'WECHAT_UNAVAILABLE';

/** Points that would be credited together. */
export interface ForeseenPoints {
  __typename?: 'ForeseenPoints';
  /** How many. Not for members, but for OWNER, ADMIN, OPERATOR, CS, CASHIER, SERVICE. */
  points: Long;
  /** Whether they may be spent at once. Not for members, but for OWNER, ADMIN, OPERATOR, CS, CASHIER, SERVICE. */
  available: boolean;
  /**
   * From when on they may be spent; null where that depends on what happens. Not for members, but for OWNER, ADMIN,
   * OPERATOR, CS, CASHIER, SERVICE.
   */
  activatesAt: DateTime | null;
  /**
   * The first moment they would be worth nothing; null when they never expire, or it depends. Not for members, but
   * for OWNER, ADMIN, OPERATOR, CS, CASHIER, SERVICE.
   */
  expiresAt: DateTime | null;
}

/** Where a member would stand, and what would be to come. */
export interface ForeseenTier {
  __typename?: 'ForeseenTier';
  /** The tier they would hold. Not for members, but for OWNER, ADMIN, OPERATOR, CS, CASHIER, SERVICE. */
  tier: Tier;
  /**
   * When it would be reviewed, or over; null means never. Not for members, but for OWNER, ADMIN, OPERATOR, CS,
   * CASHIER, SERVICE.
   */
  endsAt: DateTime | null;
  /**
   * What would count for tiers: growth, minor units spent or orders, by the scheme and its window. Not for members,
   * but for OWNER, ADMIN, OPERATOR, CS, CASHIER, SERVICE.
   */
  growthInWindow: Long;
  /** The tier above it; null on the highest. Not for members, but for OWNER, ADMIN, OPERATOR, CS, CASHIER, SERVICE. */
  next: Tier | null;
  /**
   * What would still be missing to that; null on the highest. Not for members, but for OWNER, ADMIN, OPERATOR, CS,
   * CASHIER, SERVICE.
   */
  nextNeed: Long | null;
  /**
   * What would still be missing to keep what is earned (保级); null where it is never reviewed. Not for members, but
   * for OWNER, ADMIN, OPERATOR, CS, CASHIER, SERVICE.
   */
  retainNeed: Long | null;
  /**
   * Until when: the review, or the end of the grace. Not for members, but for OWNER, ADMIN, OPERATOR, CS, CASHIER,
   * SERVICE.
   */
  retainBy: DateTime | null;
  /**
   * A tier that would be reached and begin with the next period. Not for members, but for OWNER, ADMIN, OPERATOR,
   * CS, CASHIER, SERVICE.
   */
  deferred: Tier | null;
  /** From when on that would be held. Not for members, but for OWNER, ADMIN, OPERATOR, CS, CASHIER, SERVICE. */
  deferredFrom: DateTime | null;
  /**
   * What the tier gives that the one held now does not, or less of. Not for members, but for OWNER, ADMIN, OPERATOR,
   * CS, CASHIER, SERVICE.
   */
  benefitsWon: Benefit[];
  /**
   * The points of the levels they would rise to, or past; once in a cycle. Not for members, but for OWNER, ADMIN,
   * OPERATOR, CS, CASHIER, SERVICE.
   */
  giftPoints: Long;
}

/** This is more growth than one member may hold. */
export interface GrowthLimit {
  __typename?: 'GrowthLimit';
  /** What to switch on. */
  code: ErrorCode;
  /** A sentence for people, in English or Chinese by `Accept-Language`. */
  message: string;
  /** The part of `input` that was refused, if one was. */
  field: string[] | null;
  /** Whether the same request may succeed later without anybody changing it. */
  retryable: boolean;
  /** The most there may be. */
  limit: Long;
}

/** The hold has been captured or released before. */
export interface HoldNotOpen {
  __typename?: 'HoldNotOpen';
  /** What to switch on. */
  code: ErrorCode;
  /** A sentence for people, in English or Chinese by `Accept-Language`. */
  message: string;
  /** The part of `input` that was refused, if one was. */
  field: string[] | null;
  /** Whether the same request may succeed later without anybody changing it. */
  retryable: boolean;
  /** The state it is in. */
  state: string;
}

/** Points are not held for so long. */
export interface HoldTooLong {
  __typename?: 'HoldTooLong';
  /** What to switch on. */
  code: ErrorCode;
  /** A sentence for people, in English or Chinese by `Accept-Language`. */
  message: string;
  /** The part of `input` that was refused, if one was. */
  field: string[] | null;
  /** Whether the same request may succeed later without anybody changing it. */
  retryable: boolean;
  /** How much was asked for. */
  wanted: Long;
  /** The most there may be. */
  limit: Long;
}

/**
 * The `ID` scalar type represents a unique identifier, often used to refetch an object or as key for a cache. The
 * ID type appears in a JSON response as a String; however, it is not intended to be human-readable. When expected
 * as an input type, any string (such as `"4"`) or integer (such as `4`) input value will be accepted as an ID.
 */
export type ID = string;

/** These identities belong to different members. */
export interface IdentityConflict {
  __typename?: 'IdentityConflict';
  /** What to switch on. */
  code: ErrorCode;
  /** A sentence for people, in English or Chinese by `Accept-Language`. */
  message: string;
  /** The part of `input` that was refused, if one was. */
  field: string[] | null;
  /** Whether the same request may succeed later without anybody changing it. */
  retryable: boolean;
  /** The members in question. */
  memberIds: ID[];
}

/** An identity, as the outside world writes it. */
export interface IdentityInput {
  /** What kind of name. */
  kind: IdentityKind;
  /** Where it is unique: the app id, the card scheme, the other system. */
  namespace?: string;
  /** The name itself. */
  value: string;
  /** Whether you proved it to be theirs. Only a service's word counts. */
  verified?: boolean;
}

/** This identity cannot be read as what it claims to be. */
export interface IdentityInvalid {
  __typename?: 'IdentityInvalid';
  /** What to switch on. */
  code: ErrorCode;
  /** A sentence for people, in English or Chinese by `Accept-Language`. */
  message: string;
  /** The part of `input` that was refused, if one was. */
  field: string[] | null;
  /** Whether the same request may succeed later without anybody changing it. */
  retryable: boolean;
  /** What kind of identity. */
  kind: string;
}

/** What kind of name a member is known by outside the programme. */
export type IdentityKind =
  /** A user of one WeChat app; the namespace is its app id. */
  | 'WECHAT_OPENID'
  /** A user across one operator's WeChat apps. */
  | 'WECHAT_UNIONID'
  /** A phone number; kept in E.164, without a namespace. */
  | 'PHONE'
  /** A member card's number. */
  | 'CARD'
  /** An id in another system; the namespace names the system. */
  | 'EXTERNAL';

/** The member has fewer points than asked for. */
export interface InsufficientPoints {
  __typename?: 'InsufficientPoints';
  /** What to switch on. */
  code: ErrorCode;
  /** A sentence for people, in English or Chinese by `Accept-Language`. */
  message: string;
  /** The part of `input` that was refused, if one was. */
  field: string[] | null;
  /** Whether the same request may succeed later without anybody changing it. */
  retryable: boolean;
  /** How much was asked for. */
  wanted: Long;
  /** What there is. */
  available: Long;
}

/** A key cannot be issued like this. */
export interface KeyInvalid {
  __typename?: 'KeyInvalid';
  /** What to switch on. */
  code: ErrorCode;
  /** A sentence for people, in English or Chinese by `Accept-Language`. */
  message: string;
  /** The part of `input` that was refused, if one was. */
  field: string[] | null;
  /** Whether the same request may succeed later without anybody changing it. */
  retryable: boolean;
  /** What is wrong, for a developer. */
  why: string;
}

/** Who calls with a key. */
export type KeyKind =
  /** A partner organisation. */
  | 'PARTNER'
  /** A shop's back end or point of sale. */
  | 'SERVICE';

/**
 * What became of the points that came in one month (批次月), as of the end of the report. The lines from `granted` to
 * `other` add up to `remaining`.
 */
export interface LiabilityCohort {
  __typename?: 'LiabilityCohort';
  /** The first day of the month in which the points came. Not for members, but for OWNER, ADMIN, ANALYST. */
  month: CalendarDate;
  /** Whether all older cohorts are in it, too. Not for members, but for OWNER, ADMIN, ANALYST. */
  andEarlier: boolean;
  /** Earned, added as a bonus and put in by hand. Not for members, but for OWNER, ADMIN, ANALYST. */
  granted: Long;
  /** Given back of redemptions. Not for members, but for OWNER, ADMIN, ANALYST. */
  returned: Long;
  /** Redeemed; negative. Not for members, but for OWNER, ADMIN, ANALYST. */
  redeemed: Long;
  /** Taken back by refunds; negative. Not for members, but for OWNER, ADMIN, ANALYST. */
  clawedBack: Long;
  /** Pending points that never became available; negative. Not for members, but for OWNER, ADMIN, ANALYST. */
  cancelled: Long;
  /** Taken out by hand; negative. Not for members, but for OWNER, ADMIN, ANALYST. */
  adjustedOut: Long;
  /** Written off as expired; negative. Not for members, but for OWNER, ADMIN, ANALYST. */
  expired: Long;
  /** Given up by members who left or were erased; negative. Not for members, but for OWNER, ADMIN, ANALYST. */
  forfeited: Long;
  /** Went into debts as they came; negative. Not for members, but for OWNER, ADMIN, ANALYST. */
  repaid: Long;
  /** All other movements. Not for members, but for OWNER, ADMIN, ANALYST. */
  other: Long;
  /** What is left in its lots. Not for members, but for OWNER, ADMIN, ANALYST. */
  remaining: Long;
  /**
   * Whether the month is over and none of its points can be spent any more. Not for members, but for OWNER, ADMIN,
   * ANALYST.
   */
  isMatured: boolean;
  /**
   * Redeemed less returned, of what was granted; null where nothing was granted. Not for members, but for OWNER,
   * ADMIN, ANALYST.
   */
  redemptionBps: BasisPoints | null;
  /** Expired, of what was granted; null until the cohort has matured. Not for members, but for OWNER, ADMIN, ANALYST. */
  breakageBps: BasisPoints | null;
  /**
   * What its remaining points will cost, in minor units, rounded up; null without `unitCost`. Not for members, but
   * for OWNER, ADMIN, ANALYST.
   */
  liabilityMinor: Long | null;
}

/**
 * A month's roll-forward (滚动表), in the members' worth: balances, less what they owe. The lines are signed:
 * `opening` and the lines from `earned` to `other` add up to `closing`.
 */
export interface LiabilityMonth {
  __typename?: 'LiabilityMonth';
  /** The first day of the month. Not for members, but for OWNER, ADMIN, ANALYST. */
  month: CalendarDate;
  /** Where the month began: the closing of the one before. Not for members, but for OWNER, ADMIN, ANALYST. */
  opening: Long;
  /** Earned by purchases, before any bonus. Not for members, but for OWNER, ADMIN, ANALYST. */
  earned: Long;
  /** Added by tiers. Not for members, but for OWNER, ADMIN, ANALYST. */
  bonus: Long;
  /** Put in by hand. Not for members, but for OWNER, ADMIN, ANALYST. */
  adjustedIn: Long;
  /** Given back of redemptions. Not for members, but for OWNER, ADMIN, ANALYST. */
  returned: Long;
  /** Redeemed; negative. Not for members, but for OWNER, ADMIN, ANALYST. */
  redeemed: Long;
  /** Taken back by refunds; negative. Not for members, but for OWNER, ADMIN, ANALYST. */
  clawedBack: Long;
  /**
   * Pending points that never became available, less what was put back of them; negative. Not for members, but for
   * OWNER, ADMIN, ANALYST.
   */
  cancelled: Long;
  /** Taken out by hand; negative. Not for members, but for OWNER, ADMIN, ANALYST. */
  adjustedOut: Long;
  /** Written off as expired; negative. Not for members, but for OWNER, ADMIN, ANALYST. */
  expired: Long;
  /** Given up by members who left or were erased; negative. Not for members, but for OWNER, ADMIN, ANALYST. */
  forfeited: Long;
  /**
   * All other movements. Those within an account come to nothing here. Not for members, but for OWNER, ADMIN,
   * ANALYST.
   */
  other: Long;
  /**
   * Where the month ended. Of a month that is not over: where it stands. Not for members, but for OWNER, ADMIN,
   * ANALYST.
   */
  closing: Long;
  /** What all lots held then: `closing` and `debt` together. Not for members, but for OWNER, ADMIN, ANALYST. */
  openPoints: Long;
  /** What members owed then. Not for members, but for OWNER, ADMIN, ANALYST. */
  debt: Long;
  /** How many movements the month had. Not for members, but for OWNER, ADMIN, ANALYST. */
  movements: Long;
  /**
   * What refunds should have taken back and neither took nor made a debt, by the policy. In no other line. Not for
   * members, but for OWNER, ADMIN, ANALYST.
   */
  lost: Long;
}

/** How long the points live that were open when a day was closed. Counted once for each day, shortly after its end. */
export interface LiabilityOutlook {
  __typename?: 'LiabilityOutlook';
  /** The day from whose end it looks ahead. Not for members, but for OWNER, ADMIN, ANALYST. */
  day: CalendarDate;
  /** Expire within 7 days. Not for members, but for OWNER, ADMIN, ANALYST. */
  within7Days: Long;
  /** Expire within 30 days, the first 7 among them. Not for members, but for OWNER, ADMIN, ANALYST. */
  within30Days: Long;
  /** Expire within 90 days, the first 30 among them. Not for members, but for OWNER, ADMIN, ANALYST. */
  within90Days: Long;
  /** Expire later. Not for members, but for OWNER, ADMIN, ANALYST. */
  later: Long;
  /** Never expire. Not for members, but for OWNER, ADMIN, ANALYST. */
  never: Long;
  /** Not spendable yet. Not for members, but for OWNER, ADMIN, ANALYST. */
  waiting: Long;
  /** Have expired, and were not written off yet. Not for members, but for OWNER, ADMIN, ANALYST. */
  expired: Long;
}

/** What the programme owes its members in points (积分负债), and how that came about. */
export interface LiabilityReport {
  __typename?: 'LiabilityReport';
  /** The currency of what it costs. Not for members, but for OWNER, ADMIN, ANALYST. */
  currency: CurrencyCode;
  /** The months asked for, 60 at most, oldest first. Not for members, but for OWNER, ADMIN, ANALYST. */
  months: LiabilityMonth[];
  /**
   * The cohorts at the end of the last month, 120 at most, oldest first. Not for members, but for OWNER, ADMIN,
   * ANALYST.
   */
  cohorts: LiabilityCohort[];
  /** What all lots held at the end: the points that are owed. Not for members, but for OWNER, ADMIN, ANALYST. */
  openPoints: Long;
  /**
   * What share of open points will be used in the end: the one given, or that of all matured cohorts; 10000 where
   * none has matured. Not for members, but for OWNER, ADMIN, ANALYST.
   */
  ultimateRedemptionBps: BasisPoints;
  /** How many cohorts have matured. Not for members, but for OWNER, ADMIN, ANALYST. */
  maturedCohorts: number;
  /**
   * What the open points will cost, in minor units: ceil(openPoints × ultimateRedemptionBps / 10000 × unitCost);
   * null without `unitCost`. Not for members, but for OWNER, ADMIN, ANALYST.
   */
  liabilityMinor: Long | null;
  /**
   * How long open points live, from the last closed day of the report; null before the first. Not for members, but
   * for OWNER, ADMIN, ANALYST.
   */
  outlook: LiabilityOutlook | null;
  /** The last closed day of the books: figures up to it never change. Not for members, but for OWNER, ADMIN, ANALYST. */
  closedDay: CalendarDate | null;
  /**
   * Whether more is uncounted than a report counts for itself, so that the newest is missing. Not for members, but
   * for OWNER, ADMIN, ANALYST.
   */
  isBehind: boolean;
}

/** A login of a member (登录): one device on which they are logged in. */
export interface Login {
  __typename?: 'Login';
  /** To end it by: `loginEnd`. */
  id: ID;
  /** What the client called the device; null when it told nothing. */
  device: string | null;
  /** Since when they are logged in there. */
  createdAt: DateTime;
  /** When it last logged in or exchanged tokens there: to the half-hour. */
  lastSeenAt: DateTime;
  /** Whether it is the login that asks. */
  current: boolean;
}

/** One of your logins. */
export interface LoginEndInput {
  /** Which, by the `id` from `me { logins }`. */
  loginId: ID;
}

/** A member's logins. */
export interface LoginsEndInput {
  /** Whose. */
  memberId: ID;
  /** Why, in one word: `PHONE_LOST`. */
  reason: ReasonCode;
}

/** What an end of logins came to. */
export interface LoginsEndedPayload {
  __typename?: 'LoginsEndedPayload';
  /** How many logins were live until now. */
  ended: number;
  /** Why it was refused; empty on success. */
  userErrors: UserError[];
}

/**
 * A whole number between -(2^53 - 1) and 2^53 - 1, written as a JSON number. Points, growth, counts and money in
 * minor units are of this type.
 */
export type Long = number;

/** A member of the programme (会员). */
export interface Member {
  __typename?: 'Member';
  /** Opaque. Store it, send it back, read nothing into it. */
  id: ID;
  /** Where the membership stands. */
  state: MemberState;
  /** Since when they are a member; null before they enrol. */
  joinedAt: DateTime | null;
  /** Since when they are known. */
  createdAt: DateTime;
  /** What they say of themselves. */
  profile: MemberProfile;
  /** What other members see of them. */
  card: MemberCard;
  /** How they are known, masked. */
  identities: MemberIdentity[];
  /** Their phone; null when there is none. Ask for it only when it is not verified. */
  phone: MemberPhone | null;
  /** Where they are logged in, 20 at most, the one seen last first. */
  logins: Login[];
  /** The tier they hold, with its benefits. */
  tier: Tier;
  /** Where they stand on the ladder. */
  tierProgress: TierProgress;
  /** What their tier gives them now, and how often they may still use it. */
  benefits: MemberBenefit[];
  /** The membership they have paid for and that runs (付费会员); null without one. */
  membership: Membership | null;
  /** What they have paid for plans, newest first, 100 at most. */
  membershipPayments: MembershipPayment[];
  /** Their codes, whom they brought and what that gave, and who brought them. */
  referral: MemberReferral;
  /** Their points. */
  points: PointsAccount;
  /** Their purchases, newest first. */
  purchases: PurchaseConnection;
  /** What was done about them, newest first. Not for members, but for OWNER, ADMIN, CS. */
  auditLog: AuditLineConnection;
  /** What the staff asked for about them. Not for members, but for OWNER, ADMIN, OPERATOR, CS. */
  approvals: ApprovalConnection;
  /** Who they are now, of a member who was merged; else null. Not for members, but for STAFF, SERVICE. */
  mergedInto: Member | null;
}

/** Arguments of `Member.purchases`. */
export interface MemberPurchasesArgs {
  /** How many items from the start: 1 to 100, 20 by default. */
  first?: number | null;
  /** Read on after this cursor. */
  after?: string | null;
  /** How many items from the end: 1 to 100. */
  last?: number | null;
  /** Read back before this cursor. */
  before?: string | null;
}

/** Arguments of `Member.auditLog`. */
export interface MemberAuditLogArgs {
  /** How many items from the start: 1 to 100, 20 by default. */
  first?: number | null;
  /** Read on after this cursor. */
  after?: string | null;
  /** How many items from the end: 1 to 100. */
  last?: number | null;
  /** Read back before this cursor. */
  before?: string | null;
}

/** Arguments of `Member.approvals`. */
export interface MemberApprovalsArgs {
  /** How many items from the start: 1 to 100, 20 by default. */
  first?: number | null;
  /** Read on after this cursor. */
  after?: string | null;
  /** How many items from the end: 1 to 100. */
  last?: number | null;
  /** Read back before this cursor. */
  before?: string | null;
}

/** Something a member's tier gives them now. */
export interface MemberBenefit {
  __typename?: 'MemberBenefit';
  /** What sort of benefit. */
  kind: BenefitKind;
  /** How much of it, in the unit its kind names; 1 where its code says it all. */
  value: Long;
  /** What it opens or gives; null where its kind has no code. */
  code: string | null;
  /** How often a month it may be used; null as often as they like. */
  limit: number | null;
  /** How often it was used this month of the programme. */
  usedThisMonth: number;
  /**
   * When they last got it: this tier's upgrade gift, or any tier's birthday gift. Null before the first, and where
   * it is none.
   */
  givenAt: DateTime | null;
}

/** How to look a member up. */
export type MemberBy =
  /** By the member's id. */
  | { id: ID; identity?: never }
  /** By a name they are known by. */
  | { id?: never; identity: IdentityInput };

/** All that one member may see of another: a name and a picture, never a balance. */
export interface MemberCard {
  __typename?: 'MemberCard';
  /** What the member wishes to be called; null when they told nothing. */
  displayName: string | null;
  /** The member's picture. */
  avatarUrl: string | null;
}

/** A member code (会员码), told once: to be shown as a QR code, a barcode or digits. */
export interface MemberCode {
  __typename?: 'MemberCode';
  /** 18 digits, the last of which is a check digit. As a barcode it is Code 128. */
  code: string;
  /** When it ends. */
  expiresAt: DateTime;
  /** In how many seconds it ends: clocks of phones are wrong. */
  expiresIn: number;
  /** The QR code as SVG text, black on white, of the size you give it. */
  qrSvg: string;
  /** The same for `<image src>`: works without a network. */
  qrDataUri: string;
}

/** A fresh member code. */
export interface MemberCodePayload {
  __typename?: 'MemberCodePayload';
  /** The code; null when refused. */
  memberCode: MemberCode | null;
  /** Why it was refused; empty on success. */
  userErrors: UserError[];
}

/** A member code to read. */
export interface MemberCodeReadInput {
  /** What was scanned or typed; spaces and hyphens do not matter. */
  code: string;
}

/** Whose a member code is. */
export interface MemberCodeReadPayload {
  __typename?: 'MemberCodeReadPayload';
  /** The member; null when refused. Not for members, but for OWNER, ADMIN, OPERATOR, CS, CASHIER, SERVICE. */
  member: Member | null;
  /** Why it was refused; empty on success. Not for members, but for OWNER, ADMIN, OPERATOR, CS, CASHIER, SERVICE. */
  userErrors: UserError[];
}

/** One page of a list. */
export interface MemberConnection {
  __typename?: 'MemberConnection';
  /** The items with their cursors. */
  edges: MemberEdge[];
  /** The items alone. */
  nodes: Member[];
  /** Where the page lies in the list. */
  pageInfo: PageInfo;
}

/** One item of a list, and where it stands. */
export interface MemberEdge {
  __typename?: 'MemberEdge';
  /** Send it as `after` or `before` to read on from here. */
  cursor: string;
  /** The item. */
  node: Member;
}

/** Somebody to enrol. */
export interface MemberEnrollInput {
  /** What is known of them. Members leave it out: they enrol themselves. */
  identities?: IdentityInput[] | null;
  /** What they say of themselves. */
  profile?: ProfileInput | null;
  /** How they came, where somebody brought them. Whatever it says, they are enrolled. */
  referral?: ReferralCameInput | null;
}

/** Who was enrolled. */
export interface MemberEnrollPayload {
  __typename?: 'MemberEnrollPayload';
  /** The member; null when refused. */
  member: Member | null;
  /** Whether they had been a member before. */
  replayed: boolean;
  /** Why it was refused; empty on success. */
  userErrors: UserError[];
}

/** A member to erase. There is no way back. */
export interface MemberEraseInput {
  /** Who. */
  memberId: ID;
  /** Why, in one word: `MEMBER_ASKED`. */
  reason: ReasonCode;
}

/** A member who is not to be erased after all. */
export interface MemberErasureCancelInput {
  /** Who. Members leave it out: they speak for themselves. */
  memberId?: ID | null;
  /** Why, in one word: `CHANGED_THEIR_MIND`. */
  reason?: ReasonCode;
}

/** A member who is to be erased. */
export interface MemberErasureRequestInput {
  /** Who. Members leave it out: they speak for themselves. */
  memberId?: ID | null;
  /** Why, in one word: `MEMBER_ASKED`. */
  reason?: ReasonCode;
}

/** Something that happened to the calling member. What hangs on it is as it is now. */
export interface MemberEvent {
  __typename?: 'MemberEvent';
  /** Where it stands. Send it as `after` to hear what came after it. */
  cursor: string;
  /** What happened. */
  type: MemberEventType;
  /** When it was recorded. */
  occurredAt: DateTime;
  /** The purchase it happened to, for `node`; null for events of another kind. */
  purchaseId: ID | null;
  /** What is about to expire, as it was then; null for events of another kind. */
  expiring: PointsExpiring | null;
  /** The lines of the points ledger it wrote; empty for events of another kind. */
  entries: PointsEntry[];
  /** The member, to refresh the page with. */
  member: Member;
  /** Their points, to refresh the balance with. */
  points: PointsAccount;
  /** The tier they hold. */
  tier: Tier;
}

/** What happened to a member. New values may come: leave out what you do not know. */
export type MemberEventType =
  /** They became known to the programme. */
  | 'MEMBER_CREATED'
  /** They became a member. */
  | 'MEMBER_ENROLLED'
  /** Staff stopped them from spending. */
  | 'MEMBER_FROZEN'
  /** They may act again. */
  | 'MEMBER_UNFROZEN'
  /** They are now another member. */
  | 'MEMBER_MERGED'
  /** Who they were is forgotten, for good. */
  | 'MEMBER_ERASED'
  /** They left the programme. */
  | 'MEMBER_OPTED_OUT'
  /** They left, and are back. */
  | 'MEMBER_REJOINED'
  /** They will be erased in some days. */
  | 'MEMBER_ERASURE_REQUESTED'
  /** They will not be erased after all. */
  | 'MEMBER_ERASURE_CANCELLED'
  /** They were another member, and are somebody of their own again. */
  | 'MEMBER_UNMERGED'
  /** Somebody who had turned out to be them is somebody else after all. */
  | 'MEMBER_PARTED'
  /** Somebody else turned out to be them, and brought a name they are known by. */
  | 'MEMBER_ABSORBED'
  /** Their points moved: `entries` tells how. */
  | 'POINTS_MOVED'
  /** Points of theirs were set aside for a checkout. */
  | 'POINTS_HELD'
  /** Points that were set aside were spent, in part or whole. */
  | 'POINTS_CAPTURED'
  /** Points that are set aside stay so for longer. */
  | 'POINTS_HOLD_EXTENDED'
  /** Points that were set aside are available again. */
  | 'POINTS_RELEASED'
  /** Points are about to expire: `expiring` tells how many, and when. */
  | 'POINTS_EXPIRING'
  /** Their growth value (成长值) moved. */
  | 'GROWTH_MOVED'
  /** They hold another tier. */
  | 'TIER_CHANGED'
  /** They used something their tier gives them. */
  | 'BENEFIT_USED'
  /** Something about their tiers, but not which they hold: it was retained, or is in its grace. */
  | 'TIER_REVIEWED'
  /** A purchase was paid. */
  | 'PURCHASE_PAID'
  /** A purchase was completed. */
  | 'PURCHASE_COMPLETED'
  /** A purchase was given up unpaid. */
  | 'PURCHASE_CANCELLED'
  /** A purchase was refunded, in part or whole. */
  | 'PURCHASE_REFUNDED'
  /** Somebody is known to have brought them. */
  | 'REFERRAL_BOUND'
  /** They did what their referral takes; it is waited whether it stays so. */
  | 'REFERRAL_QUALIFYING'
  /** Their referral has qualified. */
  | 'REFERRAL_QUALIFIED'
  /** Both sides of their referral were given what they are due. */
  | 'REFERRAL_REWARDED'
  /** A refund takes back what their referral gave. */
  | 'REFERRAL_CLAWED_BACK'
  /** Their referral ran out before it qualified. */
  | 'REFERRAL_EXPIRED'
  /** Staff look at their referral first. */
  | 'REFERRAL_REVIEW'
  /** Staff refused their referral. */
  | 'REFERRAL_REJECTED'
  /** Their referral does not count. */
  | 'REFERRAL_VOIDED'
  /** They were given a reward, for whom they brought or for having come. */
  | 'REFERRAL_REWARD_GRANTED'
  /** A reward of a referral was taken back from them. */
  | 'REFERRAL_REWARD_TAKEN_BACK'
  /** Something this version of the server has no word for. */
  | 'OTHER';

/** Events of the calling member, oldest first. */
export interface MemberEvents {
  __typename?: 'MemberEvents';
  /** The events after the cursor, oldest first. */
  events: MemberEvent[];
  /** Whether there are more after these: ask again at once. */
  hasMore: boolean;
  /** The cursor of the newest event there is: send it as `after` to hear only what comes from now on. */
  latest: string;
}

/** A member to freeze. */
export interface MemberFreezeInput {
  /** Who. */
  memberId: ID;
  /** Why, in one word: `RISK_REVIEW`. */
  reason: ReasonCode;
}

/** Somebody to recognise. */
export interface MemberIdentifyInput {
  /** What is known of them, 1 to 10. Names nobody has yet are added to the member they mean; a cashier only finds. */
  identities: IdentityInput[];
  /** Create an active member when nobody is meant. */
  allowCreate?: boolean;
}

/** Whom the identities mean. */
export interface MemberIdentifyPayload {
  __typename?: 'MemberIdentifyPayload';
  /** The member; null when refused. Not for members, but for OWNER, ADMIN, OPERATOR, CS, CASHIER, SERVICE. */
  member: Member | null;
  /** Whether they were created for it. Not for members, but for OWNER, ADMIN, OPERATOR, CS, CASHIER, SERVICE. */
  created: boolean;
  /** Why it was refused; empty on success. Not for members, but for OWNER, ADMIN, OPERATOR, CS, CASHIER, SERVICE. */
  userErrors: UserError[];
}

/** A name a member is known by outside the programme. Its value is never shown whole. */
export interface MemberIdentity {
  __typename?: 'MemberIdentity';
  /** What kind of name. */
  kind: IdentityKind;
  /** Where it is unique; empty for a phone. */
  namespace: string;
  /** What may be shown of it: `138****1234`. */
  masked: string;
  /** Whether the member proved it to be theirs. */
  verified: boolean;
}

/** The member after it. */
export interface MemberLeavingPayload {
  __typename?: 'MemberLeavingPayload';
  /** The member; null when refused. */
  member: Member | null;
  /** Why it was refused; empty on success. */
  userErrors: UserError[];
}

/** A member's login. */
export interface MemberLoginInput {
  /** What `wx.login` gave the mini-program. It is good once. */
  code: string;
  /**
   * What the button `getPhoneNumber` gave, if it was pressed: finds whom the shop knows by phone. WeChat is asked
   * only when the phone is not known yet. What is wrong with it never keeps anybody from logging in: `phoneError`
   * tells.
   */
  phoneCode?: string | null;
  /**
   * What you call the device, for the member's list of logins: `iPhone 15, WeChat`. Cut to 80 characters; not a
   * person's name.
   */
  device?: string | null;
}

/** Two members who are one person. */
export interface MemberMergeInput {
  /** Who becomes the other, and has nothing any more. */
  memberId: ID;
  /** Who has from then on what both had. */
  intoId: ID;
  /** Why, in one word: `SAME_PERSON`. */
  reason: ReasonCode;
  /**
   * Chosen by you for this one request (a UUID will do): 8 to 128 printable ASCII characters. The same key with the
   * same input is done once and always answered alike, so a retry is harmless.
   */
  idempotencyKey: string;
}

/** Two members who are one from now on. */
export interface MemberMergePayload {
  __typename?: 'MemberMergePayload';
  /** Who has what both had; null when refused. Not for members, but for OWNER, ADMIN, OPERATOR, CS. */
  member: Member | null;
  /** Who became them; null when refused. Not for members, but for OWNER, ADMIN, OPERATOR, CS. */
  merged: Member | null;
  /** Whether this had been done before, under the same key. Not for members, but for OWNER, ADMIN, OPERATOR, CS. */
  replayed: boolean;
  /** Why it was refused; empty on success. Not for members, but for OWNER, ADMIN, OPERATOR, CS. */
  userErrors: UserError[];
}

/** What a merge would come to: what the other would have after it. */
export interface MemberMergePreview {
  __typename?: 'MemberMergePreview';
  /**
   * Whether it would go through now, with a fresh proof of who you are. Not for members, but for OWNER, ADMIN,
   * OPERATOR, CS.
   */
  allowed: boolean;
  /**
   * Whether WeChat knows them as two people. It stands against nothing, but look twice. Not for members, but for
   * OWNER, ADMIN, OPERATOR, CS.
   */
  areTwo: boolean;
  /** What they could spend; null for one and the same member. Not for members, but for OWNER, ADMIN, OPERATOR, CS. */
  available: Long | null;
  /** What they would have pending. Not for members, but for OWNER, ADMIN, OPERATOR, CS. */
  pending: Long | null;
  /** What would be set aside. Not for members, but for OWNER, ADMIN, OPERATOR, CS. */
  held: Long | null;
  /** What they would owe. Not for members, but for OWNER, ADMIN, OPERATOR, CS. */
  debt: Long | null;
  /** Their growth value. Not for members, but for OWNER, ADMIN, OPERATOR, CS. */
  growth: Long | null;
  /** The tier they would hold. Not for members, but for OWNER, ADMIN, OPERATOR, CS. */
  tier: Tier | null;
  /** Everything that stands against it, not only the first. Not for members, but for OWNER, ADMIN, OPERATOR, CS. */
  userErrors: UserError[];
}

/** A merge to try without doing it. */
export interface MemberMergePreviewInput {
  /** Who would become the other. */
  memberId: ID;
  /** Who would have what both have. */
  intoId: ID;
}

/** This membership was merged into another. */
export interface MemberMerged {
  __typename?: 'MemberMerged';
  /** What to switch on. */
  code: ErrorCode;
  /** A sentence for people, in English or Chinese by `Accept-Language`. */
  message: string;
  /** The part of `input` that was refused, if one was. */
  field: string[] | null;
  /** Whether the same request may succeed later without anybody changing it. */
  retryable: boolean;
  /** Who the member is now; null when that is not for you. */
  into: ID | null;
}

/** This membership is not active. */
export interface MemberNotActive {
  __typename?: 'MemberNotActive';
  /** What to switch on. */
  code: ErrorCode;
  /** A sentence for people, in English or Chinese by `Accept-Language`. */
  message: string;
  /** The part of `input` that was refused, if one was. */
  field: string[] | null;
  /** Whether the same request may succeed later without anybody changing it. */
  retryable: boolean;
  /** The state it is in. */
  state: string;
}

/** A member who leaves the programme. */
export interface MemberOptOutInput {
  /** Who. Members leave it out: they speak for themselves. */
  memberId?: ID | null;
  /** Why, in one word: `TOO_MANY_MESSAGES`. */
  reason?: ReasonCode;
}

/** The member after it. */
export interface MemberPayload {
  __typename?: 'MemberPayload';
  /** The member; null when refused. */
  member: Member | null;
  /** Why it was refused; empty on success. */
  userErrors: UserError[];
}

/** A member's phone, masked. */
export interface MemberPhone {
  __typename?: 'MemberPhone';
  /** What may be shown of it: `138****1234`. */
  masked: string;
  /** Whether it is proven to be theirs: then never ask for it again. */
  verified: boolean;
}

/** A phone number to link. */
export interface MemberPhoneLinkInput {
  /**
   * What the button `getPhoneNumber` gave the mini-program. It is good once, for five minutes; after a lost answer
   * send the same again.
   */
  phoneCode: string;
}

/** What linking a phone came to. */
export interface MemberPhoneLinkPayload {
  __typename?: 'MemberPhoneLinkPayload';
  /** The member's phone; null when refused. */
  phone: MemberPhone | null;
  /** Whether they had one, so that WeChat was not asked. */
  alreadyLinked: boolean;
  /** Where the membership stands; null when refused. */
  memberState: MemberState | null;
  /** Fresh tokens, when the phone is that of a member whom you are from now on. The old ones are dead. */
  tokens: Tokens | null;
  /** Why it was refused; empty on success. */
  userErrors: UserError[];
}

/** What a cart costs at the price of the member's tier (会员价). */
export interface MemberPrice {
  __typename?: 'MemberPrice';
  /** What the tier takes off goods. */
  offBps: BasisPoints;
  /** What all lines cost the member. */
  goods: Money;
  /** How much less that is. */
  off: Money;
  /** What each line costs the member in minor units, in the order they were named; together `goods`. */
  linesMinor: Long[];
}

/** What a member says of themselves. */
export interface MemberProfile {
  __typename?: 'MemberProfile';
  /** What they wish to be called. */
  displayName: string | null;
  /** Their picture. */
  avatarUrl: string | null;
  /** Their day of birth. */
  birthday: CalendarDate | null;
}

/** The calling member's own words about themselves. */
export interface MemberProfileUpdateInput {
  /** What changes. */
  profile: ProfileInput;
}

/** What a member has to do with referrals. */
export interface MemberReferral {
  __typename?: 'MemberReferral';
  /** Their codes, the oldest first, 20 at most. */
  codes: ReferralCode[];
  /** Their code for a channel; null before `referralCodeCreate` made one. */
  code: ReferralCode | null;
  /** Whom they brought, the newest first. */
  invitees: ReferralInviteeConnection;
  /** What that gave them. */
  earnings: ReferralEarnings;
  /** The milestones of the campaigns that run, and how far they have come. */
  milestones: ReferralMilestoneProgress[];
  /** Who brought them; null where nobody did. */
  broughtBy: Referral | null;
}

/** Arguments of `MemberReferral.code`. */
export interface MemberReferralCodeArgs {
  /** Which channel's; `LINK` is the usual one. */
  channel?: string;
}

/** Arguments of `MemberReferral.invitees`. */
export interface MemberReferralInviteesArgs {
  /** How many items from the start: 1 to 100, 20 by default. */
  first?: number | null;
  /** Read on after this cursor. */
  after?: string | null;
  /** How many items from the end: 1 to 100. */
  last?: number | null;
  /** Read back before this cursor. */
  before?: string | null;
}

/** A member who left, and comes back. */
export interface MemberRejoinInput {
  /** Who. Members leave it out: they speak for themselves. */
  memberId?: ID | null;
  /** Why, in one word: `CHANGED_THEIR_MIND`. */
  reason?: ReasonCode;
}

/** Personal data to read, and why. */
export interface MemberRevealInput {
  /** Whose. */
  memberId: ID;
  /** What kind of identity. */
  kind: IdentityKind;
  /** Why, in one word: `CALL_BACK`. Kept in the audit log. */
  reason: ReasonCode;
}

/** What was revealed. */
export interface MemberRevealPayload {
  __typename?: 'MemberRevealPayload';
  /**
   * The member's identities of that kind, oldest first; empty when refused. Not for members, but for OWNER, ADMIN,
   * CS.
   */
  identities: RevealedIdentity[];
  /** Why it was refused; empty on success. Not for members, but for OWNER, ADMIN, CS. */
  userErrors: UserError[];
}

/** Where a membership stands. */
export type MemberState =
  /** Known, but not enrolled: earns and spends nothing. */
  | 'PENDING'
  /** A member. */
  | 'ACTIVE'
  /** Stopped by staff: spends nothing, and what is earned waits. */
  | 'FROZEN'
  /** Has left. */
  | 'OPTED_OUT'
  /** Is now another member. */
  | 'MERGED'
  /** Will be erased. */
  | 'ERASURE_PENDING'
  /** Erased: only the ledger is left. */
  | 'ERASED';

/** A member to thaw. */
export interface MemberUnfreezeInput {
  /** Who. */
  memberId: ID;
  /** Why, in one word: `CLEARED`. */
  reason: ReasonCode;
}

/** A merge to undo. */
export interface MemberUnmergeInput {
  /** Who was merged into another. */
  memberId: ID;
  /** Why, in one word: `TWO_PEOPLE`. */
  reason: ReasonCode;
  /**
   * Chosen by you for this one request (a UUID will do): 8 to 128 printable ASCII characters. The same key with the
   * same input is done once and always answered alike, so a retry is harmless.
   */
  idempotencyKey: string;
}

/** Two members who are two again. */
export interface MemberUnmergePayload {
  __typename?: 'MemberUnmergePayload';
  /** Who is somebody of their own again; null when refused. Not for members, but for OWNER, ADMIN, OPERATOR, CS. */
  member: Member | null;
  /** Who they were meanwhile; null when refused. Not for members, but for OWNER, ADMIN, OPERATOR, CS. */
  other: Member | null;
  /** Whether this had been done before, under the same key. Not for members, but for OWNER, ADMIN, OPERATOR, CS. */
  replayed: boolean;
  /** Why it was refused; empty on success. Not for members, but for OWNER, ADMIN, OPERATOR, CS. */
  userErrors: UserError[];
}

/** Which members to list. */
export interface MembersFilter {
  /** Only those in this state. */
  state?: MemberState | null;
  /** Only those of this tier. */
  tierCode?: string | null;
}

/** A membership that runs. */
export interface Membership {
  __typename?: 'Membership';
  /** The tier it gives. What was earned may be higher. */
  tier: Tier;
  /** Since when it has run without a gap. */
  since: DateTime;
  /** Until when it is paid: the first moment it is over. */
  until: DateTime;
  /** The plan that was paid last. */
  plan: MembershipPlan;
}

/** The payment after it. */
export interface MembershipPayload {
  __typename?: 'MembershipPayload';
  /** The payment; null when refused. Not for members, but for OWNER, ADMIN, OPERATOR, CS, SERVICE. */
  payment: MembershipPayment | null;
  /** Whether the same had been done before. Not for members, but for OWNER, ADMIN, OPERATOR, CS, SERVICE. */
  replayed: boolean;
  /**
   * Of a refund: what was used of the tier's benefits since it was paid, 100 at most. Not for members, but for
   * OWNER, ADMIN, OPERATOR, CS, SERVICE.
   */
  benefitsUsed: BenefitUsed[];
  /** Why it was refused; empty on success. Not for members, but for OWNER, ADMIN, OPERATOR, CS, SERVICE. */
  userErrors: UserError[];
}

/** One payment for a plan, and the time it bought. */
export interface MembershipPayment {
  __typename?: 'MembershipPayment';
  /** Opaque: `membershipRefund` takes it. */
  id: ID;
  /** The plan, as it was bought. */
  plan: MembershipPlan;
  /** From when on. */
  startsAt: DateTime;
  /** Until when: the first moment that was not paid for. */
  endsAt: DateTime;
  /** When it was reported. */
  paidAt: DateTime;
  /** When it was refunded; null when it was not. */
  refundedAt: DateTime | null;
}

/** A plan: a tier for a price and a time (付费会员). */
export interface MembershipPlan {
  __typename?: 'MembershipPlan';
  /** Its short name. */
  code: string;
  /** Which version of it this is. */
  version: number;
  /** Its name for people. */
  name: string;
  /** What it costs, in minor units of the programme's currency. */
  priceMinor: Long;
  /** For how many days it is held, after the day it was paid. */
  durationDays: number;
  /** The tier it gives. */
  tier: Tier;
  /** Whether it can be bought. */
  onSale: boolean;
}

/** No plan can be like this. */
export interface MembershipPlanInvalid {
  __typename?: 'MembershipPlanInvalid';
  /** What to switch on. */
  code: ErrorCode;
  /** A sentence for people, in English or Chinese by `Accept-Language`. */
  message: string;
  /** The part of `input` that was refused, if one was. */
  field: string[] | null;
  /** Whether the same request may succeed later without anybody changing it. */
  retryable: boolean;
  /** What is wrong, for a developer. */
  why: string;
}

/** The plan after it. */
export interface MembershipPlanPayload {
  __typename?: 'MembershipPlanPayload';
  /** The plan that was published; null when refused. Not for members, but for OWNER, ADMIN. */
  plan: MembershipPlan | null;
  /** Why it was refused; empty on success. Not for members, but for OWNER, ADMIN. */
  userErrors: UserError[];
}

/** A plan to publish, as the next version of its code. */
export interface MembershipPlanPublishInput {
  /** Its short name: 1 to 32 characters. */
  code: string;
  /** Its name for people: 1 to 80 characters. */
  name: string;
  /** What it costs, in minor units. */
  priceMinor: Long;
  /** For how many days it is held: 1 to 3660. */
  durationDays: number;
  /** The tier it gives, by its code. */
  tierCode: string;
  /** Whether it can be bought. */
  onSale?: boolean;
  /**
   * Chosen by you for this one request (a UUID will do): 8 to 128 printable ASCII characters. The same key with the
   * same input is done once and always answered alike, so a retry is harmless.
   */
  idempotencyKey: string;
}

/** What was paid is not the price of this plan. */
export interface MembershipPriceMismatch {
  __typename?: 'MembershipPriceMismatch';
  /** What to switch on. */
  code: ErrorCode;
  /** A sentence for people, in English or Chinese by `Accept-Language`. */
  message: string;
  /** The part of `input` that was refused, if one was. */
  field: string[] | null;
  /** Whether the same request may succeed later without anybody changing it. */
  retryable: boolean;
  /** What it should have been. */
  expected: Long;
}

/** A payment for a plan. */
export interface MembershipPurchaseInput {
  /** Who paid. */
  memberId: ID;
  /** For which plan. */
  planCode: string;
  /** Your reference of the payment: 1 to 100 characters. */
  paymentRef: string;
  /** What was paid: the price of the plan. */
  paidMinor: Long;
  /**
   * Chosen by you for this one request (a UUID will do): 8 to 128 printable ASCII characters. The same key with the
   * same input is done once and always answered alike, so a retry is harmless.
   */
  idempotencyKey: string;
}

/** A payment for a plan that was refunded. */
export interface MembershipRefundInput {
  /** Which payment. */
  paymentId: ID;
  /** Why, in one word: `WITHDRAWN`. */
  reason: ReasonCode;
  /**
   * Chosen by you for this one request (a UUID will do): 8 to 128 printable ASCII characters. The same key with the
   * same input is done once and always answered alike, so a retry is harmless.
   */
  idempotencyKey: string;
}

/** A membership of another tier is still running: it must end, or be refunded, first. */
export interface MembershipRuns {
  __typename?: 'MembershipRuns';
  /** What to switch on. */
  code: ErrorCode;
  /** A sentence for people, in English or Chinese by `Accept-Language`. */
  message: string;
  /** The part of `input` that was refused, if one was. */
  field: string[] | null;
  /** Whether the same request may succeed later without anybody changing it. */
  retryable: boolean;
  /** The code of the tier in question. */
  tier: string;
}

/** These two cannot be merged as they are now. */
export interface MergeBlocked {
  __typename?: 'MergeBlocked';
  /** What to switch on. */
  code: ErrorCode;
  /** A sentence for people, in English or Chinese by `Accept-Language`. */
  message: string;
  /** The part of `input` that was refused, if one was. */
  field: string[] | null;
  /** Whether the same request may succeed later without anybody changing it. */
  retryable: boolean;
  /** What stands against it, in one word. */
  reason: string;
  /** How much is set aside. */
  held: Long;
}

/** An amount of money. */
export interface Money {
  __typename?: 'Money';
  /** The amount in minor units: 分, pence, cents. */
  amountMinor: Long;
  /** Its currency. */
  currency: CurrencyCode;
}

/** What may be done. */
export interface Mutation {
  __typename?: 'Mutation';
  /**
   * Ask a colleague to approve something. They have 7 days to decide. Not for members, but for OWNER, ADMIN,
   * OPERATOR, CS.
   *
   * Refuses with: `APPROVAL_QUEUE_FULL`, `IDEMPOTENCY_KEY_REUSED`, `MEMBER_MERGED`, `MEMBER_NOT_ACTIVE`,
   * `NOT_FOUND`, `POINTS_LIMIT`.
   */
  approvalRequest: ApprovalPayload | null;
  /**
   * Approve what a colleague asked for. It is done at the same moment, once; or it is refused, and the request goes
   * on waiting. Asks for a fresh proof of who you are. Not for members, but for OWNER, ADMIN.
   *
   * Refuses with: `APPROVAL_DECIDED`, `APPROVAL_EXPIRED`, `IDEMPOTENCY_KEY_REUSED`, `INSUFFICIENT_POINTS`,
   * `MEMBER_MERGED`, `MEMBER_NOT_ACTIVE`, `NOT_FOUND`, `OWN_APPROVAL`, `POINTS_LIMIT`, `PROOF_REQUIRED`,
   * `REQUESTER_GONE`.
   */
  approvalApprove: ApprovalPayload | null;
  /**
   * Reject what a colleague asked for, for a reason. Not for members, but for OWNER, ADMIN.
   *
   * Refuses with: `APPROVAL_DECIDED`, `APPROVAL_EXPIRED`, `NOT_FOUND`, `OWN_APPROVAL`.
   */
  approvalReject: ApprovalPayload | null;
  /**
   * Take back what you asked for, while it waits. Not for members, but for OWNER, ADMIN, OPERATOR, CS.
   *
   * Refuses with: `APPROVAL_DECIDED`, `APPROVAL_EXPIRED`, `NOT_FOUND`, `NOT_REQUESTER`.
   */
  approvalWithdraw: ApprovalPayload | null;
  /**
   * Read a member's identities of a kind whole. Each time leaves a line in the audit log, asks for a fresh proof of
   * who you are, and counts: 60 in an hour at most. Not for members, but for OWNER, ADMIN, CS.
   *
   * Refuses with: `NOT_FOUND`, `PROOF_REQUIRED`, `TOO_MANY_REVEALS`.
   */
  memberReveal: MemberRevealPayload | null;
  /**
   * Find the one member some identities mean, or create them. Not for members, but for OWNER, ADMIN, OPERATOR, CS,
   * CASHIER, SERVICE.
   *
   * Refuses with: `IDENTITY_CONFLICT`, `IDENTITY_INVALID`, `IDENTITY_UNVERIFIED`, `NOT_FOUND`.
   */
  memberIdentify: MemberIdentifyPayload | null;
  /**
   * Make somebody an active member. Doing it again changes nothing.
   *
   * Refuses with: `IDENTITY_CONFLICT`, `IDENTITY_INVALID`, `IDENTITY_UNVERIFIED`, `MEMBER_FROZEN`, `MEMBER_MERGED`,
   * `MEMBER_NOT_ACTIVE`, `NOT_FOUND`, `PROFILE_INVALID`.
   */
  memberEnroll: MemberEnrollPayload | null;
  /**
   * Stop a member from spending. What they earn meanwhile waits as pending. Not for members, but for OWNER, ADMIN,
   * OPERATOR, CS.
   *
   * Refuses with: `MEMBER_MERGED`, `MEMBER_NOT_ACTIVE`, `NOT_FOUND`.
   */
  memberFreeze: MemberPayload | null;
  /**
   * Let a frozen member act again, with all that waited. Not for members, but for OWNER, ADMIN, OPERATOR, CS.
   *
   * Refuses with: `MEMBER_MERGED`, `MEMBER_NOT_ACTIVE`, `NOT_FOUND`, `POINTS_LIMIT`.
   */
  memberUnfreeze: MemberPayload | null;
  /**
   * Forget who a member was, for good. Their names, profile and notes are unreadable from then on, in backups too;
   * the ledger stays, without them. Whoever comes with the same phone later is a stranger. Not for members, but for
   * OWNER, ADMIN.
   *
   * Refuses with: `ERASURE_BLOCKED`, `MEMBER_MERGED`, `NOT_FOUND`, `PROOF_REQUIRED`.
   */
  memberErase: MemberPayload | null;
  /**
   * Change what you say of yourself.
   *
   * Refuses with: `MEMBER_FROZEN`, `MEMBER_MERGED`, `MEMBER_NOT_ACTIVE`, `NOT_FOUND`, `PROFILE_INVALID`.
   */
  memberProfileUpdate: MemberPayload | null;
  /**
   * Make a member another one, who has from then on what both had: points with their expiry, growth, the higher
   * tier, and all names. For staff who proved themselves lately. Not for members, but for OWNER, ADMIN, OPERATOR,
   * CS.
   *
   * Refuses with: `GROWTH_LIMIT`, `IDEMPOTENCY_KEY_REUSED`, `MEMBER_MERGED`, `MEMBER_NOT_ACTIVE`, `MERGE_BLOCKED`,
   * `MERGE_SELF`, `NOT_FOUND`, `POINTS_LIMIT`, `PROOF_REQUIRED`.
   */
  memberMerge: MemberMergePayload | null;
  /**
   * Undo a merge of the last 30 days, as long as no points were used since. Points, growth, tier and names are again
   * with whom they were; all logins of both have ended. For staff who proved themselves lately. Not for members, but
   * for OWNER, ADMIN, OPERATOR, CS.
   *
   * Refuses with: `GROWTH_LIMIT`, `IDEMPOTENCY_KEY_REUSED`, `NOT_FOUND`, `POINTS_LIMIT`, `PROOF_REQUIRED`,
   * `UNMERGE_NOT_POSSIBLE`.
   */
  memberUnmerge: MemberUnmergePayload | null;
  /**
   * Leave the programme. Nothing can be spent any more. Points are kept for some days, in which `memberRejoin`
   * brings everything back, and are forfeited then.
   *
   * Refuses with: `MEMBER_MERGED`, `MEMBER_NOT_ACTIVE`, `NOT_FOUND`.
   */
  memberOptOut: MemberLeavingPayload | null;
  /**
   * Come back after `memberOptOut`.
   *
   * Refuses with: `MEMBER_MERGED`, `MEMBER_NOT_ACTIVE`, `NOT_FOUND`.
   */
  memberRejoin: MemberLeavingPayload | null;
  /**
   * Ask to be erased. It is done some days later, for good; until then nothing can be spent, and
   * `memberErasureCancel` takes it back.
   *
   * Refuses with: `ERASURE_BLOCKED`, `MEMBER_MERGED`, `MEMBER_NOT_ACTIVE`, `NOT_FOUND`.
   */
  memberErasureRequest: MemberLeavingPayload | null;
  /**
   * Take `memberErasureRequest` back.
   *
   * Refuses with: `MEMBER_MERGED`, `MEMBER_NOT_ACTIVE`, `NOT_FOUND`.
   */
  memberErasureCancel: MemberLeavingPayload | null;
  /**
   * Log a member in with a WeChat login code. A stranger becomes a PENDING member; `memberEnroll` makes them an
   * active one.
   *
   * Refuses with: `BUSY`, `IDENTITY_UNVERIFIED`, `LOGIN_REFUSED`, `MEMBER_MERGED`, `MEMBER_NOT_ACTIVE`, `NOT_FOUND`,
   * `PHONE_CODE_REFUSED`, `PHONE_LOOKUPS_SPENT`, `PHONE_TAKEN`, `WECHAT_UNAVAILABLE`.
   */
  memberLogin: TokensPayload | null;
  /**
   * Exchange a refresh token for fresh tokens, once. A second exchange of the same token ends the login, since
   * somebody else has it. When the answer was lost, log in anew.
   *
   * Refuses with: `TOKEN_INVALID`.
   */
  tokenRefresh: TokensPayload | null;
  /**
   * End a login. An unknown token is answered like a dead one.
   *
   * Refuses with: nothing.
   */
  tokenRevoke: TokenRevokePayload | null;
  /**
   * Log out on one of your devices: its tokens are dead within a second. Ending it again changes nothing.
   *
   * Refuses with: `NOT_FOUND`.
   */
  loginEnd: LoginsEndedPayload | null;
  /**
   * Log out on all your devices but this one.
   *
   * Refuses with: `NOT_FOUND`.
   */
  loginEndOthers: LoginsEndedPayload | null;
  /**
   * Log a member out everywhere, when they lost a phone or somebody else was in their account. Not for members, but
   * for OWNER, ADMIN, CS.
   *
   * Refuses with: `NOT_FOUND`.
   */
  loginsEnd: LoginsEndedPayload | null;
  /**
   * A fresh code to show at the counter: for 60 seconds, and for one reader. The code before it ends, unless it was
   * read. Ask again when it has expired or was read.
   *
   * Refuses with: `MEMBER_MERGED`, `MEMBER_NOT_ACTIVE`, `NOT_FOUND`.
   */
  memberCodeCreate: MemberCodePayload | null;
  /**
   * Whose a member code is. The first to read it may read it again until it expires, when an answer was lost; to
   * everybody else it is like one that never was. Not for members, but for OWNER, ADMIN, OPERATOR, CS, CASHIER,
   * SERVICE.
   *
   * Refuses with: `NOT_FOUND`, `TOO_MANY_ATTEMPTS`.
   */
  memberCodeRead: MemberCodeReadPayload | null;
  /**
   * Link the phone number that WeChat vouches for. When it is the number of a member whom the shop knows, you are
   * that member from now on, with their points, and get fresh tokens. Who has a verified phone is answered without
   * asking WeChat, which costs money: ask `me { phone { verified } }` before you show the button.
   *
   * Refuses with: `BUSY`, `LOGIN_REFUSED`, `MEMBER_MERGED`, `MEMBER_NOT_ACTIVE`, `NOT_FOUND`, `PHONE_CODE_REFUSED`,
   * `PHONE_LOOKUPS_SPENT`, `PHONE_TAKEN`, `WECHAT_UNAVAILABLE`.
   */
  memberPhoneLink: MemberPhoneLinkPayload | null;
  /**
   * Record a member's order, and its payment if it was paid. Reporting it again changes nothing. Not for members,
   * but for SERVICE.
   *
   * Refuses with: `BACKFILL_REQUIRED`, `CLOCK_SKEW`, `CURRENCY_MISMATCH`, `GROWTH_LIMIT`, `IDEMPOTENCY_KEY_REUSED`,
   * `MEMBER_MERGED`, `MEMBER_NOT_ACTIVE`, `NOT_FOUND`, `ORDER_EXISTS`, `ORDER_INVALID`, `POINTS_LIMIT`,
   * `PURCHASE_STATE_CONFLICT`.
   */
  purchaseRecord: PurchasePayload | null;
  /**
   * Report what happened to an order. Not for members, but for SERVICE.
   *
   * Refuses with: `BACKFILL_REQUIRED`, `CLOCK_SKEW`, `EVENT_EXISTS`, `GROWTH_LIMIT`, `IDEMPOTENCY_KEY_REUSED`,
   * `ORDER_INVALID`, `ORDER_NOT_FOUND`, `POINTS_LIMIT`, `PURCHASE_STATE_CONFLICT`, `REFUND_EXCEEDS_ORIGINAL`.
   */
  purchaseEvent: PurchasePayload | null;
  /**
   * Report a refund. It returns the points spent on the order, takes back what it earned, exactly and in any order
   * of refunds, and lowers the growth value. Not for members, but for SERVICE.
   *
   * Refuses with: `BACKFILL_REQUIRED`, `CLOCK_SKEW`, `EVENT_EXISTS`, `GROWTH_LIMIT`, `IDEMPOTENCY_KEY_REUSED`,
   * `ORDER_INVALID`, `ORDER_NOT_FOUND`, `POINTS_LIMIT`, `PURCHASE_STATE_CONFLICT`, `REFUND_EXCEEDS_ORIGINAL`.
   */
  purchaseRefund: PurchasePayload | null;
  /**
   * Take points for a reward, or towards a purchase.
   *
   * Refuses with: `ABOVE_SHARE_LIMIT`, `ABOVE_TIER_LIMIT`, `IDEMPOTENCY_KEY_REUSED`, `INSUFFICIENT_POINTS`,
   * `MEMBER_FROZEN`, `MEMBER_MERGED`, `MEMBER_NOT_ACTIVE`, `NOT_FOUND`, `OFF_UNIT`, `POINTS_LIMIT`.
   */
  pointsRedeem: PointsPayload | null;
  /**
   * Give points of a redemption back, to the lots that paid for it. Not for members, but for OWNER, ADMIN, OPERATOR,
   * CS, CASHIER.
   *
   * Refuses with: `IDEMPOTENCY_KEY_REUSED`, `MEMBER_NOT_ACTIVE`, `NOT_FOUND`, `POINTS_LIMIT`,
   * `REFUND_EXCEEDS_ORIGINAL`.
   */
  pointsReturn: PointsPayload | null;
  /**
   * Put points in or take points out by hand, for a reason. Many of them ask for a fresh proof, and very many for a
   * second person: see `programme` and `approvalRequest`. Not for members, but for OWNER, ADMIN, OPERATOR, CS.
   *
   * Refuses with: `APPROVAL_REQUIRED`, `BALANCE_CHANGED`, `IDEMPOTENCY_KEY_REUSED`, `INSUFFICIENT_POINTS`,
   * `MEMBER_MERGED`, `MEMBER_NOT_ACTIVE`, `NOT_FOUND`, `POINTS_LIMIT`, `PROOF_REQUIRED`.
   */
  pointsAdjust: PointsPayload | null;
  /**
   * Set points aside for a checkout, so that nothing else spends them meanwhile: take them with `pointsCapture`, or
   * give them back with `pointsRelease`.
   *
   * Refuses with: `ABOVE_SHARE_LIMIT`, `ABOVE_TIER_LIMIT`, `HOLD_TOO_LONG`, `IDEMPOTENCY_KEY_REUSED`,
   * `INSUFFICIENT_POINTS`, `MEMBER_FROZEN`, `MEMBER_MERGED`, `MEMBER_NOT_ACTIVE`, `NOT_FOUND`, `OFF_UNIT`,
   * `POINTS_LIMIT`, `TOO_MANY_HOLDS`.
   */
  pointsHold: PointsHoldPayload | null;
  /**
   * Take points that were set aside, in part or whole; what is left of them is available again. What the member set
   * aside everybody here may take; what a service did, that service and the staff; what the staff did, the staff, of
   * whom a cashier only in their own store.
   *
   * Refuses with: `ABOVE_SHARE_LIMIT`, `CAPTURE_EXCEEDS_HOLD`, `HOLD_EXPIRED`, `HOLD_NOT_OPEN`,
   * `IDEMPOTENCY_KEY_REUSED`, `MEMBER_FROZEN`, `MEMBER_MERGED`, `MEMBER_NOT_ACTIVE`, `NOT_FOUND`, `OFF_UNIT`.
   */
  pointsCapture: PointsHoldPayload | null;
  /**
   * Keep points set aside for longer, while a checkout goes on. Who may take them may keep them.
   *
   * Refuses with: `HOLD_EXPIRED`, `HOLD_NOT_OPEN`, `HOLD_TOO_LONG`, `IDEMPOTENCY_KEY_REUSED`, `MEMBER_FROZEN`,
   * `MEMBER_MERGED`, `MEMBER_NOT_ACTIVE`, `NOT_FOUND`.
   */
  pointsHoldExtend: PointsHoldPayload | null;
  /**
   * Give points back that were set aside. Who may take them may give them back.
   *
   * Refuses with: `HOLD_EXPIRED`, `HOLD_NOT_OPEN`, `IDEMPOTENCY_KEY_REUSED`, `MEMBER_MERGED`, `MEMBER_NOT_ACTIVE`,
   * `NOT_FOUND`.
   */
  pointsRelease: PointsHoldPayload | null;
  /**
   * Give points to another member (积分转赠). They expire when they would have and repay what the other owes. Members
   * give within the programme's policy, to whoever shows them a member code. The desk names anybody, and takes a
   * transfer back by another one; it is bound as in `pointsAdjust`.
   *
   * Refuses with: `APPROVAL_REQUIRED`, `IDEMPOTENCY_KEY_REUSED`, `INSUFFICIENT_POINTS`, `MEMBER_FROZEN`,
   * `MEMBER_MERGED`, `MEMBER_NOT_ACTIVE`, `NOT_FOUND`, `POINTS_LIMIT`, `PROOF_REQUIRED`, `RECEIVER_NOT_ACTIVE`,
   * `TOO_MANY_ATTEMPTS`, `TRANSFER_DISABLED`, `TRANSFER_LIMIT`, `TRANSFER_SELF`.
   */
  pointsTransfer: PointsTransferPayload | null;
  /**
   * Cancel pending points, for a reason: they never become available, nor does the growth value that waits with
   * them. Not for members, but for OWNER, ADMIN, OPERATOR, CS.
   *
   * Refuses with: `IDEMPOTENCY_KEY_REUSED`, `MEMBER_NOT_ACTIVE`, `NOT_FOUND`, `POINTS_LIMIT`, `POINTS_NOT_PENDING`.
   */
  pointsPendingCancel: PointsPayload | null;
  /**
   * Put a whole points policy into force, at once. What was issued before keeps to the version it came under. Not
   * for members, but for OWNER, ADMIN.
   *
   * Refuses with: `IDEMPOTENCY_KEY_REUSED`, `NOT_FOUND`, `POINTS_POLICY_CHANGED`, `POINTS_POLICY_INVALID`.
   */
  pointsPolicyPublish: PointsPolicyPayload | null;
  /**
   * Publish how tiers are won, held and lost, as a new version. Nobody loses a tier by it: whoever has reached a
   * higher one is lifted within minutes, whoever has less keeps theirs until its review. Not for members, but for
   * OWNER, ADMIN.
   *
   * Refuses with: `IDEMPOTENCY_KEY_REUSED`, `TIER_LEVEL_IN_USE`, `TIER_SCHEME_CHANGED`, `TIER_SCHEME_INVALID`,
   * `TIER_THRESHOLD_ORDER`.
   */
  tierSchemePublish: TierSchemePayload | null;
  /**
   * Give a member a tier until a moment, whatever they have earned; in place of what was given before. Not for
   * members, but for OWNER, ADMIN, OPERATOR, CS.
   *
   * Refuses with: `IDEMPOTENCY_KEY_REUSED`, `MEMBER_MERGED`, `MEMBER_NOT_ACTIVE`, `NOT_FOUND`, `TIER_GRANT_INVALID`.
   */
  tierGrant: TierGrantPayload | null;
  /**
   * Take back at once a tier that was given. The member holds what they earned, or paid for, from then on. Not for
   * members, but for OWNER, ADMIN, OPERATOR, CS.
   *
   * Refuses with: `IDEMPOTENCY_KEY_REUSED`, `MEMBER_MERGED`, `MEMBER_NOT_ACTIVE`, `NOT_FOUND`, `TIER_NOT_GRANTED`.
   */
  tierRevoke: TierGrantPayload | null;
  /**
   * Publish a plan: a tier for a price and a time. The newest version of a code is the one that is sold; what was
   * sold keeps what it was sold for. Not for members, but for OWNER, ADMIN.
   *
   * Refuses with: `IDEMPOTENCY_KEY_REUSED`, `MEMBERSHIP_PLAN_INVALID`.
   */
  membershipPlanPublish: MembershipPlanPayload | null;
  /**
   * Report that a member has paid for a plan. They hold its tier at once, or go on holding it: what is bought while
   * it runs counts from its end. The same payment is done once, whatever the key. Not for members, but for OWNER,
   * ADMIN, OPERATOR, CS, SERVICE.
   *
   * Refuses with: `IDEMPOTENCY_KEY_REUSED`, `MEMBERSHIP_NOT_ON_SALE`, `MEMBERSHIP_PAYMENT_KNOWN`,
   * `MEMBERSHIP_PRICE_MISMATCH`, `MEMBERSHIP_RUNS`, `MEMBER_MERGED`, `MEMBER_NOT_ACTIVE`, `NOT_FOUND`.
   */
  membershipPurchase: MembershipPayload | null;
  /**
   * Report that a payment for a plan was refunded: its time is over at once, and what was bought after it moves up.
   * A service refunds what it reported itself. Not for members, but for OWNER, ADMIN, OPERATOR, CS, SERVICE.
   *
   * Refuses with: `IDEMPOTENCY_KEY_REUSED`, `MEMBERSHIP_REFUNDED`, `NOT_FOUND`.
   */
  membershipRefund: MembershipPayload | null;
  /**
   * Use a benefit of the tier the member holds at this moment: open what its code stands for, once. Each is counted
   * in the programme's month. Not for members, but for OWNER, ADMIN, OPERATOR, CS, CASHIER, SERVICE.
   *
   * Refuses with: `BENEFIT_EXHAUSTED`, `BENEFIT_NOT_ENTITLED`, `IDEMPOTENCY_KEY_REUSED`, `MEMBER_FROZEN`,
   * `MEMBER_MERGED`, `MEMBER_NOT_ACTIVE`, `NOT_FOUND`.
   */
  benefitUse: BenefitUsePayload | null;
  /**
   * Trust documents from now on: at once in the process that answers, and within a second in every other. What is
   * trusted already stays so. Not for members, but for OWNER, ADMIN.
   *
   * Refuses with: `DOCUMENT_INVALID`, `DOCUMENT_LIMIT`.
   */
  documentRegister: DocumentRegisterPayload | null;
  /**
   * Trust a registered document no longer: at once in the process that answers, and within a second in every other.
   * One that a manifest file of the server also holds stays trusted. Not for members, but for OWNER, ADMIN.
   *
   * Refuses with: `NOT_FOUND`.
   */
  documentWithdraw: DocumentWithdrawPayload | null;
  /**
   * Bring an earn rule into force, or its next version. Purchases paid from now on earn by it; what was given stays
   * as it is. Not for members, but for OWNER, ADMIN, OPERATOR.
   *
   * Refuses with: `EARN_RULE_CHANGED`, `EARN_RULE_INVALID`, `IDEMPOTENCY_KEY_REUSED`.
   */
  earnRulePublish: EarnRulePayload | null;
  /**
   * End an earn rule: what is paid from now on earns nothing by it. Not for members, but for OWNER, ADMIN, OPERATOR.
   *
   * Refuses with: `EARN_RULE_CHANGED`, `IDEMPOTENCY_KEY_REUSED`, `NOT_FOUND`.
   */
  earnRuleRetire: EarnRulePayload | null;
  /**
   * Issue an API key. `secret` is told once. Not for members, but for OWNER, ADMIN.
   *
   * Refuses with: `KEY_INVALID`, `KEY_LIMIT`, `NOT_FOUND`.
   */
  apiKeyCreate: ApiKeyPayload | null;
  /**
   * Issue a key that follows another. The present one goes on for `overlapHours`, then ends by itself. Not for
   * members, but for OWNER, ADMIN.
   *
   * Refuses with: `KEY_INVALID`, `KEY_LIMIT`, `NOT_FOUND`.
   */
  apiKeyRotate: ApiKeyPayload | null;
  /**
   * End an API key, in every process within a second. Ending it again changes nothing. Not for members, but for
   * OWNER, ADMIN.
   *
   * Refuses with: `NOT_FOUND`.
   */
  apiKeyRevoke: ApiKeyPayload | null;
  /**
   * Tell an endpoint of events from now on, signed by the Standard Webhooks scheme: the programme's own of members,
   * a partner's of its settlements. `secret` is told once: a repetition with the same key is answered without it.
   * See docs/webhooks.md. Not for members, but for OWNER, ADMIN, PARTNER.
   *
   * Refuses with: `IDEMPOTENCY_KEY_REUSED`, `NOT_FOUND`, `WEBHOOK_INVALID`, `WEBHOOK_LIMIT`, `WEBHOOK_URL_REFUSED`.
   */
  webhookEndpointCreate: WebhookEndpointPayload | null;
  /**
   * Change an endpoint, disable it, or enable it again. Not for members, but for OWNER, ADMIN, PARTNER.
   *
   * Refuses with: `NOT_FOUND`, `WEBHOOK_INVALID`, `WEBHOOK_URL_REFUSED`.
   */
  webhookEndpointUpdate: WebhookEndpointPayload | null;
  /**
   * Give an endpoint a new secret. Until the overlap ends, events are signed with both. Not for members, but for
   * OWNER, ADMIN, PARTNER.
   *
   * Refuses with: `NOT_FOUND`, `WEBHOOK_INVALID`.
   */
  webhookSecretRotate: WebhookEndpointPayload | null;
  /**
   * Delete an endpoint, with what is on its way to it. Not for members, but for OWNER, ADMIN, PARTNER.
   *
   * Refuses with: `NOT_FOUND`.
   */
  webhookEndpointDelete: WebhookEndpointDeletePayload | null;
  /**
   * Send an endpoint an event of the type `WEBHOOK_TEST`, whatever types it is told. It waits while the endpoint is
   * disabled. Not for members, but for OWNER, ADMIN, PARTNER.
   *
   * Refuses with: `NOT_FOUND`.
   */
  webhookTest: WebhookSendPayload | null;
  /**
   * Send one event again, or all since a moment, each with its own `webhook-id`. What is still on its way is left as
   * it is. Not for members, but for OWNER, ADMIN, PARTNER.
   *
   * Refuses with: `NOT_FOUND`, `REPLAY_TOO_FAR`.
   */
  webhookReplay: WebhookSendPayload | null;
  /**
   * Log staff in with name, password and the code of their second factor. Wrong tries are slowed down; an unknown
   * name is answered like a wrong password, and takes as long. A login with a code counts as a `staffProve`.
   *
   * Refuses with: `LOGIN_REFUSED`, `PASSWORDS_BUSY`, `TOO_MANY_ATTEMPTS`, `TOTP_REQUIRED`, `TOTP_SETUP_REQUIRED`,
   * `TOTP_WRONG`.
   */
  staffLogin: StaffLoginPayload | null;
  /**
   * Use an invitation, in two steps: send the password to be told the second factor's secret, then the same again
   * with a code of it. Only then is anything stored; all other logins of the account end. The page `/activate` does
   * it for people.
   *
   * Refuses with: `INVITATION_INVALID`, `PASSWORDS_BUSY`, `PASSWORD_LENGTH`, `PASSWORD_TOO_COMMON`,
   * `TOO_MANY_ATTEMPTS`, `TOTP_WRONG`.
   */
  staffActivate: StaffActivatePayload | null;
  /**
   * Prove again that it is you: with a code, or where there is no second factor with the password. It is good for
   * five minutes, for what refuses with `PROOF_REQUIRED`. Not for members, but for STAFF.
   *
   * Refuses with: `LOGIN_REFUSED`, `PASSWORDS_BUSY`, `TOO_MANY_ATTEMPTS`, `TOTP_REQUIRED`, `TOTP_SETUP_REQUIRED`,
   * `TOTP_WRONG`.
   */
  staffProve: StaffProvePayload | null;
  /**
   * Change the password of the calling account. Its other logins end. Not for members, but for STAFF.
   *
   * Refuses with: `LOGIN_REFUSED`, `PASSWORDS_BUSY`, `PASSWORD_LENGTH`, `PASSWORD_TOO_COMMON`, `TOO_MANY_ATTEMPTS`.
   */
  staffPasswordChange: StaffPasswordChangePayload | null;
  /**
   * End the calling login, or all logins of the account. Not for members, but for STAFF.
   *
   * Refuses with: `NOT_FOUND`.
   */
  staffLogout: StaffLogoutPayload | null;
  /**
   * Register a partner organisation. Not for members, but for OWNER, ADMIN.
   *
   * Refuses with: `PARTNER_FEE_INVALID`, `PARTNER_NAME_INVALID`, `PARTNER_NAME_TAKEN`.
   */
  partnerCreate: PartnerPayload | null;
  /**
   * Disable a partner: its keys open nothing, in every process within a second, and its links bring nobody. What it
   * earned stays. Disabling it again changes nothing. Not for members, but for OWNER, ADMIN.
   *
   * Refuses with: `NOT_FOUND`.
   */
  partnerDisable: PartnerPayload | null;
  /**
   * Enable a disabled partner: its keys and links do what they did before. Enabling it again changes nothing. Not
   * for members, but for OWNER, ADMIN.
   *
   * Refuses with: `NOT_FOUND`.
   */
  partnerEnable: PartnerPayload | null;
  /**
   * Issue a key for a partner. `secret` is told once. A third one is refused: `apiKeyRotate` lets one follow
   * another, `apiKeyRevoke` ends one. Not for members, but for OWNER, ADMIN.
   *
   * Refuses with: `KEY_INVALID`, `KEY_LIMIT`, `NOT_FOUND`.
   */
  partnerKeyCreate: ApiKeyPayload | null;
  /**
   * Make a link for a channel, and a campaign perhaps: 499 at most, with those that are retired. Not for members,
   * but for PARTNER.
   *
   * Refuses with: `IDEMPOTENCY_KEY_REUSED`, `NOT_FOUND`, `PARTNER_LINK_LIMIT`, `REFERRAL_CAMPAIGN_UNKNOWN`,
   * `REFERRAL_CHANNEL_INVALID`.
   */
  partnerLinkCreate: PartnerLinkPayload | null;
  /**
   * Retire a link: it brings nobody any more, and who came by it stays. Retiring it again changes nothing. Not for
   * members, but for PARTNER.
   *
   * Refuses with: `NOT_FOUND`.
   */
  partnerLinkRetire: PartnerLinkPayload | null;
  /**
   * Bring a referral campaign into force, or its next version. Who is bound already keeps to the version they were
   * bound under. Not for members, but for OWNER, ADMIN, OPERATOR.
   *
   * Refuses with: `IDEMPOTENCY_KEY_REUSED`, `NOT_FOUND`, `REFERRAL_ACT_UNAVAILABLE`, `REFERRAL_CAMPAIGN_CHANGED`,
   * `REFERRAL_CAMPAIGN_INVALID`, `REFERRAL_CAMPAIGN_UNLAWFUL`.
   */
  referralCampaignPublish: ReferralCampaignPayload | null;
  /**
   * Your code for a channel, by which you recommend the programme: the one you have, or a fresh one. It costs
   * nothing.
   *
   * Refuses with: `MEMBER_FROZEN`, `MEMBER_MERGED`, `MEMBER_NOT_ACTIVE`, `NOT_FOUND`, `REFERRAL_CHANNEL_INVALID`,
   * `REFERRAL_CHANNEL_LIMIT`.
   */
  referralCodeCreate: ReferralCodePayload | null;
  /**
   * Take note that a device came by way of a code, before anybody logs in. Every code is answered alike, known or
   * not, and nothing of a person is kept. Limited by device and by network.
   *
   * Refuses with: `REFERRAL_CHANNEL_INVALID`, `TOO_MANY_ATTEMPTS`.
   */
  referralTouch: ReferralTouchPayload | null;
  /**
   * Bind a member to whoever brought them, by hand. What they bought before counts for nothing. Not for members, but
   * for OWNER, ADMIN, OPERATOR, CS.
   *
   * Refuses with: `IDEMPOTENCY_KEY_REUSED`, `MEMBER_FROZEN`, `MEMBER_MERGED`, `MEMBER_NOT_ACTIVE`, `NOT_FOUND`,
   * `REFERRAL_NOT_POSSIBLE`.
   */
  referralBind: ReferralBindPayload | null;
  /**
   * Let a suspicious referral go on from where it stood, or refuse it. One whose hold is over is rewarded. Not for
   * members, but for OWNER, ADMIN, OPERATOR, CS.
   *
   * Refuses with: `IDEMPOTENCY_KEY_REUSED`, `NOT_FOUND`, `OWN_REFERRAL`, `REFERRAL_NOT_IN_REVIEW`.
   */
  referralReview: ReferralReviewPayload | null;
  /**
   * Approve a settlement, so that it may be paid. Needs a proof (`staffProve`). Not for members, but for OWNER,
   * ADMIN.
   *
   * Refuses with: `NOT_FOUND`, `PROOF_REQUIRED`, `SETTLEMENT_DECIDED`.
   */
  partnerSettlementApprove: PartnerSettlementPayload | null;
  /**
   * Reject a settlement that is not paid: what is in it waits for the next month's. Not for members, but for OWNER,
   * ADMIN.
   *
   * Refuses with: `NOT_FOUND`, `SETTLEMENT_DECIDED`.
   */
  partnerSettlementReject: PartnerSettlementPayload | null;
  /**
   * Write down that an approved settlement was paid: not by whoever approved it. Needs a proof (`staffProve`). The
   * same reference again changes nothing. Not for members, but for OWNER, ADMIN.
   *
   * Refuses with: `NOT_FOUND`, `OWN_SETTLEMENT`, `PAYMENT_REF_INVALID`, `PROOF_REQUIRED`, `SETTLEMENT_DECIDED`.
   */
  partnerSettlementPay: PartnerSettlementPayload | null;
  /**
   * Invite somebody to work for the programme, or to set up their access anew. Needs a proof (`staffProve`). Not for
   * members, but for OWNER, ADMIN.
   *
   * Refuses with: `NAME_TAKEN`, `NOT_FOUND`, `PROOF_REQUIRED`, `ROLE_TOO_LOW`, `STORE_REQUIRED`.
   */
  staffInvite: StaffInvitePayload | null;
  /**
   * Close an account: its logins end. Closing it again changes nothing. Needs a proof (`staffProve`). Not for
   * members, but for OWNER, ADMIN.
   *
   * Refuses with: `LAST_OWNER`, `NOT_FOUND`, `PROOF_REQUIRED`, `ROLE_TOO_LOW`.
   */
  staffClose: StaffPayload | null;
  /**
   * Open a closed account again, with the password and second factor it had. Needs a proof (`staffProve`). Not for
   * members, but for OWNER, ADMIN.
   *
   * Refuses with: `NOT_FOUND`, `PROOF_REQUIRED`, `ROLE_TOO_LOW`.
   */
  staffReopen: StaffPayload | null;
  /**
   * Give somebody another role or store. It holds within a second. Needs a proof (`staffProve`). Not for members,
   * but for OWNER, ADMIN.
   *
   * Refuses with: `LAST_OWNER`, `NOT_FOUND`, `PROOF_REQUIRED`, `ROLE_TOO_LOW`, `STORE_REQUIRED`.
   */
  staffRoleChange: StaffPayload | null;
  /**
   * Say who somebody of the staff is as a member, so that they bind nobody for themselves. Again changes nothing.
   * Needs a proof (`staffProve`). Not for members, but for OWNER, ADMIN.
   *
   * Refuses with: `NOT_FOUND`, `PROOF_REQUIRED`, `ROLE_TOO_LOW`.
   */
  staffMemberSet: StaffPayload | null;
}

/** The next tier, and how far it is. */
export interface NextTier {
  __typename?: 'NextTier';
  /** The tier above the one held. */
  tier: Tier;
  /** What is still missing: growth, or whatever the scheme counts. */
  need: Long;
  /** How much of the way from the held tier's threshold is done, rounded down. */
  percent: BasisPoints;
}

/** Anything with an id of its own, to be asked for by `node`. */
export interface Node {
  __typename?: string;
  /** Opaque. Store it, send it back, read nothing into it. */
  id: ID;
}

/** Every Node: ask for `__typename` and switch on it. */
export type AnyNode =
  | Approval
  | Member
  | PointsEntry
  | PointsHold
  | Purchase
  | Tier;

/** A line for people to read: 1 to 200 characters, without control characters. */
export type Note = string;

/** Points pay in multiples of a unit. */
export interface OffUnit {
  __typename?: 'OffUnit';
  /** What to switch on. */
  code: ErrorCode;
  /** A sentence for people, in English or Chinese by `Accept-Language`. */
  message: string;
  /** The part of `input` that was refused, if one was. */
  field: string[] | null;
  /** Whether the same request may succeed later without anybody changing it. */
  retryable: boolean;
  /** How much was asked for. */
  wanted: Long;
  /** What it must be a multiple of. */
  unit: Long;
}

/** This order does not add up. */
export interface OrderInvalid {
  __typename?: 'OrderInvalid';
  /** What to switch on. */
  code: ErrorCode;
  /** A sentence for people, in English or Chinese by `Accept-Language`. */
  message: string;
  /** The part of `input` that was refused, if one was. */
  field: string[] | null;
  /** Whether the same request may succeed later without anybody changing it. */
  retryable: boolean;
  /** What is wrong, for a developer. */
  why: string;
}

/** Where a page lies in its list. */
export interface PageInfo {
  __typename?: 'PageInfo';
  /** Whether there is more after this page. */
  hasNextPage: boolean;
  /** Whether there is more before this page. */
  hasPreviousPage: boolean;
  /** The cursor of the first item; null on an empty page. */
  startCursor: string | null;
  /** The cursor of the last item; null on an empty page. */
  endCursor: string | null;
}

/** An organisation that brings members (合作伙伴). It sees itself, and no other. */
export interface Partner {
  __typename?: 'Partner';
  /** Opaque. Store it, send it back, read nothing into it. Not for members, but for OWNER, ADMIN, PARTNER. */
  id: ID;
  /** Its name for people. Not for members, but for OWNER, ADMIN, PARTNER. */
  name: string;
  /** When it was registered; null where that was not written down. Not for members, but for OWNER, ADMIN, PARTNER. */
  createdAt: DateTime | null;
  /** Since when its keys open nothing; null while they do. Not for members, but for OWNER, ADMIN. */
  disabledAt: DateTime | null;
  /**
   * Its webhook endpoints, which are told of its settlements, oldest first; 5 at most. Not for members, but for
   * OWNER, ADMIN, PARTNER.
   */
  webhookEndpoints: WebhookEndpoint[];
  /**
   * What its links came to in some days, 366 at most. Counts of today are there within about a minute, as soon as
   * five people stand behind them. Not for members, but for OWNER, ADMIN, PARTNER.
   */
  stats: PartnerStats | null;
  /** Its links, newest first, those that are retired among them. Not for members, but for OWNER, ADMIN, PARTNER. */
  links: PartnerLinkConnection | null;
  /**
   * What it was and will be paid, newest month first. The partner sees one once it is approved, and those who lead
   * all of them. Not for members, but for OWNER, ADMIN, PARTNER.
   */
  settlements: PartnerSettlementConnection | null;
}

/** Arguments of `Partner.stats`. */
export interface PartnerStatsArgs {
  /** The first day; by default 29 days before `to`. */
  from?: CalendarDate | null;
  /** The last day; by default today. */
  to?: CalendarDate | null;
  /** What it is told by. */
  by?: PartnerStatsBy;
}

/** Arguments of `Partner.links`. */
export interface PartnerLinksArgs {
  /** How many items from the start: 1 to 100, 20 by default. */
  first?: number | null;
  /** Read on after this cursor. */
  after?: string | null;
  /** How many items from the end: 1 to 100. */
  last?: number | null;
  /** Read back before this cursor. */
  before?: string | null;
}

/** Arguments of `Partner.settlements`. */
export interface PartnerSettlementsArgs {
  /** How many items from the start: 1 to 100, 20 by default. */
  first?: number | null;
  /** Read on after this cursor. */
  after?: string | null;
  /** How many items from the end: 1 to 100. */
  last?: number | null;
  /** Read back before this cursor. */
  before?: string | null;
}

/** What came of one day, one channel or one campaign. */
export interface PartnerCell {
  __typename?: 'PartnerCell';
  /** How often somebody came by a link. Not for members, but for OWNER, ADMIN, PARTNER. */
  touches: Long | null;
  /** Of these, the first of a device by a link on a day (去重点击). Not for members, but for OWNER, ADMIN, PARTNER. */
  uniqueTouches: Long | null;
  /** Members who came by a link, and were bound to it. Not for members, but for OWNER, ADMIN, PARTNER. */
  registered: Long | null;
  /** Those who did what their campaign asks for. Not for members, but for OWNER, ADMIN, PARTNER. */
  qualified: Long | null;
  /** What these members ordered and paid. Not for members, but for OWNER, ADMIN, PARTNER. */
  orders: Long | null;
  /** What they paid for it, in minor units. Not for members, but for OWNER, ADMIN, PARTNER. */
  grossMinor: Long | null;
  /** How often something was refunded. Not for members, but for OWNER, ADMIN, PARTNER. */
  refunds: Long | null;
  /** What was refunded. Not for members, but for OWNER, ADMIN, PARTNER. */
  refundMinor: Long | null;
  /** `grossMinor` less what is told of refunds. Not for members, but for OWNER, ADMIN, PARTNER. */
  netMinor: Long | null;
  /** What the members were given for coming by the link, in points. Not for members, but for OWNER, ADMIN, PARTNER. */
  rewardPoints: Long | null;
  /**
   * The partner's commission on `netMinor`, before each order's is rounded down. Not for members, but for OWNER,
   * ADMIN, PARTNER.
   */
  rewardCostMinor: Long | null;
  /**
   * `qualified` of `registered` in these days, rounded down. Who qualifies now may have come before them: of a short
   * time it may be more than 10000. Not for members, but for OWNER, ADMIN, PARTNER.
   */
  conversionBps: BasisPoints | null;
  /** The day, where it is told by days. Not for members, but for OWNER, ADMIN, PARTNER. */
  day: CalendarDate | null;
  /**
   * The channel, where it is told by channels; null for what came without one, or is too little. Not for members,
   * but for OWNER, ADMIN, PARTNER.
   */
  channel: string | null;
  /**
   * The campaign, where it is told by campaigns; null for what came without one, or is too little. Not for members,
   * but for OWNER, ADMIN, PARTNER.
   */
  campaign: string | null;
}

/** One page of a list. */
export interface PartnerConnection {
  __typename?: 'PartnerConnection';
  /** The items with their cursors. */
  edges: PartnerEdge[];
  /** The items alone. */
  nodes: Partner[];
  /** Where the page lies in the list. */
  pageInfo: PageInfo;
}

/** A partner organisation to register. */
export interface PartnerCreateInput {
  /** Its name for people, 1 to 80 characters. No two have the same. */
  name: string;
  /** What is kept of each settlement, as the contract says. */
  feeBps?: BasisPoints;
}

/** A partner whose keys are to open nothing, and whose links are to bring nobody. */
export interface PartnerDisableInput {
  /** Which. */
  partnerId: ID;
  /** Why: `CONTRACT_ENDED`. */
  reason: ReasonCode;
}

/** One item of a list, and where it stands. */
export interface PartnerEdge {
  __typename?: 'PartnerEdge';
  /** Send it as `after` or `before` to read on from here. */
  cursor: string;
  /** The item. */
  node: Partner;
}

/** A disabled partner whose keys are to open again what they did. */
export interface PartnerEnableInput {
  /** Which. */
  partnerId: ID;
  /** Why: `CONTRACT_RENEWED`. */
  reason: ReasonCode;
}

/** What happened to a settlement of a partner. New values may come: leave out what you do not know. */
export type PartnerEventType =
  /** It was approved, and its statement can be fetched. */
  | 'SETTLEMENT_APPROVED'
  /** It was paid: `paymentRef` is what the bank calls the payment. */
  | 'SETTLEMENT_PAID'
  /** It had been approved, and is not after all: it will not be paid. */
  | 'SETTLEMENT_REJECTED';

/**
 * What a partner's links came to (合作伙伴统计). A number covers whole groups of five people or more; up to four people
 * of a channel and campaign wait untold. Null: fewer than five people, or nobody.
 */
export interface PartnerFigures {
  __typename?: 'PartnerFigures';
  /** How often somebody came by a link. Not for members, but for OWNER, ADMIN, PARTNER. */
  touches: Long | null;
  /** Of these, the first of a device by a link on a day (去重点击). Not for members, but for OWNER, ADMIN, PARTNER. */
  uniqueTouches: Long | null;
  /** Members who came by a link, and were bound to it. Not for members, but for OWNER, ADMIN, PARTNER. */
  registered: Long | null;
  /** Those who did what their campaign asks for. Not for members, but for OWNER, ADMIN, PARTNER. */
  qualified: Long | null;
  /** What these members ordered and paid. Not for members, but for OWNER, ADMIN, PARTNER. */
  orders: Long | null;
  /** What they paid for it, in minor units. Not for members, but for OWNER, ADMIN, PARTNER. */
  grossMinor: Long | null;
  /** How often something was refunded. Not for members, but for OWNER, ADMIN, PARTNER. */
  refunds: Long | null;
  /** What was refunded. Not for members, but for OWNER, ADMIN, PARTNER. */
  refundMinor: Long | null;
  /** `grossMinor` less what is told of refunds. Not for members, but for OWNER, ADMIN, PARTNER. */
  netMinor: Long | null;
  /** What the members were given for coming by the link, in points. Not for members, but for OWNER, ADMIN, PARTNER. */
  rewardPoints: Long | null;
  /**
   * The partner's commission on `netMinor`, before each order's is rounded down. Not for members, but for OWNER,
   * ADMIN, PARTNER.
   */
  rewardCostMinor: Long | null;
  /**
   * `qualified` of `registered` in these days, rounded down. Who qualifies now may have come before them: of a short
   * time it may be more than 10000. Not for members, but for OWNER, ADMIN, PARTNER.
   */
  conversionBps: BasisPoints | null;
}

/** A key for a partner. Two may live, so that one can follow the other. */
export interface PartnerKeyCreateInput {
  /** Whose it is to be. */
  partnerId: ID;
  /** What people call it, 1 to 80 characters: `reporting`. */
  name: string;
  /**
   * What it is kept to, of `STATISTICS_READ`, `LINKS_WRITE`, `SETTLEMENTS_READ` and `WEBHOOKS_WRITE`; all when left
   * out.
   */
  scopes?: KeyScope[] | null;
  /** From where it may be used, 20 at most: `203.0.113.0/24`. Anywhere when left out. */
  networks?: string[] | null;
  /** When it ends; never when left out. */
  expiresAt?: DateTime | null;
}

/** A link (推广链接) by which a partner brings members. */
export interface PartnerLink {
  __typename?: 'PartnerLink';
  /**
   * Ten letters and digits, without those that are taken for each other. Not for members, but for OWNER, ADMIN,
   * PARTNER.
   */
  code: string;
  /** Where it is shown: what statistics are told by. Not for members, but for OWNER, ADMIN, PARTNER. */
  channel: string;
  /**
   * The campaign it is for; null for that which is usual when it is used. Not for members, but for OWNER, ADMIN,
   * PARTNER.
   */
  campaign: string | null;
  /**
   * A web address that carries it; null where the campaign names none. Not for members, but for OWNER, ADMIN,
   * PARTNER.
   */
  link: string | null;
  /** The `scene` of a mini-program code: `r=` and the code. Not for members, but for OWNER, ADMIN, PARTNER. */
  scene: string;
  /** Since when it exists. Not for members, but for OWNER, ADMIN, PARTNER. */
  createdAt: DateTime;
  /** Since when it brings nobody any more; null while it does. Not for members, but for OWNER, ADMIN, PARTNER. */
  retiredAt: DateTime | null;
}

/** One page of a list. */
export interface PartnerLinkConnection {
  __typename?: 'PartnerLinkConnection';
  /** The items with their cursors. */
  edges: PartnerLinkEdge[];
  /** The items alone. */
  nodes: PartnerLink[];
  /** Where the page lies in the list. */
  pageInfo: PageInfo;
}

/** A link to make. */
export interface PartnerLinkCreateInput {
  /** Where it will be shown: 1 to 32 capitals, digits and underscores. */
  channel: string;
  /** The code of the campaign it is for; that which is usual when left out. */
  campaign?: string | null;
  /**
   * Chosen by you for this one request (a UUID will do): 8 to 128 printable ASCII characters. The same key with the
   * same input is done once and always answered alike, so a retry is harmless.
   */
  idempotencyKey: string;
}

/** One item of a list, and where it stands. */
export interface PartnerLinkEdge {
  __typename?: 'PartnerLinkEdge';
  /** Send it as `after` or `before` to read on from here. */
  cursor: string;
  /** The item. */
  node: PartnerLink;
}

/** This partner has as many links as there may be. */
export interface PartnerLinkLimit {
  __typename?: 'PartnerLinkLimit';
  /** What to switch on. */
  code: ErrorCode;
  /** A sentence for people, in English or Chinese by `Accept-Language`. */
  message: string;
  /** The part of `input` that was refused, if one was. */
  field: string[] | null;
  /** Whether the same request may succeed later without anybody changing it. */
  retryable: boolean;
  /** The most there may be. */
  limit: Long;
}

/** What became of a link. */
export interface PartnerLinkPayload {
  __typename?: 'PartnerLinkPayload';
  /** The link; null when refused. Not for members, but for PARTNER. */
  link: PartnerLink | null;
  /** Why it was refused; empty on success. Not for members, but for PARTNER. */
  userErrors: UserError[];
}

/** A link that is to bring nobody any more. */
export interface PartnerLinkRetireInput {
  /** Its code. */
  code: string;
}

/** What became of a partner. */
export interface PartnerPayload {
  __typename?: 'PartnerPayload';
  /** The partner; null when refused. Not for members, but for OWNER, ADMIN. */
  partner: Partner | null;
  /** Why it was refused; empty on success. Not for members, but for OWNER, ADMIN. */
  userErrors: UserError[];
}

/**
 * What a partner is paid for a month (月度结算单): the commission on the orders of five people or more. Its sums never
 * change; what is refunded later is taken off the next one.
 */
export interface PartnerSettlement {
  __typename?: 'PartnerSettlement';
  /** Opaque. Store it, send it back, read nothing into it. Not for members, but for OWNER, ADMIN, PARTNER. */
  id: ID;
  /**
   * The first day of the month in which, or before, it became available. Not for members, but for OWNER, ADMIN,
   * PARTNER.
   */
  month: CalendarDate;
  /** Where it stands. Not for members, but for OWNER, ADMIN, PARTNER. */
  state: PartnerSettlementState;
  /** How many orders it is for. Not for members, but for OWNER, ADMIN, PARTNER. */
  commissions: Long;
  /**
   * The commission on them, less what was refunded after earlier settlements. Not for members, but for OWNER, ADMIN,
   * PARTNER.
   */
  dueMinor: Long;
  /** What is kept of it, as the contract says; rounded down. Not for members, but for OWNER, ADMIN, PARTNER. */
  feeMinor: Long;
  /** What is paid: `dueMinor` less `feeMinor`. Not for members, but for OWNER, ADMIN, PARTNER. */
  payableMinor: Long;
  /** When it was made. Not for members, but for OWNER, ADMIN, PARTNER. */
  madeAt: DateTime;
  /** When it was approved or rejected. Not for members, but for OWNER, ADMIN, PARTNER. */
  decidedAt: DateTime | null;
  /** When it was paid, as staff wrote it down. Not for members, but for OWNER, ADMIN, PARTNER. */
  paidAt: DateTime | null;
  /** What the bank calls the payment. Not for members, but for OWNER, ADMIN, PARTNER. */
  paymentRef: string | null;
  /** The commission on its orders alone. Not for members, but for OWNER, ADMIN. */
  earnedMinor: Long;
  /** What was taken off, since it was refunded after earlier settlements. Not for members, but for OWNER, ADMIN. */
  nettedMinor: Long;
  /**
   * The statement as a file, in CSV: `COMMISSION` and `FEE` add up to `PAYABLE`. Days are those of the programme's
   * time zone, and a text that a spreadsheet would take for a formula begins with `'`. Not for members, but for
   * OWNER, ADMIN, PARTNER.
   */
  csv: string | null;
}

/** A settlement to approve. */
export interface PartnerSettlementApproveInput {
  /** Which. */
  settlementId: ID;
}

/** One page of a list. */
export interface PartnerSettlementConnection {
  __typename?: 'PartnerSettlementConnection';
  /** The items with their cursors. */
  edges: PartnerSettlementEdge[];
  /** The items alone. */
  nodes: PartnerSettlement[];
  /** Where the page lies in the list. */
  pageInfo: PageInfo;
}

/** One item of a list, and where it stands. */
export interface PartnerSettlementEdge {
  __typename?: 'PartnerSettlementEdge';
  /** Send it as `after` or `before` to read on from here. */
  cursor: string;
  /** The item. */
  node: PartnerSettlement;
}

/** A settlement that was paid. */
export interface PartnerSettlementPayInput {
  /** Which. */
  settlementId: ID;
  /** What the bank calls the payment, 1 to 100 characters. */
  paymentRef: string;
}

/** What became of a settlement. */
export interface PartnerSettlementPayload {
  __typename?: 'PartnerSettlementPayload';
  /** The settlement; null when refused. Not for members, but for OWNER, ADMIN. */
  settlement: PartnerSettlement | null;
  /** Why it was refused; empty on success. Not for members, but for OWNER, ADMIN. */
  userErrors: UserError[];
}

/** A settlement to reject. */
export interface PartnerSettlementRejectInput {
  /** Which. */
  settlementId: ID;
  /** Why: `SUSPECTED_FRAUD`. */
  reason: ReasonCode;
}

/** Where a settlement stands. */
export type PartnerSettlementState =
  /** It waits for somebody to approve it. */
  | 'READY'
  /** It is approved, and will be paid. */
  | 'APPROVED'
  /** It is paid. */
  | 'PAID'
  /** It was rejected: what was in it waits for the next month's. */
  | 'REJECTED';

/** What a partner's links came to in some days. */
export interface PartnerStats {
  __typename?: 'PartnerStats';
  /** The first day. Not for members, but for OWNER, ADMIN, PARTNER. */
  from: CalendarDate;
  /** The last day. Not for members, but for OWNER, ADMIN, PARTNER. */
  to: CalendarDate;
  /**
   * Up to when everything is counted: about a minute ago. Days that ended before it never change. Null where nothing
   * was ever counted. Not for members, but for OWNER, ADMIN, PARTNER.
   */
  asOf: DateTime | null;
  /** All of it: the sum of the cells. Not for members, but for OWNER, ADMIN, PARTNER. */
  total: PartnerFigures;
  /**
   * By day, channel or campaign, in order, without those of which nothing is told. Not for members, but for OWNER,
   * ADMIN, PARTNER.
   */
  cells: PartnerCell[];
}

/** What statistics are told by. */
export type PartnerStatsBy =
  /** The days of the programme's time zone. */
  | 'DAY'
  /** The channels of the partner's links. */
  | 'CHANNEL'
  /** The campaigns under which members came. */
  | 'CAMPAIGN';

/** A refusal that has nothing more to tell than its code. */
export interface PlainError {
  __typename?: 'PlainError';
  /** What to switch on. */
  code: ErrorCode;
  /** A sentence for people, in English or Chinese by `Accept-Language`. */
  message: string;
  /** The part of `input` that was refused, if one was. */
  field: string[] | null;
  /** Whether the same request may succeed later without anybody changing it. */
  retryable: boolean;
}

/** A member's points (积分). */
export interface PointsAccount {
  __typename?: 'PointsAccount';
  /** May be spent now. What has expired is not in it. */
  available: Long;
  /** Earned, and available later. */
  pending: Long;
  /** Set aside for checkouts. */
  held: Long;
  /** Owed, and repaid from what comes next. Above 0 only while `available` is 0. */
  debt: Long;
  /** Ever earned, less what refunds took back. */
  lifetimeEarned: Long;
  /** Ever spent, less what was returned. */
  lifetimeSpent: Long;
  /** Ever expired. */
  lifetimeExpired: Long;
  /** What expires next, soonest first. */
  expiring: PointsExpiry[];
  /** What is not available yet, and what it waits for, soonest first. */
  pendingLots: PointsPending[];
  /** The ledger, newest first. */
  entries: PointsEntryConnection;
  /** What was set aside for checkouts (积分预占), newest first. */
  holds: PointsHoldConnection;
}

/** Arguments of `PointsAccount.expiring`. */
export interface PointsAccountExpiringArgs {
  /** How many items from the start: 1 to 100, 20 by default. */
  first?: number | null;
}

/** Arguments of `PointsAccount.pendingLots`. */
export interface PointsAccountPendingLotsArgs {
  /** How many items from the start: 1 to 100, 20 by default. */
  first?: number | null;
}

/** Arguments of `PointsAccount.entries`. */
export interface PointsAccountEntriesArgs {
  /** How many items from the start: 1 to 100, 20 by default. */
  first?: number | null;
  /** Read on after this cursor. */
  after?: string | null;
  /** How many items from the end: 1 to 100. */
  last?: number | null;
  /** Read back before this cursor. */
  before?: string | null;
  /** Only those of some kinds, or of a period; all by default. */
  filter?: PointsEntryFilter | null;
}

/** Arguments of `PointsAccount.holds`. */
export interface PointsAccountHoldsArgs {
  /** How many items from the start: 1 to 100, 20 by default. */
  first?: number | null;
  /** Read on after this cursor. */
  after?: string | null;
  /** How many items from the end: 1 to 100. */
  last?: number | null;
  /** Read back before this cursor. */
  before?: string | null;
  /** Only those in this state; all by default. */
  state?: PointsHoldState | null;
}

/** When points that a purchase earned become available. */
export interface PointsActivation {
  __typename?: 'PointsActivation';
  /** What they wait for. */
  mode: PointsActivationMode;
  /** AFTER_DAYS: how many, 1 to 365. */
  days: number | null;
  /** ON_COMPLETION: without completion they become available this many days after payment; null: never. */
  afterDays: number | null;
  /** ON_COMPLETION: without completion they are cancelled this many days after payment; null: never. */
  cancelAfterDays: number | null;
  /** FIXED_DATES: days of the year, `MM-DD`. */
  dates: string[];
}

/** When points that a purchase earned become available. */
export interface PointsActivationInput {
  /** What they wait for. */
  mode: PointsActivationMode;
  /** AFTER_DAYS: how many, 1 to 365. */
  days?: number | null;
  /** ON_COMPLETION: without completion they become available this many days after payment; null: never. */
  afterDays?: number | null;
  /** ON_COMPLETION: without completion they are cancelled this many days after payment; null: never. */
  cancelAfterDays?: number | null;
  /** FIXED_DATES: days of the year, `MM-DD`. */
  dates?: string[];
}

/** When points that a purchase earned become available. */
export type PointsActivationMode =
  /** At once. */
  | 'IMMEDIATE'
  /** At the end of `days` days after the day of payment. */
  | 'AFTER_DAYS'
  /** When the order is completed. */
  | 'ON_COMPLETION'
  /** When the next of some days of the year begins. */
  | 'FIXED_DATES';

/** Points to put in or take out by hand. */
export interface PointsAdjustInput {
  /** Whose points. */
  memberId: ID;
  /** How many to add, or with a minus to take. Never 0. */
  delta: Long;
  /** Refuse unless this is the balance, so that two people do not adjust twice. */
  expectedAvailable?: Long | null;
  /** Why, in one word: `GOODWILL`. */
  reason: ReasonCode;
  /** A line for people. Kept encrypted. */
  note?: Note | null;
  /**
   * Chosen by you for this one request (a UUID will do): 8 to 128 printable ASCII characters. The same key with the
   * same input is done once and always answered alike, so a retry is harmless.
   */
  idempotencyKey: string;
}

/** An adjustment to ask for, of any size. Very large ones are done in no other way. */
export interface PointsAdjustRequest {
  /** Whose points. */
  memberId: ID;
  /** How many to add, or with a minus to take. Never 0. */
  delta: Long;
  /** Why, in one word: `GOODWILL`. */
  reason: ReasonCode;
  /** A line for people. Kept encrypted. */
  note?: Note | null;
}

/** Which part of an account an entry moved. */
export type PointsBucket =
  /** May be spent. */
  | 'AVAILABLE'
  /** Will be available later. */
  | 'PENDING'
  /** Set aside for a checkout. */
  | 'HELD'
  /** Owed: taken back beyond the balance. Later points repay it first. */
  | 'DEBT';

/** Points to take that were set aside. */
export interface PointsCaptureInput {
  /** The hold. */
  holdId: ID;
  /** How many, above 0; all by default. The others are available again. */
  points?: Long | null;
  /** The member's purchase they pay for, where the hold does not name it; its refund returns them. Not for members. */
  purchaseId?: ID | null;
  /**
   * Chosen by you for this one request (a UUID will do): 8 to 128 printable ASCII characters. The same key with the
   * same input is done once and always answered alike, so a retry is harmless.
   */
  idempotencyKey: string;
}

/** What becomes of points that a refund takes back and that the member has spent. */
export interface PointsClawBack {
  __typename?: 'PointsClawBack';
  /** What becomes of them. */
  policy: PointsClawBackPolicy;
  /** DEBT: how much a member may owe; null for no limit. */
  maxDebt: Long | null;
}

/** What becomes of points that a refund takes back and that the member has spent. */
export interface PointsClawBackInput {
  /** What becomes of them. */
  policy: PointsClawBackPolicy;
  /** DEBT: how much a member may owe; null for no limit. */
  maxDebt?: Long | null;
}

/** What becomes of points that a refund takes back and that the member has spent. */
export type PointsClawBackPolicy =
  /** The member owes them, up to `maxDebt`, and repays them from what comes next. */
  | 'DEBT'
  /** They are lost to the programme. */
  | 'CLAMP'
  /** Only points that are still pending are taken back; all others are lost. */
  | 'PENDING_ONLY';

/** Days of the programme, the first and the last one included. */
export interface PointsDays {
  /** The first day. */
  first: CalendarDate;
  /** The last day. */
  last: CalendarDate;
}

/** One line of the points ledger. It never changes. */
export interface PointsEntry {
  __typename?: 'PointsEntry';
  /** Opaque. Store it, send it back, read nothing into it. */
  id: ID;
  /** Why points moved. */
  kind: PointsKind;
  /** Which part of the account moved. */
  bucket: PointsBucket;
  /** By how much, with its sign. */
  points: Long;
  /** The part's balance after this line. */
  balanceAfter: Long;
  /** The reason code, where a person moved the points. */
  reason: ReasonCode | null;
  /** When it happened. */
  occurredAt: DateTime;
  /** When it was written. */
  recordedAt: DateTime;
  /** The purchase behind it, for `node`; null without one. */
  purchaseId: ID | null;
  /** What it was, in words: in Chinese or English, by `Accept-Language`. */
  says: string;
  /** Who moved the points and where, what it takes back, and which points it moved. */
  movement: PointsMovement;
  /** What a purchase was given by this line, where earn rules were in force; else null. */
  award: EarnAward | null;
}

/** One page of a list. */
export interface PointsEntryConnection {
  __typename?: 'PointsEntryConnection';
  /** The items with their cursors. */
  edges: PointsEntryEdge[];
  /** The items alone. */
  nodes: PointsEntry[];
  /** Where the page lies in the list. */
  pageInfo: PageInfo;
}

/** One item of a list, and where it stands. */
export interface PointsEntryEdge {
  __typename?: 'PointsEntryEdge';
  /** Send it as `after` or `before` to read on from here. */
  cursor: string;
  /** The item. */
  node: PointsEntry;
}

/** Which lines of the ledger to show. They then come by when they happened, newest first. */
export interface PointsEntryFilter {
  /** Only of these kinds, 1 or more. */
  kinds?: PointsKind[] | null;
  /** What happened from this moment on. */
  since?: DateTime | null;
  /** What happened before this moment. */
  until?: DateTime | null;
  /** What happened on these days, within `since` and `until` where they are given. */
  days?: PointsDays | null;
}

/** Points that are about to expire. */
export interface PointsExpiring {
  __typename?: 'PointsExpiring';
  /** How many. */
  points: Long;
  /** The first moment they are worth nothing. */
  expiresAt: DateTime;
  /** How many days before that the programme tells it: 30, 7, 1. */
  days: number;
}

/** Points that expire together. */
export interface PointsExpiry {
  __typename?: 'PointsExpiry';
  /** How many. */
  points: Long;
  /** The first moment they are worth nothing. */
  expiresAt: DateTime;
}

/** How it is reckoned when points expire. The clock starts when they become available. */
export type PointsExpiryMode =
  /** They do not. */
  | 'NEVER'
  /** So many days, months or years later, at the end of that day. */
  | 'ROLLING'
  /** At the end of the next of some days of the year. */
  | 'CALENDAR'
  /** So many days, months or years after the member last earned or spent points. */
  | 'SLIDING';

/** Points set aside for a checkout (积分预占). */
export interface PointsHold {
  __typename?: 'PointsHold';
  /** Opaque. Store it, send it back, read nothing into it. */
  id: ID;
  /** What has become of it. */
  state: PointsHoldState;
  /** How many were set aside. */
  points: Long;
  /** How many of them were spent. */
  captured: Long;
  /** How many of them are available again. */
  released: Long;
  /** What for, in one word. */
  reason: ReasonCode;
  /** The purchase they are for, for `node`; null without one. */
  purchaseId: ID | null;
  /** What the shop calls the order; null where it did not say. */
  orderRef: string | null;
  /** Since when. */
  createdAt: DateTime;
  /** The first moment at which nothing can be taken any more. */
  expiresAt: DateTime;
  /** When it ended; null while it is open. */
  closedAt: DateTime | null;
}

/** One page of a list. */
export interface PointsHoldConnection {
  __typename?: 'PointsHoldConnection';
  /** The items with their cursors. */
  edges: PointsHoldEdge[];
  /** The items alone. */
  nodes: PointsHold[];
  /** Where the page lies in the list. */
  pageInfo: PageInfo;
}

/** One item of a list, and where it stands. */
export interface PointsHoldEdge {
  __typename?: 'PointsHoldEdge';
  /** Send it as `after` or `before` to read on from here. */
  cursor: string;
  /** The item. */
  node: PointsHold;
}

/** How long points are to stay set aside. */
export interface PointsHoldExtendInput {
  /** The hold. */
  holdId: ID;
  /**
   * For how long from now, above 0; a week after they were set aside at the latest. Where it lasts longer anyway, it
   * stays as it is.
   */
  seconds: number;
  /**
   * Chosen by you for this one request (a UUID will do): 8 to 128 printable ASCII characters. The same key with the
   * same input is done once and always answered alike, so a retry is harmless.
   */
  idempotencyKey: string;
}

/** Points to set aside for a checkout. */
export interface PointsHoldInput {
  /** Whose points. Members leave it out: their own. */
  memberId?: ID | null;
  /** How many, above 0. */
  points: Long;
  /** For how long, above 0; a week at most. What is not taken by then is available again. */
  seconds?: number;
  /** What for, in one word: `CHECKOUT`. */
  reason?: ReasonCode;
  /**
   * The member's purchase they are to pay for, where it is known; it ends the hold when it is cancelled or refunded.
   * Not for members.
   */
  purchaseId?: ID | null;
  /** What the shop calls the order, 1 to 100 characters, to find the hold by. */
  orderRef?: string | null;
  /**
   * Chosen by you for this one request (a UUID will do): 8 to 128 printable ASCII characters. The same key with the
   * same input is done once and always answered alike, so a retry is harmless.
   */
  idempotencyKey: string;
}

/** What became of a hold. */
export interface PointsHoldPayload {
  __typename?: 'PointsHoldPayload';
  /** The hold as it is now; null when refused. */
  hold: PointsHold | null;
  /** The first line that this wrote in the ledger; null when refused, and where no points moved. */
  entry: PointsEntry | null;
  /** The account after it; null when refused, and where no points moved. */
  account: PointsAccount | null;
  /** Whether this answers an earlier, identical request. */
  replayed: boolean;
  /** Why it was refused; empty on success. */
  userErrors: UserError[];
}

/** What has become of points that were set aside. */
export type PointsHoldState =
  /** Set aside: nothing else can spend them. */
  | 'HELD'
  /** All of them were spent. */
  | 'CAPTURED'
  /** Some of them were spent; the others are available again. */
  | 'PARTIALLY_CAPTURED'
  /** Available again. */
  | 'RELEASED'
  /** Available again, since the time was over. */
  | 'EXPIRED';

/** Why points moved. */
export type PointsKind =
  /** Earned by a purchase. */
  | 'EARN'
  /** What the tier added to a purchase's points. */
  | 'BONUS'
  /** Spent. */
  | 'REDEEM'
  /** A redemption taken back, in part or whole. */
  | 'RETURN'
  /** Earned points taken back by a refund. */
  | 'CLAWBACK'
  /** Put in by staff. */
  | 'ADJUST_IN'
  /** Taken out by staff. */
  | 'ADJUST_OUT'
  /** Pending points became available. */
  | 'ACTIVATE'
  /** Pending points that never became available. */
  | 'CANCEL_PENDING'
  /** Cancelled, and put back: the order had been completed in time. */
  | 'RESTORE'
  /** Expired. */
  | 'EXPIRE'
  /** Set aside for a checkout. */
  | 'HOLD'
  /** Set aside for a checkout, and available again. */
  | 'RELEASE'
  /** Given to another member. */
  | 'TRANSFER_OUT'
  /** Given by another member. */
  | 'TRANSFER_IN'
  /** Went to another account of the same person. */
  | 'MERGE_OUT'
  /** Came from another account of the same person. */
  | 'MERGE_IN'
  /** Given up by leaving the programme. */
  | 'FORFEIT'
  /** A gift of a tier: for reaching it, or for a birthday. */
  | 'GRANT'
  /** A reward of a referral: for whom they brought, or for having been brought. */
  | 'REFERRAL';

/** When points expire. */
export interface PointsLifetime {
  __typename?: 'PointsLifetime';
  /** How it is reckoned. */
  mode: PointsExpiryMode;
  /** ROLLING and SLIDING: how many. */
  count: number | null;
  /** ROLLING and SLIDING: of what. */
  unit: PointsSpan;
  /** ROLLING: to what the end is rounded up. */
  roundUpTo: PointsRoundUp;
  /** CALENDAR: days of the year, `MM-DD`; the last of the points. */
  dates: string[];
  /** CALENDAR: they live at least so many days. */
  minDays: number;
}

/** When points expire. */
export interface PointsLifetimeInput {
  /** How it is reckoned. */
  mode: PointsExpiryMode;
  /** ROLLING and SLIDING: how many. */
  count?: number | null;
  /** ROLLING and SLIDING: of what. */
  unit?: PointsSpan;
  /** ROLLING: to what the end is rounded up. */
  roundUpTo?: PointsRoundUp;
  /** CALENDAR: days of the year, `MM-DD`; the last of the points. */
  dates?: string[];
  /** CALENDAR: they live at least so many days. */
  minDays?: number;
}

/** This is more than one movement or one account may carry. */
export interface PointsLimit {
  __typename?: 'PointsLimit';
  /** What to switch on. */
  code: ErrorCode;
  /** A sentence for people, in English or Chinese by `Accept-Language`. */
  message: string;
  /** The part of `input` that was refused, if one was. */
  field: string[] | null;
  /** Whether the same request may succeed later without anybody changing it. */
  retryable: boolean;
  /** How much was asked for. */
  wanted: Long;
  /** The most there may be. */
  limit: Long;
}

/** What a movement did to points that came together and expire together (积分批次). */
export interface PointsLotShare {
  __typename?: 'PointsLotShare';
  /** By how much what is left of them changed, with its sign. */
  points: Long;
  /** By how much what is set aside of them changed, with its sign. */
  held: Long;
  /** The first moment they are worth nothing; null for points that never expire. */
  expiresAt: DateTime | null;
  /** When they were first earned, by whomever. */
  earnedAt: DateTime;
}

/** The movement behind a line of the ledger: by whom, where, and of which points. */
export interface PointsMovement {
  __typename?: 'PointsMovement';
  /** What sort of caller moved the points. */
  by: ActorKind;
  /** Who of the staff it was; null when it was nobody of them. Not for members, but for STAFF. */
  staff: StaffCard | null;
  /** The name of the store it was done in; null where it was in none. */
  store: string | null;
  /** The line it takes back, in part or whole, for `node`; null when it takes nothing back. */
  reversesId: ID | null;
  /** The other member, of points that changed hands: who has them now, or had them; null for all else. */
  counterpart: MemberCard | null;
  /** How many points a refund should have taken back besides and left, by the points policy; null for none. */
  lost: Long | null;
  /**
   * How many of the points to take back had expired or were forfeited before, so that nothing else was taken for
   * them; null for none.
   */
  writtenOff: Long | null;
  /** The points it moved, by when they expire: soonest first. Debt has none. */
  lots: PointsLotShare[];
}

/** Arguments of `PointsMovement.lots`. */
export interface PointsMovementLotsArgs {
  /** How many items from the start: 1 to 100, 20 by default. */
  first?: number | null;
}

/** What a movement of points came to. */
export interface PointsPayload {
  __typename?: 'PointsPayload';
  /** The movement's line in the ledger; null when refused. */
  entry: PointsEntry | null;
  /** The account after it; null when refused. */
  account: PointsAccount | null;
  /** Whether this answers an earlier, identical request. */
  replayed: boolean;
  /** Why it was refused; empty on success. */
  userErrors: UserError[];
}

/** What points are worth as a part of the price. */
export interface PointsPaymentTerms {
  __typename?: 'PointsPaymentTerms';
  /** So many points … */
  points: Long;
  /** … are worth so many minor units. */
  minor: Long;
  /** The most of an order that points may pay, in basis points. */
  maxShareBps: BasisPoints;
  /** Points pay in multiples of this. */
  unit: Long;
}

/** What points are worth as a part of the price. */
export interface PointsPaymentTermsInput {
  /** So many points … */
  points: Long;
  /** … are worth so many minor units. */
  minor: Long;
  /** The most of an order that points may pay, in basis points. */
  maxShareBps?: BasisPoints;
  /** Points pay in multiples of this. */
  unit?: Long;
}

/** Points that came together and are not available yet (待生效积分). */
export interface PointsPending {
  __typename?: 'PointsPending';
  /** Which, for `pointsPendingCancel`. */
  id: ID;
  /** How many. */
  points: Long;
  /** What they wait for: all of it. */
  waitsFor: PointsWait[];
  /** When they become available, at the latest; null: not by time. */
  activatesAt: DateTime | null;
  /** When they are cancelled unless that comes before; null: never. */
  cancelsAt: DateTime | null;
  /** When they expire by what is known now; null when they never do, or nothing is known. */
  expiresAt: DateTime | null;
  /** The purchase that earned them, for `node`. */
  purchaseId: ID | null;
}

/** Pending points to cancel. */
export interface PointsPendingCancelInput {
  /** Which: the `id` of one of `points { pendingLots }`. */
  id: ID;
  /** Why, in one word: `FRAUD`. */
  reason: ReasonCode;
  /** A line for people. Kept encrypted. */
  note?: Note | null;
  /**
   * Chosen by you for this one request (a UUID will do): 8 to 128 printable ASCII characters. The same key with the
   * same input is done once and always answered alike, so a retry is harmless.
   */
  idempotencyKey: string;
}

/** What is decided about points (积分策略): when they become available, expire, are taken back. */
export interface PointsPolicy {
  __typename?: 'PointsPolicy';
  /** Its number; 0 for how it was before one was published. */
  version: number;
  /** Since when it is or was in force; null for version 0. */
  publishedAt: DateTime | null;
  /** When points that a purchase earned become available. */
  activation: PointsActivation;
  /** When points expire. */
  expiry: PointsLifetime;
  /** How many days points live that are returned to a lot that has expired; 0: they are forfeit. */
  restoreGraceDays: number;
  /** How many days points live that a hold releases and that have expired meanwhile; 0: none. */
  releaseGraceDays: number;
  /** What becomes of points taken back that are spent. */
  clawBack: PointsClawBack;
  /** How many days before points expire their member is told: 5 entries at most. */
  warningDays: number[];
  /** Whether members may give points to each other. */
  transfer: PointsTransferTerms;
  /** What points are worth as a part of the price. */
  payment: PointsPaymentTerms;
  /** How long who opted out may come back. */
  optOutCoolingDays: number;
  /** How long an erasure may be withdrawn. */
  erasureCoolingDays: number;
}

/** Somebody else has published a policy meanwhile. */
export interface PointsPolicyChanged {
  __typename?: 'PointsPolicyChanged';
  /** What to switch on. */
  code: ErrorCode;
  /** A sentence for people, in English or Chinese by `Accept-Language`. */
  message: string;
  /** The part of `input` that was refused, if one was. */
  field: string[] | null;
  /** Whether the same request may succeed later without anybody changing it. */
  retryable: boolean;
  /** The version in force; 0 where there is none. */
  version: Long;
}

/** This cannot be a policy for points. */
export interface PointsPolicyInvalid {
  __typename?: 'PointsPolicyInvalid';
  /** What to switch on. */
  code: ErrorCode;
  /** A sentence for people, in English or Chinese by `Accept-Language`. */
  message: string;
  /** The part of `input` that was refused, if one was. */
  field: string[] | null;
  /** Whether the same request may succeed later without anybody changing it. */
  retryable: boolean;
  /** What is wrong, for a developer. */
  why: string;
}

/** What became of a policy that was to be published. */
export interface PointsPolicyPayload {
  __typename?: 'PointsPolicyPayload';
  /** The policy in force now; null when refused. Not for members, but for OWNER, ADMIN. */
  pointsPolicy: PointsPolicy | null;
  /** Why it was refused; empty on success. Not for members, but for OWNER, ADMIN. */
  userErrors: UserError[];
}

/** A whole policy: what is left out is as it is where none was ever published. */
export interface PointsPolicyPublishInput {
  /** The version in force that this one is to follow, so that nobody overwrites another's. */
  expectedVersion: number;
  /** When points that a purchase earned become available; at once by default. */
  activation?: PointsActivationInput | null;
  /** When points expire; never by default. */
  expiry?: PointsLifetimeInput | null;
  /** How many days points live that are returned to a lot that has expired; 0: they are forfeit. */
  restoreGraceDays?: number;
  /** How many days points live that a hold releases and that have expired meanwhile; 0: none. */
  releaseGraceDays?: number;
  /** What becomes of points taken back that are spent; a debt by default. */
  clawBack?: PointsClawBackInput | null;
  /** How many days before points expire their member is told: 5 entries at most. */
  warningDays?: number[];
  /** Whether members may give points to each other; not by default. */
  transfer?: PointsTransferTermsInput | null;
  /** What points are worth as a part of the price; a minor unit each by default. */
  payment?: PointsPaymentTermsInput | null;
  /** How long who opted out may come back. */
  optOutCoolingDays?: number;
  /** How long an erasure may be withdrawn. */
  erasureCoolingDays?: number;
  /**
   * Chosen by you for this one request (a UUID will do): 8 to 128 printable ASCII characters. The same key with the
   * same input is done once and always answered alike, so a retry is harmless.
   */
  idempotencyKey: string;
}

/** What points can do for a cart. */
export interface PointsPreview {
  __typename?: 'PointsPreview';
  /** What the cart costs the member; null where their tier takes nothing off, or the lines say so already. */
  memberPrice: MemberPrice | null;
  /** How many fewer points pay the same part of a price at the member's tier; 0 for none. */
  discountBps: BasisPoints;
  /** What the member may spend now. */
  available: Long;
  /** The most points of one redemption at the member's tier; null for none. */
  tierLimit: Long | null;
  /** The most points that may pay for this cart by the programme's policy, less what is set aside for it. */
  shareLimit: Long;
  /** Points pay in multiples of this. */
  unit: Long;
  /** The most points that may pay for it in the end: the least of all these, and no more than pay as much. */
  usable: Long;
  /** What those are worth as a part of its price. */
  worth: Money;
  /** What `points` would pay of it; null when none were named. */
  pays: Money | null;
  /** What is left to be paid in money, with `points` or as many as may be. */
  rest: Money;
  /** Whether `points`, or as many as may be, would be taken now. */
  allowed: boolean;
  /** Everything that stands against that, not only the first. */
  userErrors: UserError[];
}

/** A cart that points may help to pay. */
export interface PointsPreviewInput {
  /** Whose points. Members leave it out: their own. */
  memberId?: ID | null;
  /** Its lines, 1 to 2,000. */
  lines: CartLineInput[];
  /** With how many it is to be paid, above 0; by default with as many as may be. */
  points?: Long | null;
  /** What the shop calls the order, 1 to 100 characters: what is set aside for it already counts. */
  orderRef?: string | null;
  /** Whether the lines are at the member's price already, so that it is not taken off. */
  memberPriced?: boolean;
}

/** Points to take for a reward, or towards a purchase. */
export interface PointsRedeemInput {
  /** Whose points. Members leave it out: their own. */
  memberId?: ID | null;
  /** How many, above 0. */
  points: Long;
  /** What for, in one word: `REWARD_TEA`. */
  reason?: ReasonCode;
  /** A line for people. Kept encrypted. */
  note?: Note | null;
  /** The member's purchase the points help to pay; its refund returns them. Not for members. */
  purchaseId?: ID | null;
  /**
   * Chosen by you for this one request (a UUID will do): 8 to 128 printable ASCII characters. The same key with the
   * same input is done once and always answered alike, so a retry is harmless.
   */
  idempotencyKey: string;
}

/** What a redemption would come to. */
export interface PointsRedeemPreview {
  __typename?: 'PointsRedeemPreview';
  /** Whether it would go through now. */
  allowed: boolean;
  /** What the member may spend now. */
  available: Long;
  /** What would be left; null when it would be refused. */
  availableAfter: Long | null;
  /** The most points of one redemption at the member's tier; null for none. */
  limit: Long | null;
  /** Everything that stands against it, not only the first. */
  userErrors: UserError[];
}

/** A redemption to try without doing it. */
export interface PointsRedeemPreviewInput {
  /** Whose points. Members leave it out: their own. */
  memberId?: ID | null;
  /** How many, above 0. */
  points: Long;
}

/** Points to give back that were set aside. */
export interface PointsReleaseInput {
  /** The hold. */
  holdId: ID;
  /**
   * Chosen by you for this one request (a UUID will do): 8 to 128 printable ASCII characters. The same key with the
   * same input is done once and always answered alike, so a retry is harmless.
   */
  idempotencyKey: string;
}

/** Points of a redemption to give back. */
export interface PointsReturnInput {
  /** The redemption's entry. */
  entryId: ID;
  /** How many; all that is left by default. */
  points?: Long | null;
  /** Why, in one word: `CUSTOMER_RETURN`. */
  reason: ReasonCode;
  /** A line for people. Kept encrypted. */
  note?: Note | null;
  /**
   * Chosen by you for this one request (a UUID will do): 8 to 128 printable ASCII characters. The same key with the
   * same input is done once and always answered alike, so a retry is harmless.
   */
  idempotencyKey: string;
}

/** To the end of what a lifetime is rounded up. */
export type PointsRoundUp =
  /** It is not. */
  | 'NONE'
  /** The month in which it ends. */
  | 'MONTH'
  /** The quarter in which it ends. */
  | 'QUARTER'
  /** The year in which it ends. */
  | 'YEAR';

/** What a lifetime is counted in. */
export type PointsSpan =
  /** Days. */
  | 'DAY'
  /** Months: 31 January and a month is the last of February. */
  | 'MONTH'
  /** Years. */
  | 'YEAR';

/** Points to give to another member. */
export interface PointsTransferInput {
  /** Whose points. Members leave it out: their own. */
  memberId?: ID | null;
  /** Who is to have them: the member code they show, scanned or typed. */
  toMemberCode?: string | null;
  /** The same by id, in place of the code. Not for members. */
  toMemberId?: ID | null;
  /** How many, above 0. */
  points: Long;
  /** What for, in one word: `GIFT`. */
  reason?: ReasonCode;
  /** A line for people. Kept encrypted. */
  note?: Note | null;
  /**
   * Chosen by you for this one request (a UUID will do): 8 to 128 printable ASCII characters. The same key with the
   * same input is done once and always answered alike, so a retry is harmless.
   */
  idempotencyKey: string;
}

/** What a transfer of points came to, for the one who gave. */
export interface PointsTransferPayload {
  __typename?: 'PointsTransferPayload';
  /** Who has the points now; null when refused. */
  to: MemberCard | null;
  /** The line in the giver's ledger; null when refused. */
  entry: PointsEntry | null;
  /** The giver's account after it; null when refused. */
  account: PointsAccount | null;
  /** Whether this answers an earlier, identical request. */
  replayed: boolean;
  /** Why it was refused; empty on success. */
  userErrors: UserError[];
}

/** What a transfer of points would come to. */
export interface PointsTransferPreview {
  __typename?: 'PointsTransferPreview';
  /** Who would have the points; null for nobody who could. */
  to: MemberCard | null;
  /** Whether it would go through now. */
  allowed: boolean;
  /** What may be spent now, and so given. */
  available: Long;
  /** What would be left; null when it would be refused. */
  availableAfter: Long | null;
  /** How many transfers are left today. */
  leftCount: Long;
  /** How many points may still be given today. */
  leftPoints: Long;
  /** Everything that stands against it, not only the first. */
  userErrors: UserError[];
}

/** A transfer to try without doing it. */
export interface PointsTransferPreviewInput {
  /** Who is to have them: the member code they show. Trying leaves it as it is. */
  toMemberCode: string;
  /** How many, above 0. */
  points: Long;
}

/** Whether members may give points to each other. */
export interface PointsTransferTerms {
  __typename?: 'PointsTransferTerms';
  /** Whether they may. */
  enabled: boolean;
  /** For how many days the giver must have been a member. */
  minMemberDays: number;
  /** How often a day. */
  perDayCount: number;
  /** How many points a day. */
  perDayPoints: Long;
}

/** Whether members may give points to each other. */
export interface PointsTransferTermsInput {
  /** Whether they may. */
  enabled: boolean;
  /** For how many days the giver must have been a member. */
  minMemberDays?: number;
  /** How often a day. */
  perDayCount?: number;
  /** How many points a day. */
  perDayPoints?: Long;
}

/** What pending points wait for. */
export type PointsWait =
  /** For `activatesAt`. */
  | 'TIME'
  /** For the order to be completed. */
  | 'COMPLETION'
  /** For the member to be unfrozen, besides all else. */
  | 'THAW';

/** What a member says of themselves. What is left out stays as it is. */
export interface ProfileInput {
  /** 1 to 40 characters. */
  displayName?: string | null;
  /** An https address, 300 characters at most. */
  avatarUrl?: string | null;
  /** The day of birth. */
  birthday?: CalendarDate | null;
}

/** This part of the profile cannot be kept as it is. */
export interface ProfileInvalid {
  __typename?: 'ProfileInvalid';
  /** What to switch on. */
  code: ErrorCode;
  /** A sentence for people, in English or Chinese by `Accept-Language`. */
  message: string;
  /** The part of `input` that was refused, if one was. */
  field: string[] | null;
  /** Whether the same request may succeed later without anybody changing it. */
  retryable: boolean;
  /** Which part. */
  part: string;
}

/** The terms of the programme this endpoint serves. */
export interface Programme {
  __typename?: 'Programme';
  /** The programme's name. */
  name: string;
  /** The one currency purchases are in. */
  currency: CurrencyCode;
  /** IANA name of the zone in which days and months are reckoned. */
  timezone: string;
  /** A purchase earns this many points … */
  earnPoints: Long;
  /** … for each so many minor units paid, rounded down per order. */
  earnPerMinor: Long;
  /** After how many months points expire; null means never. */
  expireMonths: number | null;
  /**
   * Adjusting more points than this by hand asks for a fresh proof; null means never. Not for members, but for
   * STAFF.
   */
  adjustProofAbove: Long | null;
  /**
   * Adjusting more points than this by hand asks for a second person; null means never. Not for members, but for
   * STAFF.
   */
  adjustApprovalAbove: Long | null;
}

/** These terms cannot be those of a programme. */
export interface ProgrammeTermsInvalid {
  __typename?: 'ProgrammeTermsInvalid';
  /** What to switch on. */
  code: ErrorCode;
  /** A sentence for people, in English or Chinese by `Accept-Language`. */
  message: string;
  /** The part of `input` that was refused, if one was. */
  field: string[] | null;
  /** Whether the same request may succeed later without anybody changing it. */
  retryable: boolean;
  /** What is wrong, for a developer. */
  why: string;
}

/** An order of a member, as their shop reported it. */
export interface Purchase {
  __typename?: 'Purchase';
  /** Opaque. Store it, send it back, read nothing into it. */
  id: ID;
  /** The shop system that reported it. */
  source: string;
  /** The shop's reference of the order. */
  orderRef: string;
  /** Where it stands. */
  state: PurchaseState;
  /** Where it was sold: a store, a mini-program, a country. */
  channel: string | null;
  /** What was paid for its lines. This earns. */
  goods: Money;
  /** What was paid for shipping. This does not. */
  shipping: Money;
  /** The part of the goods paid by points, which earns nothing. */
  paidByPoints: Money;
  /** What has been refunded of the lines so far. */
  refunded: Money;
  /** When it was ordered. */
  orderedAt: DateTime;
  /** When it was paid; null while it is not. */
  paidAt: DateTime | null;
  /** Its lines. */
  lines: PurchaseLine[];
  /** What it was given when it was paid, and by which rules. Refunds show in the ledger. */
  awards: EarnAward[];
}

/** One page of a list. */
export interface PurchaseConnection {
  __typename?: 'PurchaseConnection';
  /** The items with their cursors. */
  edges: PurchaseEdge[];
  /** The items alone. */
  nodes: Purchase[];
  /** Where the page lies in the list. */
  pageInfo: PageInfo;
}

/** One item of a list, and where it stands. */
export interface PurchaseEdge {
  __typename?: 'PurchaseEdge';
  /** Send it as `after` or `before` to read on from here. */
  cursor: string;
  /** The item. */
  node: Purchase;
}

/** Something that happened to an order. */
export interface PurchaseEventInput {
  /** Your reference of the order. */
  orderRef: string;
  /** What happened. */
  kind: PurchaseEventKind;
  /** Your reference of the event, unique for the order and kind. */
  eventRef: string;
  /** When it happened. */
  occurredAt: DateTime;
  /**
   * Chosen by you for this one request (a UUID will do): 8 to 128 printable ASCII characters. The same key with the
   * same input is done once and always answered alike, so a retry is harmless.
   */
  idempotencyKey: string;
}

/** What happened to an order. A refund has a mutation of its own. */
export type PurchaseEventKind =
  /** The order was paid: points and growth are earned. */
  | 'PAID'
  /** The order was delivered and accepted. Implies that it was paid. */
  | 'COMPLETED'
  /** The order was given up before it was paid. Points spent on it return. */
  | 'CANCELLED';

/** One line of an order. */
export interface PurchaseLine {
  __typename?: 'PurchaseLine';
  /** The shop's reference of the line. */
  lineRef: string;
  /** The article, as the shop numbers it. */
  sku: string | null;
  /** The article's name. */
  name: string | null;
  /** What the shop counts the article among. */
  categories: string[];
  /** How many. */
  quantity: number;
  /** What was paid for the line, after discounts. */
  paid: Money;
  /** What has been refunded of it so far. */
  refunded: Money;
  /**
   * Its share of the points the order earned when it was paid, for showing: split by what was paid, so that all
   * shares are the whole. Refunds take back by the whole order.
   */
  earned: Long;
}

/** One line of an order. */
export interface PurchaseLineInput {
  /** Your reference of the line, unique in the order. */
  lineRef: string;
  /** How many, above 0. */
  quantity: number;
  /** What was paid for the whole line after discounts, in minor units; 0 or more. */
  paidMinor: Long;
  /** The article, as you number it. */
  sku?: string | null;
  /** The article's name. */
  name?: string | null;
  /** What you count the article among, 10 at most; earn rules may look at it. */
  categories?: string[];
}

/** What a report came to. */
export interface PurchasePayload {
  __typename?: 'PurchasePayload';
  /** The purchase after it; null when refused. Not for members, but for SERVICE. */
  purchase: Purchase | null;
  /** The lines it wrote in the points ledger. Not for members, but for SERVICE. */
  entries: PointsEntry[];
  /** By how much it moved the growth value. Not for members, but for SERVICE. */
  growth: Long;
  /** The tier it lifted the member to; null when it did not. Not for members, but for SERVICE. */
  tier: Tier | null;
  /**
   * Whether a refund waits for its payment, 72 hours at most, before it takes effect. Not for members, but for
   * SERVICE.
   */
  parked: boolean;
  /** Whether this had been reported before. Not for members, but for SERVICE. */
  replayed: boolean;
  /** Why it was refused; empty on success. Not for members, but for SERVICE. */
  userErrors: UserError[];
}

/** What a purchase would come to. */
export interface PurchasePreview {
  __typename?: 'PurchasePreview';
  /** Whether it would be taken. Not for members, but for OWNER, ADMIN, OPERATOR, CS, CASHIER, SERVICE. */
  allowed: boolean;
  /** What it would earn in all. Not for members, but for OWNER, ADMIN, OPERATOR, CS, CASHIER, SERVICE. */
  points: Long;
  /**
   * What the base, the tier and each rule would give. Not for members, but for OWNER, ADMIN, OPERATOR, CS, CASHIER,
   * SERVICE.
   */
  awards: EarnAward[];
  /**
   * By how much it would move the growth value at once. Not for members, but for OWNER, ADMIN, OPERATOR, CS,
   * CASHIER, SERVICE.
   */
  growth: Long;
  /**
   * By how much more, once points that wait become available. Not for members, but for OWNER, ADMIN, OPERATOR, CS,
   * CASHIER, SERVICE.
   */
  growthLater: Long;
  /** The tier held now. Not for members, but for OWNER, ADMIN, OPERATOR, CS, CASHIER, SERVICE. */
  tier: Tier;
  /** The tier right after it. Not for members, but for OWNER, ADMIN, OPERATOR, CS, CASHIER, SERVICE. */
  tierAfter: Tier;
  /**
   * Where the member would stand right after it. Not for members, but for OWNER, ADMIN, OPERATOR, CS, CASHIER,
   * SERVICE.
   */
  after: ForeseenTier;
  /** The points, as they come and expire. Not for members, but for OWNER, ADMIN, OPERATOR, CS, CASHIER, SERVICE. */
  credits: ForeseenPoints[];
  /**
   * Everything that stands against it, not only the first. Not for members, but for OWNER, ADMIN, OPERATOR, CS,
   * CASHIER, SERVICE.
   */
  userErrors: UserError[];
}

/** An order to try without recording it. */
export interface PurchasePreviewInput {
  /** Whose order. */
  memberId: ID;
  /** The programme's currency. */
  currency: CurrencyCode;
  /** Its lines, 1 to 2,000. */
  lines: PurchaseLineInput[];
  /** When it is paid; now by default. */
  paidAt?: DateTime | null;
  /** Shipping paid. Earns nothing. */
  shippingMinor?: Long;
  /** The part of the lines paid by points, as money. Earns nothing. */
  paidByPointsMinor?: Long;
  /** Where it is sold. */
  channel?: string | null;
  /** The store; by default the caller's own, where they have one. */
  storeCode?: string | null;
}

/** An order to record. */
export interface PurchaseRecordInput {
  /** Whose order, from `memberIdentify`. */
  memberId: ID;
  /** Your reference of the order, unique among your orders. */
  orderRef: string;
  /** The programme's currency. */
  currency: CurrencyCode;
  /** Its lines, 1 to 2,000. */
  lines: PurchaseLineInput[];
  /** When it was ordered. */
  orderedAt: DateTime;
  /** When it was paid, if it was. Leave it out and report `PAID` later. */
  paidAt?: DateTime | null;
  /** Shipping paid. Earns nothing. */
  shippingMinor?: Long;
  /** The part of the lines paid by points, as money. Earns nothing. */
  paidByPointsMinor?: Long;
  /** Where it was sold. */
  channel?: string | null;
  /**
   * The account that paid, by any name you have for it: the payer's openid. Only a keyed hash of it is stored, to
   * see whether members who are said to be two pay as one. Leave it out where it is nobody's own: cash, a till.
   */
  payer?: string | null;
  /** Where it goes, as you write it. Only a keyed hash of its letters and digits is stored. */
  address?: string | null;
  /**
   * Chosen by you for this one request (a UUID will do): 8 to 128 printable ASCII characters. The same key with the
   * same input is done once and always answered alike, so a retry is harmless.
   */
  idempotencyKey: string;
}

/** A refund of an order, in part or whole. */
export interface PurchaseRefundInput {
  /** Your reference of the order. */
  orderRef: string;
  /** Your reference of the refund, unique for the order. */
  eventRef: string;
  /** What is refunded, each line once. */
  lines: RefundLineInput[];
  /** When it happened. */
  occurredAt: DateTime;
  /**
   * Chosen by you for this one request (a UUID will do): 8 to 128 printable ASCII characters. The same key with the
   * same input is done once and always answered alike, so a retry is harmless.
   */
  idempotencyKey: string;
}

/** Where a purchase stands. */
export type PurchaseState =
  /** Ordered, not paid. */
  | 'CREATED'
  /** Paid. */
  | 'PAID'
  /** Delivered and accepted. */
  | 'COMPLETED'
  /** Refunded in part. */
  | 'PARTIALLY_REFUNDED'
  /** Refunded in whole. */
  | 'REFUNDED'
  /** Given up before it was paid. */
  | 'CANCELLED';

/** The purchase is in a state in which this cannot happen. */
export interface PurchaseStateConflict {
  __typename?: 'PurchaseStateConflict';
  /** What to switch on. */
  code: ErrorCode;
  /** A sentence for people, in English or Chinese by `Accept-Language`. */
  message: string;
  /** The part of `input` that was refused, if one was. */
  field: string[] | null;
  /** Whether the same request may succeed later without anybody changing it. */
  retryable: boolean;
  /** The state it is in. */
  state: string;
}

/** What may be asked. */
export interface Query {
  __typename?: 'Query';
  /** What the staff asked of each other, newest first. Not for members, but for OWNER, ADMIN, OPERATOR, CS. */
  approvals: ApprovalConnection | null;
  /** The calling member. */
  me: Member | null;
  /**
   * One member, by id or by a name they are known by; null when there is none. Not for members, but for STAFF,
   * SERVICE.
   */
  member: Member | null;
  /** Members, newest first. Not for members, but for OWNER, ADMIN, OPERATOR, CS, COMMUNITY_MANAGER, ANALYST. */
  members: MemberConnection | null;
  /**
   * What a merge would come to; null where there is no such member. It writes nothing. Not for members, but for
   * OWNER, ADMIN, OPERATOR, CS.
   */
  memberMergePreview: MemberMergePreview | null;
  /** What a redemption would come to. Runs the same checks and writes nothing. */
  pointsRedeemPreview: PointsRedeemPreview | null;
  /** How many points may help to pay for a cart, and what they are worth. Writes nothing. */
  pointsPreview: PointsPreview | null;
  /** What giving points to another member would come to. Runs the same checks and moves nothing. */
  pointsTransferPreview: PointsTransferPreview | null;
  /**
   * What a purchase would change if it were recorded now. Decides as one would, writes nothing. Not for members, but
   * for OWNER, ADMIN, OPERATOR, CS, CASHIER, SERVICE.
   */
  purchasePreview: PurchasePreview | null;
  /** What is decided about points: the policy in force, or the version asked for. */
  pointsPolicy: PointsPolicy | null;
  /** The programme's terms. */
  programme: Programme | null;
  /** The ladder of tiers, lowest first. */
  tiers: Tier[] | null;
  /** How tiers are won, held and lost, as it was published last. Version 0 was set up, not published. */
  tierScheme: TierScheme | null;
  /**
   * What so much more growth, spending or orders would change for a tier. Writes nothing. Not for members, but for
   * OWNER, ADMIN, OPERATOR, CS, CASHIER, SERVICE.
   */
  tierPreview: TierPreview | null;
  /** Every version of the scheme that was published, newest first. Not for members, but for STAFF. */
  tierSchemes: TierSchemeConnection | null;
  /** The plans of the programme, the cheapest first, 100 at most; also those not on sale. */
  membershipPlans: MembershipPlan[] | null;
  /**
   * The documents that were registered, newest first, those withdrawn since among them. Those of the server's
   * manifest files are not listed. Not for members, but for STAFF.
   */
  documents: DocumentConnection | null;
  /**
   * The rules by which purchases earn more than the programme's base, the newest first. Not for members, but for
   * STAFF.
   */
  earnRules: EarnRuleConnection | null;
  /**
   * What happened to the calling member, oldest first: from the beginning, or after a cursor. The twin of the
   * subscription `memberEvents`, with the same events and the same cursors.
   */
  memberEvents: MemberEvents | null;
  /** The API keys that were issued, newest first. Not for members, but for OWNER, ADMIN. */
  apiKeys: ApiKeyConnection | null;
  /**
   * The programme's own endpoints, which are told of members' events over HTTP, oldest first; 20 at most. Those of a
   * partner are in `partner`. Not for members, but for OWNER, ADMIN.
   */
  webhookEndpoints: WebhookEndpoint[];
  /**
   * The audit log, newest first: what staff, partners, services and the command line did. Not for members, but for
   * OWNER, ADMIN.
   */
  auditLog: AuditLineConnection | null;
  /**
   * What the programme owes its members in points: months that roll forward and tie to the ledger to the point, and
   * what became of the points of each month. It costs the same however large the ledger is. Not for members, but for
   * OWNER, ADMIN, ANALYST.
   */
  liabilityReport: LiabilityReport | null;
  /**
   * What the law, WeChat's rules and common sense have against a referral campaign, first what keeps it from being
   * published. Nothing is written down. It is no legal advice. Not for members, but for OWNER, ADMIN, OPERATOR.
   */
  campaignLint: CampaignFinding[] | null;
  /** The partner organisation that asks. Staff name one by its id. Not for members, but for OWNER, ADMIN, PARTNER. */
  partner: Partner | null;
  /**
   * One settlement: of the partner that asks, once it is approved; of any, for those who lead. Else null. Not for
   * members, but for OWNER, ADMIN, PARTNER.
   */
  partnerSettlement: PartnerSettlement | null;
  /** The partner organisations, by name. Not for members, but for OWNER, ADMIN. */
  partners: PartnerConnection | null;
  /** The referral campaigns, each in its newest version, by their codes; 100 at most. Not for members, but for STAFF. */
  referralCampaigns: ReferralCampaign[] | null;
  /** Referrals, the newest first. Not for members, but for OWNER, ADMIN, OPERATOR, CS, COMMUNITY_MANAGER, ANALYST. */
  referrals: ReferralConnection | null;
  /**
   * Referrals that somebody has to look at, the oldest first; or that stand elsewhere. Not for members, but for
   * OWNER, ADMIN, OPERATOR, CS.
   */
  referralReviews: ReferralReviewConnection | null;
  /** Who is calling: the account, its role and its store. Not for members, but for STAFF. */
  staffMe: StaffViewer | null;
  /** Everybody who works for the programme, or did, by name. Not for members, but for OWNER, ADMIN. */
  staff: StaffMemberConnection | null;
  /**
   * The stores of the programme, by code: `apiKeyCreate` takes an id, `staffInvite` a code. Not for members, but for
   * STAFF.
   */
  stores: StoreConnection | null;
  /** Whatever has this id; null when there is none, or it is not for you. */
  node: Node | null;
  /** Whatever has these ids, in their order; 100 at most. */
  nodes: (Node | null)[] | null;
}

/** Arguments of `Query.approvals`. */
export interface QueryApprovalsArgs {
  /** Only those that stand so; all by default. */
  state?: ApprovalState | null;
  /** How many items from the start: 1 to 100, 20 by default. */
  first?: number | null;
  /** Read on after this cursor. */
  after?: string | null;
  /** How many items from the end: 1 to 100. */
  last?: number | null;
  /** Read back before this cursor. */
  before?: string | null;
}

/** Arguments of `Query.member`. */
export interface QueryMemberArgs {
  /** How to look them up. */
  by: MemberBy;
}

/** Arguments of `Query.members`. */
export interface QueryMembersArgs {
  /** Which ones; all by default. */
  filter?: MembersFilter | null;
  /** How many items from the start: 1 to 100, 20 by default. */
  first?: number | null;
  /** Read on after this cursor. */
  after?: string | null;
  /** How many items from the end: 1 to 100. */
  last?: number | null;
  /** Read back before this cursor. */
  before?: string | null;
}

/** Arguments of `Query.pointsPolicy`. */
export interface QueryPointsPolicyArgs {
  /** Which version; the one in force by default. */
  version?: number | null;
}

/** Arguments of `Query.tierSchemes`. */
export interface QueryTierSchemesArgs {
  /** How many items from the start: 1 to 100, 20 by default. */
  first?: number | null;
  /** Read on after this cursor. */
  after?: string | null;
  /** How many items from the end: 1 to 100. */
  last?: number | null;
  /** Read back before this cursor. */
  before?: string | null;
}

/** Arguments of `Query.documents`. */
export interface QueryDocumentsArgs {
  /** How many items from the start: 1 to 100, 20 by default. */
  first?: number | null;
  /** Read on after this cursor. */
  after?: string | null;
  /** How many items from the end: 1 to 100. */
  last?: number | null;
  /** Read back before this cursor. */
  before?: string | null;
}

/** Arguments of `Query.earnRules`. */
export interface QueryEarnRulesArgs {
  /** Only the rule of this code. */
  code?: string | null;
  /** Whether versions that have ended are shown, too. */
  includePast?: boolean;
  /** How many items from the start: 1 to 100, 20 by default. */
  first?: number | null;
  /** Read on after this cursor. */
  after?: string | null;
  /** How many items from the end: 1 to 100. */
  last?: number | null;
  /** Read back before this cursor. */
  before?: string | null;
}

/** Arguments of `Query.memberEvents`. */
export interface QueryMemberEventsArgs {
  /** Only what came after this event's cursor. */
  after?: string | null;
  /** How many items from the start: 1 to 100, 20 by default. */
  first?: number | null;
}

/** Arguments of `Query.apiKeys`. */
export interface QueryApiKeysArgs {
  /** Those that were revoked, too. */
  revoked?: boolean;
  /** How many items from the start: 1 to 100, 20 by default. */
  first?: number | null;
  /** Read on after this cursor. */
  after?: string | null;
  /** How many items from the end: 1 to 100. */
  last?: number | null;
  /** Read back before this cursor. */
  before?: string | null;
}

/** Arguments of `Query.auditLog`. */
export interface QueryAuditLogArgs {
  /** Which lines; all by default. */
  filter?: AuditFilter | null;
  /** How many items from the start: 1 to 100, 20 by default. */
  first?: number | null;
  /** Read on after this cursor. */
  after?: string | null;
  /** How many items from the end: 1 to 100. */
  last?: number | null;
  /** Read back before this cursor. */
  before?: string | null;
}

/** Arguments of `Query.liabilityReport`. */
export interface QueryLiabilityReportArgs {
  /** A day of the first month; by default 11 months before. */
  from?: CalendarDate | null;
  /** A day of the last month; by default the month that runs. */
  to?: CalendarDate | null;
  /** What points cost; without it nothing is costed. */
  unitCost?: UnitCost | null;
  /** The share of open points that will be used, if you know better. */
  ultimateRedemptionBps?: BasisPoints | null;
}

/** Arguments of `Query.campaignLint`. */
export interface QueryCampaignLintArgs {
  /**
   * The draft as JSON, by the names of a campaign's fields, and whatever else is planned: its words (`terms`,
   * `poster`), a fee, a prize. 64000 characters at most.
   */
  campaign: string;
}

/** Arguments of `Query.partner`. */
export interface QueryPartnerArgs {
  /** Which one, for staff. A partner that asks need not say; null for another. */
  id?: ID | null;
}

/** Arguments of `Query.partnerSettlement`. */
export interface QueryPartnerSettlementArgs {
  /** Which. */
  id: ID;
}

/** Arguments of `Query.partners`. */
export interface QueryPartnersArgs {
  /** How many items from the start: 1 to 100, 20 by default. */
  first?: number | null;
  /** Read on after this cursor. */
  after?: string | null;
  /** How many items from the end: 1 to 100. */
  last?: number | null;
  /** Read back before this cursor. */
  before?: string | null;
}

/** Arguments of `Query.referrals`. */
export interface QueryReferralsArgs {
  /** Which ones; all by default. */
  filter?: ReferralsFilter | null;
  /** How many items from the start: 1 to 100, 20 by default. */
  first?: number | null;
  /** Read on after this cursor. */
  after?: string | null;
  /** How many items from the end: 1 to 100. */
  last?: number | null;
  /** Read back before this cursor. */
  before?: string | null;
}

/** Arguments of `Query.referralReviews`. */
export interface QueryReferralReviewsArgs {
  /** Where they stand; in review by default. */
  state?: ReferralState;
  /** How many items from the start: 1 to 100, 20 by default. */
  first?: number | null;
  /** Read on after this cursor. */
  after?: string | null;
  /** How many items from the end: 1 to 100. */
  last?: number | null;
  /** Read back before this cursor. */
  before?: string | null;
}

/** Arguments of `Query.staff`. */
export interface QueryStaffArgs {
  /** How many items from the start: 1 to 100, 20 by default. */
  first?: number | null;
  /** Read on after this cursor. */
  after?: string | null;
  /** How many items from the end: 1 to 100. */
  last?: number | null;
  /** Read back before this cursor. */
  before?: string | null;
}

/** Arguments of `Query.stores`. */
export interface QueryStoresArgs {
  /** How many items from the start: 1 to 100, 20 by default. */
  first?: number | null;
  /** Read on after this cursor. */
  after?: string | null;
  /** How many items from the end: 1 to 100. */
  last?: number | null;
  /** Read back before this cursor. */
  before?: string | null;
}

/** Arguments of `Query.node`. */
export interface QueryNodeArgs {
  /** The id. */
  id: ID;
}

/** Arguments of `Query.nodes`. */
export interface QueryNodesArgs {
  /** The ids. */
  ids: ID[];
}

/**
 * Why a person did it, in one word the ledger keeps: 2 to 40 of `A-Z`, `0-9` and `_`. Small letters and spaces are
 * read as capitals and underscores.
 */
export type ReasonCode = string;

/** The membership that would receive the points is not active. */
export interface ReceiverNotActive {
  __typename?: 'ReceiverNotActive';
  /** What to switch on. */
  code: ErrorCode;
  /** A sentence for people, in English or Chinese by `Accept-Language`. */
  message: string;
  /** The part of `input` that was refused, if one was. */
  field: string[] | null;
  /** Whether the same request may succeed later without anybody changing it. */
  retryable: boolean;
  /** The state it is in. */
  state: string;
}

/** A referral (推荐): who brought whom, and how far it has come. */
export interface Referral {
  __typename?: 'Referral';
  /** Who was brought: a member's id. Not for members, but for STAFF. */
  refereeId: ID;
  /** The member who brought them; null where it was a partner. Not for members, but for STAFF. */
  referrerId: ID | null;
  /** Who was brought. Not for members, but for STAFF. */
  referee: MemberCard | null;
  /** The member who brought them; null where it was a partner. */
  referrer: MemberCard | null;
  /** The code they came by. Not for members, but for STAFF. */
  code: string | null;
  /** The channel of the code. */
  channel: string | null;
  /** The campaign's code. */
  campaign: string;
  /** The version that holds for it. Not for members, but for STAFF. */
  campaignVersion: number;
  /** Where it stands. */
  state: ReferralState;
  /** Why, in one word. */
  cause: string;
  /** What the referee has yet to do. */
  missing: ReferralMissing;
  /** How much, in minor units, where it is money; else null. Whoever brought them is not told. */
  missingMinor: Long | null;
  /** Since when. */
  boundAt: DateTime;
  /** Until when it may qualify. */
  validUntil: DateTime;
  /** When its hold ends, or ended; null before the qualifying act. */
  qualifiesAt: DateTime | null;
  /** When it has qualified; null before. */
  qualifiedAt: DateTime | null;
  /**
   * Why the referrer was given nothing, in one word: `CAP`, `BUDGET`; null where they were, or will be. Not for
   * members, but for STAFF.
   */
  rewardSkipped: string | null;
  /** How suspicious it is; 0 for not at all. Not for members, but for STAFF. */
  score: number;
  /** What the referee has paid and not got back, as far as it counts. Not for members, but for STAFF. */
  spentMinor: Long;
}

/** What a referee has to do for their referral to qualify. */
export type ReferralAct =
  /** Register, and be known by a verified phone or WeChat account. */
  | 'REGISTERED'
  /** Pay an order of `minOrderMinor` at least. */
  | 'FIRST_ORDER_PAID'
  /** Have such an order completed. */
  | 'FIRST_ORDER_COMPLETED'
  /** Spend `spendMinor` in all, less refunds. */
  | 'SPEND'
  /** Stay in a community for some days: refused, while there are none. */
  | 'COMMUNITY_DAYS';

/** Which of somebody's touches binds them. A code they bring when they register is their last touch. */
export type ReferralAttribution =
  /** The last one, unless it is older than `windowDays`. */
  | 'LAST_TOUCH_WINDOW'
  /** The first one of the last `windowDays`. */
  | 'FIRST_TOUCH_WINDOW'
  /** The first one that is known at all. */
  | 'FIRST_TOUCH_PERMANENT'
  /** None: staff bind. */
  | 'MANUAL';

/** A member to bind to whose code it is. */
export interface ReferralBindInput {
  /** Who was brought. */
  memberId: ID;
  /** The code of whoever brought them. */
  code: string;
  /** Why by hand, in one word: `FORGOT_CODE`. */
  reason: ReasonCode;
  /**
   * Chosen by you for this one request (a UUID will do): 8 to 128 printable ASCII characters. The same key with the
   * same input is done once and always answered alike, so a retry is harmless.
   */
  idempotencyKey: string;
}

/** What became of a member who was to be bound. */
export interface ReferralBindPayload {
  __typename?: 'ReferralBindPayload';
  /** The referral; null when refused. Not for members, but for OWNER, ADMIN, OPERATOR, CS. */
  referral: Referral | null;
  /** Whether this had been done before. Not for members, but for OWNER, ADMIN, OPERATOR, CS. */
  replayed: boolean;
  /** Why it was refused; empty on success. Not for members, but for OWNER, ADMIN, OPERATOR, CS. */
  userErrors: UserError[];
}

/** How somebody came to register. */
export interface ReferralCameInput {
  /** The referral code they brought, as they typed it, or the `scene` that carried it. */
  code?: string | null;
  /** What the app calls the device, as `referralTouch` was told: its touches count. */
  device?: string | null;
}

/** One version of a referral campaign (推荐活动). It never changes. */
export interface ReferralCampaign {
  __typename?: 'ReferralCampaign';
  /** The campaign's code: capitals, digits and underscores. Not for members, but for STAFF. */
  code: string;
  /** Counted from 1. Not for members, but for STAFF. */
  version: number;
  /** What people call it. Not for members, but for STAFF. */
  name: string;
  /**
   * 0 to 1000. Of the campaigns that run, the highest binds those who come by a code that names none. Not for
   * members, but for STAFF.
   */
  priority: number;
  /** Since when it binds. Not for members, but for STAFF. */
  startsAt: DateTime | null;
  /**
   * From when on it binds nobody any more. Publish a version with a moment that has come to end it. Not for members,
   * but for STAFF.
   */
  endsAt: DateTime | null;
  /** Which of somebody's touches binds them. Not for members, but for STAFF. */
  attribution: ReferralAttribution;
  /** How old the touch may be that binds: 1 to 365. Not for members, but for STAFF. */
  windowDays: number;
  /** How many days a referral may take to qualify, and its orders count. Not for members, but for STAFF. */
  validDays: number;
  /** What a referee has to do. Not for members, but for STAFF. */
  act: ReferralAct;
  /** The least that must be paid for the order, and not by points. Not for members, but for STAFF. */
  minOrderMinor: Long;
  /** SPEND: how much. Not for members, but for STAFF. */
  spendMinor: Long | null;
  /** How long it is waited after the act, so that a refund costs nothing. Not for members, but for STAFF. */
  holdDays: number;
  /** How long after it has qualified a refund takes the rewards back. Not for members, but for STAFF. */
  clawBackDays: number;
  /** What whoever brought somebody is given. Not for members, but for STAFF. */
  referrer: ReferralReward;
  /** What whoever was brought is given. Not for members, but for STAFF. */
  referee: ReferralReward;
  /** What a referrer is given besides. Not for members, but for STAFF. */
  milestones: ReferralMilestone[];
  /** Within what milestones are reached: MONTH, QUARTER, YEAR or LIFETIME. Not for members, but for STAFF. */
  cycle: ReferralPeriod;
  /** For how many a referrer is rewarded at most. Not for members, but for STAFF. */
  caps: ReferralCaps;
  /**
   * How many points it gives away at most, to both sides together; null is no budget. Not for members, but for
   * STAFF.
   */
  budget: Long | null;
  /**
   * Where its links lead: an https address with `{code}` in its path or query; null for none. Not for members, but
   * for STAFF.
   */
  link: string | null;
  /** What partners are paid. Not for members, but for STAFF. */
  partner: ReferralPartnerTerms;
  /** When somebody looks at a referral first. Not for members, but for STAFF. */
  guards: ReferralGuards;
}

/** The campaign is not at the version it was expected to be at. */
export interface ReferralCampaignChanged {
  __typename?: 'ReferralCampaignChanged';
  /** What to switch on. */
  code: ErrorCode;
  /** A sentence for people, in English or Chinese by `Accept-Language`. */
  message: string;
  /** The part of `input` that was refused, if one was. */
  field: string[] | null;
  /** Whether the same request may succeed later without anybody changing it. */
  retryable: boolean;
  /** The version in force; 0 where there is none. */
  version: Long;
}

/** A whole campaign: what is left out is as it usually is. */
export interface ReferralCampaignInput {
  /** The campaign's code: capitals, digits and underscores. */
  code: string;
  /** What people call it. */
  name: string;
  /** 0 to 1000. Of the campaigns that run, the highest binds those who come by a code that names none. */
  priority?: number;
  /** Since when it binds. At once by default. */
  startsAt?: DateTime | null;
  /** From when on it binds nobody any more. Publish a version with a moment that has come to end it. */
  endsAt?: DateTime | null;
  /** Which of somebody's touches binds them. */
  attribution?: ReferralAttribution;
  /** How old the touch may be that binds: 1 to 365. */
  windowDays?: number;
  /** How many days a referral may take to qualify, and its orders count. */
  validDays?: number;
  /** What a referee has to do. */
  act?: ReferralAct;
  /** The least that must be paid for the order, and not by points. */
  minOrderMinor?: Long;
  /** SPEND: how much. */
  spendMinor?: Long | null;
  /** How long it is waited after the act, so that a refund costs nothing. */
  holdDays?: number;
  /** How long after it has qualified a refund takes the rewards back. */
  clawBackDays?: number;
  /** What whoever brought somebody is given; nothing by default. */
  referrer?: ReferralRewardInput | null;
  /** What whoever was brought is given; nothing by default. */
  referee?: ReferralRewardInput | null;
  /** What a referrer is given besides, 20 at most, in their order. */
  milestones?: ReferralMilestoneInput[];
  /** Within what milestones are reached: MONTH, QUARTER, YEAR or LIFETIME. */
  cycle?: ReferralPeriod;
  /** For how many a referrer is rewarded; 20 a day and 100 a month by default. */
  caps?: ReferralCapsInput | null;
  /** How many points it gives away at most, to both sides together; null is no budget. */
  budget?: Long | null;
  /** Where its links lead: an https address with `{code}` in its path or query; null for none. */
  link?: string | null;
  /** What partners are paid; nothing by default. */
  partner?: ReferralPartnerTermsInput | null;
  /** When somebody looks at a referral first. */
  guards?: ReferralGuardsInput | null;
}

/** This cannot be a referral campaign. */
export interface ReferralCampaignInvalid {
  __typename?: 'ReferralCampaignInvalid';
  /** What to switch on. */
  code: ErrorCode;
  /** A sentence for people, in English or Chinese by `Accept-Language`. */
  message: string;
  /** The part of `input` that was refused, if one was. */
  field: string[] | null;
  /** Whether the same request may succeed later without anybody changing it. */
  retryable: boolean;
  /** What is wrong, for a developer. */
  why: string;
}

/** What became of a campaign. */
export interface ReferralCampaignPayload {
  __typename?: 'ReferralCampaignPayload';
  /** The version; null when refused. Not for members, but for OWNER, ADMIN, OPERATOR. */
  campaign: ReferralCampaign | null;
  /** Whether this had been done before. Not for members, but for OWNER, ADMIN, OPERATOR. */
  replayed: boolean;
  /** Why it was refused; empty on success. Not for members, but for OWNER, ADMIN, OPERATOR. */
  userErrors: UserError[];
}

/** A campaign to bring into force. */
export interface ReferralCampaignPublishInput {
  /** All of it: what is left out is not kept of the version before. */
  campaign: ReferralCampaignInput;
  /** Refuse unless this is the newest version, 0 for none, so that two people do not overwrite each other. */
  expectedVersion?: number | null;
  /**
   * Chosen by you for this one request (a UUID will do): 8 to 128 printable ASCII characters. The same key with the
   * same input is done once and always answered alike, so a retry is harmless.
   */
  idempotencyKey: string;
}

/** The law or WeChat forbids this campaign: `campaignLint` says by which rule. */
export interface ReferralCampaignUnlawful {
  __typename?: 'ReferralCampaignUnlawful';
  /** What to switch on. */
  code: ErrorCode;
  /** A sentence for people, in English or Chinese by `Accept-Language`. */
  message: string;
  /** The part of `input` that was refused, if one was. */
  field: string[] | null;
  /** Whether the same request may succeed later without anybody changing it. */
  retryable: boolean;
  /** The codes of what forbids it, as `campaignLint` tells them. */
  findings: string;
}

/** For how many referrals a referrer is rewarded at most; null is no cap. */
export interface ReferralCaps {
  __typename?: 'ReferralCaps';
  /** A day. Not for members, but for STAFF. */
  day: number | null;
  /** A month. Not for members, but for STAFF. */
  month: number | null;
  /** In all. Not for members, but for STAFF. */
  lifetime: number | null;
}

/** For how many referrals a referrer is rewarded at most; null is no cap. */
export interface ReferralCapsInput {
  /** A day. */
  day?: number | null;
  /** A month. */
  month?: number | null;
  /** In all. */
  lifetime?: number | null;
}

/** There are no more channels for one member. */
export interface ReferralChannelLimit {
  __typename?: 'ReferralChannelLimit';
  /** What to switch on. */
  code: ErrorCode;
  /** A sentence for people, in English or Chinese by `Accept-Language`. */
  message: string;
  /** The part of `input` that was refused, if one was. */
  field: string[] | null;
  /** Whether the same request may succeed later without anybody changing it. */
  retryable: boolean;
  /** The most there may be. */
  limit: Long;
}

/** A code (推荐码) by which a member recommends the programme on one channel. */
export interface ReferralCode {
  __typename?: 'ReferralCode';
  /** Ten letters and digits, without those that are taken for each other. */
  code: string;
  /** Where it is shown. */
  channel: string;
  /** The campaign it is for; null for that which is usual when it is used. */
  campaign: string | null;
  /** A web address that carries it; null where the campaign names none. */
  link: string | null;
  /** The `scene` of a mini-program code: `r=` and the code. */
  scene: string;
  /** The link as a QR code, as SVG text; the code itself where there is no link. */
  qrSvg: string;
  /** The same for `<image src>`: works without a network. */
  qrDataUri: string;
  /** Since when it exists. */
  createdAt: DateTime;
}

/** A channel to have a code for. */
export interface ReferralCodeCreateInput {
  /** Where it will be shown: 1 to 32 capitals, digits and underscores. */
  channel?: string;
}

/** A member's code. */
export interface ReferralCodePayload {
  __typename?: 'ReferralCodePayload';
  /** The code; null when refused. */
  code: ReferralCode | null;
  /** Why it was refused; empty on success. */
  userErrors: UserError[];
}

/** One page of a list. */
export interface ReferralConnection {
  __typename?: 'ReferralConnection';
  /** The items with their cursors. */
  edges: ReferralEdge[];
  /** The items alone. */
  nodes: Referral[];
  /** Where the page lies in the list. */
  pageInfo: PageInfo;
}

/** What somebody makes of a suspicious referral. */
export type ReferralDecision =
  /** It goes on from where it stood. It is asked about again when more speaks against it. */
  | 'APPROVE'
  /** It never qualifies. */
  | 'REJECT';

/** What a member's referrals have given them. */
export interface ReferralEarnings {
  __typename?: 'ReferralEarnings';
  /** Points they were given, less those that were taken back. */
  points: Long;
  /** Growth value, likewise. */
  growth: Long;
  /** How many referrals have qualified and still have. */
  qualified: number;
  /** How many may yet qualify. */
  pending: number;
  /** Points that were to be taken back and were not there: kept of what comes next. */
  owed: Long;
}

/** One item of a list, and where it stands. */
export interface ReferralEdge {
  __typename?: 'ReferralEdge';
  /** Send it as `after` or `before` to read on from here. */
  cursor: string;
  /** The item. */
  node: Referral;
}

/** When a referral waits for somebody to look at it, and when it is refused at once. */
export interface ReferralGuards {
  __typename?: 'ReferralGuards';
  /** From which score on somebody looks at it. Not for members, but for STAFF. */
  reviewScore: number;
  /** From which score on it is refused at once. Not for members, but for STAFF. */
  rejectScore: number;
  /** What each other referral with the same device weighs, of three at most. Not for members, but for STAFF. */
  sameDevice: number;
  /**
   * What each other member weighs whose orders the same account paid, of three at most. Not for members, but for
   * STAFF.
   */
  samePayer: number;
  /**
   * What each other member weighs whose orders went to the same address, of three at most. Not for members, but for
   * STAFF.
   */
  sameAddress: number;
  /**
   * What it weighs that the referrer works for the programme (`staffMemberSet`); 0: they may. Not for members, but
   * for STAFF.
   */
  staff: number;
  /**
   * What it weighs that the referrer brought more than `perHour` in an hour or `perDay` in a day. Not for members,
   * but for STAFF.
   */
  velocity: number;
  /** How many in an hour are usual. Not for members, but for STAFF. */
  perHour: number;
  /** How many in a day are usual. Not for members, but for STAFF. */
  perDay: number;
  /** How many days somebody may look at it. After that it is refused. Not for members, but for STAFF. */
  reviewDays: number;
}

/** When a referral waits for somebody to look at it, and when it is refused at once. */
export interface ReferralGuardsInput {
  /** From which score on somebody looks at it. */
  reviewScore?: number;
  /** From which score on it is refused at once. */
  rejectScore?: number;
  /** What each other referral with the same device weighs, of three at most. */
  sameDevice?: number;
  /** What each other member weighs whose orders the same account paid, of three at most. */
  samePayer?: number;
  /** What each other member weighs whose orders went to the same address, of three at most. */
  sameAddress?: number;
  /** What it weighs that the referrer works for the programme (`staffMemberSet`); 0: they may. */
  staff?: number;
  /** What it weighs that the referrer brought more than `perHour` in an hour or `perDay` in a day. */
  velocity?: number;
  /** How many in an hour are usual. */
  perHour?: number;
  /** How many in a day are usual. */
  perDay?: number;
  /** How many days somebody may look at it. After that it is refused. */
  reviewDays?: number;
}

/** Somebody a member brought, as far as the member may know. */
export interface ReferralInvitee {
  __typename?: 'ReferralInvitee';
  /** The first letter of what they wish to be called, and no more. */
  name: string;
  /** Where it stands. */
  state: ReferralState;
  /** Why, in one word. */
  cause: string;
  /** What they have yet to do. */
  missing: ReferralMissing;
  /** The least an order has to come to, in minor units; else null. What somebody has spent is their own. */
  missingMinor: Long | null;
  /** Since when. */
  boundAt: DateTime;
  /** Until when it may qualify. */
  validUntil: DateTime;
}

/** One page of a list. */
export interface ReferralInviteeConnection {
  __typename?: 'ReferralInviteeConnection';
  /** The items with their cursors. */
  edges: ReferralInviteeEdge[];
  /** The items alone. */
  nodes: ReferralInvitee[];
  /** Where the page lies in the list. */
  pageInfo: PageInfo;
}

/** One item of a list, and where it stands. */
export interface ReferralInviteeEdge {
  __typename?: 'ReferralInviteeEdge';
  /** Send it as `after` or `before` to read on from here. */
  cursor: string;
  /** The item. */
  node: ReferralInvitee;
}

/** What a referrer is given besides, once in a cycle, for so many who have qualified. */
export interface ReferralMilestone {
  __typename?: 'ReferralMilestone';
  /** How many. Not for members, but for STAFF. */
  qualified: number;
  /** Points. Not for members, but for STAFF. */
  points: Long;
  /** Growth value. Not for members, but for STAFF. */
  growth: Long;
  /** Whether it is taken back when refunds leave fewer. Not for members, but for STAFF. */
  revocable: boolean;
}

/** What a referrer is given besides, once in a cycle, for so many who have qualified. */
export interface ReferralMilestoneInput {
  /** How many. */
  qualified: number;
  /** Points. */
  points?: Long;
  /** Growth value. */
  growth?: Long;
  /** Whether it is taken back when refunds leave fewer. */
  revocable?: boolean;
}

/** A milestone of a campaign that runs, and how far a member has come. */
export interface ReferralMilestoneProgress {
  __typename?: 'ReferralMilestoneProgress';
  /** The campaign's code. */
  campaign: string;
  /** How many referrals it takes. */
  qualified: number;
  /** How many there are in this cycle. */
  reached: number;
  /** The points it gives. */
  points: Long;
  /** The growth value it gives. */
  growth: Long;
  /** When it was given in this cycle; null before. */
  grantedAt: DateTime | null;
  /** Whether it was taken back since. It is not given again in this cycle. */
  revoked: boolean;
}

/** What a referee has yet to do. */
export type ReferralMissing =
  /** Nothing: it has qualified, or never will. */
  | 'NOTHING'
  /** Verify a phone. */
  | 'REGISTRATION'
  /** Pay an order; of `missingMinor` at least, where that says a sum. */
  | 'ORDER'
  /** Their order has to be completed. */
  | 'COMPLETION'
  /** Spend more: how much, the referee alone is told (`missingMinor`). */
  | 'SPENDING'
  /** Nothing: it is waited whether they give it back. */
  | 'HOLD'
  /** Nothing: somebody of the staff has to look at it. */
  | 'REVIEW';

/** Nobody has to look at this referral. */
export interface ReferralNotInReview {
  __typename?: 'ReferralNotInReview';
  /** What to switch on. */
  code: ErrorCode;
  /** A sentence for people, in English or Chinese by `Accept-Language`. */
  message: string;
  /** The part of `input` that was refused, if one was. */
  field: string[] | null;
  /** Whether the same request may succeed later without anybody changing it. */
  retryable: boolean;
  /** The state it is in. */
  state: string;
}

/** This member cannot be bound to that referrer. */
export interface ReferralNotPossible {
  __typename?: 'ReferralNotPossible';
  /** What to switch on. */
  code: ErrorCode;
  /** A sentence for people, in English or Chinese by `Accept-Language`. */
  message: string;
  /** The part of `input` that was refused, if one was. */
  field: string[] | null;
  /** Whether the same request may succeed later without anybody changing it. */
  retryable: boolean;
  /** What stands against it, in one word. */
  reason: string;
}

/** What a partner is paid for the orders of those they brought. */
export interface ReferralPartnerTerms {
  __typename?: 'ReferralPartnerTerms';
  /** The share of what was paid and not given back. Not for members, but for STAFF. */
  commissionBps: BasisPoints;
  /** How long a commission waits before it is available. Not for members, but for STAFF. */
  frozenDays: number;
  /** The least that is settled. Not for members, but for STAFF. */
  minSettlementMinor: Long;
  /** The partners whose links may be for it, 100 at most; empty for any partner's. Not for members, but for STAFF. */
  only: ID[];
}

/** What a partner is paid for the orders of those they brought. */
export interface ReferralPartnerTermsInput {
  /** The share of what was paid and not given back. */
  commissionBps?: BasisPoints;
  /** How long a commission waits before it is available. */
  frozenDays?: number;
  /** The least that is settled. */
  minSettlementMinor?: Long;
  /** The partners whose links may be for it, 100 at most; empty for any partner's. */
  only?: ID[];
}

/** What is known of one side of a referral, without saying who it is. */
export interface ReferralParty {
  __typename?: 'ReferralParty';
  /**
   * The first letter of what they wish to be called, and no more. Not for members, but for OWNER, ADMIN, OPERATOR,
   * CS.
   */
  name: string;
  /**
   * Whether the membership is active: not frozen, opted out, merged or erased. Not for members, but for OWNER,
   * ADMIN, OPERATOR, CS.
   */
  active: boolean;
  /** When they joined. Not for members, but for OWNER, ADMIN, OPERATOR, CS. */
  joinedAt: DateTime | null;
  /** How many orders they have paid. Not for members, but for OWNER, ADMIN, OPERATOR, CS. */
  orders: number;
  /** What they paid for goods and did not get back. Not for members, but for OWNER, ADMIN, OPERATOR, CS. */
  spentMinor: Long;
  /** How many they brought. Not for members, but for OWNER, ADMIN, OPERATOR, CS. */
  brought: number;
  /** For how many of them they were rewarded, or will be. Not for members, but for OWNER, ADMIN, OPERATOR, CS. */
  rewarded: number;
  /** How many of them somebody has to look at. Not for members, but for OWNER, ADMIN, OPERATOR, CS. */
  inReview: number;
  /** How many of them were refused. Not for members, but for OWNER, ADMIN, OPERATOR, CS. */
  rejected: number;
}

/** Over what referrals are counted. */
export type ReferralPeriod =
  /** A day of the programme. */
  | 'DAY'
  /** A month. */
  | 'MONTH'
  /** A quarter of the year. */
  | 'QUARTER'
  /** A year. */
  | 'YEAR'
  /** All time. */
  | 'LIFETIME';

/** A suspicious referral, for whoever has to look at it. */
export interface ReferralReview {
  __typename?: 'ReferralReview';
  /** The referral. Not for members, but for OWNER, ADMIN, OPERATOR, CS. */
  referral: Referral;
  /** The sum of what speaks against it. Not for members, but for OWNER, ADMIN, OPERATOR, CS. */
  score: number;
  /**
   * With which score somebody let it go on; null when nobody did. Not for members, but for OWNER, ADMIN, OPERATOR,
   * CS.
   */
  cleared: number | null;
  /** What speaks against it, the gravest first: 4 at most. Not for members, but for OWNER, ADMIN, OPERATOR, CS. */
  suspicions: ReferralSuspicion[];
  /**
   * Until when somebody may look at it; after that it is refused. Null where nobody has to. Not for members, but for
   * OWNER, ADMIN, OPERATOR, CS.
   */
  reviewUntil: DateTime | null;
  /** Who was brought. Not for members, but for OWNER, ADMIN, OPERATOR, CS. */
  referee: ReferralParty;
  /** Who brought them; null where it was a partner. Not for members, but for OWNER, ADMIN, OPERATOR, CS. */
  referrer: ReferralParty | null;
}

/** One page of a list. */
export interface ReferralReviewConnection {
  __typename?: 'ReferralReviewConnection';
  /** The items with their cursors. */
  edges: ReferralReviewEdge[];
  /** The items alone. */
  nodes: ReferralReview[];
  /** Where the page lies in the list. */
  pageInfo: PageInfo;
}

/** One item of a list, and where it stands. */
export interface ReferralReviewEdge {
  __typename?: 'ReferralReviewEdge';
  /** Send it as `after` or `before` to read on from here. */
  cursor: string;
  /** The item. */
  node: ReferralReview;
}

/** What somebody makes of a suspicious referral. */
export interface ReferralReviewInput {
  /** Who was brought: `referral { refereeId }`. */
  memberId: ID;
  /** Whether it goes on. */
  decision: ReferralDecision;
  /** Why, in one word: `SAME_HOUSEHOLD`. */
  reason: ReasonCode;
  /**
   * Chosen by you for this one request (a UUID will do): 8 to 128 printable ASCII characters. The same key with the
   * same input is done once and always answered alike, so a retry is harmless.
   */
  idempotencyKey: string;
}

/** What became of a referral somebody has looked at. */
export interface ReferralReviewPayload {
  __typename?: 'ReferralReviewPayload';
  /** The referral; null when refused. Not for members, but for OWNER, ADMIN, OPERATOR, CS. */
  referral: Referral | null;
  /** Whether this had been done before. Not for members, but for OWNER, ADMIN, OPERATOR, CS. */
  replayed: boolean;
  /** Why it was refused; empty on success. Not for members, but for OWNER, ADMIN, OPERATOR, CS. */
  userErrors: UserError[];
}

/** What one side of a referral is given. */
export interface ReferralReward {
  __typename?: 'ReferralReward';
  /** Points. Not for members, but for STAFF. */
  points: Long;
  /** Growth value. Not for members, but for STAFF. */
  growth: Long;
  /** What holders of these tiers are given instead. Not for members, but for STAFF. */
  byTier: ReferralTierReward[];
}

/** What one side of a referral is given. */
export interface ReferralRewardInput {
  /** Points. */
  points?: Long;
  /** Growth value. */
  growth?: Long;
  /** What holders of these tiers are given instead, 20 at most. */
  byTier?: ReferralTierRewardInput[];
}

/** Where a referral stands. */
export type ReferralState =
  /** The referee has yet to do what qualifies. */
  | 'BOUND'
  /** They have; it is waited whether they give it back. */
  | 'QUALIFYING'
  /** It has qualified; the reward is under way, or was skipped. */
  | 'QUALIFIED'
  /** Both sides were given what they are due. */
  | 'REWARDED'
  /** A refund took the rewards back. */
  | 'CLAWED_BACK'
  /** It ran out before it qualified. */
  | 'EXPIRED'
  /** Somebody of the staff has to look at it first. */
  | 'REVIEW'
  /** It was refused: by staff, or because too much speaks against it. */
  | 'REJECTED'
  /** It does not count: both turned out to be one person, or it was bound by mistake. */
  | 'VOIDED';

/** One thing that speaks against a referral. */
export interface ReferralSuspicion {
  __typename?: 'ReferralSuspicion';
  /** What it is. Not for members, but for OWNER, ADMIN, OPERATOR, CS. */
  reason: ReferralSuspicionReason;
  /** How many others it is about, or how many were brought. Not for members, but for OWNER, ADMIN, OPERATOR, CS. */
  count: number;
}

/** What speaks against a referral. */
export type ReferralSuspicionReason =
  /** Others were bound with the device the referee registered with. */
  | 'SAME_DEVICE'
  /** Who paid the referee's order has paid other members' orders. */
  | 'SAME_PAYER'
  /** Other members' orders went where the referee's did. */
  | 'SAME_ADDRESS'
  /** The referrer works for the programme. */
  | 'STAFF'
  /** The referrer brought many in an hour or a day. */
  | 'VELOCITY';

/** What holders of one tier are given. */
export interface ReferralTierReward {
  __typename?: 'ReferralTierReward';
  /** The tier's code. Not for members, but for STAFF. */
  tier: string;
  /** Points. Not for members, but for STAFF. */
  points: Long;
  /** Growth value. Not for members, but for STAFF. */
  growth: Long;
}

/** What holders of one tier are given. */
export interface ReferralTierRewardInput {
  /** The tier's code. */
  tier: string;
  /** Points. */
  points?: Long;
  /** Growth value. */
  growth?: Long;
}

/** That a device came by way of a code. */
export interface ReferralTouchInput {
  /** The code as it was scanned or typed, or the `scene` that carried it. */
  code: string;
  /**
   * What the app calls the device: random, kept on the device, 1 to 128 characters. Only a keyed hash of it is
   * stored. Send the same when the member enrols.
   */
  device: string;
  /** Where it was shown, where that is not the code's own channel. A partner's link keeps its own. */
  channel?: string | null;
  /**
   * Chosen by you for this one request (a UUID will do): 8 to 128 printable ASCII characters. The same key with the
   * same input is done once and always answered alike, so a retry is harmless.
   */
  idempotencyKey: string;
}

/** That a touch was taken note of. */
export interface ReferralTouchPayload {
  __typename?: 'ReferralTouchPayload';
  /** True, whatever code it was: nobody learns here which codes there are. */
  accepted: boolean;
  /** Why it was refused; empty on success. */
  userErrors: UserError[];
}

/** Which referrals to list. */
export interface ReferralsFilter {
  /** Only those that stand here. */
  state?: ReferralState | null;
  /** Only those of this campaign. */
  campaign?: string | null;
}

/** More would be given back than there was. */
export interface RefundExceedsOriginal {
  __typename?: 'RefundExceedsOriginal';
  /** What to switch on. */
  code: ErrorCode;
  /** A sentence for people, in English or Chinese by `Accept-Language`. */
  message: string;
  /** The part of `input` that was refused, if one was. */
  field: string[] | null;
  /** Whether the same request may succeed later without anybody changing it. */
  retryable: boolean;
  /** How much was asked for. */
  wanted: Long;
  /** How much could still be taken. */
  left: Long;
}

/** What is refunded of one line. */
export interface RefundLineInput {
  /** The line. */
  lineRef: string;
  /** This refund's amount, in minor units. */
  refundMinor: Long;
}

/** An identity with its value whole. Show it, and keep it nowhere. */
export interface RevealedIdentity {
  __typename?: 'RevealedIdentity';
  /** What kind of name. Not for members, but for OWNER, ADMIN, CS. */
  kind: IdentityKind;
  /** Where it is unique; empty for a phone. Not for members, but for OWNER, ADMIN, CS. */
  namespace: string;
  /** The name itself: a phone in E.164. Not for members, but for OWNER, ADMIN, CS. */
  value: string;
  /** Whether the member proved it to be theirs. Not for members, but for OWNER, ADMIN, CS. */
  verified: boolean;
}

/** A service that is to have a key. */
export interface ServiceHolderInput {
  /** Its name for itself, 1 to 64 characters: `pos-shanghai`. */
  source: string;
  /** The one store it sells in. */
  storeId?: ID | null;
}

/** This settlement is not in a state in which that can be done. */
export interface SettlementDecided {
  __typename?: 'SettlementDecided';
  /** What to switch on. */
  code: ErrorCode;
  /** A sentence for people, in English or Chinese by `Accept-Language`. */
  message: string;
  /** The part of `input` that was refused, if one was. */
  field: string[] | null;
  /** Whether the same request may succeed later without anybody changing it. */
  retryable: boolean;
  /** The state it is in. */
  state: string;
}

/** An invitation to use. */
export interface StaffActivateInput {
  /** The invitation: what follows the # of its link. */
  token: string;
  /** The password to be: 12 to 128 characters of any kind, not among the first to be guessed. */
  password: string;
  /** The six digits the authenticator app shows. Leave it out first, to be told the secret. */
  totp?: string | null;
}

/** What an activation came to. */
export interface StaffActivatePayload {
  __typename?: 'StaffActivatePayload';
  /** The second factor to set up, when no code was sent yet; nothing is stored until one is. */
  provisioning: TotpProvisioning | null;
  /** Whether the account now has that password and second factor. Log in with them. */
  activated: boolean;
  /** Why it was refused; empty on success. */
  userErrors: UserError[];
}

/** Who of the staff it was. */
export interface StaffCard {
  __typename?: 'StaffCard';
  /** Opaque. Not for members, but for STAFF. */
  id: ID;
  /** The name they log in with. Not for members, but for STAFF. */
  username: string;
}

/** An account to close. */
export interface StaffCloseInput {
  /** Whose. */
  staffId: ID;
}

/** Somebody to invite. */
export interface StaffInviteInput {
  /** The name to log in with: 1 to 64 characters. */
  username: string;
  /**
   * What they will be. Leave it out to let somebody who has an account choose a new password and a new second
   * factor.
   */
  role?: StaffRole | null;
  /** The code of the one store they work in; cashiers have one. */
  storeCode?: string | null;
  /** How long the invitation is good: 1 to 168 hours. */
  hours?: number;
}

/** What an invitation came to. */
export interface StaffInvitePayload {
  __typename?: 'StaffInvitePayload';
  /** The account; null when refused. Not for members, but for OWNER, ADMIN. */
  staff: StaffMember | null;
  /**
   * The page where they choose a password and set up their second factor, told once. Whoever has it gets the
   * account: hand it over in person, or by a channel you trust. Not for members, but for OWNER, ADMIN.
   */
  link: string | null;
  /** Until when it is good. Not for members, but for OWNER, ADMIN. */
  expiresAt: DateTime | null;
  /** Why it was refused; empty on success. Not for members, but for OWNER, ADMIN. */
  userErrors: UserError[];
}

/** A login of staff. */
export interface StaffLoginInput {
  /** The name of the account. */
  username: string;
  /** Its password. */
  password: string;
  /** The six digits the authenticator app shows; asked for by `TOTP_REQUIRED`. */
  totp?: string | null;
  /** What you call the device: `till 2`. Cut to 80. */
  device?: string | null;
}

/** What a login of staff came to. */
export interface StaffLoginPayload {
  __typename?: 'StaffLoginPayload';
  /** The tokens; null when refused. */
  tokens: Tokens | null;
  /**
   * With `TOTP_SETUP_REQUIRED`: what `staffActivate` takes to set up the second factor, for a quarter of an hour.
   * The page `/activate#<token>` does it for people.
   */
  setupToken: string | null;
  /** Why it was refused; empty on success. */
  userErrors: UserError[];
}

/** The end of a shift. */
export interface StaffLogoutInput {
  /** Whether all your other logins end too. */
  everywhere?: boolean;
}

/** What a logout came to. */
export interface StaffLogoutPayload {
  __typename?: 'StaffLogoutPayload';
  /** Whether the login was live until now. Not for members, but for STAFF. */
  ended: boolean;
  /** Why it was refused; empty on success. Not for members, but for STAFF. */
  userErrors: UserError[];
}

/** An account of somebody who works for the programme. */
export interface StaffMember {
  __typename?: 'StaffMember';
  /** Opaque. Store it, send it back, read nothing into it. Not for members, but for STAFF. */
  id: ID;
  /** The name they log in with. Not for members, but for STAFF. */
  username: string;
  /** What they may do. Not for members, but for STAFF. */
  role: StaffRole;
  /** The one store they work in; null for those who work in all. Not for members, but for STAFF. */
  store: Store | null;
  /** Whether they may log in at all. False once the account is closed. Not for members, but for STAFF. */
  isOpen: boolean;
  /** Whether they have a password. False until they used their invitation. Not for members, but for STAFF. */
  isActivated: boolean;
  /** Whether they have a second factor. Not for members, but for STAFF. */
  hasTotp: boolean;
  /**
   * Who they are as a member, where that was told (`staffMemberSet`); else null. Not for members, but for OWNER,
   * ADMIN.
   */
  memberId: ID | null;
  /** When the account was opened. Not for members, but for STAFF. */
  createdAt: DateTime;
  /** When they last logged in; null when they never did, or too long ago. Not for members, but for STAFF. */
  lastLoginAt: DateTime | null;
}

/** One page of a list. */
export interface StaffMemberConnection {
  __typename?: 'StaffMemberConnection';
  /** The items with their cursors. */
  edges: StaffMemberEdge[];
  /** The items alone. */
  nodes: StaffMember[];
  /** Where the page lies in the list. */
  pageInfo: PageInfo;
}

/** One item of a list, and where it stands. */
export interface StaffMemberEdge {
  __typename?: 'StaffMemberEdge';
  /** Send it as `after` or `before` to read on from here. */
  cursor: string;
  /** The item. */
  node: StaffMember;
}

/** Who somebody of the staff is as a member. */
export interface StaffMemberSetInput {
  /** Whose account. */
  staffId: ID;
  /**
   * The member they are; null where they are none. Staff bind nobody for themselves, and bring members as a campaign
   * says (`guards.staff`).
   */
  memberId?: ID | null;
}

/** Another password. */
export interface StaffPasswordChangeInput {
  /** The one there is. */
  oldPassword: string;
  /** The one to be: 12 to 128 characters of any kind, not among the first to be guessed. */
  password: string;
}

/** What a change of password came to. */
export interface StaffPasswordChangePayload {
  __typename?: 'StaffPasswordChangePayload';
  /** How many other logins of the account ended. Not for members, but for STAFF. */
  endedLogins: number;
  /** Why it was refused; empty on success. Not for members, but for STAFF. */
  userErrors: UserError[];
}

/** What a change of an account came to. */
export interface StaffPayload {
  __typename?: 'StaffPayload';
  /** The account after it; null when refused. Not for members, but for OWNER, ADMIN. */
  staff: StaffMember | null;
  /** Why it was refused; empty on success. Not for members, but for OWNER, ADMIN. */
  userErrors: UserError[];
}

/** A proof that it is still you. */
export interface StaffProveInput {
  /** The six digits the authenticator app shows. */
  totp?: string | null;
  /** The password, for accounts without a second factor. */
  password?: string | null;
}

/** What a proof came to. */
export interface StaffProvePayload {
  __typename?: 'StaffProvePayload';
  /** Until when it is good; null when refused. Not for members, but for STAFF. */
  provenUntil: DateTime | null;
  /** Why it was refused; empty on success. Not for members, but for STAFF. */
  userErrors: UserError[];
}

/** An account to open again. */
export interface StaffReopenInput {
  /** Whose. */
  staffId: ID;
}

/** What a member of staff may do. The permission table has it field by field. */
export type StaffRole =
  /** Owns the programme: everything, and decides over owners. */
  | 'OWNER'
  /** Administers the programme: everything but owners' accounts. */
  | 'ADMIN'
  /** Runs campaigns and members (运营). */
  | 'OPERATOR'
  /** Customer service (客服). */
  | 'CS'
  /** At the counter of one store (核销). */
  | 'CASHIER'
  /** Runs communities (社群). */
  | 'COMMUNITY_MANAGER'
  /** Reads, never writes. */
  | 'ANALYST';

/** Another role for somebody. */
export interface StaffRoleChangeInput {
  /** Whose. */
  staffId: ID;
  /** What they will be. */
  role: StaffRole;
  /** The code of the one store they work in from now on; null for all stores. */
  storeCode?: string | null;
}

/** The calling member of staff. */
export interface StaffViewer {
  __typename?: 'StaffViewer';
  /** Their account. Not for members, but for STAFF. */
  staff: StaffMember;
  /** Until when `staffProve` is good, or a login with a code; null when it is not. Not for members, but for STAFF. */
  provenUntil: DateTime | null;
}

/** A store of the programme. */
export interface Store {
  __typename?: 'Store';
  /** Opaque. Store it, send it back, read nothing into it. Not for members, but for STAFF. */
  id: ID;
  /** Its short code, which does not change. Not for members, but for STAFF. */
  code: string;
  /** Its name for people. Not for members, but for STAFF. */
  name: string;
}

/** One page of a list. */
export interface StoreConnection {
  __typename?: 'StoreConnection';
  /** The items with their cursors. */
  edges: StoreEdge[];
  /** The items alone. */
  nodes: Store[];
  /** Where the page lies in the list. */
  pageInfo: PageInfo;
}

/** One item of a list, and where it stands. */
export interface StoreEdge {
  __typename?: 'StoreEdge';
  /** Send it as `after` or `before` to read on from here. */
  cursor: string;
  /** The item. */
  node: Store;
}

/** What may be followed, over a WebSocket. */
export interface Subscription {
  __typename?: 'Subscription';
  /**
   * What happens to the calling member, as it happens. With `after`, first what was missed since, in order, without
   * gaps and without doubles; without it, what happens from now on.
   */
  memberEvents: MemberEvent;
  /**
   * The calling member: as they are now, and again whenever their points, growth, tier or state has changed. For
   * showing the present state; who must not miss a single event follows `memberEvents`.
   */
  memberChanged: Member;
}

/** Arguments of `Subscription.memberEvents`. */
export interface SubscriptionMemberEventsArgs {
  /** Only what came after this event's cursor. */
  after?: string | null;
}

/** One rung of the ladder (会员等级). */
export interface Tier {
  __typename?: 'Tier';
  /** Opaque. Store it, send it back, read nothing into it. */
  id: ID;
  /** The tier's short name, which does not change. */
  code: string;
  /** The tier's name for people. */
  name: string;
  /** 0 for the lowest tier, one more for each above. */
  rank: number;
  /** The growth value from which the tier is held. */
  threshold: Long;
  /** What purchases earn, against the base: 12000 is 1.2 times. */
  earnMultiplier: BasisPoints;
  /** The most points of one redemption; null means no limit. */
  redeemLimit: Long | null;
  /** All that the tier gives, ready to list. */
  benefits: Benefit[];
}

/** What tiers are reached by. */
export type TierBasis =
  /** By growth value (成长值). */
  | 'GROWTH'
  /** By what was spent on goods, in minor units, less what points paid and what was refunded. */
  | 'SPEND'
  /** By how many orders were paid, without those that were refunded as a whole. */
  | 'ORDERS';

/** Something a tier gives. */
export interface TierBenefitInput {
  /** What sort of benefit. */
  kind: BenefitKind;
  /** How much of it, in the unit its kind names. */
  value?: Long | null;
  /** What it opens or gives, where its kind has a code. */
  code?: string | null;
  /** How often a month it may be used; as often as they like by default. */
  perMonth?: number | null;
}

/** What step was taken, and why. */
export type TierCause =
  /** They came, on the lowest tier. */
  | 'JOINED'
  /** They reached a higher tier. */
  | 'UPGRADED'
  /** A review was passed (保级). */
  | 'RETAINED'
  /** A review was not passed; the tier is held until the grace is over. */
  | 'GRACE_ENTERED'
  /** They made up for it in the grace. */
  | 'GRACE_RECOVERED'
  /** The tier was not retained. */
  | 'DOWNGRADED'
  /** The order that won the tier was refunded. */
  | 'REVERSED'
  /** A membership was bought. */
  | 'PAID_STARTED'
  /** A membership was renewed. */
  | 'PAID_RENEWED'
  /** A membership is over. */
  | 'PAID_EXPIRED'
  /** A membership was refunded. */
  | 'PAID_REFUNDED'
  /** Staff gave a tier until a moment. */
  | 'GRANTED'
  /** Staff took it back. */
  | 'REVOKED'
  /** What staff gave is over. */
  | 'GRANT_EXPIRED';

/** What becomes of a tier that is not retained at its review. */
export type TierDowngradeMode =
  /** Nothing: no tier is ever lost, and none is reviewed. */
  | 'NONE'
  /** The tier below it is held from then on. */
  | 'ONE_DOWN'
  /** The highest tier is held whose threshold is met. */
  | 'REASSESS';

/** A tier to give. */
export interface TierGrantInput {
  /** To whom. */
  memberId: ID;
  /** Which tier, by its code. Not the lowest: everybody has that. */
  tierCode: string;
  /** Until when: the first moment at which it is held no longer. */
  until: DateTime;
  /** Why, in one word: `GOODWILL`. */
  reason: ReasonCode;
  /**
   * Chosen by you for this one request (a UUID will do): 8 to 128 printable ASCII characters. The same key with the
   * same input is done once and always answered alike, so a retry is harmless.
   */
  idempotencyKey: string;
}

/** This tier cannot be granted like this. */
export interface TierGrantInvalid {
  __typename?: 'TierGrantInvalid';
  /** What to switch on. */
  code: ErrorCode;
  /** A sentence for people, in English or Chinese by `Accept-Language`. */
  message: string;
  /** The part of `input` that was refused, if one was. */
  field: string[] | null;
  /** Whether the same request may succeed later without anybody changing it. */
  retryable: boolean;
  /** What is wrong, for a developer. */
  why: string;
}

/** The member after a tier was given to them, or taken. */
export interface TierGrantPayload {
  __typename?: 'TierGrantPayload';
  /** The member; null when refused. Not for members, but for OWNER, ADMIN, OPERATOR, CS. */
  member: Member | null;
  /** Whether the same request had been done before. Not for members, but for OWNER, ADMIN, OPERATOR, CS. */
  replayed: boolean;
  /** Why it was refused; empty on success. Not for members, but for OWNER, ADMIN, OPERATOR, CS. */
  userErrors: UserError[];
}

/** One level of a scheme. */
export interface TierLevel {
  __typename?: 'TierLevel';
  /** 0 for the lowest, one more for each above. */
  rank: number;
  /** The tier's short name, by which it stays the same tier in every version. */
  code: string;
  /** The tier's name for people. */
  name: string;
  /** From what on it is reached. */
  threshold: Long;
  /** What keeps it at a review (保级): no more than the threshold. */
  retainThreshold: Long;
  /** Whether it is never lost once it was reached. */
  neverDowngrade: boolean;
  /** What it gives. */
  benefits: Benefit[];
}

/** This tier is held by somebody, or was, or a plan gives it: it cannot be left out. */
export interface TierLevelInUse {
  __typename?: 'TierLevelInUse';
  /** What to switch on. */
  code: ErrorCode;
  /** A sentence for people, in English or Chinese by `Accept-Language`. */
  message: string;
  /** The part of `input` that was refused, if one was. */
  field: string[] | null;
  /** Whether the same request may succeed later without anybody changing it. */
  retryable: boolean;
  /** The code of the tier in question. */
  tier: string;
}

/** One level of a scheme. */
export interface TierLevelInput {
  /** Its short name: capitals, digits and underscores, 32 at most. */
  code: string;
  /** Its name for people, 80 characters at most. */
  name: string;
  /** From what on it is reached: 0 for the lowest. */
  threshold: Long;
  /** What keeps it at a review; the threshold by default. */
  retainThreshold?: Long | null;
  /** Whether it is never lost. */
  neverDowngrade?: boolean;
  /** What it gives. */
  benefits?: TierBenefitInput[];
}

/** A stretch of the calendar. */
export type TierPeriod =
  /** A month. */
  | 'MONTH'
  /** Three months, from January, April, July or October. */
  | 'QUARTER'
  /** Half a year, from January or July. */
  | 'HALF'
  /** A year. */
  | 'YEAR';

/** What so much more, or less, would change. */
export interface TierPreview {
  __typename?: 'TierPreview';
  /** The tier held now. Not for members, but for OWNER, ADMIN, OPERATOR, CS, CASHIER, SERVICE. */
  tier: Tier;
  /** Where they would stand. Not for members, but for OWNER, ADMIN, OPERATOR, CS, CASHIER, SERVICE. */
  after: ForeseenTier;
}

/** So much more of what counts for tiers. */
export interface TierPreviewInput {
  /** Whose tier. */
  memberId: ID;
  /** How much more would count from now on, or less: growth, minor units spent, or orders. */
  more: Long;
}

/** Where a member stands on the ladder. */
export interface TierProgress {
  __typename?: 'TierProgress';
  /** The tier held. */
  tier: Tier;
  /** Since when it has been held. */
  since: DateTime;
  /** The growth value (成长值). It is never spent; refunds take it back. */
  growth: Long;
  /** What counts for tiers now: growth, minor units spent or orders, by the scheme and its window. */
  growthInWindow: Long;
  /** The way to the next tier; null on the highest. */
  next: NextTier | null;
  /** By what the tier is held. */
  source: TierSource;
  /** When it is reviewed, or if it was paid for or given, over; null means never. */
  expiresAt: DateTime | null;
  /** Until when the earned tier is held that was not retained; null outside a grace. */
  graceUntil: DateTime | null;
  /** What keeps the earned tier (保级); null where it is never reviewed. */
  retain: TierRetention | null;
  /** What is held after the next review if nothing more happens. */
  projected: TierToCome | null;
  /** A tier that was reached and begins with the next period. */
  deferred: TierToCome | null;
  /** What will be lost if nothing happens, soonest first. */
  risks: TierRisk[];
  /** The steps that led here, newest first. */
  history: TierStepConnection;
}

/** Arguments of `TierProgress.history`. */
export interface TierProgressHistoryArgs {
  /** How many items from the start: 1 to 100, 20 by default. */
  first?: number | null;
  /** Read on after this cursor. */
  after?: string | null;
  /** How many items from the end: 1 to 100. */
  last?: number | null;
  /** Read back before this cursor. */
  before?: string | null;
}

/** What keeps the earned tier at its next review. */
export interface TierRetention {
  __typename?: 'TierRetention';
  /** What is still missing by then, as things are; 0 when it is enough. */
  need: Long;
  /** Until when: the review, or the end of the grace. */
  deadline: DateTime;
}

/** A tier to take back that was given. */
export interface TierRevokeInput {
  /** From whom. */
  memberId: ID;
  /** Why, in one word: `MISTAKE`. */
  reason: ReasonCode;
  /**
   * Chosen by you for this one request (a UUID will do): 8 to 128 printable ASCII characters. The same key with the
   * same input is done once and always answered alike, so a retry is harmless.
   */
  idempotencyKey: string;
}

/** A tier that will be lost if nothing happens. */
export interface TierRisk {
  __typename?: 'TierRisk';
  /** How. */
  kind: TierRiskKind;
  /** When. */
  at: DateTime;
  /** The tier that is held then. */
  to: Tier;
}

/** How a tier may be lost. */
export type TierRiskKind =
  /** It will not be retained if nothing more is earned. */
  | 'DOWNGRADE'
  /** What was paid for, or given, is over then. */
  | 'EXPIRE';

/** To the end of what a validity is drawn out. */
export type TierRounding =
  /** Not at all: it ends with its last day. */
  | 'NONE'
  /** The month its last day lies in. */
  | 'MONTH'
  /** The quarter its last day lies in. */
  | 'QUARTER'
  /** The year its last day lies in. */
  | 'YEAR';

/** How the programme's tiers are won, held and lost: one version, which never changes. */
export interface TierScheme {
  __typename?: 'TierScheme';
  /** 1 for the first that was published; 0 where none was. */
  version: number;
  /** When it was published; null for version 0. */
  publishedAt: DateTime | null;
  /** What tiers are reached by. */
  basis: TierBasis;
  /** Over what time it counts. */
  window: TierWindow;
  /** When a tier that was reached is held. */
  upgradeTiming: TierUpgradeTiming;
  /** What becomes of a tier that is not retained. */
  downgradeMode: TierDowngradeMode;
  /** How long a tier is held before it is reviewed; null means for good. */
  validity: TierValidity | null;
  /** How many days more a tier is held that was not retained, to make up for it. */
  graceDays: number;
  /** For how many days a refund of the order that won a tier takes it back; 0 means never. */
  refundCorrectionDays: number;
  /** The levels, lowest first. */
  levels: TierLevel[];
}

/** Somebody has published another scheme since. Read it, and publish anew. */
export interface TierSchemeChanged {
  __typename?: 'TierSchemeChanged';
  /** What to switch on. */
  code: ErrorCode;
  /** A sentence for people, in English or Chinese by `Accept-Language`. */
  message: string;
  /** The part of `input` that was refused, if one was. */
  field: string[] | null;
  /** Whether the same request may succeed later without anybody changing it. */
  retryable: boolean;
  /** The version in force; 0 where there is none. */
  version: Long;
}

/** One page of a list. */
export interface TierSchemeConnection {
  __typename?: 'TierSchemeConnection';
  /** The items with their cursors. */
  edges: TierSchemeEdge[];
  /** The items alone. */
  nodes: TierScheme[];
  /** Where the page lies in the list. */
  pageInfo: PageInfo;
}

/** One item of a list, and where it stands. */
export interface TierSchemeEdge {
  __typename?: 'TierSchemeEdge';
  /** Send it as `after` or `before` to read on from here. */
  cursor: string;
  /** The item. */
  node: TierScheme;
}

/** How the programme's tiers are to be won, held and lost. */
export interface TierSchemeInput {
  /** What tiers are reached by. */
  basis?: TierBasis;
  /** Over what time it counts; all time by default. */
  window?: TierWindowInput | null;
  /** When a tier that was reached is held. */
  upgradeTiming?: TierUpgradeTiming;
  /** What becomes of a tier that is not retained. */
  downgradeMode?: TierDowngradeMode;
  /** How long a tier is held before it is reviewed; for good by default. */
  validity?: TierValidityInput | null;
  /** How long a tier is held that was not retained: 0 to 366. */
  graceDays?: number;
  /** For how many days a refund takes back the tier its order won: 0 to 366. */
  refundCorrectionDays?: number;
  /** The levels, lowest first: 1 to 20. */
  levels: TierLevelInput[];
}

/** This ladder of tiers cannot be climbed. */
export interface TierSchemeInvalid {
  __typename?: 'TierSchemeInvalid';
  /** What to switch on. */
  code: ErrorCode;
  /** A sentence for people, in English or Chinese by `Accept-Language`. */
  message: string;
  /** The part of `input` that was refused, if one was. */
  field: string[] | null;
  /** Whether the same request may succeed later without anybody changing it. */
  retryable: boolean;
  /** What is wrong, for a developer. */
  why: string;
}

/** The scheme after it. */
export interface TierSchemePayload {
  __typename?: 'TierSchemePayload';
  /** The scheme that was published; null when refused. Not for members, but for OWNER, ADMIN. */
  scheme: TierScheme | null;
  /** Whether the same request had been done before. Not for members, but for OWNER, ADMIN. */
  replayed: boolean;
  /** Why it was refused; empty on success. Not for members, but for OWNER, ADMIN. */
  userErrors: UserError[];
}

/** A scheme to publish. */
export interface TierSchemePublishInput {
  /** All of it: what is left out is as it is by default. */
  scheme: TierSchemeInput;
  /** The version you have seen last: another one in force is not overwritten. */
  expectedVersion?: Long | null;
  /**
   * Chosen by you for this one request (a UUID will do): 8 to 128 printable ASCII characters. The same key with the
   * same input is done once and always answered alike, so a retry is harmless.
   */
  idempotencyKey: string;
}

/** By what a tier is held. */
export type TierSource =
  /** By what counts for the scheme: growth, spending or orders. */
  | 'EARNED'
  /** By a membership that was bought. */
  | 'PAID'
  /** By staff, until a moment. */
  | 'GRANTED';

/** One step of a member's tiers. It is written once. */
export interface TierStep {
  __typename?: 'TierStep';
  /** What step, and why. */
  cause: TierCause;
  /** Which source of tiers it was a step of. */
  source: TierSource;
  /** When it happened. */
  at: DateTime;
  /** The tier in effect before it; null for the first. */
  fromTier: Tier | null;
  /** The tier in effect after it. Another source may give a higher one. */
  toTier: Tier;
  /** Until when the source gives its tier after it; null means for good, or that it gives none. */
  endsAt: DateTime | null;
  /** The purchase that caused it, for `node`. */
  purchaseId: ID | null;
  /** Why staff did it. Not for members, but for STAFF. */
  reason: string | null;
}

/** One page of a list. */
export interface TierStepConnection {
  __typename?: 'TierStepConnection';
  /** The items with their cursors. */
  edges: TierStepEdge[];
  /** The items alone. */
  nodes: TierStep[];
  /** Where the page lies in the list. */
  pageInfo: PageInfo;
}

/** One item of a list, and where it stands. */
export interface TierStepEdge {
  __typename?: 'TierStepEdge';
  /** Send it as `after` or `before` to read on from here. */
  cursor: string;
  /** The item. */
  node: TierStep;
}

/** The thresholds of the tiers must rise from 0. */
export interface TierThresholdOrder {
  __typename?: 'TierThresholdOrder';
  /** What to switch on. */
  code: ErrorCode;
  /** A sentence for people, in English or Chinese by `Accept-Language`. */
  message: string;
  /** The part of `input` that was refused, if one was. */
  field: string[] | null;
  /** Whether the same request may succeed later without anybody changing it. */
  retryable: boolean;
  /** What is wrong, for a developer. */
  why: string;
}

/** A tier from some moment on. */
export interface TierToCome {
  __typename?: 'TierToCome';
  /** The tier. */
  tier: Tier;
  /** From when on. */
  at: DateTime;
}

/** When a tier that was reached is held. */
export type TierUpgradeTiming =
  /** At once. */
  | 'IMMEDIATE'
  /** From the next period on: the window's own, else the next month. */
  | 'NEXT_PERIOD';

/** How long a tier is held before it is reviewed. */
export interface TierValidity {
  __typename?: 'TierValidity';
  /** How many … */
  n: number;
  /** … of what, counted from the day the tier was reached or last reviewed. */
  unit: TierValidityUnit;
  /** To the end of what that is drawn out. */
  roundTo: TierRounding;
}

/** How long a tier is held before it is reviewed. */
export interface TierValidityInput {
  /** How many … */
  n: number;
  /** … of what. */
  unit: TierValidityUnit;
  /** To the end of what it is drawn out. */
  roundTo?: TierRounding;
}

/** What a validity is counted in. */
export type TierValidityUnit =
  /** Days. */
  | 'DAY'
  /** Months. */
  | 'MONTH'
  /** Years. */
  | 'YEAR';

/** Over what time growth, spending or orders count. */
export interface TierWindow {
  __typename?: 'TierWindow';
  /** What sort of window. */
  kind: TierWindowKind;
  /** How many days, of a rolling one. */
  days: number | null;
  /** Which period, of the calendar's. */
  period: TierPeriod | null;
}

/** Over what time growth, spending or orders count. */
export interface TierWindowInput {
  /** What sort of window. */
  kind: TierWindowKind;
  /** How many days, of a rolling one. */
  days?: number | null;
  /** Which period, of the calendar's. */
  period?: TierPeriod | null;
}

/** Over what time it counts. */
export type TierWindowKind =
  /** All time. */
  | 'LIFETIME'
  /** So many days, today the last of them. */
  | 'ROLLING'
  /** The month, quarter, half-year or year of the calendar. */
  | 'CALENDAR'
  /** The year of membership, from one anniversary to the next. */
  | 'ANNIVERSARY';

/** An exchange of tokens. */
export interface TokenRefreshInput {
  /** The latest refresh token. It is good once. */
  refreshToken: string;
}

/** An end of a login. */
export interface TokenRevokeInput {
  /** Its access or refresh token. All tokens of the login end. */
  token: string;
}

/** What a revocation came to. */
export interface TokenRevokePayload {
  __typename?: 'TokenRevokePayload';
  /** Whether the token was live until now. */
  revoked: boolean;
  /** Why it was refused; empty on success. */
  userErrors: UserError[];
}

/** Tokens, told once. Send the access token as `Authorization: Bearer <token>`. */
export interface Tokens {
  __typename?: 'Tokens';
  /** Opens the API until it expires. */
  accessToken: string;
  /** When it expires. */
  accessTokenExpiresAt: DateTime;
  /** In how many seconds it expires: clocks of phones are wrong. */
  accessTokenExpiresIn: number;
  /** Exchange it once for fresh tokens; null for staff, who log in for each shift. */
  refreshToken: string | null;
  /** When it expires, and with it the login, unless it is exchanged before; null for staff. */
  refreshTokenExpiresAt: DateTime | null;
}

/** What a login or an exchange came to. */
export interface TokensPayload {
  __typename?: 'TokensPayload';
  /** The tokens; null when refused. */
  tokens: Tokens | null;
  /**
   * Whether the login made a member.
   *
   * @deprecated Ask for `memberState`: whoever is PENDING has yet to enrol, also when they were here before. This
   * field goes after 2027-06-30.
   */
  isNewMember: boolean;
  /** Where the membership stands: show PENDING members the page to enrol. Told by `memberLogin` alone. */
  memberState: MemberState | null;
  /** Whether the member has a verified phone now. Told by `memberLogin` with a `phoneCode` alone. */
  phoneLinked: boolean | null;
  /** Why the phone was not linked, although the login succeeded. */
  phoneError: UserError | null;
  /** Why it was refused; empty on success. */
  userErrors: UserError[];
}

/** Too many tries lately. Wait a little, then try again. */
export interface TooManyAttempts {
  __typename?: 'TooManyAttempts';
  /** What to switch on. */
  code: ErrorCode;
  /** A sentence for people, in English or Chinese by `Accept-Language`. */
  message: string;
  /** The part of `input` that was refused, if one was. */
  field: string[] | null;
  /** Whether the same request may succeed later without anybody changing it. */
  retryable: boolean;
  /** How many seconds to wait before another try. */
  retryAfterSeconds: Long;
}

/** The member has too many holds open. */
export interface TooManyHolds {
  __typename?: 'TooManyHolds';
  /** What to switch on. */
  code: ErrorCode;
  /** A sentence for people, in English or Chinese by `Accept-Language`. */
  message: string;
  /** The part of `input` that was refused, if one was. */
  field: string[] | null;
  /** Whether the same request may succeed later without anybody changing it. */
  retryable: boolean;
  /** The most there may be. */
  limit: Long;
}

/** You have revealed as much as may be revealed in an hour. */
export interface TooManyReveals {
  __typename?: 'TooManyReveals';
  /** What to switch on. */
  code: ErrorCode;
  /** A sentence for people, in English or Chinese by `Accept-Language`. */
  message: string;
  /** The part of `input` that was refused, if one was. */
  field: string[] | null;
  /** Whether the same request may succeed later without anybody changing it. */
  retryable: boolean;
  /** The most there may be. */
  limit: Long;
}

/** A second factor to be: what to put into an authenticator app. */
export interface TotpProvisioning {
  __typename?: 'TotpProvisioning';
  /** Whose account it is for. */
  username: string;
  /** The secret in base 32, for typing. */
  secret: string;
  /** The same as an `otpauth` address. */
  address: string;
  /** The address as a QR code: an SVG element. */
  qrSvg: string;
}

/** This is beyond what a member may give to others. */
export interface TransferLimit {
  __typename?: 'TransferLimit';
  /** What to switch on. */
  code: ErrorCode;
  /** A sentence for people, in English or Chinese by `Accept-Language`. */
  message: string;
  /** The part of `input` that was refused, if one was. */
  field: string[] | null;
  /** Whether the same request may succeed later without anybody changing it. */
  retryable: boolean;
  /** Which of several limits, in one word. */
  rule: string;
  /** How much was asked for. */
  wanted: Long;
  /** The most there may be. */
  limit: Long;
}

/** What points cost when they are redeemed: so many minor units for so many points. */
export interface UnitCost {
  /** Minor units: 1 … */
  minor: Long;
  /** … for 100 points, say. */
  points: Long;
}

/** This merge cannot be undone, or cannot be undone any more. */
export interface UnmergeNotPossible {
  __typename?: 'UnmergeNotPossible';
  /** What to switch on. */
  code: ErrorCode;
  /** A sentence for people, in English or Chinese by `Accept-Language`. */
  message: string;
  /** The part of `input` that was refused, if one was. */
  field: string[] | null;
  /** Whether the same request may succeed later without anybody changing it. */
  retryable: boolean;
  /** What stands against it, in one word. */
  reason: string;
}

/** The programme says no, and why. Switch on `code`; show `message`. */
export interface UserError {
  __typename?: string;
  /** What to switch on. */
  code: ErrorCode;
  /** A sentence for people, in English or Chinese by `Accept-Language`. */
  message: string;
  /** The part of `input` that was refused, if one was. */
  field: string[] | null;
  /** Whether the same request may succeed later without anybody changing it. */
  retryable: boolean;
}

/** Every UserError: ask for `__typename` and switch on it. */
export type AnyUserError =
  | AboveShareLimit
  | AboveTierLimit
  | ApprovalDecided
  | ApprovalQueueFull
  | ApprovalRequired
  | BalanceChanged
  | BenefitExhausted
  | CaptureExceedsHold
  | CurrencyMismatch
  | DocumentInvalid
  | DocumentLimit
  | EarnRuleChanged
  | EarnRuleInvalid
  | ErasureBlocked
  | GrowthLimit
  | HoldNotOpen
  | HoldTooLong
  | IdentityConflict
  | IdentityInvalid
  | InsufficientPoints
  | KeyInvalid
  | MemberMerged
  | MemberNotActive
  | MembershipPlanInvalid
  | MembershipPriceMismatch
  | MembershipRuns
  | MergeBlocked
  | OffUnit
  | OrderInvalid
  | PartnerLinkLimit
  | PlainError
  | PointsLimit
  | PointsPolicyChanged
  | PointsPolicyInvalid
  | ProfileInvalid
  | ProgrammeTermsInvalid
  | PurchaseStateConflict
  | ReceiverNotActive
  | ReferralCampaignChanged
  | ReferralCampaignInvalid
  | ReferralCampaignUnlawful
  | ReferralChannelLimit
  | ReferralNotInReview
  | ReferralNotPossible
  | RefundExceedsOriginal
  | SettlementDecided
  | TierGrantInvalid
  | TierLevelInUse
  | TierSchemeChanged
  | TierSchemeInvalid
  | TierThresholdOrder
  | TooManyAttempts
  | TooManyHolds
  | TooManyReveals
  | TransferLimit
  | UnmergeNotPossible
  | WebhookInvalid
  | WebhookLimit
  | WebhookUrlRefused;

/** One try at a delivery. Of the answer only its status is kept. */
export interface WebhookAttempt {
  __typename?: 'WebhookAttempt';
  /**
   * Which try it was. A number that is missing was a try nobody lived to report. Not for members, but for OWNER,
   * ADMIN, PARTNER.
   */
  number: number;
  /** When it began. Not for members, but for OWNER, ADMIN, PARTNER. */
  at: DateTime;
  /** How long it took, in milliseconds. Not for members, but for OWNER, ADMIN, PARTNER. */
  durationMs: number;
  /**
   * The HTTP status that was answered; null when there was no answer. Not for members, but for OWNER, ADMIN,
   * PARTNER.
   */
  status: number | null;
  /** Why there was no answer; null when there was one. Not for members, but for OWNER, ADMIN, PARTNER. */
  failure: WebhookFailure | null;
}

/** One event on its way to one endpoint (投递). */
export interface WebhookDelivery {
  __typename?: 'WebhookDelivery';
  /** To replay it by: `webhookReplay`. Not for members, but for OWNER, ADMIN, PARTNER. */
  id: ID;
  /** What is sent as `webhook-id`: the same at every try. Not for members, but for OWNER, ADMIN, PARTNER. */
  eventId: string;
  /** A `MemberEventType`, a `PartnerEventType`, or `WEBHOOK_TEST`. Not for members, but for OWNER, ADMIN, PARTNER. */
  type: string;
  /**
   * Whom it happened to, for `node`; null for a test, and for what happened to a partner's settlement. Not for
   * members, but for OWNER, ADMIN.
   */
  memberId: ID | null;
  /** What became of it. Not for members, but for OWNER, ADMIN, PARTNER. */
  state: WebhookDeliveryState;
  /** When it is tried next; null when it is not tried any more. Not for members, but for OWNER, ADMIN, PARTNER. */
  nextAttemptAt: DateTime | null;
  /** When it was put on its way. Not for members, but for OWNER, ADMIN, PARTNER. */
  createdAt: DateTime;
  /** When it was delivered or given up; null while it is pending. Not for members, but for OWNER, ADMIN, PARTNER. */
  finishedAt: DateTime | null;
  /** The latest 20 tries, oldest first. Not for members, but for OWNER, ADMIN, PARTNER. */
  attempts: WebhookAttempt[];
}

/** One page of a list. */
export interface WebhookDeliveryConnection {
  __typename?: 'WebhookDeliveryConnection';
  /** The items with their cursors. */
  edges: WebhookDeliveryEdge[];
  /** The items alone. */
  nodes: WebhookDelivery[];
  /** Where the page lies in the list. */
  pageInfo: PageInfo;
}

/** One item of a list, and where it stands. */
export interface WebhookDeliveryEdge {
  __typename?: 'WebhookDeliveryEdge';
  /** Send it as `after` or `before` to read on from here. */
  cursor: string;
  /** The item. */
  node: WebhookDelivery;
}

/** What became of a delivery. */
export type WebhookDeliveryState =
  /** It is tried, now or at `nextAttemptAt`. */
  | 'PENDING'
  /** The endpoint took it: it answered with a status from 200 to 299. */
  | 'DELIVERED'
  /** It was given up after the last try. `webhookReplay` sends it again. */
  | 'DEAD';

/** Why an endpoint is not told of events. */
export type WebhookDisabledReason =
  /** Somebody disabled it. */
  | 'STAFF'
  /** Nothing could be delivered for five days. */
  | 'FAILING'
  /** It answered 410: never again. */
  | 'GONE';

/** Where events are told over HTTP (Webhook 端点), by the Standard Webhooks scheme. */
export interface WebhookEndpoint {
  __typename?: 'WebhookEndpoint';
  /** To change it by. Not for members, but for OWNER, ADMIN, PARTNER. */
  id: ID;
  /** Where events are sent. Not for members, but for OWNER, ADMIN, PARTNER. */
  url: string;
  /** What people call it. Not for members, but for OWNER, ADMIN, PARTNER. */
  description: string;
  /** The partner whose it is; null where it is the programme's own. Not for members, but for OWNER, ADMIN. */
  partnerId: ID | null;
  /**
   * The events of members it is told; null means all, also new ones. An endpoint of a partner is told none. Not for
   * members, but for OWNER, ADMIN.
   */
  eventTypes: MemberEventType[] | null;
  /**
   * The events of its partner an endpoint of a partner is told; null means all, also new ones. One of the
   * programme's own is told none. Not for members, but for OWNER, ADMIN, PARTNER.
   */
  partnerEventTypes: PartnerEventType[] | null;
  /** Whether it is told of events. Not for members, but for OWNER, ADMIN, PARTNER. */
  state: WebhookEndpointState;
  /** Why it is not; null when it is. Not for members, but for OWNER, ADMIN, PARTNER. */
  disabledReason: WebhookDisabledReason | null;
  /** It is told what happened from this moment on. Not for members, but for OWNER, ADMIN, PARTNER. */
  activeSince: DateTime;
  /**
   * The first failure since the last success; null while all is well. Not for members, but for OWNER, ADMIN,
   * PARTNER.
   */
  failingSince: DateTime | null;
  /** When it last took an event, to the minute; null if never. Not for members, but for OWNER, ADMIN, PARTNER. */
  lastDeliveredAt: DateTime | null;
  /**
   * Until when the secret before the present one signs, too; null when there is none. Not for members, but for
   * OWNER, ADMIN, PARTNER.
   */
  previousSecretUntil: DateTime | null;
  /** When it was added. Not for members, but for OWNER, ADMIN, PARTNER. */
  createdAt: DateTime;
  /** How many deliveries are on their way to it. Not for members, but for OWNER, ADMIN, PARTNER. */
  pending: number;
  /** How many deliveries to it were given up. Not for members, but for OWNER, ADMIN, PARTNER. */
  dead: number;
  /**
   * What was sent to it, newest first. What was delivered is kept for 30 days. Not for members, but for OWNER,
   * ADMIN, PARTNER.
   */
  deliveries: WebhookDeliveryConnection;
}

/** Arguments of `WebhookEndpoint.deliveries`. */
export interface WebhookEndpointDeliveriesArgs {
  /** Only those that stand so; all by default. */
  state?: WebhookDeliveryState | null;
  /** How many items from the start: 1 to 100, 20 by default. */
  first?: number | null;
  /** Read on after this cursor. */
  after?: string | null;
  /** How many items from the end: 1 to 100. */
  last?: number | null;
  /** Read back before this cursor. */
  before?: string | null;
}

/** An endpoint that is to be told of events. */
export interface WebhookEndpointCreateInput {
  /**
   * Where: `https`, a name that leads to the Internet, port 443 or one from 1024 up. In development also `http` to
   * this machine.
   */
  url: string;
  /** What people call it, 200 characters at most. */
  description?: string;
  /** The events of members it is to be told. All, also those that come to be later, when null. For the programme's */
  eventTypes?: MemberEventType[] | null;
  /** The partner whose it is to be. A partner that asks need not say; the programme's own when staff leave it out. */
  partnerId?: ID | null;
  /** The events of the partner an endpoint of a partner is to be told. All, also those that come to be */
  partnerEventTypes?: PartnerEventType[] | null;
  /**
   * Chosen by you for this one request (a UUID will do): 8 to 128 printable ASCII characters. The same key with the
   * same input is done once and always answered alike, so a retry is harmless.
   */
  idempotencyKey: string;
}

/** An endpoint to delete. */
export interface WebhookEndpointDeleteInput {
  /** Which. */
  id: ID;
}

/** What became of a webhook endpoint that was to be deleted. */
export interface WebhookEndpointDeletePayload {
  __typename?: 'WebhookEndpointDeletePayload';
  /** Whether it is gone now. Not for members, but for OWNER, ADMIN, PARTNER. */
  deleted: boolean;
  /** Why it was refused; empty on success. Not for members, but for OWNER, ADMIN, PARTNER. */
  userErrors: UserError[];
}

/** What became of a webhook endpoint. */
export interface WebhookEndpointPayload {
  __typename?: 'WebhookEndpointPayload';
  /** The endpoint; null when refused. Not for members, but for OWNER, ADMIN, PARTNER. */
  webhookEndpoint: WebhookEndpoint | null;
  /**
   * A fresh secret to verify signatures with: `whsec_…`. Told this once and never again. Not for members, but for
   * OWNER, ADMIN, PARTNER.
   */
  secret: string | null;
  /** Why it was refused; empty on success. Not for members, but for OWNER, ADMIN, PARTNER. */
  userErrors: UserError[];
}

/** Whether an endpoint is told of events. */
export type WebhookEndpointState =
  /** It is. */
  | 'ACTIVE'
  /** It is not, and what happens meanwhile is not kept for it: see `webhookReplay`. */
  | 'DISABLED';

/** What is to be other about an endpoint. What is left out stays as it is. */
export interface WebhookEndpointUpdateInput {
  /** Which. */
  id: ID;
  /** Where events are to be sent. */
  url?: string | null;
  /** What people call it. */
  description?: string | null;
  /** The events of members it is to be told. All, also those that come to be later, when null. For the programme's */
  eventTypes?: MemberEventType[] | null;
  /** The events of the partner an endpoint of a partner is to be told. All, also those that come to be */
  partnerEventTypes?: PartnerEventType[] | null;
  /** Whether it is to be told of events. Enabled again, it is told those from now on. */
  enabled?: boolean | null;
}

/** Why a try failed before there was an answer. */
export type WebhookFailure =
  /** The name leads to an address that webhooks are not sent to. */
  | 'ADDRESS_REFUSED'
  /** The name leads nowhere, or, as far as a partner is told, not to the Internet alone. */
  | 'NAME_UNKNOWN'
  /** Nobody listens there. */
  | 'CONNECTION_FAILED'
  /** The certificate is not good for the name, or there is no TLS. */
  | 'TLS_FAILED'
  /** There was no answer within 15 seconds. */
  | 'TIMED_OUT'
  /** The connection ended before there was an answer. */
  | 'CONNECTION_LOST';

/** A webhook endpoint cannot be like this. */
export interface WebhookInvalid {
  __typename?: 'WebhookInvalid';
  /** What to switch on. */
  code: ErrorCode;
  /** A sentence for people, in English or Chinese by `Accept-Language`. */
  message: string;
  /** The part of `input` that was refused, if one was. */
  field: string[] | null;
  /** Whether the same request may succeed later without anybody changing it. */
  retryable: boolean;
  /** What is wrong, for a developer. */
  why: string;
}

/** There are as many webhook endpoints as there may be; delete one of them first. */
export interface WebhookLimit {
  __typename?: 'WebhookLimit';
  /** What to switch on. */
  code: ErrorCode;
  /** A sentence for people, in English or Chinese by `Accept-Language`. */
  message: string;
  /** The part of `input` that was refused, if one was. */
  field: string[] | null;
  /** Whether the same request may succeed later without anybody changing it. */
  retryable: boolean;
  /** The most there may be. */
  limit: Long;
}

/** What is to be sent again. */
export type WebhookReplayInput =
  /** One delivery. */
  | { deliveryId: ID; all?: never }
  /** Many: 100,000 events at most, oldest first. */
  | { deliveryId?: never; all: WebhookReplaySinceInput };

/** Everything an endpoint was to be told since a moment. */
export interface WebhookReplaySinceInput {
  /** Which endpoint. */
  endpointId: ID;
  /** From when on: 30 days ago at most. */
  since: DateTime;
  /** Only what it did not take: what was given up, or never sent while it was disabled. */
  undeliveredOnly?: boolean;
}

/** An endpoint that is to have a new secret. */
export interface WebhookSecretRotateInput {
  /** Which. */
  id: ID;
  /** How many hours the present secret signs, too; 168 at most. */
  overlapHours?: number;
}

/** What is on its way. */
export interface WebhookSendPayload {
  __typename?: 'WebhookSendPayload';
  /** The delivery; null when refused, and when many are replayed. Not for members, but for OWNER, ADMIN, PARTNER. */
  webhookDelivery: WebhookDelivery | null;
  /** Why it was refused; empty on success. Not for members, but for OWNER, ADMIN, PARTNER. */
  userErrors: UserError[];
}

/** An endpoint to try out. */
export interface WebhookTestInput {
  /** Which. */
  id: ID;
}

/** Webhooks cannot be sent to this address. */
export interface WebhookUrlRefused {
  __typename?: 'WebhookUrlRefused';
  /** What to switch on. */
  code: ErrorCode;
  /** A sentence for people, in English or Chinese by `Accept-Language`. */
  message: string;
  /** The part of `input` that was refused, if one was. */
  field: string[] | null;
  /** Whether the same request may succeed later without anybody changing it. */
  retryable: boolean;
  /** What is wrong, for a developer. */
  why: string;
}

/** A day of the week in the programme's zone. */
export type Weekday =
  /** Mon */
  | 'MON'
  /** Tue */
  | 'TUE'
  /** Wed */
  | 'WED'
  /** Thu */
  | 'THU'
  /** Fri */
  | 'FRI'
  /** Sat */
  | 'SAT'
  /** Sun */
  | 'SUN';
