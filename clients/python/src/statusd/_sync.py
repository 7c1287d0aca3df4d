"""The client that is not awaited: the other one, on a thread of this package."""

from __future__ import annotations

import os
import ssl
from collections.abc import Callable, Mapping, Sequence
from types import TracebackType
from typing import Any

from . import types as t
from ._call import Call
from ._client import AsyncClient
from ._events import NOW, AsyncEvents, Event
from ._loop import wait
from ._messages import AsyncMessage, AsyncMessages
from ._methods import Methods
from ._subscription import Subscription


class Client(Methods):
    """A daemon. Arguments are those of AsyncClient. It may be used from several threads; after a fork,
    make a new one.
    """

    def __init__(
        self,
        address: str | None = None,
        *,
        directory: str | os.PathLike[str] | None = None,
        token: str | None = None,
        token_file: str | os.PathLike[str] | None = None,
        account: str | None = None,
        ssl_context: ssl.SSLContext | None = None,
        patience: float = 30.0,
    ) -> None:
        self._inner = AsyncClient(
            address, directory=directory, token=token, token_file=token_file, account=account,
            ssl_context=ssl_context, patience=patience,
        )  # fmt: skip

    def call(
        self, method: str, params: Mapping[str, Any] | None = None, *, safe: bool = False, timeout: float = 600.0
    ) -> Any:
        """Call a method by its name on the wire; see AsyncClient.call."""
        return wait(self._inner.call(method, params, safe=safe, timeout=timeout))

    def _call(self, call: Call, params: dict[str, Any]) -> Any:
        return wait(self._inner._call(call, params))

    def _subscribe(self, call: Call, params: dict[str, Any]) -> Subscription[Any]:
        return Subscription(self._inner._subscribe(call, params))

    def events(
        self,
        consumer: str | None,
        *,
        types: Sequence[t.EventType] = (),
        chats: Sequence[str] = (),
        since: int = NOW,
        on_gap: Callable[[int], None] | None = None,
    ) -> Events:
        """Read the event log under a name; see AsyncClient.events."""
        return Events(self._inner.events(consumer, types=types, chats=chats, since=since, on_gap=on_gap))

    def messages(self, consumer: str, *, chats: Sequence[str] = (), since: int = NOW) -> Messages:
        """Read what others write, under a name; see events and Message.answer."""
        return Messages(self._inner.messages(consumer, chats=chats, since=since))

    def close(self) -> None:
        """Close the connections. The client can be used again."""
        wait(self._inner.aclose())

    def __enter__(self) -> Client:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


class Events:
    """Events, in order, as AsyncEvents gives them."""

    def __init__(self, inner: AsyncEvents) -> None:
        self._inner = inner

    def __iter__(self) -> Events:
        return self

    def __next__(self) -> Event:
        return wait(self._inner.__anext__())

    def request_id(self, key: str = "") -> str:
        """Make an id for a request because of the event at hand; see AsyncEvents.request_id."""
        return self._inner.request_id(key)

    def ack(self) -> None:
        """Acknowledge the event at hand before the loop does."""
        wait(self._inner.ack())

    def close(self) -> None:
        """End reading. What was not acknowledged comes again."""
        wait(self._inner.aclose())

    def __enter__(self) -> Events:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


class Message:
    """A message of somebody else, as AsyncMessage has it."""

    def __init__(self, inner: AsyncMessage) -> None:
        self._inner = inner
        self.raw = inner.raw
        self.id = inner.id
        self.text = inner.text
        self.sender = inner.sender
        self.chat = inner.chat

    def answer(self, text: str) -> t.Sent | None:
        """Answer in its chat, once; see AsyncMessage.answer."""
        return wait(self._inner.answer(text))


class Messages:
    """Messages of others as they come, as AsyncMessages gives them."""

    def __init__(self, inner: AsyncMessages) -> None:
        self._inner = inner

    def __iter__(self) -> Messages:
        return self

    def __next__(self) -> Message:
        return Message(wait(self._inner.__anext__()))

    def request_id(self, key: str = "") -> str:
        """Make an id for a request because of the event at hand; see AsyncEvents.request_id."""
        return self._inner.request_id(key)

    def ack(self) -> None:
        """Acknowledge the event at hand before the loop does, with all its messages."""
        wait(self._inner.ack())

    def close(self) -> None:
        """End reading. What was not acknowledged comes again."""
        wait(self._inner.aclose())

    def __enter__(self) -> Messages:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
