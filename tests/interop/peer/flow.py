"""Who may send how much: windows, budgets and the two directions of a stream."""

from __future__ import annotations

import asyncio
from collections import deque
from typing import Callable

from .frames import (
    ARRIVED, INPUT, INPUT_CREDIT, OUTPUT_CREDIT, OVERHEAD, WINDOW, Frame, ProtocolError,
)
from .values import Value, encode_value

REPORT_BYTES = 32_768
"""A consumed cost that is reported, and bulk that has arrived."""
STREAM_BYTES = 65_536
"""So much of a stream may always be under way."""
MAX_CREDIT = 65_535
"""So many messages of a stream may be under way, and no more."""
GROWN_BYTES = 1_048_576
"""So much of a stream may be under way to a reader that keeps up."""


def read_credit(frame: Frame, grows: bool) -> tuple[int, int | None]:
    """The cost that a credit frame reports as consumed, and the window if it has one."""
    if len(frame.payload) != 4 and not (grows and len(frame.payload) == 8):
        raise ProtocolError("a credit frame has neither 4 bytes, nor 8 where windows grow")
    window = frame.payload[4:]
    return (
        int.from_bytes(frame.payload[:4], "little"),
        int.from_bytes(window, "little") if window else None,
    )


class SendWindow:
    """What the other side still takes."""

    def __init__(self, size: int) -> None:
        self.size = size
        self.left = size
        self._is_over = False
        self._waiting: deque[tuple[int, asyncio.Future[None]]] = deque()

    async def take(self, cost: int) -> None:
        """Takes a message's cost off, in the order of calls. Raises EOFError when the connection has ended."""
        if self._is_over:
            raise EOFError("the connection has ended")
        if self._waiting or cost > self.left:
            turn = asyncio.get_running_loop().create_future()
            self._waiting.append((cost, turn))
            try:
                await turn
            except asyncio.CancelledError:
                if turn.done() and not turn.cancelled():
                    self.give_back(cost)
                raise
        else:
            self.left -= cost

    def give_back(self, cost: int) -> None:
        """The other side has consumed so much, or a message was not sent after all."""
        self.left += cost
        if self.left > self.size:
            raise ProtocolError("more of the window was given back than was in use")
        while self._waiting:
            wanted, turn = self._waiting[0]
            if turn.cancelled():
                self._waiting.popleft()
            elif wanted > self.left:
                return
            else:
                self._waiting.popleft()
                self.left -= wanted
                turn.set_result(None)

    def close(self) -> None:
        """The connection has ended."""
        self._is_over = True
        for _, turn in self._waiting:
            if not turn.done():
                turn.set_exception(EOFError("the connection has ended"))


class ReceiveBudget:
    """What this side has taken and not given back."""

    def __init__(self, size: int, max_message: int, write: Callable[[Frame], None]) -> None:
        self.held = 0
        self._size = size
        self._max_message = max_message
        self._write = write
        self._consumed = 0
        self._bulk = 0
        self._told = 0

    def admit(self, size: int) -> int:
        """A message begins to come. Returns its cost."""
        if size > self._max_message:
            raise ProtocolError("a message is too large")
        self.held += size + OVERHEAD
        if self.held > self._size:
            raise ProtocolError("a message is over what is left of the budget")
        return size + OVERHEAD

    def release(self, cost: int) -> None:
        """Something was consumed."""
        self._consumed += cost
        if self._consumed >= self._size // 8:
            self.held -= self._consumed
            self._write(Frame(WINDOW, argument=self._consumed))
            self._consumed = 0

    def on_bulk(self, size: int) -> None:
        """Bulk has come."""
        self._bulk += size
        if self._bulk - self._told >= REPORT_BYTES:
            self._told = self._bulk
            self._write(Frame(ARRIVED, argument=self._bulk & 0xFFFF_FFFF))


