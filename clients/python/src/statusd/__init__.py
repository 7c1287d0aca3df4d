"""A client of statusd, the headless daemon of the Status client system.

    from statusd import Client

    with Client() as daemon:
        for message in daemon.messages("echo-bot"):
            message.answer(message.text)

AsyncClient is the same for asyncio. Types of what methods take and answer are in statusd.types, errors in
statusd.errors.
"""

from . import errors, types
from ._client import AsyncClient
from ._errors import ConnectionLostError, RpcError, StatusdError
from ._events import BEGINNING, NOW, AsyncEvents, Event, request_id
from ._messages import AsyncMessage, AsyncMessages
from ._subscription import AsyncSubscription, Subscription
from ._sync import Client, Events, Message, Messages

__all__ = [
    "BEGINNING",
    "NOW",
    "AsyncClient",
    "AsyncEvents",
    "AsyncMessage",
    "AsyncMessages",
    "AsyncSubscription",
    "Client",
    "ConnectionLostError",
    "Event",
    "Events",
    "Message",
    "Messages",
    "RpcError",
    "StatusdError",
    "Subscription",
    "errors",
    "request_id",
    "types",
]
