// The client, apart from the ways to the daemon.

import { Backoff } from "./backoff.js";
import { ConnectionLostError, StatusdError } from "./base.js";
import { ACCOUNT, SAFE, SECRET, type Call, type CallOptions, type Transport } from "./call.js";
import { Events, NOW, type EventsOptions } from "./events.js";
import { Messages } from "./messages.js";
import { Methods } from "./methods.js";
import { Subscription } from "./subscription.js";
import type { EventType, LogEvent } from "./types.js";
import { decode, encode } from "./wire.js";

const GRACE = 15; // seconds beyond those that the daemon gives a call
const LONGEST = 600; // seconds that the daemon gives any call

/** What clients of every platform take. */
export interface BaseOptions {
  /** Key-uid of the account that calls are about; calls while another one is logged in fail. */
  readonly account?: string | undefined;
  /**
   * Seconds in which a call that lost its connection is made again, 30 if left out. Only those are that change
   * nothing, that have a requestId, or that the daemon cannot have got. The first call is not.
   */
  readonly patience?: number | undefined;
}

/** A daemon. */
export class BaseClient extends Methods {
  readonly account: string | undefined;
  readonly #patience: number;
  #met = false;

  constructor(
    /** The way to the daemon. */
    readonly transport: Transport,
    options: BaseOptions,
  ) {
    super();
    this.account = options.account;
    this.#patience = options.patience ?? 30;
  }

  /**
   * Calls a method by its name on the wire, with parameters by name. For methods that this version of the
   * package does not know; the others have functions of their own. safe: it may be called again when an
   * answer got lost.
   */
  async call(
    method: string,
    params: object = {},
    options: CallOptions & { safe?: boolean; timeout?: number } = {},
  ): Promise<unknown> {
    const call = { method, flags: options.safe ? SAFE : 0, timeout: options.timeout ?? LONGEST };
    return this.#request(call, params, options);
  }

  protected override async _call<T>(call: Call, params: object, options?: CallOptions): Promise<T> {
    if (call.flags & SECRET && !this.transport.confidential) {
      const place = this.transport.place;
      throw new StatusdError(`${call.method} is not sent to ${place}, where others could read it: use the socket or https`);
    }
    const given = call.flags & ACCOUNT ? { account: this.account, ...params } : params;
    return (await this.#request(call, given, options)) as T;
  }

  async #request(call: Call, params: object, options: CallOptions = {}): Promise<unknown> {
    const { signal, patience = this.#patience } = options;
    const body = encode(call.method, params);
    const named = "requestId" in params && params.requestId !== undefined && params.requestId !== null;
    const safe = named || (call.flags & SAFE) !== 0;
    const end = Date.now() + patience * 1000;
    const backoff = new Backoff();
    for (;;) {
      try {
        const answer = await this.transport.request(body, call.timeout + GRACE, signal);
        this.#met = true;
        return decode(answer);
      } catch (e) {
        const again = e instanceof ConnectionLostError && this.#met && (safe || !e.sent) && Date.now() < end;
        if (!again) throw e;
        await backoff.pause(undefined, signal);
      }
    }
  }

  protected override _subscribe<T>(call: Call, params: object): Subscription<T> {
    return new Subscription((signal) => this.transport.messages(encode(call.method, params), signal));
  }

  /** Reads the event log under a name, from where the last event was acknowledged under it. */
  events<T extends EventType = EventType>(
    consumer: string | undefined,
    options: EventsOptions<T> = {},
  ): Events<Extract<LogEvent, { type: T }>> {
    return new Events(this, consumer, options);
  }

  /** Reads what others write, under a name; see events and IncomingMessage.answer. */
  messages(consumer: string, options: Omit<EventsOptions, "types"> = {}): Messages {
    return new Messages(this, this.events(consumer, { since: NOW, ...options, types: ["messages.new"] }));
  }

  /** Closes the connections. The client can be used again. */
  close(): void {
    this.transport.close();
  }
}
