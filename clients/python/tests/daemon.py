"""A real daemon for tests. STATUSD_BINARY is the program; without it, what needs one is skipped."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import tempfile
import time
import unittest
from pathlib import Path

BINARY = os.environ.get("STATUSD_BINARY", "")
PASSWORD = "a password for tests"
PATIENCE = 60.0  # seconds that a start may take


def free_port() -> int:
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        port: int = s.getsockname()[1]
        return port


class Daemon:
    """A daemon with one account in a directory of its own, on loopback, without the network."""

    def __init__(self) -> None:
        self.dir = Path(tempfile.mkdtemp(prefix="statusd-py-"))
        self.http = free_port()
        self._process: subprocess.Popen[bytes] | None = None
        self._log = open(self.dir / "test.log", "wb")
        settings = {
            "ListenAddr": f"127.0.0.1:{free_port()}", "EnableNTPSync": False, "NoDiscovery": True,
            "HTTPEnabled": True, "HTTPHost": "127.0.0.1", "HTTPPort": self.http,
            "WakuConfig": {"Enabled": True},
        }  # fmt: skip
        (self.dir / "config.json").write_text(json.dumps(settings))
        (self.dir / "config.json").chmod(0o600)
        self._password = self.dir / "password"
        self._password.write_text(PASSWORD)
        self._password.chmod(0o600)
        self._more: list[str] = []
        self.start()
        self.command("account", "create", "--name", "bot", "--password-file", str(self._password))
        self.stop()
        self._more = ["--login", "bot", "--password-file", str(self._password)]
        self.start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.http}"

    def command(self, *args: str) -> str:
        done = subprocess.run(
            [BINARY, *args, "--dir", str(self.dir)], stdin=subprocess.DEVNULL, capture_output=True, check=False
        )
        if done.returncode:
            raise AssertionError(f"statusd {args}: {done.stderr.decode()}")
        return done.stdout.decode()

    def start(self) -> None:
        command = [BINARY, "run", "--dir", str(self.dir), "--nat", "none", "--light-kdf", *self._more]
        self._process = subprocess.Popen(command, stdout=self._log, stderr=self._log)
        end = time.monotonic() + PATIENCE
        while not self._answers():
            if self._process.poll() is not None or time.monotonic() > end:
                raise AssertionError("the daemon does not start:\n" + (self.dir / "test.log").read_text())
            time.sleep(0.02)

    def _answers(self) -> bool:
        with socket.socket(socket.AF_UNIX) as s:
            try:
                s.connect(str(self.dir / "statusd.ipc"))
            except OSError:
                return False
        return True

    def stop(self) -> None:
        assert self._process is not None
        self._process.terminate()
        self._process.wait(PATIENCE)

    def kill(self) -> None:
        assert self._process is not None
        self._process.kill()
        self._process.wait(PATIENCE)

    def close(self) -> None:
        self.kill()
        self._log.close()
        shutil.rmtree(self.dir)


needs_daemon = unittest.skipUnless(BINARY, "STATUSD_BINARY is not set: scripts/test-clients.sh builds one and sets it")
