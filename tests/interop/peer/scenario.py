"""What the peer serves in tests, and how it tries what the other side serves: both have the same handlers."""

from __future__ import annotations

import asyncio
from typing import Optional

from .connection import Connection
from .messagepack import pack, unpack
from .responder import Handlers, Request, ServedCall, ServedStream, Stream
from .values import (
    ABSENT, EXECUTED, MAYBE_EXECUTED, NOT_EXECUTED, CallError, Value,
)

WAITS = {"begun": 0, "cancelled": 0}
"""How many calls of `wait` this side has served, and how many of them were cancelled."""


async def echo(_call: ServedCall, value: Value) -> Value:
    return value


async def greet(_call: ServedCall, value: Value) -> Value:
    name = unpack(value)["name"]
    return pack({"text": f"Hello {name}", "length": len(name)})


async def find(_call: ServedCall, value: Value) -> Value:
    return None if value is None else pack(unpack(value).upper())


async def touch(_call: ServedCall, value: Value) -> Value:
    assert value is ABSENT or value == b"", value
    return ABSENT


async def about(call: ServedCall, _value: Value) -> Value:
    said = {} if call.priority == "normal" else {"priority": call.priority}
    return pack(call.metadata | said)


async def tell(call: ServedCall, value: Value) -> Value:
    call.tells.headers["text"] = unpack(value)
    call.tells.trailers["größe"] = "✓"
    return value


async def fail(call: ServedCall, value: Value) -> Value:
    call.tells.trailers["failed"] = unpack(value)
    raise CallError("HandlerFailed", EXECUTED, unpack(value), "HandlerError", pack({"missing": 3}))


async def wait(_call: ServedCall, _value: Value) -> Value:
    WAITS["begun"] += 1
    try:
        await asyncio.Event().wait()
    except asyncio.CancelledError:
        WAITS["cancelled"] += 1
        raise


async def totals(stream: ServedStream, initial: Value) -> None:
    total = unpack(initial)
    async for value in stream.inputs:
        total += unpack(value)
        await stream.send(pack(total))


async def count(stream: ServedStream, initial: Value) -> None:
    stream.tells.headers["limit"] = str(unpack(initial))
    for number in range(unpack(initial)):
        await stream.send(pack(number))
    stream.tells.trailers["counted"] = str(unpack(initial))


async def collect(stream: ServedStream, initial: Value) -> None:
    size = 0
    async for value in stream.inputs:
        size += len(value)
    stream.tells.headers["size"] = stream.tells.trailers["size"] = str(size)
    if size != unpack(initial):
        raise ValueError(f"{size} bytes came")


HANDLERS = {
    "echo": Request(echo), "greet": Request(greet), "find": Request(find), "touch": Request(touch),
    "about": Request(about), "tell": Request(tell), "fail": Request(fail), "wait": Request(wait),
    "totals": Stream(totals), "count": Stream(count), "collect": Stream(collect),
}


def handlers(name_of) -> Handlers:
    """The handlers by their names on the wire."""
    return {(name_of(name), ""): handler for name, handler in HANDLERS.items()}


