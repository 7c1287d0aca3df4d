// Calls over HTTP, with what Node.js and browsers share: fetch, and WebSocket where there is one.

import { ConnectionLostError, StatusdError } from "./base.js";
import type { Transport } from "./call.js";
import { decode } from "./wire.js";

/** A token, or a function that gives it: that one is asked for each request, so that it can be replaced. */
export type Token = string | (() => string | undefined | Promise<string | undefined>);

/** Calls over HTTP, each in a POST request. */
export class HttpTransport implements Transport {
  readonly place: string;
  readonly confidential: boolean;
  readonly #base: string;
  readonly #token: Token | undefined;

  constructor(address: string, token: Token | undefined) {
    const url = new URL(address);
    if (url.protocol !== "http:" && url.protocol !== "https:") {
      throw new StatusdError(`${address} is no address of a daemon: want http://… or https://…`);
    }
    if (url.username || url.search || url.hash) {
      throw new StatusdError("the address of a daemon has neither user nor query: give the token apart from it");
    }
    this.#base = url.origin + url.pathname.replace(/\/+$/, "").replace(/\/api\/v1\/rpc$/, "");
    this.place = this.#base;
    this.confidential = url.protocol === "https:" || /^(localhost|127(\.\d+){3}|\[::1\])$/i.test(url.hostname);
    this.#token = token;
  }

  async request(body: string, timeout: number, signal?: AbortSignal): Promise<string> {
    const end = new AbortController();
    const timer = setTimeout(() => end.abort(new Error("it took too long")), timeout * 1000);
    const stop = (): void => end.abort(signal?.reason);
    signal?.addEventListener("abort", stop, { once: true });
    try {
      signal?.throwIfAborted();
      const headers = await this.#headers({ "Content-Type": "application/json" });
      const answer = await fetch(this.#base + "/", { method: "POST", headers, body, redirect: "error", signal: end.signal });
      const text = await answer.text();
      if (answer.status !== 200) throw refusal(this.place, answer.status, text);
      return text;
    } catch (e) {
      throw this.#lost(e, signal);
    } finally {
      clearTimeout(timer);
      signal?.removeEventListener("abort", stop);
    }
  }

  async *stream(query: string, silence: number, signal: AbortSignal): AsyncGenerator<string, void> {
    const end = new AbortController();
    const stop = (): void => end.abort(signal.reason);
    signal.addEventListener("abort", stop, { once: true });
    let timer: ReturnType<typeof setTimeout> | undefined;
    const heard = (): void => {
      clearTimeout(timer);
      timer = setTimeout(() => end.abort(new Error("nothing came for a while")), silence * 1000);
    };
    try {
      heard();
      const headers = await this.#headers({ Accept: "text/event-stream" });
      const target = `${this.#base}/api/v1/events?${query}`;
      const answer = await fetch(target, { headers, redirect: "error", cache: "no-store", signal: end.signal });
      if (answer.status !== 200) throw refusal(this.place, answer.status, await answer.text());
      if (!answer.body) throw new ConnectionLostError("the stream of events has no body", true);
      const reader = answer.body.getReader();
      const decoder = new TextDecoder();
      let rest = "";
      for (;;) {
        heard();
        const { done, value } = await reader.read();
        if (done) throw new ConnectionLostError(`${this.place} ended the stream of events`, true);
        clearTimeout(timer); // what is done with the lines takes its own time
        const lines = (rest + decoder.decode(value, { stream: true })).split("\n");
        rest = lines.pop() ?? "";
        for (const line of lines) yield line.replace(/\r$/, "");
      }
    } catch (e) {
      throw this.#lost(e, signal);
    } finally {
      clearTimeout(timer);
      signal.removeEventListener("abort", stop);
      end.abort();
    }
  }

  async *messages(body: string, signal: AbortSignal): AsyncGenerator<string, void> {
    if (typeof WebSocket === "undefined") {
      throw new StatusdError("subscriptions need WebSocket, which this platform lacks, or the unix socket; events() works without");
    }
    const token = await this.#read();
    const protocols = token === undefined ? ["jsonrpc"] : ["jsonrpc", "bearer." + token];
    const socket = new WebSocket(this.#base.replace(/^http/, "ws") + "/", protocols);
    const waiting: (string | ConnectionLostError)[] = [];
    let wake = (): void => undefined;
    const put = (what: string | ConnectionLostError): void => {
      waiting.push(what);
      wake();
    };
    let open = false;
    socket.onopen = () => {
      open = true;
      socket.send(body);
    };
    socket.onmessage = (event) => put(String(event.data));
    socket.onclose = () => put(new ConnectionLostError(`the connection to ${this.place} ended`, open));
    const stop = (): void => socket.close();
    signal.addEventListener("abort", stop, { once: true });
    try {
      for (;;) {
        const next = waiting.shift();
        if (next instanceof ConnectionLostError) throw signal.aborted ? signal.reason : next;
        if (next !== undefined) yield next;
        else await new Promise<void>((resolve) => (wake = resolve));
      }
    } finally {
      signal.removeEventListener("abort", stop);
      socket.close();
    }
  }

  close(): void {
    // fetch keeps its connections itself
  }

  async #read(): Promise<string | undefined> {
    return typeof this.#token === "function" ? await this.#token() : this.#token;
  }

  async #headers(more: Record<string, string>): Promise<Record<string, string>> {
    const token = await this.#read();
    if (token === undefined || token === "") return more;
    if (!/^[!-~]+$/.test(token)) throw new StatusdError("the token has characters that a token cannot have");
    return { ...more, Authorization: "Bearer " + token };
  }

  /** Makes an error of what fetch throws. Whether the request was sent cannot be told, but for a refused connection. */
  #lost(e: unknown, signal?: AbortSignal): unknown {
    if (e instanceof StatusdError) return e;
    if (signal?.aborted) return signal.reason;
    const cause = e instanceof Error && e.cause instanceof Error ? e.cause : e;
    const code = isCoded(cause) ? cause.code : "";
    const unsent = code === "ECONNREFUSED" || code === "ENOTFOUND" || code === "EHOSTUNREACH";
    const hint = unsent ? " (is the daemon running? statusd run --http)" : "";
    const reason = cause instanceof Error ? cause.message || code : String(cause);
    return new ConnectionLostError(`no answer of ${this.place}: ${reason}${hint}`, !unsent, { cause: e });
  }
}

function isCoded(e: unknown): e is { code: string } {
  return typeof e === "object" && e !== null && "code" in e && typeof e.code === "string";
}

/** Makes the error of an answer without success; its body says why, if it comes from the daemon. */
function refusal(place: string, status: number, body: string): StatusdError {
  try {
    decode(body);
  } catch (e) {
    if (e instanceof StatusdError && "kind" in e) return e;
  }
  const text = `${place} answered with the HTTP status ${String(status)}`;
  if (status === 408 || status === 502 || status === 504) return new ConnectionLostError(text, true); // somebody on the way
  return new StatusdError(text);
}
