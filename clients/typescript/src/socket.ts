// Calls over the unix socket, in Node.js: a line for each request and each answer.

import { connect, type Socket } from "node:net";
import { ConnectionLostError } from "./base.js";
import type { Transport } from "./call.js";

const CONNECT = 10_000; // milliseconds
const IDLE = 8; // connections
const LIMIT = 256 * 1024 * 1024; // bytes of a line; the daemon's own limits are lower

/** Calls over the unix socket. */
export class SocketTransport implements Transport {
  readonly confidential = true;
  readonly #idle: Connection[] = [];

  constructor(readonly place: string) {}

  async request(body: string, timeout: number, signal?: AbortSignal): Promise<string> {
    signal?.throwIfAborted();
    const connection = await this.#take();
    if (signal?.aborted) this.#give(connection);
    signal?.throwIfAborted();
    const timer = setTimeout(() => connection.end(new Error("it took too long")), timeout * 1000);
    const stop = (): void => connection.end(new Error("aborted"));
    signal?.addEventListener("abort", stop, { once: true });
    try {
      connection.write(body);
      const line = await connection.line();
      this.#give(connection);
      return line;
    } catch (e) {
      signal?.throwIfAborted();
      throw e;
    } finally {
      clearTimeout(timer);
      signal?.removeEventListener("abort", stop);
    }
  }

  async *messages(body: string, signal: AbortSignal): AsyncGenerator<string, void> {
    signal.throwIfAborted();
    const connection = await open(this.place);
    const stop = (): void => connection.end(new Error("aborted"));
    signal.addEventListener("abort", stop, { once: true });
    try {
      connection.write(body);
      for (;;) yield await connection.line();
    } catch (e) {
      signal.throwIfAborted();
      throw e;
    } finally {
      signal.removeEventListener("abort", stop);
      connection.end(new Error("closed"));
    }
  }

  close(): void {
    for (const connection of this.#idle.splice(0)) connection.end(new Error("closed"));
  }

  async #take(): Promise<Connection> {
    for (let c = this.#idle.pop(); c; c = this.#idle.pop()) {
      if (!c.ended) {
        c.socket.ref();
        return c;
      }
    }
    return open(this.place);
  }

  #give(connection: Connection): void {
    if (connection.ended || this.#idle.length >= IDLE) {
      connection.end(new Error("not needed any more"));
      return;
    }
    connection.socket.unref(); // it does not keep the program running
    this.#idle.push(connection);
  }
}

function open(place: string): Promise<Connection> {
  return new Promise((resolve, reject) => {
    const socket = connect(place);
    const fail = (reason: string, e?: Error): void => {
      socket.destroy();
      const text = `no connection to ${place}: ${reason} (is the daemon running? statusd run)`;
      reject(new ConnectionLostError(text, false, { cause: e }));
    };
    const timer = setTimeout(() => fail("it took too long"), CONNECT);
    socket.once("error", (e) => {
      clearTimeout(timer);
      fail(e.message, e);
    });
    socket.once("connect", () => {
      clearTimeout(timer);
      socket.removeAllListeners();
      resolve(new Connection(socket, place));
    });
  });
}

/** An open connection. One reader waits at a time. */
class Connection {
  #parts: Buffer[] = [];
  #held = 0; // bytes of the parts
  #lines: string[] = [];
  #reason: ConnectionLostError | undefined;
  #wake = (): void => undefined;

  constructor(
    readonly socket: Socket,
    readonly place: string,
  ) {
    socket.on("data", (part) => this.#read(part));
    socket.on("error", (e) => this.end(e));
    socket.on("close", () => this.end(new Error("the other side closed it")));
  }

  get ended(): boolean {
    return this.#reason !== undefined;
  }

  write(body: string): void {
    this.socket.write(body + "\n");
  }

  async line(): Promise<string> {
    for (;;) {
      const line = this.#lines.shift();
      if (line !== undefined) return line;
      if (this.#reason) throw this.#reason;
      await new Promise<void>((resolve) => (this.#wake = resolve));
    }
  }

  /** Closes the connection. The first reason counts. */
  end(e: Error): void {
    this.#reason ??= new ConnectionLostError(`the connection to ${this.place} broke: ${e.message}`, true, { cause: e });
    this.socket.destroy();
    this.#wake();
  }

  #read(part: Buffer): void {
    for (let at = part.indexOf(10); at >= 0; at = part.indexOf(10)) {
      this.#hold(part.subarray(0, at));
      if (this.ended) return;
      this.#lines.push(Buffer.concat(this.#parts).toString());
      this.#parts = [];
      this.#held = 0;
      part = part.subarray(at + 1);
    }
    if (part.length > 0) this.#hold(part);
    this.#wake();
  }

  /** Keeps a part of a line that is not complete. */
  #hold(part: Buffer): void {
    this.#parts.push(part);
    this.#held += part.length;
    if (this.#held > LIMIT) {
      this.#parts = [];
      this.end(new Error(`a line has more than ${LIMIT} bytes`));
    }
  }
}
