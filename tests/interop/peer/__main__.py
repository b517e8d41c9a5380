"""The peer as a program: `python3 -B -m peer OPTIONS`, where OPTIONS are JSON. Says what happens in lines of JSON, and ends with its standard input."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from urllib.parse import urlsplit

from . import breaches, trials, vectors
from .connection import Connection
from .frames import BatchStream, Ended
from .handshake import shake
from .hello import (
    ANSWER_METADATA, CHECKSUMS, GROWING_WINDOWS, NEW_NAMES, PRIORITY, Hello, dials, method_name,
)
from .scenario import WAITS, Checks, handlers


def tell(**fields: object) -> None:
    """Prints a line."""
    print(json.dumps(fields), flush=True)


async def open_stream(url: str) -> BatchStream:
    """Connects."""
    parts = urlsplit(url)
    if parts.scheme == "unix":
        return BatchStream(*await asyncio.open_unix_connection(parts.path))
    return BatchStream(*await asyncio.open_connection(parts.hostname, parts.port))


async def accept(url: str):
    """Takes the connections that come, as long as it is asked for them."""
    come: asyncio.Queue[BatchStream] = asyncio.Queue()

    def on_connection(reader, writer) -> None:
        come.put_nowait(BatchStream(reader, writer))

    parts = urlsplit(url)
    if parts.scheme == "unix":
        server = await asyncio.start_unix_server(on_connection, parts.path)
    else:
        server = await asyncio.start_server(on_connection, parts.hostname, parts.port)
    tell(event="listening")
    try:
        while True:
            yield await come.get()
    finally:
        server.close()
        if parts.scheme == "unix" and os.path.exists(parts.path):
            os.unlink(parts.path)


async def stdin_ends() -> None:
    """Waits for the end of the standard input."""
    reader = asyncio.StreamReader()
    protocol = asyncio.StreamReaderProtocol(reader)
    await asyncio.get_running_loop().connect_read_pipe(lambda: protocol, sys.stdin)
    await reader.read()


async def play(options: dict) -> None:
    """One connection: both sides call each other, or the client its server."""
    own, other, grid = options["own"], options["other"], options["face"] == "grid"
    dialler = dials(own, other) if grid else options["role"] == "client"
    secret = options["secret"].encode() if options["secret"] else None
    hello = Hello(
        name=own,
        looks_for=other if grid and dialler else "",
        proves=secret is not None,
        features=NEW_NAMES
        | (ANSWER_METADATA | PRIORITY if options.get("metadata") else 0)
        | (GROWING_WINDOWS if options.get("windows") else 0)
        | (CHECKSUMS if options["checksums"] else 0),
    )
    if dialler:
        stream = await open_stream(other)
    else:
        accepted = accept(own)
        stream = await accepted.__anext__()
        await accepted.aclose()

    def admit(peer: Hello):
        return None if not grid or peer.name == other else f"{peer.name} is no host of this grid"

    try:
        peer = await shake(stream, hello, dialler, secret, admit)
    except Ended as end:
        tell(event="refused", code=end.code, text=end.text)
        await stream.close()
        return
    tell(event="open", dialler=dialler, name=peer.name, checksums=stream.checks_sent)

    def name_of(name: str) -> str:
        return f"interop.{name}" if grid else method_name("interop", name)

    serves = handlers(name_of) if grid or not dialler else None
    connection = Connection(stream, hello, peer, serves)
    if grid or dialler:
        tell(event="checked", checks=await Checks(connection, name_of).run())
    await stdin_ends()
    tell(event="served", waits=WAITS, drains=connection.drain_reasons)
    if options["ends"] == "here":
        await connection.close()
        tell(event="ended", code=12)
        return
    try:
        await connection.ended()
    except Ended as end:
        tell(event="ended", code=end.code, text=end.text)


async def main() -> None:
    options = json.loads(sys.argv[1])

    def connect():
        return open_stream(options["other"])

    if options["mode"] == "vectors":
        tell(event="vectors", checked=await vectors.check(options["folder"]))
    elif options["mode"] == "breaches":
        async for name, answer in breaches.run(connect, options):
            tell(event="breach", name=name, **answer)
    elif options["mode"] == "renew":
        tell(event="renewed", **await trials.renew(connect, options))
    elif options["mode"] == "be renewed":
        accepted = accept(options["own"])
        tell(event="renewed", **await trials.be_renewed(accepted, options))
        await accepted.aclose()
    elif options["mode"] == "little room":
        tell(event="done", **await trials.little_room(connect, options))
    else:
        await play(options)


# Whoever waits for it is to hear why, too, if it waits for what never comes.
asyncio.run(asyncio.wait_for(main(), 40))
