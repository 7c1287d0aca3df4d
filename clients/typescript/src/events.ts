// The event log, read under a name: what the daemon remembers for who reads, and how a reader goes on.

import { Backoff, passing } from "./backoff.js";
import { RpcError, StatusdError } from "./base.js";
import type { BaseClient } from "./client.js";
import { sha256 } from "./sha256.js";
import type { EventType, EventsQuery, LogEvent } from "./types.js";

/** The beginning of the log. */
export const BEGINNING = 0;
/** The end of the log: only what comes is read. */
export const NOW = -1;

const WAIT = 50; // seconds that a long poll waits for an event
const SILENCE = 45; // seconds; the daemon says something every 15

/** What to read of the event log. */
export interface EventsOptions<T extends EventType = EventType> {
  /** Types of events; all if left out. */
  readonly types?: readonly T[];
  /** Ids of chats, and #name for public ones; all if left out. */
  readonly chats?: readonly string[];
  /** Where a name that is new begins: NOW, BEGINNING or a cursor. */
  readonly since?: number;
  /** Ends reading. */
  readonly signal?: AbortSignal;
  /** Is called with the oldest cursor that there is, if events are gone that were not read. */
  readonly onGap?: (oldest: number) => void;
  /** Is called when reading is interrupted; it goes on by itself. */
  readonly onTrouble?: (error: Error) => void;
}

/**
 * Makes the id of a request that a consumer makes because of an event. It is the same whenever the same
 * consumer gets the same event again, so that the daemon does what is asked once. key and count tell apart
 * several requests because of one event.
 */
export function requestId(consumer: string, event: { account: string; cursor: number }, key = "", count = 0): string {
  return sha256([consumer, event.account, String(event.cursor), key, String(count)].join("\n"));
}

/** Takes the lines of a stream of server-sent events apart. */
export class SseParser {
  #type = "";
  #data: string[] = [];

  /** Takes a line, and returns type and data of the event that it ends. */
  line(line: string): { type: string; data: string } | undefined {
    if (line === "") {
      const done = this.#data.length > 0 ? { type: this.#type || "message", data: this.#data.join("\n") } : undefined;
      this.#type = "";
      this.#data = [];
      return done;
    }
    const colon = line.indexOf(":");
    const name = colon < 0 ? line : line.slice(0, colon);
    const value = colon < 0 ? "" : line.slice(colon + 1).replace(/^ /, "");
    if (name === "event") this.#type = value;
    else if (name === "data") this.#data.push(value);
    return undefined;
  }
}

/**
 * Events, in order. The next step of the loop acknowledges the event of the step before: it will not come
 * again, neither after a restart of the daemon nor of the program. Who leaves the loop in the middle of an
 * event gets it again, unless ack was called. Reading goes on through restarts of the daemon, and while
 * nobody is logged in.
 */
export class Events<E extends LogEvent = LogEvent> implements AsyncIterableIterator<E> {
  readonly #client: BaseClient;
  readonly #options: EventsOptions;
  readonly #requests = new Map<string, number>();
  readonly #backoff = new Backoff();
  #since: number;
  #source: AsyncGenerator<E[], void> | undefined;
  #end: AbortController | undefined;
  #waiting: E[] = [];
  #current: E | undefined;
  #closed = false;

