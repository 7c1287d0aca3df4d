"""The clients with a daemon that is made up: what real ones do rarely."""

from __future__ import annotations

import asyncio
import json
import tempfile
import unittest
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any
from unittest import mock

from statusd import AsyncClient, ConnectionLostError, Event, RpcError, StatusdError, errors, request_id
from statusd._backoff import Backoff
from statusd._errors import RpcError as Base
from statusd._events import SseParser
from statusd._where import find, socket_in
from statusd._wire import decode, encode

Handler = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


class Where(unittest.TestCase):
    def find(self, address: str | None = None, **env: str) -> str:
        with mock.patch.dict("os.environ", env, clear=True):
            return str(find(address, None, None, None))

    def test_order(self) -> None:
        self.assertEqual(self.find(STATUSD_DIR="/d"), "/d/statusd.ipc")
        self.assertEqual(self.find(STATUSD_DIR="/d", STATUSD_URL="http://127.0.0.1:8545"), "http://127.0.0.1:8545")
        self.assertEqual(self.find("/x/y.ipc", STATUSD_URL="http://127.0.0.1:8545"), "/x/y.ipc")
        self.assertEqual(self.find("unix:///x/y.ipc"), "/x/y.ipc")
        self.assertEqual(self.find("https://[::1]/rpc/"), "https://[::1]:443/rpc")
        self.assertEqual(self.find(HOME="/home/ana"), "/home/ana/.statusd/statusd.ipc")

    def test_refuses(self) -> None:
        for wrong in ("ws://127.0.0.1", "http://", "http://user:secret@host", "http://host/?token=x"):
            with self.assertRaises(StatusdError):
                self.find(wrong)

    def test_long_paths_move(self) -> None:
        with mock.patch.dict("os.environ", {"XDG_RUNTIME_DIR": "/run/user/7"}):
            path = "/" + "d" * 100
            self.assertEqual(socket_in(Path(path)), "/run/user/7/statusd/ed7335ef37ab3ae0.ipc")

    def test_tokens(self) -> None:
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder) / "rpc-token"
            place = find("http://127.0.0.1", None, None, file)
            self.assertIsNone(place.token.read())
            file.write_text("first\n")
            self.assertEqual(place.token.read(), "first")
            file.write_text("second\n")  # it was replaced
            self.assertEqual(place.token.read(), "second")
            with mock.patch.dict("os.environ", {"STATUSD_TOKEN": "third"}):
                self.assertEqual(find("http://127.0.0.1", None, None, None).token.read(), "third")
                self.assertEqual(find("http://127.0.0.1", None, "own", None).token.read(), "own")

    def test_confidential(self) -> None:
        for address, want in {
            "http://127.0.0.1": True, "http://[::1]": True, "http://localhost": True, "https://example.org": True,
            "http://example.org": False, "http://192.0.2.1": False, "/x.ipc": True,
        }.items():  # fmt: skip
            self.assertEqual(find(address, None, "t", None).confidential, want, address)


class Wire(unittest.TestCase):
    def test_encode(self) -> None:
        request = json.loads(encode("m", {"a": b"\x01\xff", "b": None, "c": "ä😀"}))
        self.assertEqual(request["params"], {"a": "0x01ff", "c": "ä😀"})

    def test_every_kind_has_its_class(self) -> None:
        for kind, of in errors.BY_KIND.items():
            answer = {"jsonrpc": "2.0", "id": 1, "error": {"code": -1, "message": "no", "data": {"kind": kind}}}
            with self.assertRaises(of) as caught:
                decode(json.dumps(answer).encode())
            self.assertEqual(caught.exception.kind, kind)
        with self.assertRaises(RpcError) as unknown:
            decode(b'{"error":{"code":-7,"message":"no","data":{"kind":"new","hint":"wait","retryAfterSeconds":3}}}')
        self.assertEqual((unknown.exception.kind, unknown.exception.retry_after), ("new", 3.0))
        self.assertEqual(str(unknown.exception), "no (wait)")

    def test_other_programs(self) -> None:
        errors = (b'{"error":"no"}', b'{"error":{}}', b'{"error":{"data":[]}}')
        for raw in (b"", b"[]", b"<html>", b'{"jsonrpc":"2.0"}', *errors):
            with self.assertRaises(StatusdError):
                decode(raw)

    def test_sse(self) -> None:
        parser, out = SseParser(), []
        text = ":\n\nid: 3\ndata: {}\n\nevent: gap\ndata: a\ndata:b\n\n\nevent: lone\n\ndata: x\n\n"
        for line in text.split("\n"):
            if done := parser.line(line.encode()):
                out.append(done)
        self.assertEqual(out, [("message", "{}"), ("gap", "a\nb"), ("message", "x")])

    def test_request_ids(self) -> None:
        event: Event = {
            "cursor": 7, "account": "0xaa", "time": 0, "type": "account.login", "event": {"keyUid": "0xaa"}
        }  # fmt: skip
        self.assertEqual(  # the clients in other languages have the same
            request_id("echo", event, "0x01", 1), "a8d06eed9339d4a00b3597686218f43352f3c8120a6c9959fa8a08b153d18902"
        )
        self.assertLessEqual(len(request_id("echo", event)), 64)

    def test_backoff_grows_and_ends(self) -> None:
        pauses: list[float] = []

        async def sleep(seconds: float) -> None:
            pauses.append(seconds)

        async def run() -> None:
            backoff = Backoff()
            with mock.patch("asyncio.sleep", sleep):
                for _ in range(12):
                    await backoff.pause()
                await backoff.pause(Base(-32014, "busy", {"kind": "busy", "retryAfterSeconds": 9}))

        asyncio.run(run())
        self.assertLess(pauses[0], 0.2)
        self.assertLess(max(pauses[:-1]), 7)
        self.assertGreater(pauses[-2], 3)
        self.assertGreaterEqual(pauses[-1], 9)


