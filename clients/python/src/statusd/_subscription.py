"""Subscriptions: what the daemon pushes over a connection."""

from __future__ import annotations

import json
import logging
from collections.abc import AsyncGenerator
from types import TracebackType
from typing import Any, Generic, TypeVar, cast

from . import _loop, _wire

T = TypeVar("T")

_log = logging.getLogger("statusd")


class AsyncSubscription(Generic[T]):
    """What is pushed, in order, from the moment it is first asked for. It ends with its connection:
    ConnectionLostError says so. Events that must not be missed are read with AsyncClient.events."""

    def __init__(self, lines: AsyncGenerator[bytes, None]) -> None:
        self._lines = lines
        self._open = False

    async def open(self) -> None:
        """Subscribe. What happens afterwards is not missed. Otherwise the first step of the loop does it."""
        if not self._open:
            _wire.decode(await anext(self._lines))
            self._open = True

    def __aiter__(self) -> AsyncSubscription[T]:
        return self

    async def __anext__(self) -> T:
        await self.open()
        async for line in self._lines:
            params = json.loads(line).get("params") or {}
            if "error" in params:
                _log.warning("%s", _wire.error_of(params["error"]))
                continue
            return cast(T, params.get("result"))
        raise StopAsyncIteration

    async def aclose(self) -> None:
        """End the subscription."""
        await self._lines.aclose()

    async def __aenter__(self) -> AsyncSubscription[T]:
        await self.open()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.aclose()


class Subscription(Generic[T]):
    """AsyncSubscription for a for loop that is not awaited."""

    def __init__(self, inner: AsyncSubscription[Any]) -> None:
        self._inner = inner

    def open(self) -> None:
        """Subscribe. What happens afterwards is not missed. Otherwise the first step of the loop does it."""
        _loop.wait(self._inner.open())

    def __iter__(self) -> Subscription[T]:
        return self

    def __next__(self) -> T:
        try:
            return cast(T, _loop.wait(_next(self._inner)))
        except StopAsyncIteration:
            raise StopIteration from None

    def close(self) -> None:
        """End the subscription."""
        _loop.wait(self._inner.aclose())

    def __enter__(self) -> Subscription[T]:
        self.open()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


async def _next(inner: AsyncSubscription[Any]) -> Any:
    return await anext(inner)
