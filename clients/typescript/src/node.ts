// The client for Node.js: over the unix socket, too, with tokens from files and variables.

import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { homedir } from "node:os";
import { join, resolve } from "node:path";
import { StatusdError } from "./base.js";
import type { Transport } from "./call.js";
import { BaseClient, type BaseOptions } from "./client.js";
import { HttpTransport, type Token } from "./http.js";
import { SocketTransport } from "./socket.js";

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

const MAX_SOCKET_PATH = 104; // bytes; a longer path is replaced by one in XDG_RUNTIME_DIR

/** What the client of Node.js takes. */
export interface Options extends BaseOptions {
  /** The data directory; without it the variable STATUSD_DIR, or else ~/.statusd. */
  readonly directory?: string | undefined;
  /** The token for HTTP; without it the variable STATUSD_TOKEN, or else a file. */
  readonly token?: Token | undefined;
  /** The file with the token; without it the variable STATUSD_TOKEN_FILE, or else rpc-token of the data directory. */
  readonly tokenFile?: string | undefined;
}

/** A daemon, over its unix socket or HTTP. */
export class Client extends BaseClient {
  /**
   * @param address http://…, https://… or the path of a unix socket. Without it the variable STATUSD_URL, or else
   * the socket of the data directory.
   */
  constructor(address?: string, options: Options = {}) {
    super(transportTo(address, options), options);
  }
}

/** Works out the way to the daemon from arguments, then from variables of the environment. */
export function transportTo(address: string | undefined, options: Options): Transport {
  const env = process.env;
  const directory = options.directory ?? (env["STATUSD_DIR"] || join(homedir(), ".statusd"));
  if (address === undefined && options.directory === undefined) address = env["STATUSD_URL"];
  if (!address) return new SocketTransport(socketIn(directory));
  if (/^https?:/.test(address)) {
    return new HttpTransport(address, tokenOf(options, directory));
  }
  if (address.startsWith("unix:") || !address.includes("://")) {
    return new SocketTransport(address.replace(/^unix:(\/\/)?/, ""));
  }
  throw new StatusdError(`${address} is no address of a daemon: want http://…, https://… or the path of a unix socket`);
}

function tokenOf(options: Options, directory: string): Token {
  if (options.token !== undefined) return options.token;
  let file = options.tokenFile;
  if (file === undefined) {
    const token = process.env["STATUSD_TOKEN"];
    if (token) return token;
    file = process.env["STATUSD_TOKEN_FILE"] || join(directory, "rpc-token");
  }
  const path = file;
  return () => readToken(path); // for each request, so that it can be replaced
}

function readToken(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8").trim();
  } catch (e) {
    if (e instanceof Error && "code" in e && e.code === "ENOENT") return undefined;
    throw new StatusdError(`the token in ${path} cannot be read`, { cause: e });
  }
}

/** Returns the path of the socket of a data directory, by the daemon's own rule. */
export function socketIn(directory: string): string {
  const path = join(resolve(directory), "statusd.ipc");
  const runtime = process.env["XDG_RUNTIME_DIR"];
  if (Buffer.byteLength(path) <= MAX_SOCKET_PATH || !runtime) return path;
  return join(runtime, "statusd", createHash("sha256").update(path).digest("hex").slice(0, 16) + ".ipc");
}