class Checks:
    """Tries each handler of the other side, as its first client would."""

    def __init__(self, connection: Connection, name_of) -> None:
        self._opener = connection.opener
        self._connection = connection
        self._name_of = name_of

    async def run(self) -> list[str]:
        """Runs them all. Returns their names."""
        names = [name for name in dir(self) if name.startswith("check_")]
        for name in names:
            try:
                await asyncio.wait_for(getattr(self, name)(), 20)
            except BaseException as error:
                raise AssertionError(f"{name}: {type(error).__name__} {error}") from error
        assert self._opener.active == 0, "slots are left"
        return [name[6:] for name in names]

    async def _request(self, name: str, value: Value = ABSENT, **options) -> Value:
        return await self._opener.request(self._name_of(name), value, **options)

    def _open(self, name: str, value: Value = ABSENT, **options):
        return self._opener.open(self._name_of(name), value, **options)

    async def _failure(self, awaitable, code: str, outcome: int) -> CallError:
        try:
            await awaitable
        except CallError as error:
            assert (error.code, error.outcome) == (code, outcome), str(error)
            return error
        raise AssertionError(f"{code} was expected")

    async def check_bytes(self) -> None:
        for size in (0, 1, 8192, 8193, 16_384, 100_000, 2_000_000):
            data = bytes(range(256)) * (size // 256 + 1)
            assert await self._request("echo", data[:size]) == data[:size], size

    async def check_many_at_once(self) -> None:
        data = [bytes([n]) * (n * 700) for n in range(50)]
        assert await asyncio.gather(*(self._request("echo", part) for part in data)) == data

    async def check_records(self) -> None:
        answer = await self._request("greet", pack({"name": "Zoë", "new": [1, {"a": None}]}))
        assert unpack(answer) == {"text": "Hello Zoë", "length": 3}

    async def check_null_and_absent(self) -> None:
        assert await self._request("find", None) is None
        # A null may come as MessagePack's, too.
        assert await self._request("find", b"\xc0") is None
        assert unpack(await self._request("find", pack("a"))) == "A"
        assert await self._request("touch") is ABSENT
        assert await self._request("touch", b"") is ABSENT

    async def check_metadata(self) -> None:
        metadata = {"": "", "größe": "✓"}
        assert unpack(await self._request("about", metadata=metadata)) == metadata
        assert unpack(await self._request("about")) == {}
        for priority in "high", "low", "normal":
            call = self._opener.start(self._name_of("about"), priority=priority)
            known = self._connection.knows_priority and priority != "normal"
            assert unpack(await call.answer) == ({"priority": priority} if known else {})

    def _assert_told(self, call, headers: dict, trailers: dict) -> None:
        told = (headers, trailers) if self._connection.knows_metadata else ({}, {})
        assert (call.told.headers, call.told.trailers) == told, call.told

    async def check_metadata_of_answers(self) -> None:
        for text in ("", "a", "z" * 3000):
            call = self._opener.start(self._name_of("tell"), pack(text))
            assert unpack(await call.answer) == text
            self._assert_told(call, {"text": text}, {"größe": "✓"})
        for limit, outputs in (0, 1), (3, 1), (50, 7):
            stream = self._open("count", pack(limit), outputs=outputs, inputs=0)
            assert [unpack(value) async for value in stream.outputs] == list(range(limit))
            assert await stream.answer is ABSENT
            self._assert_told(stream, {"limit": str(limit)}, {"counted": str(limit)})
        for wanted in (0, 1):
            stream = self._open("collect", pack(wanted), outputs=0, inputs=2)
            await stream.end()
            try:
                await stream.answer
            except CallError as error:
                assert (wanted, error.code) == (1, "HandlerFailed"), str(error)
            self._assert_told(stream, {"size": "0"}, {"size": "0"})
        call = self._opener.start(self._name_of("fail"), pack("none left"))
        error = await self._failure(call.answer, "HandlerFailed", EXECUTED)
        assert unpack(error.detail) == {"missing": 3}
        self._assert_told(call, {}, {"failed": "none left"})

    async def check_what_a_handler_throws(self) -> None:
        error = await self._failure(
            self._request("fail", pack("none left")), "HandlerFailed", EXECUTED
        )
        assert (error.text, error.name) == ("none left", "HandlerError"), str(error)
        assert unpack(error.detail) == {"missing": 3}

    async def check_what_does_not_fit(self) -> None:
        fits = [
            ("greet", pack({"name": 3})), ("greet", pack({})), ("greet", pack("x") + b"\0"),
            ("greet", None), ("greet", ABSENT), ("touch", b"\x01"), ("echo", None),
        ]
        for name, value in fits:
            await self._failure(self._request(name, value), "InvalidPayload", NOT_EXECUTED)

    async def check_unknown_and_of_the_other_kind(self) -> None:
        for name in ("nobody", "count", "größe"):
            await self._failure(self._request(name), "UnknownHandler", NOT_EXECUTED)
        await self._failure(
            self._request("echo", b"", subroute="x"), "UnknownHandler", NOT_EXECUTED
        )
        await self._failure(self._open("echo", b"").answer, "UnknownHandler", NOT_EXECUTED)

    async def check_cancel(self) -> None:
        call = self._opener.start(self._name_of("wait"))
        await call.sending
        await self._connection.ping()
        call.cancel()
        await self._failure(call.answer, "Cancelled", MAYBE_EXECUTED)
        await self._slots_free()

    async def check_cancel_in_the_midst(self) -> None:
        call = self._opener.start(self._name_of("echo"), bytes(3_000_000))
        while not call.begun:
            await asyncio.sleep(0)
        call.cancel()
        await self._slots_free()
        # Whatever of it was given back, there is as much room as before.
        for _ in range(6):
            assert len(await self._request("echo", bytes(3_000_000))) == 3_000_000

    async def check_deadline(self) -> None:
        # Either side may be the first to notice.
        try:
            await self._request("wait", timeout=0.05)
        except CallError as error:
            assert error.code == "DeadlineExceeded", str(error)
        await self._slots_free()

    async def check_two_way_stream(self) -> None:
        stream = self._open("totals", pack(10), outputs=3, inputs=4)
        got = []

        async def read() -> None:
            async for value in stream.outputs:
                got.append(unpack(value))

        reading = asyncio.create_task(read())
        for number in range(100):
            await stream.send(pack(number - 50))
        await stream.end()
        await reading
        assert await stream.answer is ABSENT
        assert got[-1] == 10 + sum(range(-50, 50)) and len(got) == 100, got

    async def check_outputs_alone(self) -> None:
        stream = self._open("count", pack(1000), outputs=7, inputs=0)
        assert [unpack(value) async for value in stream.outputs] == list(range(1000))

    async def check_inputs_alone(self) -> None:
        stream = self._open("collect", pack(2_100_000), outputs=0, inputs=2)
        for size in (0, 100_000, 2_000_000):
            await stream.send(bytes(size))
        await stream.end()
        assert await stream.answer is ABSENT

    async def check_a_stream_that_fails(self) -> None:
        stream = self._open("collect", pack(1), outputs=0, inputs=2)
        await stream.end()
        await self._failure(stream.answer, "HandlerFailed", EXECUTED)
        stream = self._open("totals", pack(0), outputs=3, inputs=4)
        await stream.send(pack("no number"))
        await self._failure(stream.answer, "InvalidPayload", EXECUTED)

    async def check_a_stream_that_is_given_up(self) -> None:
        stream = self._open("count", pack(1_000_000), outputs=100, inputs=0)
        async for value in stream.outputs:
            if unpack(value) == 10:
                break
        stream.cancel()
        await self._slots_free()

    async def check_pings(self) -> None:
        await self._connection.ping()
        stream = self._open("totals", pack(0))
        await stream.sending
        await self._connection.ping(stream.id)
        assert self._connection.pongs[-1] == stream.id
        await stream.end()
        await stream.answer

    async def _slots_free(self, patience: Optional[float] = 5) -> None:
        async def look() -> None:
            while self._opener.active > 0:
                await self._connection.ping()

        await asyncio.wait_for(look(), patience)
