"""Messages of others, as a bot wants them: one at a time, each answered once."""

from __future__ import annotations

from collections import deque
from types import TracebackType
from typing import TYPE_CHECKING, Final

from . import types as t
from ._backoff import Backoff, passing
from ._errors import RpcError, StatusdError
from ._events import AsyncEvents

if TYPE_CHECKING:
    from ._client import AsyncClient

_LOGIN_WAIT = 20  # pauses, some 90 seconds, that an answer waits for its account to be logged in


class AsyncMessage:
    """A message of somebody else."""

    def __init__(self, reader: AsyncMessages, raw: t.Message, account: str) -> None:
        self._reader = reader
        self._account = account
        self.raw = raw
        """All that the daemon says about it."""

    @property
    def id(self) -> str:
        """Its id, 0x hex."""
        return self.raw["id"]

    @property
    def text(self) -> str:
        """What it says."""
        return self.raw["text"]

    @property
    def sender(self) -> str:
        """The contact id of its author."""
        return self.raw["from"]

    @property
    def chat(self) -> str:
        """The id of the chat that it is in."""
        return self.raw["localChatId"]

    async def answer(self, text: str) -> t.Sent | None:
        """Answer in its chat. The daemon sends the answer once, however often the program is killed and gets
        the message again: the n-th answer to a message always has the same requestId. If an earlier try
        sent it with another text, that one stays, and None is returned.
        This waits while the daemon is away.
        """
        return await self._reader.answer(self.raw, text, self._account)


class AsyncMessages:
    """Messages of others as they come. The next step of the loop after the last message of an event
    acknowledges that event; see AsyncEvents.
    """

    def __init__(self, client: AsyncClient, events: AsyncEvents) -> None:
        self._client = client
        self._events = events
        self._waiting: deque[AsyncMessage] = deque()

    def __aiter__(self) -> AsyncMessages:
        return self

    async def __anext__(self) -> AsyncMessage:
        while not self._waiting:
            event = await anext(self._events)
            if event["type"] != "messages.new":
                continue
            for raw in event["event"].get("messages") or []:
                if wanted(raw):
                    self._waiting.append(AsyncMessage(self, raw, event["account"]))
        return self._waiting.popleft()

    def request_id(self, key: str = "") -> str:
        """Make an id for a request because of the event at hand; see AsyncEvents.request_id."""
        return self._events.request_id(key)

    async def answer(self, raw: t.Message, text: str, account: str) -> t.Sent | None:
        """Answer a message of the event at hand; see AsyncMessage.answer."""
        request = self.request_id(raw["id"])
        backoff, logins = Backoff(), 0
        while True:
            try:
                return await self._client.status_send(
                    recipient=raw["localChatId"],
                    message=text,
                    reply_to=raw["id"],
                    request_id=request,
                    account=account,
                )
            except StatusdError as e:
                if isinstance(e, RpcError):
                    if e.kind == "already_exists":
                        return None
                    logins += e.kind == "not_logged_in"
                if not passing(e) or logins > _LOGIN_WAIT:
                    raise
                await backoff.pause(e)

    async def ack(self) -> None:
        """Acknowledge the event at hand before the loop does, with all its messages."""
        self._waiting.clear()
        await self._events.ack()

    async def aclose(self) -> None:
        """End reading. What was not acknowledged comes again."""
        self._waiting.clear()
        await self._events.aclose()

    async def __aenter__(self) -> AsyncMessages:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.aclose()


def wanted(raw: t.Message) -> bool:
    """Tell whether a message is new and somebody else wrote it."""
    return bool(raw.get("new")) and not raw.get("outgoingStatus") and raw["contentType"] != t.CONTENT_SYSTEM
