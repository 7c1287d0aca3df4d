"""Connections to the daemon: requests and answers over a unix socket or HTTP/1.1."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from typing import NamedTuple, Protocol

from ._errors import ConnectionLostError, StatusdError
from ._where import Place

_LIMIT = 256 << 20  # bytes of a line or an answer; the daemon's own limits are lower
_LINE = 64 << 10  # bytes of a header
_CONNECT = 10.0  # seconds
_IDLE_CONNECTIONS = 8


class Transport(Protocol):
    """A way to make calls."""

    async def request(self, body: bytes, timeout: float) -> bytes:
        """Send a request and return the answer."""

    async def close(self) -> None:
        """Close all connections that wait for use."""


class Connection(NamedTuple):
    """An open connection."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter

    def usable(self) -> bool:
        """Tell whether the other side, as far as is known, still reads."""
        return not self.reader.at_eof() and not self.writer.is_closing()


class _Pool:
    """Connections that wait for use. Each serves one request at a time."""

    def __init__(self, place: Place, context: ssl.SSLContext | None) -> None:
        self._place = place
        self._context = context
        self._idle: list[Connection] = []

    async def take(self) -> Connection:
        while self._idle:
            if (c := self._idle.pop()).usable():
                return c
            c.writer.close()
        return await self.open()

    async def open(self) -> Connection:
        place = self._place
        try:
            async with asyncio.timeout(_CONNECT):
                if place.socket is not None:
                    return Connection(*await asyncio.open_unix_connection(place.socket, limit=_LIMIT))
                context = self._context or ssl.create_default_context() if place.tls else None
                return Connection(
                    *await asyncio.open_connection(place.host, place.port, ssl=context, limit=_LIMIT)
                )
        except ssl.SSLCertVerificationError as e:
            raise StatusdError(f"{place}: {e.verify_message}; give a context with its certificate as ssl_context") from e
        except (OSError, TimeoutError) as e:
            hint = "is the daemon running? statusd run" + ("" if place.socket else " --http")
            raise ConnectionLostError(f"no connection to {place}: {_reason(e)} ({hint})", sent=False) from e

    def give(self, c: Connection) -> None:
        if len(self._idle) < _IDLE_CONNECTIONS and c.usable():
            self._idle.append(c)
        else:
            c.writer.close()

    async def close(self) -> None:
        while self._idle:
            self._idle.pop().writer.close()


def _reason(e: BaseException) -> str:
    if isinstance(e, TimeoutError):
        return "it took too long"
    if isinstance(e, asyncio.IncompleteReadError):
        return "the other side closed it"
    return getattr(e, "strerror", None) or str(e) or type(e).__name__


def _lost(place: Place, e: BaseException) -> ConnectionLostError:
    return ConnectionLostError(f"the connection to {place} broke: {_reason(e)}", sent=True)


_BROKEN = (OSError, TimeoutError, asyncio.IncompleteReadError, asyncio.LimitOverrunError, EOFError)


class SocketTransport:
    """Calls over the unix socket: a line for each request and each answer."""

    def __init__(self, place: Place) -> None:
        self._place = place
        self._pool = _Pool(place, None)

    async def request(self, body: bytes, timeout: float) -> bytes:
        c = await self._pool.take()
        done = False
        try:
            async with asyncio.timeout(timeout):
                c.writer.write(body + b"\n")
                await c.writer.drain()
                line = await c.reader.readuntil(b"\n")
            done = True
            return line
        except _BROKEN as e:
            raise _lost(self._place, e) from e
        finally:  # one that still waits for an answer must not serve another request
            self._pool.give(c) if done else c.writer.close()

    async def lines(self, body: bytes) -> AsyncGenerator[bytes, None]:
        """Send a request over a connection of its own, and give the lines that come."""
        c = await self._pool.open()
        try:
            c.writer.write(body + b"\n")
            await c.writer.drain()
            while True:
                yield await c.reader.readuntil(b"\n")
        except _BROKEN as e:
            raise _lost(self._place, e) from e
        finally:
            c.writer.close()

    async def close(self) -> None:
        await self._pool.close()


class _Head(NamedTuple):
    status: int
    headers: dict[str, str]


class HttpAnswer(StatusdError):
    """An answer that has no status of success."""

    def __init__(self, status: int, body: bytes, place: Place) -> None:
        super().__init__(f"{place} answered with the HTTP status {status}")
        self.status = status
        self.body = body


