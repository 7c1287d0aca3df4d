// How long to wait before something is tried again.

import { ConnectionLostError, RpcError } from "./base.js";

const FIRST = 100; // milliseconds
const MOST = 5000;
const PASSING = new Set(["not_logged_in", "busy", "timeout"]);

/** Tells whether the same call may work a little later, without anybody changing it. */
export function passing(error: unknown): boolean {
  return error instanceof ConnectionLostError || (error instanceof RpcError && PASSING.has(error.kind));
}

/** Waits, unless the signal ends it. */
export function sleep(milliseconds: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    signal?.throwIfAborted();
    const stop = (): void => {
      clearTimeout(timer);
      reject(signal?.reason as Error);
    };
    const timer = setTimeout(() => {
      signal?.removeEventListener("abort", stop);
      resolve();
    }, milliseconds);
    signal?.addEventListener("abort", stop, { once: true });
  });
}

/** Pauses that grow from a tenth of a second to five. */
export class Backoff {
  #next = FIRST;

  /** Whether there was no pause since the last success. */
  get fresh(): boolean {
    return this.#next === FIRST;
  }

  /** Notes a success. */
  reset(): void {
    this.#next = FIRST;
  }

  /** Returns how long to wait; at least as long as the daemon asked for. Clients that lost one daemon do not return at once. */
  next(error?: unknown): number {
    let wait = this.#next * (0.75 + Math.random() / 2);
    if (error instanceof RpcError) wait = Math.max(wait, error.retryAfter * 1000);
    this.#next = Math.min(this.#next * 2, MOST);
    return wait;
  }

  pause(error?: unknown, signal?: AbortSignal): Promise<void> {
    return sleep(this.next(error), signal);
  }
}
