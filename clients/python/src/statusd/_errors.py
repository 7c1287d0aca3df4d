"""The classes that all errors of this package belong to; errors.py has one for each kind."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


class StatusdError(Exception):
    """Something that this package raises."""


class ConnectionLostError(StatusdError):
    """The daemon could not be reached, or the connection broke before the answer came."""

    def __init__(self, text: str, *, sent: bool) -> None:
        super().__init__(text)
        self.sent = sent
        """Whether the daemon may have got the call, and done what it asks for."""


class RpcError(StatusdError):
    """The daemon answered with an error."""

    def __init__(self, code: int, message: str, data: Mapping[str, Any]) -> None:
        super().__init__(message)
        self.code = code
        """The JSON-RPC code."""
        self.message = message
        """What was wrong, in one sentence."""
        self.kind = str(data.get("kind", ""))
        """A word for programs, for instance not_logged_in."""
        self.hint = str(data.get("hint", ""))
        """What to do about it; may be empty."""
        self.request_id = str(data.get("requestId", ""))
        """Stands in the log of the daemon beside what happened."""
        self.retry_after = float(data.get("retryAfterSeconds", 0))
        """Seconds after which trying again may help; 0: not known."""

    def __str__(self) -> str:
        return f"{self.message} ({self.hint})" if self.hint else self.message
