// The classes that all errors of this package belong to; errors.ts has one for each kind.

/** Something that this package throws. */
export class StatusdError extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = new.target.name;
  }
}

/** The daemon could not be reached, or the connection broke before the answer came. */
export class ConnectionLostError extends StatusdError {
  constructor(
    message: string,
    /** Whether the daemon may have got the call, and done what it asks for. */
    readonly sent: boolean,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}

/** What a daemon says about an error besides its code and message. */
export interface ErrorData {
  kind?: string;
  hint?: string;
  requestId?: string;
  retryAfterSeconds?: number;
}

/** The daemon answered with an error. Its message says what was wrong, and what to do if the daemon knows. */
export class RpcError extends StatusdError {
  /** A word for programs, for instance not_logged_in. */
  readonly kind: string;
  /** What to do about it; may be empty. */
  readonly hint: string;
  /** Stands in the log of the daemon beside what happened. */
  readonly requestId: string;
  /** Seconds after which trying again may help; 0: not known. */
  readonly retryAfter: number;

  constructor(
    /** The JSON-RPC code. */
    readonly code: number,
    /** What was wrong, in one sentence. */
    readonly reason: string,
    data: ErrorData,
  ) {
    super(data.hint ? `${reason} (${data.hint})` : reason);
    this.kind = data.kind ?? "";
    this.hint = data.hint ?? "";
    this.requestId = data.requestId ?? "";
    this.retryAfter = data.retryAfterSeconds ?? 0;
  }
}