class FakeDaemon:
    """Answers each line with what a function says; None breaks the connection."""

    def __init__(self, answer: Callable[[dict[str, Any]], Any]) -> None:
        self._answer = answer
        self.calls: list[dict[str, Any]] = []

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while line := await reader.readline():
                request = json.loads(line)
                self.calls.append(request)
                result = self._answer(request)
                if result is None:
                    break
                writer.write(json.dumps({"jsonrpc": "2.0", "id": 1, **result}).encode() + b"\n")
        finally:
            writer.close()


def run_with(fake: FakeDaemon, test: Callable[[AsyncClient], Awaitable[None]]) -> None:
    async def run() -> None:
        with tempfile.TemporaryDirectory() as folder:
            path = folder + "/s"
            server = await asyncio.start_unix_server(fake.serve, path)
            async with server, AsyncClient(path) as client:
                await test(client)

    asyncio.run(run())


def failing_once() -> FakeDaemon:
    """A daemon whose connection breaks at the second call, when it has read it."""
    fake = FakeDaemon(lambda _: None if len(fake.calls) == 2 else {"result": len(fake.calls)})
    return fake


class Again(unittest.TestCase):
    def test_what_changes_something_is_not_called_twice(self) -> None:
        fake = failing_once()

        async def test(c: AsyncClient) -> None:
            await c.call("m")
            with self.assertRaises(ConnectionLostError) as caught:
                await c.call("m")
            self.assertTrue(caught.exception.sent)
            self.assertEqual(await c.call("m"), 3)

        run_with(fake, test)
        self.assertEqual(len(fake.calls), 3)

    def test_reading_is_called_again(self) -> None:
        fake = failing_once()

        async def test(c: AsyncClient) -> None:
            await c.call("m")
            self.assertEqual(await c.call("m", safe=True), 3)

        run_with(fake, test)

    def test_a_request_with_an_id_is_called_again(self) -> None:
        fake = failing_once()

        async def test(c: AsyncClient) -> None:
            await c.call("m")
            self.assertEqual(await c.call("m", {"requestId": "x"}), 3)

        run_with(fake, test)
        self.assertEqual([call["params"] for call in fake.calls[1:]], 2 * [{"requestId": "x"}])


class Log:
    """An event log with one consumer, as a daemon keeps it. It counts answers by requestId."""

    def __init__(self, texts: list[str], breaks: set[int]) -> None:
        self.events = [
            {"cursor": i + 1, "account": "0xaa", "type": "messages.new", "event": {"messages": [message(i, t)]}}
            for i, t in enumerate(texts)
        ]
        self.breaks = breaks  # numbers of calls whose answer gets lost
        self.acked = 0
        self.sent: dict[str, str] = {}
        self.count = 0
        self.order: list[str] = []

    def answer(self, request: dict[str, Any]) -> Any:
        self.count += 1
        result = self.do(request["method"], request["params"])
        return None if self.count in self.breaks else result

    def do(self, method: str, params: dict[str, Any]) -> dict[str, Any]:
        if method == "status_ackEvents":
            self.acked = max(self.acked, params["cursor"])
            self.order.append(f"ack {params['cursor']}")
            return {"result": None}
        if method == "status_send":
            if self.sent.setdefault(params["requestId"], params["message"]) != params["message"]:
                return {"error": {"code": -32013, "message": "other arguments", "data": {"kind": "already_exists"}}}
            self.order.append("send " + params["message"])
            return {"result": {"messageId": "0x1"}}
        events = [e for e in self.events if e["cursor"] > self.acked]  # type: ignore[operator]
        return {"result": {"events": events, "next": len(self.events)}}


def message(i: int, text: str) -> dict[str, Any]:
    return {"id": f"0x{i}", "text": text, "localChatId": "tea", "from": "0x04", "new": True, "contentType": 1}


