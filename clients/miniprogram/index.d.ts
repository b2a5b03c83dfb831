import type {
  ErrorCode,
  Login,
  MemberBenefit,
  MemberEvent,
  MemberPhone,
  MemberReferral,
  MemberState,
  PointsTransferPayload,
  PointsTransferPreview,
  ProfileInput,
  ReferralCode,
  TierProgress,
  UserError,
} from './schema';

/** What can go wrong on the way: no answer, an answer that is not GraphQL, GraphQL's own errors, a refused login. */
export type ErrorKind = 'network' | 'http' | 'graphql' | 'user';

/** Codes of `network`. */
export type NetworkCode = 'NETWORK' | 'TIMED_OUT' | 'INTERRUPTED' | 'DOMAIN_NOT_ALLOWED' | 'WECHAT_LOGIN_FAILED';

/** Codes of `graphql`. */
export type MistakeCode =
  | 'UNAUTHENTICATED'
  | 'FORBIDDEN'
  | 'BAD_USER_INPUT'
  | 'GRAPHQL_PARSE_FAILED'
  | 'GRAPHQL_VALIDATION_FAILED'
  | 'OPERATION_TOO_COMPLEX'
  | 'BAD_REQUEST'
  | 'RATE_LIMITED'
  | 'UNAVAILABLE'
  | 'PERSISTED_QUERY_NOT_FOUND'
  | 'TIMEOUT'
  | 'INTERNAL_SERVER_ERROR'
  | 'UNKNOWN';

export declare class LoyaltyError extends Error {
  readonly name: 'LoyaltyError';
  readonly kind: ErrorKind;
  /** What to switch on. `user` has a code of `userErrors`, `http` has the status. */
  readonly code: NetworkCode | MistakeCode | ErrorCode | `HTTP_${number}`;
  /** A sentence for people in their language; of the other mistakes of `graphql`, a sentence for the developer. */
  readonly message: string;
  /** Whether the same request may succeed later without anybody changing it. */
  readonly retryable: boolean;
  /** The request's name in the server's log. */
  readonly requestId?: string;
  /** How many seconds the server asked to wait. */
  readonly retryAfterSeconds?: number;
  /** The HTTP status, where there was an answer. */
  readonly status?: number;
  /** All errors of the answer. */
  readonly errors?: ReadonlyArray<{ message: string; [more: string]: unknown }>;
  /** What was answered beside the errors. */
  readonly data?: unknown;
  /** What the host said of a `network` failure, for the developer. */
  readonly reason?: string;
  /** The idempotency key of a failed `mutate`: pass it on to try the very same again. */
  readonly key?: string | null;
}

/** A document: text, or what graphql-codegen makes of it with `documentMode: 'string'`, which knows its types. */
export interface TypedDocument<Data, Variables> {
  toString(): string;
  __apiType?: (variables: Variables) => Data;
  /** What graphql-codegen's persisted documents know of themselves. */
  __meta__?: { hash?: string; [more: string]: unknown };
}

export interface How {
  /** The operation to run, where the document has several. */
  operationName?: string;
  /** Milliseconds to wait for the answer once the request is sent; 20000 by default. */
  timeout?: number;
  /** How often to try again what may succeed later: 0 for `request`, 3 for `mutate`. */
  retries?: number;
  /** Send no token and do not log in: for what is `PUBLIC`. */
  anonymous?: boolean;
}

export interface MutateHow extends How {
  /** Your own idempotency key; null for a mutation whose input has none. A fresh one by default. */
  key?: string | null;
}

export interface Client {
  /** The `data` of a document's answer. Rejects with a LoyaltyError. */
  request<Data = any>(document: string, variables?: object, how?: How): Promise<Data>;
  request<Data, Variables>(document: TypedDocument<Data, Variables>, variables?: Variables, how?: How): Promise<Data>;

  /**
   * The payload of a document's one mutation, which takes its input as `$input`. It is sent again after a failure that
   * may pass, always with the same idempotency key. Refusals are in the payload's `userErrors`; everything else
   * rejects with a LoyaltyError.
   */
  mutate<Payload = any>(document: TypedDocument<any, any> | string, input: object, how?: MutateHow): Promise<Payload>;

  /**
   * Log the member in unless they are, with their phone if the button was pressed before. Tells where the membership
   * stands: show PENDING members the page to enrol.
   */
  login(how?: { phoneCode?: string }): Promise<Standing>;

  /**
   * Link the phone of `<button open-type="getPhoneNumber">`. With `memberChanged` the member is another one from now
   * on, whom the shop knew: load the page anew. Refusals are in `userErrors`.
   */
  linkPhone(phoneCode: string): Promise<LinkedPhone>;

  /** End what follows events, forget the tokens here, then end them on the server. Says whether they were live. */
  logOut(): Promise<boolean>;

  /** @deprecated The same as `logOut`. */
  logout(): Promise<boolean>;

  /** Where the member is logged in. */
  devices(): Promise<Pick<Login, 'id' | 'device' | 'createdAt' | 'lastSeenAt' | 'current'>[]>;

  /** Log the member out on another device. */
  endDevice(id: string): Promise<{ ended: number; userErrors: UserError[] }>;

  /** Log the member out everywhere else. */
  endOtherDevices(): Promise<{ ended: number; userErrors: UserError[] }>;

