"""A peer that breaks the protocol on purpose, one connection for each breach: the base of hostile peers."""

from __future__ import annotations

import asyncio
import struct
import zlib
from typing import AsyncIterator, Awaitable, Callable, Optional

from . import frames as f
from .frames import BatchStream, Ended, Frame
from .handshake import shake
from .hello import CHECKSUMS, GROWING_WINDOWS, NEW_NAMES, Hello
from .values import encode_name

ID = 1 << 20
RAW = Callable[[BatchStream], None]


def raw(data: bytes) -> RAW:
    """Bytes as they are."""
    return lambda stream: stream.write_raw(data)


def batch(*frames: Frame) -> RAW:
    """Frames in a batch."""
    return lambda stream: stream.write(*frames)


def enveloped(data: bytes, checksum: int = 0) -> RAW:
    """Any bytes in an envelope."""
    return raw(struct.pack("<II", len(data), checksum) + data)


def _hello(**fields) -> Frame:
    return Frame(f.HELLO, payload=Hello("breaker", **fields).encode())


PING = Frame(f.PING)
NAME = Frame(f.NAME, payload=encode_name("nobody", ""))
CREDITS = struct.pack("<II", 4, 4)

IN_HANDSHAKE: dict[str, RAW] = {
    "a batch of 15 bytes": enveloped(bytes(15)),
    "a batch of 4097 bytes": raw(struct.pack("<II", 4097, 0)),
    "a frame beyond its batch": enveloped(PING.encode()[:4] + b"\1" + PING.encode()[5:]),
    "a ping": batch(PING),
    "a welcome": batch(Frame(f.WELCOME)),
    "another magic": batch(Frame(f.HELLO, payload=b"HTTP" + bytes(200))),
    "half a hello": batch(Frame(f.HELLO, payload=_hello().payload[:-3])),
    "other versions": batch(_hello(versions=(2, 9))),
    "another name looked for": batch(_hello(looks_for="tcp://nobody:1")),
    "no calls": batch(_hello(max_calls=0)),
    "a wrong clock": batch(_hello(wall_ms=0)),
    "a clock that is no number": batch(_hello(wall_ms=float("nan"))),
    "a secret that is not there": batch(_hello(proves=True)),
}

WHEN_OPEN: dict[str, RAW] = {
    "a batch of 0 bytes": enveloped(b""),
    "an unknown type": batch(Frame(99)),
    "a second hello": batch(_hello()),
    "a flag of later": batch(Frame(f.PING, flags=16)),
    "kind 3": batch(Frame(f.PING, flags=3)),
    "a name out of order": batch(Frame(f.NAME, code=1, payload=encode_name("x", ""))),
    "half a name": batch(Frame(f.NAME, payload=b"\x09\0x")),
    "a call without a name": batch(Frame(f.REQUEST, id=ID)),
    "a slot out of range": batch(NAME, Frame(f.REQUEST, id=ID | 0xF_FFFF)),
    "a message too large": batch(
        NAME, Frame(f.REQUEST, flags=f.FLAG_FIRST, id=ID, payload=b"\xff\xff\xff\xff1")
    ),
    "a whole message as a piece": batch(
        NAME, Frame(f.REQUEST, flags=f.FLAG_FIRST, id=ID, payload=b"\1\0\0\0x")
    ),
    "an open without credits": batch(NAME, Frame(f.OPEN, id=ID, payload=CREDITS[:7])),
    "an open with too much credit": batch(
        NAME, Frame(f.OPEN, id=ID, payload=struct.pack("<II", 65_536, 0))
    ),
    "half a block of metadata": batch(
        NAME, Frame(f.REQUEST, flags=f.FLAG_METADATA, id=ID, payload=b"\5\0\1\0")
    ),
    "a response to nothing": batch(Frame(f.RESPONSE, id=ID)),
    "an error to nothing": batch(Frame(f.ERROR, id=ID, payload=bytes(4))),
    "an output to nothing": batch(Frame(f.OUTPUT, id=ID)),
    "a credit of 3 bytes": batch(Frame(f.OUTPUT_CREDIT, payload=bytes(3))),
    "a window without feature bit 5": batch(Frame(f.OUTPUT_CREDIT, payload=bytes(8))),
    "a window that was not in use": batch(Frame(f.WINDOW, argument=0xFFFF_FFFF)),
    "bulk that was not sent": batch(Frame(f.ARRIVED, argument=1)),
}


WHEN_GROWING: dict[str, RAW] = {
    "a credit of 12 bytes": batch(Frame(f.OUTPUT_CREDIT, payload=bytes(12))),
}


WHEN_CHECKED: dict[str, RAW] = {
    "a checksum that is none": enveloped(PING.encode()),
    "a wrong checksum": enveloped(PING.encode(), 1),
    "the same batch twice": raw(2 * (struct.pack("<II", 16, zlib.crc32(PING.encode())) + PING.encode())),
}


async def _answer(stream: BatchStream) -> dict[str, object]:
    """What the other side says last; code 0: it has left without a word."""
    try:
        while True:
            for frame in await asyncio.wait_for(stream.read(), 10):
                if frame.type == f.GOODBYE:
                    return {"code": frame.code, "text": frame.payload.decode()}
    except Ended:
        return {"code": 0, "text": ""}
    finally:
        await stream.close()


async def run(
    connect: Callable[[], Awaitable[BatchStream]], options: dict
) -> AsyncIterator[tuple[str, dict[str, object]]]:
    """Breaks each rule, on a connection of its own."""
    secret: Optional[bytes] = options["secret"].encode() if options["secret"] else None
    for name, act in IN_HANDSHAKE.items():
        stream = await connect()
        act(stream)
        yield f"handshake: {name}", await _answer(stream)
    for features, breaches in (
        (NEW_NAMES, WHEN_OPEN),
        (GROWING_WINDOWS, WHEN_GROWING),
        (CHECKSUMS, WHEN_CHECKED if options["checksums"] else {}),
    ):
        for name, act in breaches.items():
            stream = await connect()
            hello = Hello("breaker", proves=secret is not None, features=features)
            await shake(stream, hello, True, secret)
            act(stream)
            yield f"open: {name}", await _answer(stream)
