import type { ErrorCode } from './schema';

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
  readonly retryAfter?: number;
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

  /** Log the member in unless they are. Says whether this start's login made a member, who is yet to enrol. */
  login(): Promise<{ isNewMember: boolean }>;

  /** Forget the tokens here, then end them on the server. Says whether they were live until now. */
  logout(): Promise<boolean>;
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
  /** Resolves as soon as the mini-program is in the foreground. */
  foreground?(): Promise<void>;
}

export interface Options extends Partial<Platform> {
  /** The address of `/graphql`. It must be a request domain of the mini-program. */
  url: string;
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