class Answering(unittest.TestCase):
    def test_each_message_is_answered_once_wherever_the_connection_breaks(self) -> None:
        async def pause(self: Backoff, error: Exception | None = None) -> None:
            await asyncio.sleep(0)

        texts = ["one", "two", "three"]
        with mock.patch.object(Backoff, "pause", pause):
            for broken in range(2, 10):
                log = Log(texts, {broken, broken + 1})

                async def test(c: AsyncClient, log: Log = log) -> None:
                    await c.call("status_getEvents", {})  # it has been there
                    async for m in c.messages("echo"):
                        await m.answer(m.text)
                        if m.text == "three":
                            break

                run_with(FakeDaemon(log.answer), test)
                self.assertEqual(list(log.sent.values()), texts, f"calls {broken} and the next broke")

    def test_acknowledges_after_the_body(self) -> None:
        log = Log(["one", "two"], set())

        async def test(c: AsyncClient) -> None:
            async for m in c.messages("echo"):
                await m.answer(m.text)
                if m.text == "two":
                    break

        run_with(FakeDaemon(log.answer), test)
        self.assertEqual(log.order, ["send one", "ack 1", "send two"])

    def test_a_text_of_an_earlier_life_stays(self) -> None:
        log = Log(["one"], set())

        async def test(c: AsyncClient) -> None:
            for text in ("it is ten", "it is eleven"):
                async for m in c.messages("clock"):
                    answer = await m.answer(text)
                    self.assertEqual(answer is None, text == "it is eleven")
                    break

        run_with(FakeDaemon(log.answer), test)
        self.assertEqual(list(log.sent.values()), ["it is ten"])

    def test_skips_what_is_no_message_of_others(self) -> None:
        log = Log(["own", "old", "note", "real"], set())
        for i, change in enumerate(({"outgoingStatus": "sent"}, {"new": False}, {"contentType": 6})):
            log.events[i]["event"]["messages"][0].update(change)  # type: ignore[index]

        async def test(c: AsyncClient) -> None:
            self.assertEqual((await anext(c.messages("echo"))).text, "real")

        run_with(FakeDaemon(log.answer), test)

    def test_gap_is_told(self) -> None:
        gaps: list[int] = []
        page = {"events": [{"cursor": 9, "account": "0xaa", "event": {}}], "next": 9, "gap": True, "from": 9}

        async def test(c: AsyncClient) -> None:
            await anext(c.events("slow", on_gap=gaps.append))

        run_with(FakeDaemon(lambda _: {"result": page}), test)
        self.assertEqual(gaps, [9])


class Http(unittest.TestCase):
    """What comes from an HTTP port is taken apart with care."""

    def ask(self, answer: bytes) -> Any:
        async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await reader.readuntil(b"\r\n\r\n")
            writer.write(answer)
            writer.close()

        async def run() -> Any:
            server = await asyncio.start_server(serve, "127.0.0.1", 0)
            port = server.sockets[0].getsockname()[1]
            async with server, AsyncClient(f"http://127.0.0.1:{port}", token="t") as c:
                return await c.call("m")

        return asyncio.run(run())

    def test_forms_of_answers(self) -> None:
        body = b'{"result":"yes"}'
        head = b"HTTP/1.1 200 OK\r\n"
        for answer in (
            head + b"Content-Length: 16\r\n\r\n" + body,
            head + b"Transfer-Encoding: chunked\r\n\r\n4;x=y\r\n" + body[:4] + b"\r\nc\r\n" + body[4:] + b"\r\n0\r\nA: b\r\n\r\n",
            head + b"\r\n" + body,
            b"HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n" + head + b"Content-Length: 16\r\n\r\n" + body,
        ):
            self.assertEqual(self.ask(answer), "yes", answer)

    def test_wrong_answers(self) -> None:
        head = b"HTTP/1.1 200 OK\r\n"
        for answer in (
            b"", b"SSH-2.0-x\r\n", b"HTTP/1.1\r\n\r\n", head + b"Content-Length: -1\r\n\r\n",
            head + b"Content-Length: 99999999999\r\n\r\n", head + b"Content-Length: 9\r\n\r\nx",
            head + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n", b"HTTP/1.1 502 Bad Gateway\r\n\r\n<html>",
        ):  # fmt: skip
            with self.assertRaises(ConnectionLostError, msg=answer):
                self.ask(answer)
        with self.assertRaises(StatusdError):
            self.ask(b"HTTP/1.1 404 Not Found\r\n\r\n<html>")
        with self.assertRaises(errors.BusyError):
            self.ask(b'HTTP/1.1 503 Busy\r\n\r\n{"error":{"code":-32014,"message":"x","data":{"kind":"busy"}}}')

    def test_secrets_stay_off_open_ways(self) -> None:
        async def run() -> None:
            from statusd._call import SECRET, Call

            with self.assertRaisesRegex(StatusdError, "others could read it"):
                await AsyncClient("http://192.0.2.1", token="t")._call(Call("m", SECRET, 1), {})

        asyncio.run(run())

    def test_no_token_makes_headers(self) -> None:
        with self.assertRaises(StatusdError):
            asyncio.run(AsyncClient("http://127.0.0.1:1", token="a\r\nX: y").call("m"))


if __name__ == "__main__":
    unittest.main()
