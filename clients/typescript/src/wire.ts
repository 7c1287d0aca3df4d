// JSON-RPC: requests to text, answers to results or errors.

import { RpcError, StatusdError, type ErrorData } from "./base.js";
import { BY_KIND } from "./errors.js";

/** Makes a request. Parameters that are null or undefined are left out, bytes become hex. */
export function encode(method: string, params: object): string {
  const given: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(params)) {
    if (value !== undefined && value !== null) given[name] = value;
  }
  return JSON.stringify({ jsonrpc: "2.0", id: 1, method, params: given }, (_, value: unknown) =>
    value instanceof Uint8Array ? hex(value) : value,
  );
}

/** Writes bytes as 0x hex. */
export function hex(bytes: Uint8Array): string {
  return "0x" + Array.from(bytes, (b) => b.toString(16).padStart(2, "0")).join("");
}

/** Returns the result of an answer, or throws its error. */
export function decode(answer: string): unknown {
  const message = parse(answer);
  if (message["error"] !== undefined && message["error"] !== null) throw errorOf(message["error"]);
  if (!("result" in message)) throw new StatusdError("what answers does not speak JSON-RPC 2.0");
  return message["result"];
}

/** Reads a JSON object. */
export function parse(text: string): Record<string, unknown> {
  let message: unknown;
  try {
    message = JSON.parse(text);
  } catch (e) {
    throw new StatusdError("what answers does not speak JSON", { cause: e });
  }
  if (!isObject(message)) throw new StatusdError("what answers does not speak JSON-RPC 2.0");
  return message;
}

export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Makes the error of an error member. */
export function errorOf(raw: unknown): RpcError {
  if (!isObject(raw)) return new RpcError(0, String(raw), {});
  const given = isObject(raw["data"]) ? raw["data"] : {};
  const data: ErrorData = {};
  for (const name of ["kind", "hint", "requestId"] as const) {
    const value = given[name];
    if (typeof value === "string") data[name] = value;
  }
  if (typeof given["retryAfterSeconds"] === "number") data.retryAfterSeconds = given["retryAfterSeconds"];
  const of = BY_KIND.get(data.kind ?? "") ?? RpcError;
  return new of(typeof raw["code"] === "number" ? raw["code"] : 0, String(raw["message"] ?? ""), data);
}