class HttpTransport:
    """Calls over HTTP/1.1, each in a POST request."""

    def __init__(self, place: Place, context: ssl.SSLContext | None) -> None:
        self._place = place
        self._pool = _Pool(place, context)

    async def request(self, body: bytes, timeout: float) -> bytes:
        c = await self._pool.take()
        keep = False
        try:
            async with asyncio.timeout(timeout):
                headers = {"Content-Type": "application/json", "Content-Length": str(len(body))}
                c.writer.write(self._head("POST", self._place.path + "/", headers) + body)
                await c.writer.drain()
                head = await _read_head(c.reader)
                answer = b"".join([part async for part in _body(c.reader, head)])
            keep = head.headers.get("connection", "").lower() != "close"
            if head.status != 200:
                raise HttpAnswer(head.status, answer, self._place)
            return answer
        except _BROKEN as e:
            raise _lost(self._place, e) from e
        finally:
            self._pool.give(c) if keep else c.writer.close()

    async def stream(self, query: str, headers: Mapping[str, str], silence: float) -> AsyncGenerator[bytes, None]:
        """Give the lines of the stream of events. It breaks after so many seconds of silence."""
        c = await self._pool.open()
        try:
            wanted = {"Accept": "text/event-stream", **headers}
            c.writer.write(self._head("GET", f"{self._place.events}?{query}", wanted))
            async with asyncio.timeout(silence):
                await c.writer.drain()
                head = await _read_head(c.reader)
            parts = _body(c.reader, head)
            if head.status != 200:
                raise HttpAnswer(head.status, b"".join([p async for p in parts]), self._place)
            rest = b""
            while True:
                async with asyncio.timeout(silence):
                    part = await anext(parts, None)
                if part is None:
                    raise EOFError("the stream ended")
                *lines, rest = (rest + part).split(b"\n")
                for line in lines:
                    yield line.removesuffix(b"\r")
        except _BROKEN as e:
            raise _lost(self._place, e) from e
        finally:
            c.writer.close()

    def _head(self, method: str, target: str, headers: Mapping[str, str]) -> bytes:
        place = self._place
        host = f"[{place.host}]" if ":" in place.host else place.host
        lines = [f"{method} {target} HTTP/1.1", f"Host: {host}:{place.port}", "User-Agent: statusd-python"]
        token = place.token.read()
        if token:
            if not token.isascii() or not token.isprintable():
                raise StatusdError("the token has characters that a token cannot have")
            lines.append(f"Authorization: Bearer {token}")
        lines += [f"{name}: {value}" for name, value in headers.items()]
        return ("\r\n".join(lines) + "\r\n\r\n").encode("ascii")

    async def close(self) -> None:
        await self._pool.close()


async def _line(reader: asyncio.StreamReader) -> bytes:
    line = await reader.readuntil(b"\n")
    if len(line) > _LINE:
        raise EOFError("a line of the head is too long")
    return line.rstrip(b"\r\n")


async def _read_head(reader: asyncio.StreamReader) -> _Head:
    while True:
        first = (await _line(reader)).split(None, 2)
        if len(first) < 2 or not first[0].startswith(b"HTTP/1.") or not first[1].isdigit():
            raise EOFError("what answers does not speak HTTP/1.1")
        headers: dict[str, str] = {}
        while line := await _line(reader):
            name, _, value = line.decode("latin-1").partition(":")
            headers[name.strip().lower()] = value.strip()
        if not 100 <= int(first[1]) < 200:  # interim answers come before the real one
            return _Head(int(first[1]), headers)


async def _body(reader: asyncio.StreamReader, head: _Head) -> AsyncIterator[bytes]:
    """Give the body of an answer in parts."""
    if head.status in (204, 304):
        return
    if head.headers.get("transfer-encoding", "").lower() == "chunked":
        while size := _number(await _line(reader), 16):
            yield await reader.readexactly(size)
            await _line(reader)
        while await _line(reader):  # trailers
            pass
    elif (length := head.headers.get("content-length")) is not None:
        yield await reader.readexactly(_number(length.encode(), 10))
    else:
        while part := await reader.read(1 << 16):
            yield part


def _number(text: bytes, base: int) -> int:
    try:
        n = int(text.partition(b";")[0], base)
    except ValueError:
        raise EOFError("a length in the answer is no number") from None
    if not 0 <= n <= _LIMIT:
        raise EOFError("the answer is too long")
    return n
