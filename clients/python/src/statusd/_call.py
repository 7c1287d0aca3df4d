"""What a generated function says about the call that it makes."""

from __future__ import annotations

from typing import Final, NamedTuple

ACCOUNT: Final = 1
"""The method works on the account that is logged in, and takes its key-uid as account."""
SAFE: Final = 2
"""The method changes nothing: it may be called again when an answer got lost."""
SECRET: Final = 4
"""Parameters or result must not be read by others on the way."""


class Call(NamedTuple):
    """A method to call."""

    method: str
    flags: int
    timeout: float
    """Seconds that the daemon gives it at most."""
