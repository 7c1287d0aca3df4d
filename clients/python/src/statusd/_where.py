"""Where the daemon is, and the token for it."""

from __future__ import annotations

import hashlib
import ipaddress
import os
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import SplitResult, urlsplit

from ._errors import StatusdError

_MAX_SOCKET_PATH = 104  # bytes; a longer path is replaced by one in XDG_RUNTIME_DIR
_EVENTS = "/api/v1/events"


@dataclass(frozen=True)
class Token:
    """A token, or the file that it is in: that one is read for each request, so that it can be replaced."""

    value: str | None
    file: Path | None

    def read(self) -> str | None:
        """Return the token; None if there is none."""
        if self.value is not None or self.file is None:
            return self.value
        try:
            return self.file.read_text(encoding="utf-8").strip()
        except FileNotFoundError:
            return None
        except OSError as e:
            raise StatusdError(f"the token in {self.file} cannot be read: {e.strerror}") from e


@dataclass(frozen=True)
class Place:
    """A way to the daemon: a unix socket, or HTTP."""

    socket: str | None
    host: str
    port: int
    tls: bool
    path: str
    """Where calls are posted, without the slash at the end."""
    token: Token

    def __str__(self) -> str:
        if self.socket is not None:
            return self.socket
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{'https' if self.tls else 'http'}://{host}:{self.port}{self.path}"

    @property
    def events(self) -> str:
        """The path of the stream of events."""
        return self.path + _EVENTS

    @property
    def confidential(self) -> bool:
        """Whether nobody can listen in on the way."""
        if self.socket is not None or self.tls or self.host.lower() == "localhost":
            return True
        try:
            return ipaddress.ip_address(self.host).is_loopback
        except ValueError:
            return False


def find(
    address: str | None,
    directory: str | os.PathLike[str] | None,
    token: str | None,
    token_file: str | os.PathLike[str] | None,
) -> Place:
    """Work out the way to the daemon from arguments, then from variables of the environment."""
    env = os.environ.get
    folder = Path(directory or env("STATUSD_DIR") or Path.home() / ".statusd")
    if token is None and token_file is None:
        token, token_file = env("STATUSD_TOKEN"), env("STATUSD_TOKEN_FILE") or folder / "rpc-token"
    secret = Token(token, None if token_file is None else Path(token_file))
    if address is None and directory is None:
        address = env("STATUSD_URL")
    if not address:
        return _socket(socket_in(folder), secret)
    url = urlsplit(address)
    if url.scheme in ("http", "https"):
        return _http(url, secret)
    if url.scheme == "unix" or "://" not in address:
        return _socket(address.removeprefix("unix://").removeprefix("unix:"), secret)
    raise StatusdError(f"{address} is no address of a daemon: want http://…, https://… or the path of a unix socket")


def socket_in(folder: Path) -> str:
    """Return the path of the socket of a data directory, by the daemon's own rule."""
    path = str(Path(os.path.abspath(folder)) / "statusd.ipc")
    runtime = os.environ.get("XDG_RUNTIME_DIR")
    if len(os.fsencode(path)) <= _MAX_SOCKET_PATH or not runtime:
        return path
    name = hashlib.sha256(os.fsencode(path)).hexdigest()[:16]
    return os.path.join(runtime, "statusd", name + ".ipc")


def _socket(path: str, token: Token) -> Place:
    return Place(socket=path, host="", port=0, tls=False, path="", token=token)


def _http(url: SplitResult, token: Token) -> Place:
    if not url.hostname:
        raise StatusdError(f"{url.geturl()} has no host")
    if url.username is not None or url.query or url.fragment:
        raise StatusdError("the address of a daemon has neither user nor query: give the token apart from it")
    tls = url.scheme == "https"
    path = url.path.rstrip("/").removesuffix("/api/v1/rpc")
    return Place(
        socket=None, host=url.hostname, port=url.port or (443 if tls else 80), tls=tls, path=path, token=token
    )
