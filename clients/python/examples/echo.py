#!/usr/bin/env python3
"""Echo bot: answers each message with its text, once, whatever is killed in between.

STATUSD_DIR or STATUSD_URL say where the daemon is, STATUSD_TOKEN_FILE where the bot's token is.
"""

from statusd import Client

with Client() as daemon:
    for message in daemon.messages("echo-python"):
        message.answer(message.text)
