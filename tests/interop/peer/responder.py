"""The calls that the other side makes."""

from __future__ import annotations

import asyncio
import struct
from typing import Awaitable, Callable, Dict, Optional, Tuple, Union

from . import frames as f
from .flow import MAX_CREDIT, Incoming, Outgoing, read_credit
from .frames import Frame, ProtocolError
from .opener import SLOT_BITS
from .values import (
    ABSENT, CODES, EXECUTED, MAYBE_EXECUTED, NOT_EXECUTED, Answer, CallError, Value, decode_metadata,
    decode_value,
)


class ServedCall:
    """A call of the other side's, as its handler sees it."""

    def __init__(self, connection, id_: int, metadata: dict[str, str], subroute: str) -> None:
        self.connection = connection
        self.id = id_
        self.metadata = metadata
        self.priority = "normal"
        self.tells = Answer()
        self.subroute = subroute
        self.begun = False
        self.given_up = False
        self.answered = False
        self.held = 0
        self.task: Optional[asyncio.Task[None]] = None
        self.timer: Optional[asyncio.TimerHandle] = None

    def close(self) -> None:
        """It has its terminal answer, or the connection has ended."""
        self.answered = True
        if self.timer is not None:
            self.timer.cancel()
        self.connection.budget.release(self.held)
        self.held = 0


class ServedStream(ServedCall):
    """A stream: iterate over `inputs`, `send` outputs, return to end it."""

    def __init__(self, connection, id_, metadata, subroute, outputs: int, inputs: int) -> None:
        super().__init__(connection, id_, metadata, subroute)
        self.inputs = Incoming(self, f.INPUT, inputs) if inputs > 0 else None
        self.outgoing = Outgoing(outputs, connection.grows_windows) if outputs > 0 else None

    async def send(self, value: Value) -> None:
        """Sends an output when there is credit for it; before the first one the headers."""
        if self.outgoing.sequence == 0:
            await self.tell(Answer(self.tells.headers))
            self.tells.headers = {}
        await self.outgoing.send(self, f.OUTPUT, value)

    async def tell(self, answer: Answer) -> None:
        """Sends metadata in the place of an output."""
        if answer and self.connection.knows_metadata:
            await self.outgoing.send(self, f.OUTPUT, answer.encode(), f.FLAG_METADATA)

    def close(self) -> None:
        super().close()
        if self.outgoing is not None:
            self.outgoing.close()
        if self.inputs is not None:
            self.connection.drop(True, self.id)
            self.inputs.close()


class Request:
    """Marks a handler of requests: `async (call, value) -> value`."""

    def __init__(self, run: Callable[[ServedCall, Value], Awaitable[Value]]) -> None:
        self.run = run


class Stream:
    """Marks a handler of streams: `async (stream, initial) -> None`."""

    def __init__(self, run: Callable[[ServedStream, Value], Awaitable[None]]) -> None:
        self.run = run


Handlers = Dict[Tuple[str, str], Union[Request, Stream]]
"""By name and subroute."""