  /**
   * Follow what happens to the member: over a socket that all followers share, or by polling where there is none. Each
   * event comes once, in order, none left out. Answers what ends it; call that in `onHide` and `onUnload`.
   */
  events(how: Following): () => void;

  /**
   * Say how the mini-program was opened, in `App.onLaunch` and `onShow`: what they are given. Where a referral code
   * brought somebody, it is counted and kept until they enrol. Answers the code; null where there was none.
   */
  launched(launch: { query?: Record<string, string | undefined> }): Promise<string | null>;

  /** Make the member an active one, brought by whoever `launched` heard of. */
  enroll(profile?: ProfileInput): Promise<{
    member: { state: MemberState } | null;
    replayed: boolean;
    userErrors: UserError[];
  }>;

  /** The member's codes, whom they brought, what that gave them, their milestones, and who brought them. */
  referral(how?: { first?: number; after?: string }): Promise<MemberReferral>;

  /** The member's code for a channel, made where there is none: `LINK` by default. */
  referralCode(channel?: string): Promise<{ code: SharedCode | null; userErrors: UserError[] }>;

  /** Where the member's tier stands, what comes next, what keeps it, and what it gives. */
  progress(): Promise<TierProgress & { benefits: MemberBenefit[] }>;

  /** What giving points to whoever shows a member code would come to. It moves nothing. */
  tryTransfer(toMemberCode: string, points: number): Promise<PointsTransferPreview>;

  /** Give points to whoever shows a member code. */
  transfer(
    toMemberCode: string,
    points: number,
    how?: MutateHow
  ): Promise<Pick<PointsTransferPayload, 'to' | 'account' | 'userErrors'>>;
}

/** A referral code, to be shown or shared. */
export type SharedCode = Pick<ReferralCode, 'code' | 'channel' | 'link' | 'scene' | 'qrDataUri'>;

/** Where the membership stands. */
export interface Standing {
  memberState: MemberState;
  /** Whether there is a verified phone; null after a login without a phone. */
  phoneLinked: boolean | null;
  /** Why the phone was not linked. */
  phoneError: Pick<UserError, 'code' | 'message' | 'retryable'> | null;
}

export interface LinkedPhone {
  phone: Pick<MemberPhone, 'masked'> | null;
  alreadyLinked: boolean;
  memberState: MemberState | null;
  memberChanged: boolean;
  userErrors: UserError[];
}

/** What the client asks of an event. */
export type Happened = Pick<
  MemberEvent,
  'cursor' | 'type' | 'occurredAt' | 'purchaseId' | 'entries' | 'member' | 'points' | 'tier'
>;

export interface Following {
  /** The cursor of the last event you have shown. Without it you are told what happens from now on. */
  after?: string;
  /** It begins with what happens from now on: load what was before, nothing in between is lost. */
  onStart?(cursor: string): void;
  onEvent(event: Happened): void;
  /** It has ended, by something that does not pass. Whatever passes is waited for. */
  onError?(error: LoyaltyError): void;
}

/** What the client needs of its host. */
export interface Platform {
  /** Send a request as `wx.request` does; reject when there is no answer. */
  request(given: {
    url: string;
    method: 'POST';
    header: Record<string, string>;
    data: string;
    timeout: number;
  }): Promise<{ statusCode: number; header?: Record<string, unknown>; data: unknown }>;
  /** A code of `wx.login`. */
  appLogin(): Promise<string>;
  /** Where the tokens are kept. */
  storage: { get(key: string): unknown; set(key: string, value: unknown): void; remove(key: string): void };
  /** What people read: `zh-CN`, `en`. */
  language?: string | (() => string | undefined);
  /** Bytes for idempotency keys. */
  randomBytes?(count: number): Promise<Uint8Array>;
  /** What to call this device in the member's list of logins. */
  device?: string | (() => string | undefined);
  /** Resolves as soon as the mini-program is in the foreground. */
  foreground?(): Promise<void>;
  /** Calls the listener whenever the mini-program leaves the foreground. */
  onHide?(listener: () => void): void;
  /** Open a socket; `on.close` is told once, unless you close it. Without it, events are polled. */
  socket?(
    given: { url: string; protocol: string },
    on: { open(): void; message(text: string): void; close(told: { code?: number; reason: string }): void }
  ): { send(text: string): void; close(code: number): void };
}

export interface Options extends Partial<Platform> {
  /** The address of `/graphql`. It must be a request domain of the mini-program. */
  url: string;
  /** The address of the socket; by default that of `url` with `wss`. It must be a socket domain. */
  socketUrl?: string;
  /**
   * Send documents by their hashes: `true` hashes each text, a map has the hash of each operation's name. What
   * graphql-codegen hashed goes by that.
   */
  documents?: true | Record<string, string>;
  /** Milliseconds to wait for an answer; 20000 by default. */
  timeout?: number;
}

/** A client of one endpoint. Make one for the whole mini-program; it logs the member in when that is needed. */
export declare function createClient(options: Options): Client;

/** Options for WeChat's own `wx`. They are the default where there is a `wx`. */
export declare function wechat(wx: object): Platform;

/** Options for Taro: `createClient({ url, ...taro(Taro) })`. */
export declare function taro(Taro: object): Platform;

/** Options for uni-app: `createClient({ url, ...uniApp(uni) })`. */
export declare function uniApp(uni: object): Platform;
