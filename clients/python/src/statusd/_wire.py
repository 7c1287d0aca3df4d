"""JSON-RPC: requests to bytes, answers to results or errors."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from . import errors
from ._errors import ConnectionLostError, RpcError, StatusdError
from ._transport import HttpAnswer


def _hex(value: object) -> str:
    if isinstance(value, (bytes, bytearray, memoryview)):
        return "0x" + bytes(value).hex()
    raise TypeError(f"{type(value).__name__} has no form in JSON")


def encode(method: str, params: Mapping[str, Any]) -> bytes:
    """Make a request. Parameters that are None are left out, bytes become hex."""
    given = {name: value for name, value in params.items() if value is not None}
    request = {"jsonrpc": "2.0", "id": 1, "method": method, "params": given}
    return json.dumps(request, default=_hex, ensure_ascii=False).encode("utf-8")


def decode(answer: bytes) -> Any:
    """Return the result of an answer, or raise its error."""
    message = _object(answer)
    if "error" in message and message["error"] is not None:
        raise error_of(message["error"])
    if "result" not in message:
        raise StatusdError("what answers does not speak JSON-RPC 2.0")
    return message["result"]


def _object(raw: bytes) -> dict[str, Any]:
    try:
        message = json.loads(raw)
    except ValueError as e:
        raise StatusdError("what answers does not speak JSON") from e
    if not isinstance(message, dict):
        raise StatusdError("what answers does not speak JSON-RPC 2.0")
    return message


def error_of(raw: Any) -> RpcError:
    """Make the error of an error member."""
    if not isinstance(raw, dict):
        return RpcError(0, str(raw), {})
    data = raw.get("data")
    data = data if isinstance(data, dict) else {}
    code = raw.get("code")
    of = errors.BY_KIND.get(str(data.get("kind", "")), RpcError)
    return of(code if isinstance(code, int) else 0, str(raw.get("message", "")), data)


def refusal(answer: HttpAnswer) -> StatusdError:
    """Make the error of an HTTP answer without success; its body says why, if it comes from the daemon."""
    try:
        decode(answer.body)
    except RpcError as e:
        return e
    except StatusdError:
        pass
    if answer.status in (408, 502, 504):  # somebody on the way
        return ConnectionLostError(str(answer), sent=True)
    return answer
