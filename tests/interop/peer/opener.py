"""The calls that this side makes."""

from __future__ import annotations

import asyncio
import math
import struct
from typing import Optional

from . import frames as f
from .flow import Incoming, Outgoing, read_credit
from .frames import Frame, ProtocolError
from .values import (
    ABSENT, CODES, MAYBE_EXECUTED, NOT_EXECUTED, Answer, CallError, Value, decode_value, encode_metadata,
    encode_name,
)

SLOT_BITS, MAX_COUNT = 20, 4095


class OpenedCall:
    """A call of this side: a request, or a stream."""

    def __init__(self, connection, id_: int, until: Optional[float]) -> None:
        self.connection = connection
        self.priority = "normal"
        self.id = id_
        self.begun = False
        self.sending: Optional[asyncio.Task[None]] = None
        self.given_up = False
        self.told = Answer()
        self.answer: asyncio.Future[Value] = asyncio.get_running_loop().create_future()
        # Whoever only reads the outputs does not ask for it.
        self.answer.add_done_callback(lambda answer: answer.cancelled() or answer.exception())
        self._until = until

    def time_left(self) -> int:
        """What a request or open says of it."""
        if self._until is None:
            return f.NO_TIMEOUT
        left = math.ceil((self._until - asyncio.get_running_loop().time()) * 1000)
        return max(0, min(left, f.NO_TIMEOUT - 1))

    def cancel(self, code: str = "Cancelled", text: str = "enough") -> None:
        """Ends the call here, and tells the other side; its slot waits for the terminal answer."""
        if self.answer.done():
            return
        self.given_up = True
        outcome = MAYBE_EXECUTED if self.begun else NOT_EXECUTED
        self.fail(CallError(code, outcome, text))
        if self.begun:
            payload = text.encode()[:4096]
            self.connection.write(
                Frame(f.CANCEL, code=CODES.index(code), id=self.id, payload=payload)
            )
        else:
            self.connection.opener.forget(self)

    def fail(self, error: CallError) -> None:
        """The call has ended in an error."""
        if not self.answer.done():
            self.answer.set_exception(error)


class OpenedStream(OpenedCall):
    """A stream: `send` and `end` its inputs, iterate over `outputs`, await `answer` for the end."""

    def __init__(self, connection, id_, until, outputs: int, inputs: int) -> None:
        super().__init__(connection, id_, until)
        self.outputs = Incoming(self, f.OUTPUT, outputs) if outputs > 0 else None
        self._inputs = Outgoing(inputs, connection.grows_windows) if inputs > 0 else None

    async def send(self, value: Value) -> None:
        """Sends an input when there is credit for it."""
        await self.sending
        await self._inputs.send(self, f.INPUT, value)

    async def end(self) -> None:
        """Ends the inputs."""
        await self.sending
        await self._inputs.idle()
        self._inputs.close()
        self.connection.write(Frame(f.INPUT_END, id=self.id, argument=self._inputs.sequence))

    def on_credit(self, messages: int, cost: int, window: int | None) -> None:
        """The handler takes more inputs."""
        if self._inputs is not None and not self.answer.done():
            self._inputs.on_credit(messages, cost, window)

    def end_inputs(self) -> None:
        """No more inputs are sent."""
        if self._inputs is not None:
            self._inputs.close()

    def fail(self, error: CallError) -> None:
        super().fail(error)
        self.close(error)

    def close(self, error: Optional[CallError] = None) -> None:
        """Nothing is sent or awaited any more."""
        self.end_inputs()
        if self.outputs is not None:
            self.connection.drop(False, self.id)
            self.outputs.close(error)


