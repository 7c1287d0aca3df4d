"""The clients with a real daemon."""

from __future__ import annotations

import asyncio
import os
import threading
import unittest
from collections.abc import Awaitable, Callable

from statusd import BEGINNING, AsyncClient, Client, ConnectionLostError, Event, StatusdError
from statusd.errors import InvalidParamsError, MethodNotFoundError, NotLoggedInError, UnauthenticatedError

from .daemon import Daemon, needs_daemon


def run(work: Awaitable[None]) -> None:
    async def bounded() -> None:
        async with asyncio.timeout(60):
            await work

    asyncio.run(bounded())


@needs_daemon
class WithDaemon(unittest.TestCase):
    daemon: Daemon

    @classmethod
    def setUpClass(cls) -> None:
        cls.daemon = Daemon()
        cls.addClassCleanup(cls.daemon.close)

    def clients(self) -> list[Client]:
        """A client for each way to the daemon."""
        token = self.daemon.dir / "rpc-token"
        both = [Client(directory=self.daemon.dir), Client(self.daemon.url, token_file=token)]
        for c in both:
            self.addCleanup(c.close)
        return both

    def test_calls(self) -> None:
        for c in self.clients():
            self.assertEqual(c.admin_datadir(), str(self.daemon.dir))
            self.assertEqual(
                c.web3_sha3(data=b"hello"), "0x1c8aff950685c2ed4bc3174f3472287b56d9517b9c948127319a09a7a36deac8"
            )
            self.assertTrue(c.status_version()["version"])
            self.assertTrue(c.admin_set_log_level(level="info"))

    def test_errors(self) -> None:
        for c in self.clients():
            with self.assertRaises(InvalidParamsError) as caught:
                c.web3_sha3(data="no hex")
            self.assertEqual(caught.exception.code, -32602)
            self.assertEqual(caught.exception.kind, "invalid_params")
            self.assertTrue(caught.exception.request_id)
            with self.assertRaises(MethodNotFoundError) as missing:
                c.call("status_helth")
            self.assertIn("status_health", missing.exception.hint)
            self.assertIn("status_health", str(missing.exception))
            with self.assertRaises(NotLoggedInError):
                c.call("status_send", {"recipient": "#tea", "message": "hi", "account": "0x" + 64 * "1"})

    def test_wrong_token(self) -> None:
        with Client(self.daemon.url, token="x" * 32) as c:
            with self.assertRaises(UnauthenticatedError):
                c.status_version()
            with self.assertRaises(UnauthenticatedError):  # and the stream of events says so as well
                next(c.events("nobody"))

    def test_token_of_its_own(self) -> None:
        token = self.daemon.command("token", "add", "--name", "py", "--scope", "read,send,events").strip()
        with Client(self.daemon.url, token=token.split()[-1]) as c:
            self.assertEqual(c.net_version(), "1")

    def test_nobody_there(self) -> None:
        with Client("/nonexistent/statusd.ipc") as c, self.assertRaises(ConnectionLostError) as caught:
            c.status_version()
        self.assertFalse(caught.exception.sent)
        self.assertIn("statusd run", str(caught.exception))

    def test_many_threads(self) -> None:
        for c in self.clients():
            answers: list[str] = []

            def ask(c: Client = c, answers: list[str] = answers) -> None:
                for _ in range(20):
                    answers.append(c.web3_sha3(data=b"hello"))

            threads = [threading.Thread(target=ask) for _ in range(8)]
            for t in threads:
                t.start()
            for t in threads:
                t.join()
            self.assertEqual(len(answers), 160)
            self.assertEqual(len(set(answers)), 1)

    def test_subscription(self) -> None:
        socket, http = self.clients()
        key = socket.waku_generate_sym_key_from_password(password="tea")
        with socket.waku_subscribe(criteria={"symKeyID": key, "topics": ["0x11223344"]}) as messages:
            for text in ("one", "two"):
                socket.waku_post(
                    message={
                        "symKeyID": key,
                        "topic": "0x11223344",
                        "payload": "0x" + text.encode().hex(),
                        "powTarget": 0.002,
                        "powTime": 5,
                    }
                )
                self.assertEqual(next(messages)["payload"], "0x" + text.encode().hex())
        with self.assertRaises(StatusdError):
            http.admin_subscribe()

    def test_cancelled_calls_leave_the_client_usable(self) -> None:
        async def work() -> None:
            async with AsyncClient(directory=self.daemon.dir) as c:
                for _ in range(20):
                    task = asyncio.create_task(c.admin_datadir())
                    await asyncio.sleep(0)
                    task.cancel()
                    await asyncio.gather(task, return_exceptions=True)
                    self.assertEqual(await c.net_version(), "1")

        run(work())


