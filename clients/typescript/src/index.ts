// The client for browsers, and for whatever has fetch.

import { BaseClient, type BaseOptions } from "./client.js";
import { HttpTransport, type Token } from "./http.js";

export * from "./base.js";
export { CONTRACT_VERSION } from "./types.js";
export type * from "./types.js";
export * as types from "./types.js";
export * as errors from "./errors.js";
export { BEGINNING, NOW, Events, requestId, type EventsOptions } from "./events.js";
export { IncomingMessage, Messages } from "./messages.js";
export { Subscription } from "./subscription.js";
export { BaseClient, type BaseOptions } from "./client.js";
export type { CallOptions, Transport } from "./call.js";
export type { Token } from "./http.js";

/** What the client of browsers takes. */
export interface Options extends BaseOptions {
  /** The token, or a function that gives it. */
  readonly token?: Token | undefined;
}

/** A daemon, over HTTP. Its setting HTTPCors has to list the origin of the page. */
export class Client extends BaseClient {
  constructor(address: string, options: Options = {}) {
    super(new HttpTransport(address, options.token), options);
  }
}