class Responder:
    """The calls of the other side that have no terminal answer yet, by id."""

    def __init__(self, connection, handlers: Handlers) -> None:
        self.draining = False
        self._connection = connection
        self._handlers = handlers
        self._calls: dict[int, ServedCall] = {}
        self._slots: set[int] = set()
        self._leaving: dict[int, ServedCall] = {}

    def knows(self, id_: int) -> bool:
        """Whether a call has no terminal answer yet."""
        return id_ in self._calls

    async def idle(self) -> None:
        """Waits until every call is answered."""
        while self._calls or self._leaving:
            calls = [*self._calls.values(), *self._leaving.values()]
            await asyncio.wait([call.task for call in calls])

    def begin(self, frame: Frame, cost: int) -> bool:
        """A request, open or input begins to come. Returns whether anyone waits for it."""
        if frame.type == f.INPUT:
            stream = self._input_target(frame.id)
            if stream is not None:
                stream.inputs.begin(frame.argument, cost)
            return stream is not None
        slot = frame.id & (1 << SLOT_BITS) - 1
        if slot >= self._connection.own.max_calls or slot in self._slots:
            raise ProtocolError(f"call {frame.id} has a slot that is out of range or in use")
        return True

    def deliver(self, frame: Frame, cost: int, arrived: float) -> None:
        """A request, open or input has come whole; its first frame did at `arrived`."""
        kind, value = frame.flags & f.KIND_MASK, frame.payload
        if frame.type == f.INPUT:
            stream = self._input_target(frame.id)
            if stream is not None:
                stream.inputs.deliver(decode_value(kind, value), cost)
            return
        outputs = inputs = 0
        if frame.type == f.OPEN:
            if len(value) < 8:
                raise ProtocolError("an open is too short for its credits")
            outputs, inputs = struct.unpack_from("<II", value)
            if max(outputs, inputs) > MAX_CREDIT:
                raise ProtocolError("an open has too much credit")
            value = value[8:]
        metadata: dict[str, str] = {}
        if frame.flags & f.FLAG_METADATA:
            metadata, value = decode_metadata(value)
        name = self._connection.name(frame.code)
        call = (
            ServedCall(self._connection, frame.id, metadata, name[1])
            if frame.type == f.REQUEST
            else ServedStream(self._connection, frame.id, metadata, name[1], outputs, inputs)
        )
        call.priority = f.PRIORITIES[(frame.flags & f.PRIORITY_MASK) >> f.PRIORITY_SHIFT]
        if frame.type == f.REQUEST:
            call.held = cost
        else:
            self._connection.budget.release(cost)
        self._calls[frame.id] = call
        self._slots.add(frame.id & (1 << SLOT_BITS) - 1)
        left = None
        if frame.argument != f.NO_TIMEOUT:
            left = arrived + frame.argument / 1000 - asyncio.get_running_loop().time()
        refusal = self._judge(frame, name, left)
        if refusal is not None:
            self._fail(call, refusal)
            return
        if left is not None:
            loop = asyncio.get_running_loop()
            call.timer = loop.call_later(left, self._on_time_up, call)
        call.task = asyncio.create_task(self._serve(call, name, decode_value(kind, value)))

    def _judge(self, frame: Frame, name: tuple[str, str], left: Optional[float]):
        handler = self._handlers.get(name)
        if self.draining:
            return CallError("Closed", NOT_EXECUTED, "this peer is closing")
        if left is not None and left <= 0:
            return CallError("DeadlineExceeded", NOT_EXECUTED, "the time was up on arrival")
        wanted = Request if frame.type == f.REQUEST else Stream
        if not isinstance(handler, wanted):
            return CallError("UnknownHandler", NOT_EXECUTED, f"there is no such handler: {name}")
        return None

    async def _serve(self, call: ServedCall, name: tuple[str, str], value: Value) -> None:
        try:
            result = await self._handlers[name].run(call, value)
            if call.answered:
                return
            if isinstance(call, ServedStream):
                count, payload = 0, b""
                if call.outgoing is not None:
                    await call.tell(call.tells)
                    count = call.outgoing.sequence
                elif call.tells and self._connection.knows_metadata:
                    payload = call.tells.encode()
                self._connection.write(
                    Frame(f.OUTPUT_END, id=call.id, argument=count, payload=payload)
                )
                self._end(call)
                return
            # Its answer is made: what the request took is given back, whenever that may leave.
            self._end(call)
            self._leaving[call.id] = call
            frame, prefix = Frame(f.RESPONSE, id=call.id), b""
            if call.tells and self._connection.knows_metadata:
                frame.flags, prefix = f.FLAG_METADATA, call.tells.encode()
            await self._connection.send_message(call, frame, result, prefix)
            self._leaving.pop(call.id, None)
        except CallError as error:
            self._fail(call, error)
        except (EOFError, ConnectionError):
            pass
        except Exception as error:  # noqa: BLE001 -- whatever a handler raises is told
            self._fail(call, CallError("HandlerFailed", EXECUTED, str(error), type(error).__name__))

    def on_frame(self, frame: Frame) -> None:
        """Any other frame of an opener."""
        if frame.type == f.CANCEL:
            self._on_cancel(frame)
        elif frame.type == f.INPUT_END:
            stream = self._input_target(frame.id)
            if stream is not None:
                stream.inputs.end(frame.argument)
        else:
            cost, window = read_credit(frame, self._connection.grows_windows)
            stream = self._calls.get(frame.id)
            if isinstance(stream, ServedStream) and stream.outgoing is not None:
                stream.outgoing.on_credit(frame.argument, cost, window)

    def _on_cancel(self, frame: Frame) -> None:
        code = "DeadlineExceeded" if frame.code == 3 else "Cancelled"
        text = frame.payload.decode(errors="replace")
        call = self._calls.get(frame.id)
        if call is not None:
            if call.task is not None:
                call.task.cancel()
            self._fail(call, CallError(code, MAYBE_EXECUTED, text))
            return
        leaving = self._leaving.pop(frame.id, None)
        if leaving is not None:
            leaving.given_up = True
            self._write_error(frame.id, CallError(code, MAYBE_EXECUTED, text))
            return
        cost = self._connection.drop(True, frame.id)
        if cost > 0:
            self._connection.budget.release(cost)
            self._write_error(frame.id, CallError(code, NOT_EXECUTED, text))

    def _on_time_up(self, call: ServedCall) -> None:
        if call.answered:
            return
        call.task.cancel()
        self._fail(call, CallError("DeadlineExceeded", EXECUTED, "the time was up in the handler"))

    def _input_target(self, id_: int) -> Optional[ServedStream]:
        stream = self._calls.get(id_)
        if not isinstance(stream, ServedStream):
            return None
        if stream.inputs is None:
            raise ProtocolError("an input came for a stream that has none")
        return stream

    def _fail(self, call: ServedCall, error: CallError) -> None:
        if call.answered:
            return
        call.given_up = True
        if call.tells and error.outcome == EXECUTED and self._connection.knows_metadata:
            error.metadata = call.tells
        self._write_error(call.id, error)
        self._end(call)

    def _write_error(self, id_: int, error: CallError) -> None:
        code = CODES.index(error.code)
        self._connection.write(Frame(f.ERROR, code=code, id=id_, payload=error.encode()))

    def _end(self, call: ServedCall) -> None:
        call.close()
        self._calls.pop(call.id, None)
        self._slots.discard(call.id & (1 << SLOT_BITS) - 1)

    def close(self) -> None:
        """The connection has ended: handlers hear of it."""
        for call in [*self._calls.values(), *self._leaving.values()]:
            call.given_up = True
            if call.task is not None:
                call.task.cancel()
            call.answered = True
        self._calls.clear()
        self._leaving.clear()
