// What a generated function says about the call that it makes.

/** The method works on the account that is logged in, and takes its key-uid as account. */
export const ACCOUNT = 1;
/** The method changes nothing: it may be called again when an answer got lost. */
export const SAFE = 2;
/** Parameters or result must not be read by others on the way. */
export const SECRET = 4;

/** A method to call. */
export interface Call {
  readonly method: string;
  readonly flags: number;
  /** Seconds that the daemon gives it at most. */
  readonly timeout: number;
}

/** What every call takes besides its arguments. */
export interface CallOptions {
  /** Ends waiting for the answer. The daemon may have got the call. */
  readonly signal?: AbortSignal | undefined;
  /** Seconds in which the call may be made again after its connection broke; that of the client if left out. */
  readonly patience?: number | undefined;
}

/** A way to the daemon. */
export interface Transport {
  /** Where the daemon is, for messages. */
  readonly place: string;
  /** Whether nobody can listen in on the way. */
  readonly confidential: boolean;
  /** Sends a request and returns the answer. */
  request(body: string, timeout: number, signal?: AbortSignal): Promise<string>;
  /** Gives the lines of the stream of events. It breaks after so many seconds of silence. */
  stream?(query: string, silence: number, signal: AbortSignal): AsyncGenerator<string, void>;
  /** Sends a request over a connection of its own, and gives the messages that come. */
  messages(body: string, signal: AbortSignal): AsyncGenerator<string, void>;
  /** Closes all connections that wait for use. */
  close(): void;
}
