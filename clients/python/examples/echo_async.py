#!/usr/bin/env python3
"""Echo bot with asyncio: as echo.py, beside other work of the program."""

import asyncio

from statusd import AsyncClient


async def main() -> None:
    async with AsyncClient() as daemon:
        async for message in daemon.messages("echo-asyncio"):
            await message.answer(message.text)


asyncio.run(main())
