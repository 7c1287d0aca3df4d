# Generated from the contract (package api) by internal/clientgen. Do not edit.
"""What calls can raise: one class for each kind of error."""

from __future__ import annotations

from typing import Final

from ._errors import ConnectionLostError, RpcError, StatusdError


class ParseError(RpcError):
    """The request is not JSON (kind parse_error, code -32700)."""


class InvalidRequestError(RpcError):
    """The request is not a JSON-RPC 2.0 request, or a batch is too large (kind invalid_request,
    code -32600).
    """


class MethodNotFoundError(RpcError):
    """The method does not exist, or is not on offer here (kind method_not_found, code -32601)."""


class InvalidParamsError(RpcError):
    """A parameter is missing, unknown, or of the wrong type (kind invalid_params, code -32602)."""


class InternalError(RpcError):
    """A defect of the daemon; the log has details under the request id (kind internal_error, code
    -32603).
    """


class FailedError(RpcError):
    """The method could not do it; the message says why (kind failed, code -32000)."""


class DiskFullError(RpcError):
    """The disk is full; nothing was done (kind disk_full, code -32000)."""


class DiskError(RpcError):
    """The disk cannot be read or written; nothing was done (kind io_error, code -32000)."""


class CallTimeoutError(RpcError):
    """It took too long (kind timeout, code -32002)."""


class ReplyTooLargeError(RpcError):
    """The answers of a batch became too large; this one was not run (kind reply_too_large, code
    -32003).
    """


class BusyError(RpcError):
    """A queue or a limit is full (kind busy, code -32014)."""


class UnauthenticatedError(RpcError):
    """The token is missing or not valid (kind unauthenticated, code -32040)."""


class ScopeMissingError(RpcError):
    """The token does not allow this, or the connection could be listened to (kind scope_missing,
    code -32041).
    """


class NotLoggedInError(RpcError):
    """Nobody is logged in, or another account than the one asked for (kind not_logged_in, code
    -32010).
    """


class WrongPasswordError(RpcError):
    """The password is wrong (kind wrong_password, code -32011)."""


class NotFoundError(RpcError):
    """There is no such account, chat, contact, message or consumer (kind not_found, code -32012).
    """


class AlreadyExistsError(RpcError):
    """It exists already (kind already_exists, code -32013)."""


class InvalidRecipientError(RpcError):
    """This recipient cannot be written to (kind invalid_recipient, code -32015)."""


class NoMailserverError(RpcError):
    """No mailserver is known or reachable (kind no_mailserver, code -32016)."""


class InUseError(RpcError):
    """The data directory or an account is in use (kind in_use, code -32017)."""


class NewerDataError(RpcError):
    """The data is of a newer release (kind newer_data, code -32018)."""


class KeyFileError(RpcError):
    """A file of the account is missing or damaged (kind key_file, code -32019)."""


BY_KIND: Final[dict[str, type[RpcError]]] = {
    "parse_error": ParseError,
    "invalid_request": InvalidRequestError,
    "method_not_found": MethodNotFoundError,
    "invalid_params": InvalidParamsError,
    "internal_error": InternalError,
    "failed": FailedError,
    "disk_full": DiskFullError,
    "io_error": DiskError,
    "timeout": CallTimeoutError,
    "reply_too_large": ReplyTooLargeError,
    "busy": BusyError,
    "unauthenticated": UnauthenticatedError,
    "scope_missing": ScopeMissingError,
    "not_logged_in": NotLoggedInError,
    "wrong_password": WrongPasswordError,
    "not_found": NotFoundError,
    "already_exists": AlreadyExistsError,
    "invalid_recipient": InvalidRecipientError,
    "no_mailserver": NoMailserverError,
    "in_use": InUseError,
    "newer_data": NewerDataError,
    "key_file": KeyFileError,
}
"""The class of each kind; other kinds are RpcError itself."""

__all__ = [
    "ConnectionLostError",
    "RpcError",
    "StatusdError",
    "BY_KIND",
    "ParseError",
    "InvalidRequestError",
    "MethodNotFoundError",
    "InvalidParamsError",
    "InternalError",
    "FailedError",
    "DiskFullError",
    "DiskError",
    "CallTimeoutError",
    "ReplyTooLargeError",
    "BusyError",
    "UnauthenticatedError",
    "ScopeMissingError",
    "NotLoggedInError",
    "WrongPasswordError",
    "NotFoundError",
    "AlreadyExistsError",
    "InvalidRecipientError",
    "NoMailserverError",
    "InUseError",
    "NewerDataError",
    "KeyFileError",
]