class Opener:
    """The calls under way, by id."""

    def __init__(self, connection) -> None:
        self._connection = connection
        self._calls: dict[int, OpenedCall] = {}
        self._free: list[int] = []
        self._counts: list[int] = []
        self._names: dict[tuple[str, str], int] = {}
        self._is_over = False

    @property
    def active(self) -> int:
        """How many slots are taken."""
        return len(self._calls)

    def new_id(self) -> int:
        """An id of a free slot."""
        if not self._free:
            if len(self._counts) >= min(self._connection.other.max_calls, 1 << SLOT_BITS):
                raise CallError("Overloaded", NOT_EXECUTED, "no slot is free")
            self._free.append(len(self._counts))
            self._counts.append(0)
        slot = self._free.pop()
        self._counts[slot] = self._counts[slot] % MAX_COUNT + 1
        return self._counts[slot] << SLOT_BITS | slot

    def forget(self, call: OpenedCall) -> None:
        """The call's slot is free."""
        del self._calls[call.id]
        self._free.append(call.id & (1 << SLOT_BITS) - 1)

    def number(self, name: str, subroute: str = "") -> int:
        """A name's number; a new one is told first."""
        number = self._names.get((name, subroute))
        if number is None:
            number = self._names[name, subroute] = len(self._names)
            payload = encode_name(name, subroute)
            self._connection.write(Frame(f.NAME, code=number, payload=payload))
        return number

    async def request(
        self, name: str, value: Value = ABSENT, subroute: str = "",
        metadata: Optional[dict[str, str]] = None, timeout: Optional[float] = None,
    ) -> Value:
        """Makes a request and waits for its answer."""
        return await self.start(name, value, subroute, metadata, timeout).answer

    def start(
        self, name, value=ABSENT, subroute="", metadata=None, timeout=None, priority="normal"
    ) -> OpenedCall:
        """Makes a request, and gives it back at once."""
        call = OpenedCall(self._connection, self.new_id(), _until(timeout))
        call.priority = priority
        self._send(call, f.REQUEST, name, value, subroute, metadata, timeout, b"")
        return call

    def open(
        self, name, value=ABSENT, outputs=16, inputs=16, subroute="", metadata=None, timeout=None
    ) -> OpenedStream:
        """Opens a stream; a direction of 0 messages is none."""
        stream = OpenedStream(self._connection, self.new_id(), _until(timeout), outputs, inputs)
        credits = struct.pack("<II", outputs, inputs)
        self._send(stream, f.OPEN, name, value, subroute, metadata, timeout, credits)
        return stream

    def _send(self, call, kind, name, value, subroute, metadata, timeout, prefix) -> None:
        if self._is_over:
            call.fail(CallError("Closed", NOT_EXECUTED, "the connection has ended"))
        self._calls[call.id] = call
        frame = Frame(kind, code=self.number(name, subroute), id=call.id)
        if self._connection.knows_priority:
            frame.flags = f.PRIORITIES.index(call.priority) << f.PRIORITY_SHIFT
        if metadata is not None:
            frame.flags |= f.FLAG_METADATA
            prefix += encode_metadata(metadata)
        call.sending = asyncio.create_task(
            self._connection.send_message(call, frame, value, prefix)
        )
        # A call ends with its connection, whether its message has left or not.
        call.sending.add_done_callback(lambda sending: sending.cancelled() or sending.exception())
        if timeout is not None:
            text = "the time ran out"
            asyncio.get_running_loop().call_later(timeout, call.cancel, "DeadlineExceeded", text)

    def begin(self, frame: Frame, cost: int) -> bool:
        """A response or output begins to come. Returns whether anyone waits for it."""
        call = self._find(frame)
        if frame.type == f.RESPONSE:
            if isinstance(call, OpenedStream):
                raise ProtocolError("a response came for a stream")
            return True
        if not isinstance(call, OpenedStream):
            raise ProtocolError("an output came for a request")
        if call.answer.done():
            return False
        if call.outputs is None:
            raise ProtocolError("an output came for a stream that has none")
        call.outputs.begin(frame.argument, cost)
        return True

    def deliver(self, frame: Frame, cost: int, _arrived: float) -> None:
        """A response or output has come whole."""
        call = self._find(frame)
        kind, payload = frame.flags & f.KIND_MASK, frame.payload
        tells = frame.flags & f.FLAG_METADATA != 0 and self._connection.knows_metadata
        if isinstance(call, OpenedStream):
            if call.answer.done():
                return
            if tells:
                answer, rest = Answer.decode(payload)
                if kind != f.KIND_BYTES or rest:
                    raise ProtocolError("an output is metadata and a value")
                call.told.add(answer, call.outputs.begun - 1)
                call.outputs.skip(cost, bool(answer.trailers))
            else:
                call.outputs.deliver(decode_value(kind, payload), cost)
            return
        if tells and not call.answer.done():
            call.told, payload = Answer.decode(payload)
        value = decode_value(kind, payload)
        self._connection.budget.release(cost)
        self.forget(call)
        if not call.answer.done():
            call.answer.set_result(value)

    def on_frame(self, frame: Frame) -> None:
        """Any other frame of a responder."""
        if frame.type == f.INPUT_CREDIT:
            cost, window = read_credit(frame, self._connection.grows_windows)
            call = self._calls.get(frame.id)
            if isinstance(call, OpenedStream):
                call.on_credit(frame.argument, cost, window)
            return
        call = self._find(frame)
        if frame.type == f.ERROR:
            # A response that is given up in the midst; a stream's bytes are given back by its end.
            cost = self._connection.drop(False, frame.id)
            if not isinstance(call, OpenedStream):
                self._connection.budget.release(cost)
            call.given_up = True
            knows = self._connection.knows_metadata
            error = CallError.decode(frame.code, frame.payload, knows)
            if error.metadata is not None and not call.answer.done():
                outputs = getattr(call, "outputs", None)
                call.told.add(error.metadata, 0 if outputs is None else outputs.begun)
            call.fail(error)
        elif not isinstance(call, OpenedStream):
            raise ProtocolError("an end of outputs came for a request")
        elif not call.answer.done():
            if call.outputs is not None:
                call.outputs.end(frame.argument)
            elif frame.argument != 0:
                raise ProtocolError("outputs were counted that there are not")
            if frame.payload and self._connection.knows_metadata:
                answer, _ = Answer.decode(frame.payload)
                call.told.add(answer, 0 if call.outputs is None else call.outputs.begun)
            call.given_up = True
            call.answer.set_result(ABSENT)
            call.end_inputs()
        self.forget(call)

    def _find(self, frame: Frame) -> OpenedCall:
        call = self._calls.get(frame.id)
        if call is None or not call.begun:
            raise ProtocolError(f"a frame of type {frame.type} came for no call under way")
        return call

    def close(self) -> None:
        """The connection has ended."""
        self._is_over = True
        for call in list(self._calls.values()):
            outcome = MAYBE_EXECUTED if call.begun else NOT_EXECUTED
            call.given_up = True
            call.fail(CallError("Disconnected", outcome, "the connection was lost"))
        self._calls.clear()


def _until(timeout: Optional[float]) -> Optional[float]:
    return None if timeout is None else asyncio.get_running_loop().time() + timeout
