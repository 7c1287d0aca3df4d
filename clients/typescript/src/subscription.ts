// Subscriptions: what the daemon pushes over a connection.

import { decode, errorOf, isObject, parse } from "./wire.js";

/**
 * What is pushed, in order, from the moment it is first asked for. It ends with its connection:
 * ConnectionLostError says so. Events that must not be missed are read with Client.events.
 */
export class Subscription<T> implements AsyncIterableIterator<T> {
  readonly #end = new AbortController();
  readonly #source: AsyncGenerator<string, void>;
  #open: Promise<void> | undefined;

  constructor(connect: (signal: AbortSignal) => AsyncGenerator<string, void>) {
    this.#source = connect(this.#end.signal);
  }

  /** Subscribes. What happens afterwards is not missed. Otherwise the first step of the loop does it. */
  open(): Promise<void> {
    this.#open ??= this.#source.next().then((first) => {
      decode(first.value ?? "");
    });
    return this.#open;
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  /** Errors in what is pushed, for instance that some was dropped, are thrown; the next step goes on after them. */
  async next(): Promise<IteratorResult<T, undefined>> {
    await this.open();
    const { done, value } = await this.#source.next().catch((e: unknown) => {
      if (this.#end.signal.aborted) return { done: true as const, value: undefined };
      throw e;
    });
    if (done) return { done: true, value: undefined };
    const params = parse(value)["params"];
    if (isObject(params) && "error" in params) throw errorOf(params["error"]);
    return { done: false, value: (isObject(params) ? params["result"] : undefined) as T };
  }

  /** Ends the subscription, as break does. */
  async return(): Promise<IteratorResult<T, undefined>> {
    this.#end.abort(new Error("closed"));
    await this.#source.return().catch(() => undefined);
    return { done: true, value: undefined };
  }
}
