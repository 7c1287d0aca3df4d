// Messages of others, as a bot wants them: one at a time, each answered once.

import { Backoff, passing } from "./backoff.js";
import { RpcError } from "./base.js";
import type { BaseClient } from "./client.js";
import type { Events } from "./events.js";
import { ContentType, type LogEvent, type Message, type Sent } from "./types.js";

const LOGIN_WAIT = 20; // pauses, some 90 seconds, that an answer waits for its account to be logged in

type NewMessages = Extract<LogEvent, { type: "messages.new" }>;

/** A message of somebody else. */
export class IncomingMessage {
  readonly #client: BaseClient;
  readonly #request: () => string;
  readonly #account: string;

  constructor(
    client: BaseClient,
    /** All that the daemon says about it. */
    readonly raw: Message,
    account: string,
    request: () => string,
  ) {
    this.#client = client;
    this.#account = account;
    this.#request = request;
  }

  /** Its id, 0x hex. */
  get id(): string {
    return this.raw.id;
  }

  /** What it says. */
  get text(): string {
    return this.raw.text;
  }

  /** The contact id of its author. */
  get sender(): string {
    return this.raw.from;
  }

  /** The id of the chat that it is in. */
  get chat(): string {
    return this.raw.localChatId;
  }

  /**
   * Answers in its chat. The daemon sends the answer once, however often the program is killed and gets the
   * message again: the n-th answer to a message always has the same requestId. If an earlier try sent it with
   * another text, that one stays, and undefined is returned. This waits while the daemon is away.
   */
  async answer(text: string): Promise<Sent | undefined> {
    const args = { recipient: this.chat, message: text, replyTo: this.id, requestId: this.#request(), account: this.#account };
    const backoff = new Backoff();
    for (let logins = 0; ; ) {
      try {
        return await this.#client.statusSend(args);
      } catch (e) {
        if (e instanceof RpcError && e.kind === "already_exists") return undefined;
        if (e instanceof RpcError && e.kind === "not_logged_in") logins++;
        if (!passing(e) || logins > LOGIN_WAIT) throw e;
        await backoff.pause(e);
      }
    }
  }
}

/**
 * Messages of others as they come. The next step of the loop after the last message of an event acknowledges
 * that event; see Events.
 */
export class Messages implements AsyncIterableIterator<IncomingMessage> {
  readonly #client: BaseClient;
  readonly #events: Events<NewMessages>;
  #waiting: IncomingMessage[] = [];

  constructor(client: BaseClient, events: Events<NewMessages>) {
    this.#client = client;
    this.#events = events;
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  async next(): Promise<IteratorResult<IncomingMessage, undefined>> {
    for (;;) {
      const message = this.#waiting.shift();
      if (message) return { done: false, value: message };
      const { done, value } = await this.#events.next();
      if (done) return { done: true, value: undefined };
      for (const raw of value.event.messages ?? []) {
        if (!wanted(raw)) continue;
        const request = (): string => this.#events.requestId(raw.id);
        this.#waiting.push(new IncomingMessage(this.#client, raw, value.account, request));
      }
    }
  }

  /** Ends reading, as break does. What was not acknowledged comes again. */
  async return(): Promise<IteratorResult<IncomingMessage, undefined>> {
    this.#waiting = [];
    await this.#events.return();
    return { done: true, value: undefined };
  }

  /** Acknowledges the event at hand before the loop does, with all its messages. */
  async ack(): Promise<void> {
    this.#waiting = [];
    await this.#events.ack();
  }

  /** Makes an id for a request because of the event at hand; see Events.requestId. */
  requestId(key = ""): string {
    return this.#events.requestId(key);
  }
}

/** Tells whether a message is new and somebody else wrote it. */
export function wanted(raw: Message): boolean {
  return raw.new === true && !raw.outgoingStatus && raw.contentType !== ContentType.System;
}
