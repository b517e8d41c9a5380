"""What takes more than one connection, or very little room."""

from __future__ import annotations

import asyncio
from typing import AsyncIterator, Awaitable, Callable

from .connection import Connection
from .frames import BatchStream, Ended
from .handshake import shake
from .hello import NEW_NAMES, RENEWAL, Hello
from .scenario import handlers

GOING_AWAY = 14
NEWER = 2
"""The reason of a drain: there is a newer connection."""
PLEASE_RENEW = 1


def _name_of(name: str) -> str:
    return f"interop.{name}"


async def _drained(connection: Connection, reason: int) -> None:
    while reason not in connection.drain_reasons:
        await asyncio.sleep(0.001)


async def _code(connection: Connection) -> int:
    """The code of the goodbye that ends a connection."""
    try:
        await connection.ended()
    except Ended as end:
        return end.code
    return 0


async def renew(connect: Callable[[], Awaitable[BatchStream]], options: dict) -> dict:
    """As the dialler: makes a second connection while a call runs on the first one."""

    async def open_one(features: int) -> Connection:
        hello = Hello(options["own"], options["other"], features=features)
        stream = await connect()
        return Connection(stream, hello, await shake(stream, hello, True, None), handlers(_name_of))

    old = await open_one(NEW_NAMES)
    stream = old.opener.open(_name_of("totals"), b"\0")
    await stream.send(b"\1")
    new = await open_one(NEW_NAMES | RENEWAL)
    old.drain(NEWER)
    await _drained(old, NEWER)
    # What runs on the old one goes on, and new calls go to the new one.
    await new.opener.request(_name_of("touch"))
    await stream.send(b"\2")
    await stream.end()
    totals = [value async for value in stream.outputs]
    await stream.answer
    await old.ping()
    await old.end(GOING_AWAY, "a newer connection has replaced this one")
    await new.opener.request(_name_of("touch"))
    await new.close()
    return {"totals": [total[0] for total in totals]}


async def be_renewed(accepted: AsyncIterator[BatchStream], options: dict) -> dict:
    """As the acceptor: asks for a second connection, and waits for the end of the first one."""

    async def take_one() -> Connection:
        stream, hello = await accepted.__anext__(), Hello(options["own"])
        return Connection(stream, hello, await shake(stream, hello, False, None), handlers(_name_of))

    old = await take_one()
    stream = old.opener.open(_name_of("totals"), b"\0")
    await stream.send(b"\1")
    old.drain(PLEASE_RENEW)
    new = await take_one()
    await _drained(old, NEWER)
    await new.opener.request(_name_of("touch"))
    await stream.end()
    totals = [value async for value in stream.outputs]
    await stream.answer
    old.drain(NEWER)
    code = await _code(old)
    await new.opener.request(_name_of("touch"))
    await new.close()
    renews = [connection.other.features & RENEWAL != 0 for connection in (old, new)]
    return {"totals": [total[0] for total in totals], "code": code, "renews": renews}


async def little_room(connect: Callable[[], Awaitable[BatchStream]], options: dict) -> dict:
    """Both sides ask for as much as they answer, with budgets for hardly more than one message."""
    hello = Hello(options["own"], options["other"], budget=65_536, max_message=50_000, max_calls=8)
    stream = await connect()
    other = await shake(stream, hello, True, None)
    connection = Connection(stream, hello, other, handlers(_name_of))
    parts = [bytes([n]) * 50_000 for n in range(8)]
    for _ in range(5):
        requests = (connection.opener.request(_name_of("echo"), part) for part in parts)
        assert await asyncio.gather(*requests) == parts
    await connection.drained.wait()
    await connection.close()
    return {"budget": other.budget}
