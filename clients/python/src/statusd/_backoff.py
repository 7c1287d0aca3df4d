"""How long to wait before something is tried again."""

from __future__ import annotations

import asyncio
import random

from ._errors import ConnectionLostError, RpcError, StatusdError

_FIRST = 0.1  # seconds
_MOST = 5.0

_PASSING = frozenset({"not_logged_in", "busy", "timeout"})


def passing(error: StatusdError) -> bool:
    """Tell whether the same call may work a little later, without anybody changing it."""
    if isinstance(error, RpcError):
        return error.kind in _PASSING
    return isinstance(error, ConnectionLostError)


class Backoff:
    """Pauses that grow from a tenth of a second to five."""

    def __init__(self) -> None:
        self._next = _FIRST

    @property
    def fresh(self) -> bool:
        """Whether there was no pause since the last success."""
        return self._next == _FIRST

    def reset(self) -> None:
        """Note a success."""
        self._next = _FIRST

    async def pause(self, error: Exception | None = None) -> None:
        """Wait; at least as long as the daemon asked for. Clients that lost one daemon do not return at once."""
        wait = self._next * random.uniform(0.75, 1.25)
        if isinstance(error, RpcError):
            wait = max(wait, error.retry_after)
        self._next = min(self._next * 2, _MOST)
        await asyncio.sleep(wait)