class Outgoing:
    """The direction of a stream in which this side sends."""

    def __init__(self, credit: int, grows: bool) -> None:
        self.sequence = 0
        self.ended = False
        self._credit = credit
        self._most = MAX_CREDIT if grows else credit
        self._window = 0
        self._unreported = 0
        self._lock = asyncio.Lock()
        self._news = asyncio.Event()

    async def send(self, stream, kind: int, value: Value, flags: int = 0) -> None:
        """Sends a message when there is credit for it."""
        _, payload = encode_value(value)
        async with self._lock:
            while not self.ended and (
                self._credit == 0 or self._unreported >= max(STREAM_BYTES, self._window)
            ):
                self._news.clear()
                await self._news.wait()
            if self.ended:
                raise EOFError("the stream has ended")
            self._credit -= 1
            self._unreported += len(payload) + OVERHEAD
            sequence, self.sequence = self.sequence, (self.sequence + 1) & 0xFFFF_FFFF
            await stream.connection.send_message(
                stream, Frame(kind, flags, id=stream.id, argument=sequence), value
            )

    async def idle(self) -> None:
        """Waits until what was handed over before has been sent."""
        async with self._lock:
            pass

    def on_credit(self, messages: int, cost: int, window: int | None) -> None:
        """The reader has consumed so much, and takes so many messages more."""
        self._credit += messages
        self._unreported -= cost
        if window is not None:
            self._window = window
        if self._credit > self._most or self._unreported < 0:
            raise ProtocolError("credit was given back that was not in use")
        self._news.set()

    def close(self) -> None:
        """Nothing more is sent."""
        self.ended = True
        self._news.set()


class Incoming:
    """The direction of a stream in which this side reads."""

    def __init__(self, stream, kind: int, credit: int) -> None:
        self._stream = stream
        self._credit_type = INPUT_CREDIT if kind == INPUT else OUTPUT_CREDIT
        self._capacity = self._credit = credit
        self._sequence = 0
        self._queue: deque[tuple[Value, int]] = deque()
        self._held = 0
        self._messages = self._cost = 0
        self._ended = False
        self._takes_no_more = False
        self._failure: Exception | None = None
        self._news = asyncio.Event()

    def begin(self, sequence: int, cost: int) -> None:
        """A message begins to come."""
        if self._takes_no_more or self._ended or self._credit == 0 or sequence != self._sequence:
            raise ProtocolError("a message out of sequence, without credit or after the end")
        self._credit -= 1
        self._sequence = (self._sequence + 1) & 0xFFFF_FFFF
        self._held += cost

    @property
    def begun(self) -> int:
        """How many messages have begun to come."""
        return self._sequence

    def skip(self, cost: int, is_last: bool) -> None:
        """A message that is no value has come: it is consumed at once."""
        self._consume(cost)
        self._takes_no_more = is_last

    def deliver(self, value: Value, cost: int) -> None:
        """A message has come whole."""
        self._queue.append((value, cost))
        self._news.set()

    def end(self, count: int) -> None:
        """There are no more."""
        if self._ended or count != self._sequence:
            raise ProtocolError("a second end, or a wrong count")
        self._ended = True
        self._news.set()

    def close(self, failure: Exception | None = None) -> None:
        """The stream is over: what is unread counts no more, but can still be read."""
        self._ended = True
        self._failure = self._failure or failure
        self._stream.connection.budget.release(self._held)
        self._held = 0
        self._news.set()

    def __aiter__(self) -> Incoming:
        return self

    async def __anext__(self) -> Value:
        while not self._queue:
            if self._failure is not None:
                raise self._failure
            if self._ended:
                raise StopAsyncIteration
            self._news.clear()
            await self._news.wait()
        value, cost = self._queue.popleft()
        self._consume(cost)
        return value

    def _consume(self, cost: int) -> None:
        connection = self._stream.connection
        if self._held >= cost:
            self._held -= cost
            connection.budget.release(cost)
        self._messages += 1
        self._cost += cost
        if self._ended or (self._messages * 2 < self._capacity and self._cost < REPORT_BYTES):
            return
        given = self._messages
        payload = self._cost.to_bytes(4, "little")
        if connection.grows_windows:
            given = min(2 * given, MAX_CREDIT - self._credit)
            payload += GROWN_BYTES.to_bytes(4, "little")
        self._credit += given
        connection.write(
            Frame(self._credit_type, id=self._stream.id, argument=given, payload=payload)
        )
        self._messages = self._cost = 0
