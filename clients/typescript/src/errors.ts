// Generated from the contract (package api) by internal/clientgen. Do not edit.
//
// What calls can throw: one class for each kind of error.

import { RpcError } from "./base.js";

export { ConnectionLostError, RpcError, StatusdError } from "./base.js";

/** The request is not JSON (kind parse_error, code -32700). */
export class ParseError extends RpcError {}

/** The request is not a JSON-RPC 2.0 request, or a batch is too large (kind invalid_request, code -32600). */
export class InvalidRequestError extends RpcError {}

/** The method does not exist, or is not on offer here (kind method_not_found, code -32601). */
export class MethodNotFoundError extends RpcError {}

/** A parameter is missing, unknown, or of the wrong type (kind invalid_params, code -32602). */
export class InvalidParamsError extends RpcError {}

/** A defect of the daemon; the log has details under the request id (kind internal_error, code -32603). */
export class InternalError extends RpcError {}

/** The method could not do it; the message says why (kind failed, code -32000). */
export class FailedError extends RpcError {}

/** The disk is full; nothing was done (kind disk_full, code -32000). */
export class DiskFullError extends RpcError {}

/** The disk cannot be read or written; nothing was done (kind io_error, code -32000). */
export class DiskError extends RpcError {}

/** It took too long (kind timeout, code -32002). */
export class CallTimeoutError extends RpcError {}

/** The answers of a batch became too large; this one was not run (kind reply_too_large, code -32003). */
export class ReplyTooLargeError extends RpcError {}

/** A queue or a limit is full (kind busy, code -32014). */
export class BusyError extends RpcError {}

/** The token is missing or not valid (kind unauthenticated, code -32040). */
export class UnauthenticatedError extends RpcError {}

/** The token does not allow this, or the connection could be listened to (kind scope_missing, code -32041). */
export class ScopeMissingError extends RpcError {}

/** Nobody is logged in, or another account than the one asked for (kind not_logged_in, code -32010). */
export class NotLoggedInError extends RpcError {}

/** The password is wrong (kind wrong_password, code -32011). */
export class WrongPasswordError extends RpcError {}

/** There is no such account, chat, contact, message or consumer (kind not_found, code -32012). */
export class NotFoundError extends RpcError {}

/** It exists already (kind already_exists, code -32013). */
export class AlreadyExistsError extends RpcError {}

/** This recipient cannot be written to (kind invalid_recipient, code -32015). */
export class InvalidRecipientError extends RpcError {}

/** No mailserver is known or reachable (kind no_mailserver, code -32016). */
export class NoMailserverError extends RpcError {}

/** The data directory or an account is in use (kind in_use, code -32017). */
export class InUseError extends RpcError {}

/** The data is of a newer release (kind newer_data, code -32018). */
export class NewerDataError extends RpcError {}

/** A file of the account is missing or damaged (kind key_file, code -32019). */
export class KeyFileError extends RpcError {}

/** The class of each kind; other kinds are RpcError itself. */
export const BY_KIND: ReadonlyMap<string, typeof RpcError> = new Map<string, typeof RpcError>([
  ["parse_error", ParseError],
  ["invalid_request", InvalidRequestError],
  ["method_not_found", MethodNotFoundError],
  ["invalid_params", InvalidParamsError],
  ["internal_error", InternalError],
  ["failed", FailedError],
  ["disk_full", DiskFullError],
  ["io_error", DiskError],
  ["timeout", CallTimeoutError],
  ["reply_too_large", ReplyTooLargeError],
  ["busy", BusyError],
  ["unauthenticated", UnauthenticatedError],
  ["scope_missing", ScopeMissingError],
  ["not_logged_in", NotLoggedInError],
  ["wrong_password", WrongPasswordError],
  ["not_found", NotFoundError],
  ["already_exists", AlreadyExistsError],
  ["invalid_recipient", InvalidRecipientError],
  ["no_mailserver", NoMailserverError],
  ["in_use", InUseError],
  ["newer_data", NewerDataError],
  ["key_file", KeyFileError],
]);
