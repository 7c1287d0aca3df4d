"""The event log, read under a name: what the daemon remembers for who reads, and how a reader goes on."""

from __future__ import annotations

import hashlib
import json
import logging
from collections import Counter, deque
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import aclosing
from types import TracebackType
from typing import TYPE_CHECKING, Final, cast
from urllib.parse import urlencode

from . import types as t
from ._backoff import Backoff, passing
from ._errors import RpcError, StatusdError
from ._transport import HttpAnswer, HttpTransport
from ._wire import refusal

if TYPE_CHECKING:
    from ._client import AsyncClient

_log = logging.getLogger("statusd")

BEGINNING: Final = 0
"""The beginning of the log."""
NOW: Final = -1
"""The end of the log: only what comes is read."""

_WAIT = 50  # seconds that a long poll waits for an event
_SILENCE = 45.0  # seconds; the daemon says something every 15

Event = t.LogEvent
"""What is in the log; its type says what it tells."""


def request_id(consumer: str, event: Event, key: str = "", count: int = 0) -> str:
    """Make the id of a request that a consumer makes because of an event. It is the same whenever the
    same consumer gets the same event again, so that the daemon does what is asked once.
    key and count tell apart several requests because of one event.
    """
    parts = (consumer, event["account"], str(event["cursor"]), key, str(count))
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()


class SseParser:
    """Takes the lines of a stream of server-sent events apart."""

    def __init__(self) -> None:
        self._type = ""
        self._data: list[str] = []

    def line(self, raw: bytes) -> tuple[str, str] | None:
        """Take a line, and return type and data of the event that it ends."""
        if not raw:
            done = (self._type or "message", "\n".join(self._data)) if self._data else None
            self._type, self._data = "", []
            return done
        name, _, value = raw.decode("utf-8").partition(":")
        value = value.removeprefix(" ")
        if name == "event":
            self._type = value
        elif name == "data":
            self._data.append(value)
        return None


class AsyncEvents:
    """Events, in order. The next step of the loop acknowledges the event of the step before: it will not
    come again, neither after a restart of the daemon nor of the program. Who leaves the loop in the
    middle of an event gets it again, unless ack was called.

    Reading goes on through restarts of the daemon, and while nobody is logged in; the logger statusd
    tells of it.
    """

    def __init__(
        self,
        client: AsyncClient,
        consumer: str | None,
        types: Sequence[t.EventType],
        chats: Sequence[str],
        since: int,
        on_gap: Callable[[int], None] | None,
    ) -> None:
        self.consumer = consumer
        """The name under which the daemon remembers how far this reader is; None: it does not."""
        self._client = client
        self._types = list(types)
        self._chats = list(chats)
        self._since = since
        self._on_gap = on_gap
        self._source: AsyncGenerator[list[Event], None] | None = None
        self._waiting: deque[Event] = deque()
        self._current: Event | None = None
        self._requests: Counter[str] = Counter()
        self._backoff = Backoff()

    def __aiter__(self) -> AsyncEvents:
        return self

    async def __anext__(self) -> Event:
        await self.ack()
        while not self._waiting:
            await self._fetch()
        self._current = self._waiting.popleft()
        self._requests.clear()
        return self._current

    def request_id(self, key: str = "") -> str:
        """Make an id for a request because of the event at hand. Requests with one key are counted, so that
        a body which makes the same requests in the same order makes them with the same ids.
        """
        if self.consumer is None or self._current is None:
            raise StatusdError("there is no event at hand, or its reader has no name")
        self._requests[key] += 1
        return request_id(self.consumer, self._current, key, self._requests[key])

    async def ack(self) -> None:
        """Acknowledge the event at hand before the loop does."""
        if self._current is None:
            return
        event, self._current = self._current, None
        self._since = event["cursor"]
        if self.consumer is None:
            return
        while True:
            try:
                await self._client.status_ack_events(
                    consumer=self.consumer, cursor=event["cursor"], account=event["account"]
                )
                return
            except StatusdError as e:
                if not passing(e):
                    raise
                if isinstance(e, RpcError) and e.kind == "not_logged_in":
                    await self.aclose()  # when its account is back, the event comes again
                    return
                await self._wait(e)

    async def aclose(self) -> None:
        """End reading. What was not acknowledged comes again."""
        self._waiting.clear()
        source, self._source, self._current = self._source, None, None
        if source is not None:
            await source.aclose()

    async def __aenter__(self) -> AsyncEvents:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.aclose()

    async def _fetch(self) -> None:
        """Get more events, or wait for better times."""
        try:
            if self._source is None:
                transport = self._client.transport
                self._source = self._stream(transport) if isinstance(transport, HttpTransport) else self._poll()
            self._waiting.extend(await anext(self._source))
            if not self._backoff.fresh:
                _log.info("events come again")
            self._backoff.reset()
        except HttpAnswer as e:
            error = refusal(e)
            await self.aclose()
            if not passing(error):
                raise error from None
            await self._wait(error)
        except StatusdError as e:
            await self.aclose()
            if not passing(e):
                raise
            await self._wait(e)

    async def _wait(self, e: StatusdError) -> None:
        if self._backoff.fresh:
            _log.warning("events: %s; trying again until it works", e)
        await self._backoff.pause(e)

    async def _poll(self) -> AsyncGenerator[list[Event], None]:
        """Read pages, each as soon as there is something to read."""
        while True:
            query: t.EventsQuery = {"since": self._since, "wait": _WAIT, "types": self._types, "chats": self._chats}
            if self.consumer is not None:
                query["consumer"] = self.consumer
            page = await self._client.status_get_events(query=query)
            if page.get("gap"):
                self._gap(page["from"])
            yield cast(list[Event], page["events"] or [])
            if self.consumer is None:
                self._since = page["next"]

    async def _stream(self, transport: HttpTransport) -> AsyncGenerator[list[Event], None]:
        """Read the stream of events of the HTTP port."""
        query = [("since", str(self._since))]
        query += [("types", t) for t in self._types] + [("chats", c) for c in self._chats]
        query += [(name, v) for name, v in (("consumer", self.consumer), ("account", self._client.account)) if v]
        parser = SseParser()
        async with aclosing(transport.stream(urlencode(query), {}, _SILENCE)) as lines:
            async for line in lines:
                if not line:
                    yield []  # the connection works
                if (done := parser.line(line)) is None:
                    continue
                kind, data = done
                if kind == "gap":
                    self._gap(json.loads(data)["from"])
                elif kind == "message":
                    event = json.loads(data)
                    if event.get("cursor"):  # signals of the node are in no log
                        yield [event]

    def _gap(self, oldest: int) -> None:
        _log.warning("events before %d are gone from the log", oldest)
        if self._on_gap is not None:
            self._on_gap(oldest)
