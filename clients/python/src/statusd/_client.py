"""The client that is awaited."""

from __future__ import annotations

import asyncio
import os
import ssl
from collections.abc import Callable, Mapping, Sequence
from types import TracebackType
from typing import Any

from . import _wire
from . import types as t
from ._backoff import Backoff
from ._call import ACCOUNT, SAFE, SECRET, Call
from ._errors import ConnectionLostError, StatusdError
from ._events import NOW, AsyncEvents
from ._messages import AsyncMessages
from ._methods import AsyncMethods
from ._subscription import AsyncSubscription
from ._transport import HttpAnswer, HttpTransport, SocketTransport
from ._where import find

_GRACE = 15.0  # seconds beyond those that the daemon gives a call
_LONGEST = 600.0  # seconds that the daemon gives any call


class AsyncClient(AsyncMethods):
    """A daemon, for programs that use asyncio.

    address: http://…, https://… or the path of a unix socket. Without it the variable STATUSD_URL, or
    else the socket of the data directory.
    directory: the data directory; without it the variable STATUSD_DIR, or else ~/.statusd.
    token, token_file: over HTTP, the token or the file that it is in. Without them the variables
    STATUSD_TOKEN and STATUSD_TOKEN_FILE, or else the file rpc-token of the data directory.
    account: key-uid of the account that calls are about; calls while another one is logged in fail.
    ssl_context: for https, if the certificate is not one that the system trusts.
    patience: seconds in which a call that lost its connection is made again. Only those are that change
    nothing, that have a requestId, or that the daemon cannot have got. The first call is not.
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
        self.place = find(address, directory, token, token_file)
        """Where the daemon is."""
        self.account = account
        self.patience = patience
        self.transport: SocketTransport | HttpTransport
        if self.place.socket is not None:
            self.transport = SocketTransport(self.place)
        else:
            self.transport = HttpTransport(self.place, ssl_context)
        self._met = False

    async def call(
        self,
        method: str,
        params: Mapping[str, Any] | None = None,
        *,
        safe: bool = False,
        timeout: float = _LONGEST,
    ) -> Any:
        """Call a method by its name on the wire, with parameters by name. For methods that this version of
        the package does not know; the others have functions of their own.
        safe: it may be called again when an answer got lost.
        """
        return await self._request(Call(method, SAFE if safe else 0, timeout), params or {})

    async def _call(self, call: Call, params: dict[str, Any]) -> Any:
        if call.flags & SECRET and not self.place.confidential:
            raise StatusdError(f"{call.method} is not sent to {self.place}, where others could read it: use the socket or https")
        if call.flags & ACCOUNT and params.get("account") is None:
            params["account"] = self.account
        return await self._request(call, params)

    async def _request(self, call: Call, params: Mapping[str, Any]) -> Any:
        body = _wire.encode(call.method, params)
        safe = call.flags & SAFE or params.get("requestId") is not None
        clock = asyncio.get_running_loop().time
        end = clock() + self.patience
        backoff = Backoff()
        while True:
            try:
                answer = await self._answer(body, call.timeout + _GRACE)
                self._met = True
                return _wire.decode(answer)
            except ConnectionLostError as e:
                if not self._met or (e.sent and not safe) or clock() >= end:
                    raise
                await backoff.pause()

    async def _answer(self, body: bytes, timeout: float) -> bytes:
        try:
            return await self.transport.request(body, timeout)
        except HttpAnswer as e:
            raise _wire.refusal(e) from None

    def _subscribe(self, call: Call, params: dict[str, Any]) -> AsyncSubscription[Any]:
        if not isinstance(self.transport, SocketTransport):
            raise StatusdError("subscriptions need the unix socket; events() works over HTTP as well")
        return AsyncSubscription(self.transport.lines(_wire.encode(call.method, params)))

    def events(
        self,
        consumer: str | None,
        *,
        types: Sequence[t.EventType] = (),
        chats: Sequence[str] = (),
        since: int = NOW,
        on_gap: Callable[[int], None] | None = None,
    ) -> AsyncEvents:
        """Read the event log under a name, from where the last event was acknowledged under it.

        consumer: the name; None: nothing is remembered.
        types, chats: what is wanted; without them everything.
        since: where a name that is new begins: NOW, BEGINNING or a cursor.
        on_gap: is called with the oldest cursor that there is, if events are gone that were not read.
        """
        return AsyncEvents(self, consumer, types, chats, since, on_gap)

    def messages(self, consumer: str, *, chats: Sequence[str] = (), since: int = NOW) -> AsyncMessages:
        """Read what others write, under a name; see events and AsyncMessage.answer."""
        return AsyncMessages(self, self.events(consumer, types=["messages.new"], chats=chats, since=since))

    async def aclose(self) -> None:
        """Close the connections. The client can be used again."""
        await self.transport.close()

    async def __aenter__(self) -> AsyncClient:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.aclose()