@needs_daemon
class Reading(unittest.TestCase):
    """Events over both ways, over restarts of the daemon."""

    def setUp(self) -> None:
        self.daemon = Daemon()
        self.addCleanup(self.daemon.close)
        self.token = self.daemon.dir / "rpc-token"

    def clients(self) -> dict[str, Callable[[], AsyncClient]]:
        return {
            "socket": lambda: AsyncClient(directory=self.daemon.dir),
            "http": lambda: AsyncClient(self.daemon.url, token_file=self.token),
        }

    async def cursor(self, c: AsyncClient, name: str) -> int:
        all = {consumer["name"]: consumer["cursor"] for consumer in await c.call("status_listConsumers")}
        return int(all[name])

    async def named(self, c: AsyncClient, name: str) -> None:
        """Wait until the daemon knows a consumer: from then on nothing passes it by."""
        while name not in {consumer["name"] for consumer in await c.call("status_listConsumers")}:
            await asyncio.sleep(0.01)

    async def read(self, c: AsyncClient, name: str, count: int) -> list[Event]:
        out: list[Event] = []
        async with c.events(name, since=BEGINNING) as events:
            async for e in events:
                out.append(e)
                if len(out) == count:
                    await events.ack()
                    break
        return out

    def test_goes_on_where_it_stopped(self) -> None:
        async def work() -> None:
            for way, make in self.clients().items():
                async with make() as c:
                    first = await self.read(c, way, 1)
                    self.assertEqual(first[0]["type"], "account.login")
                    self.assertEqual(await self.cursor(c, way), first[0]["cursor"])
                    self.daemon.kill()
                    self.daemon.start()
                    second = await self.read(c, way, 1)
                    self.assertEqual(second[0]["type"], "account.login")
                    self.assertGreater(second[0]["cursor"], first[0]["cursor"])

        run(work())

    def test_daemon_comes_back_while_it_is_read(self) -> None:
        async def work() -> None:
            for make in self.clients().values():
                async with make() as c, c.events("steady") as events:
                    task = asyncio.ensure_future(anext(events))
                    await self.named(c, "steady")
                    await asyncio.to_thread(self.daemon.kill)
                    await asyncio.to_thread(self.daemon.start)
                    self.assertEqual((await task)["type"], "account.login")
                    await events.ack()

        run(work())

    def test_what_was_not_acknowledged_comes_again(self) -> None:
        async def work() -> None:
            for way, make in self.clients().items():
                async with make() as c:
                    async with c.events(way, since=BEGINNING) as events:
                        first = await anext(events)
                        ids = [events.request_id("a"), events.request_id("a"), events.request_id("b")]
                    async with c.events(way) as events:
                        self.assertEqual(await anext(events), first)
                        again = [events.request_id("a"), events.request_id("a"), events.request_id("b")]
                    self.assertEqual(ids, again)
                    self.assertEqual(len(set(ids)), 3)

        run(work())

    def test_nobody_logged_in_for_a_while(self) -> None:
        async def work() -> None:
            for way, make in self.clients().items():
                async with make() as c:
                    account = (await c.call("account_list"))[0]["key-uid"]
                    async with c.events(way) as events:
                        task = asyncio.ensure_future(anext(events))
                        await self.named(c, way)
                        await c.call("account_logout")
                        password = (self.daemon.dir / "password").read_text()
                        await c.call("account_login", {"keyUid": account, "password": password})
                        self.assertIn((await task)["type"], ("account.logout", "account.login"))

        run(work())


if __name__ == "__main__":
    unittest.main(verbosity=2 if os.environ.get("V") else 1)