  constructor(
    client: BaseClient,
    /** The name under which the daemon remembers how far this reader is; undefined: it does not. */
    readonly consumer: string | undefined,
    options: EventsOptions,
  ) {
    this.#client = client;
    this.#options = options;
    this.#since = options.since ?? NOW;
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  async next(): Promise<IteratorResult<E, undefined>> {
    await this.ack();
    for (;;) {
      if (this.#closed) return { done: true, value: undefined };
      const event = this.#waiting.shift();
      if (event) {
        this.#current = event;
        this.#requests.clear();
        return { done: false, value: event };
      }
      await this.#fetch();
    }
  }

  /** Ends reading, as break does. What was not acknowledged comes again. */
  async return(): Promise<IteratorResult<E, undefined>> {
    this.#closed = true;
    await this.#drop();
    return { done: true, value: undefined };
  }

  /**
   * Makes an id for a request because of the event at hand. Requests with one key are counted, so that a body
   * which makes the same requests in the same order makes them with the same ids.
   */
  requestId(key = ""): string {
    if (this.consumer === undefined || !this.#current) {
      throw new StatusdError("there is no event at hand, or its reader has no name");
    }
    const count = (this.#requests.get(key) ?? 0) + 1;
    this.#requests.set(key, count);
    return requestId(this.consumer, this.#current, key, count);
  }

  /** Acknowledges the event at hand before the loop does. */
  async ack(): Promise<void> {
    const event = this.#current;
    this.#current = undefined;
    if (!event) return;
    this.#since = event.cursor;
    if (this.consumer === undefined) return;
    for (;;) {
      try {
        const { cursor, account } = event;
        await this.#client.statusAckEvents({ consumer: this.consumer, cursor, account }, { signal: this.#options.signal });
        return;
      } catch (e) {
        if (!passing(e)) throw e;
        if (e instanceof RpcError && e.kind === "not_logged_in") {
          await this.#drop(); // when its account is back, the event comes again
          return;
        }
        await this.#wait(e);
      }
    }
  }

  async #drop(): Promise<void> {
    this.#waiting = [];
    this.#current = undefined;
    const source = this.#source;
    this.#source = undefined;
    this.#end?.abort();
    this.#end = undefined;
    await source?.return().catch(() => undefined);
  }

  /** Gets more events, or waits for better times. */
  async #fetch(): Promise<void> {
    const stop = (): void => this.#end?.abort(this.#options.signal?.reason);
    try {
      this.#options.signal?.throwIfAborted();
      if (!this.#source) {
        this.#end = new AbortController();
        this.#source = this.#client.transport.stream ? this.#stream(this.#end.signal) : this.#poll(this.#end.signal);
      }
      this.#options.signal?.addEventListener("abort", stop, { once: true });
      const { done, value } = await this.#source.next();
      if (done) throw new StatusdError("the source of events ended");
      this.#waiting.push(...value);
      this.#backoff.reset();
    } catch (e) {
      await this.#drop();
      if (this.#closed) return;
      if (!passing(e)) throw e;
      await this.#wait(e);
    } finally {
      this.#options.signal?.removeEventListener("abort", stop);
    }
  }

  async #wait(e: unknown): Promise<void> {
    if (this.#backoff.fresh && e instanceof Error) this.#options.onTrouble?.(e);
    await this.#backoff.pause(e, this.#options.signal);
  }

  /** Reads pages, each as soon as there is something to read. */
  async *#poll(signal: AbortSignal): AsyncGenerator<E[], void> {
    for (;;) {
      const query: EventsQuery = { since: this.#since, wait: WAIT, consumer: this.consumer ?? "" };
      if (this.#options.types) query.types = [...this.#options.types];
      if (this.#options.chats) query.chats = [...this.#options.chats];
      const page = await this.#client.statusGetEvents({ query }, { signal, patience: 0 });
      if (page.gap) this.#options.onGap?.(page.from ?? 0);
      yield (page.events ?? []) as unknown as E[];
      if (this.consumer === undefined) this.#since = page.next;
    }
  }

  /** Reads the stream of events of the HTTP port. */
  async *#stream(signal: AbortSignal): AsyncGenerator<E[], void> {
    const query = new URLSearchParams({ since: String(this.#since) });
    for (const type of this.#options.types ?? []) query.append("types", type);
    for (const chat of this.#options.chats ?? []) query.append("chats", chat);
    if (this.consumer !== undefined) query.set("consumer", this.consumer);
    if (this.#client.account !== undefined) query.set("account", this.#client.account);
    const parser = new SseParser();
    const lines = this.#client.transport.stream?.(query.toString(), SILENCE, signal) ?? [];
    for await (const line of lines) {
      if (line === "") yield []; // the connection works
      const done = parser.line(line);
      if (done?.type === "gap") this.#options.onGap?.((JSON.parse(done.data) as { from: number }).from);
      if (done?.type !== "message") continue;
      const event = JSON.parse(done.data) as E;
      if (event.cursor) yield [event]; // signals of the node are in no log
    }
  }
}
