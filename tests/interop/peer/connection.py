"""One connection whose handshake is done."""

from __future__ import annotations

import asyncio
import struct
from dataclasses import dataclass
from typing import Optional

from . import frames as f
from .flow import ReceiveBudget, SendWindow
from .frames import BatchStream, Ended, Frame, ProtocolError
from .hello import ANSWER_METADATA, GROWING_WINDOWS, NEW_NAMES, PRIORITY, Hello
from .opener import Opener
from .responder import Handlers, Responder
from .values import Value, decode_name, encode_value

DISCONNECTED, PROTOCOL_ERROR, CLOSED = 2, 11, 12


@dataclass
class Assembly:
    """A message of which some pieces have come."""

    first: Frame
    total: int
    cost: int
    parts: bytearray
    arrived: float


class Connection:
    """Reads frames and takes each to where it belongs; `run` is its life."""

    def __init__(
        self, stream: BatchStream, own: Hello, other: Hello, handlers: Optional[Handlers] = None
    ) -> None:
        self.stream = stream
        self.own = own
        self.other = other
        self.max_piece = min(other.max_fragment, 1_048_576)
        self.window = SendWindow(other.budget)
        self.budget = ReceiveBudget(own.budget, own.max_message, self.write)
        self.opener = Opener(self)
        self.responder = Responder(self, handlers or {})
        self.drained = asyncio.Event()
        self.drain_reasons: list[int] = []
        self.pongs: list[int] = []
        self._assemblies: dict[tuple[bool, int], Assembly] = {}
        self._names: list[tuple[str, str]] = []
        self._pings: dict[int, asyncio.Future[None]] = {}
        self._ping_count = 0
        self._closing = False
        self._is_over = False
        self._life = asyncio.create_task(self._run())
        # Not everyone asks why it has ended.
        self._life.add_done_callback(lambda life: life.cancelled() or life.exception())

    def write(self, *frames: Frame) -> None:
        """Writes frames as one batch."""
        if not self.stream.writer.is_closing():
            self.stream.write(*frames)

    async def send_message(self, call, frame: Frame, value: Value, prefix: bytes = b"") -> None:
        """Sends a message of a call, in pieces where it is too large for a frame. Whoever gives the call up meanwhile keeps the rest from being sent."""
        kind, payload = encode_value(value)
        payload = prefix + payload
        await self.window.take(len(payload) + f.OVERHEAD)
        if call.given_up:
            self.window.give_back(len(payload) + f.OVERHEAD)
            return
        call.begun = True
        frame.flags |= kind
        if frame.type in (f.REQUEST, f.OPEN):
            frame.argument = call.time_left()
        if len(payload) <= self.max_piece:
            frame.payload = payload
            self.write(frame)
            await self.stream.writer.drain()
            return
        frame.flags |= f.FLAG_FIRST
        frame.payload = struct.pack("<I", len(payload)) + payload[: self.max_piece]
        self.write(frame)
        piece = f.OPENER_FRAGMENT if frame.type < f.RESPONSE else f.RESPONDER_FRAGMENT
        for at in range(self.max_piece, len(payload), self.max_piece):
            await self.stream.writer.drain()
            if call.given_up:
                return
            part = payload[at : at + self.max_piece]
            self.write(Frame(piece, id=frame.id, payload=part))

    @property
    def knows_metadata(self) -> bool:
        """Whether both sides know the metadata of answers."""
        return self.own.features & self.other.features & ANSWER_METADATA != 0

    @property
    def grows_windows(self) -> bool:
        """Whether both sides know windows that grow."""
        return self.own.features & self.other.features & GROWING_WINDOWS != 0

    @property
    def knows_priority(self) -> bool:
        """Whether both sides know the priority of calls."""
        return self.own.features & self.other.features & PRIORITY != 0

    async def ping(self, id_: int = 0) -> None:
        """Asks for a sign of life, of the connection or a stream, and waits for it."""
        if self._is_over:
            raise Ended(DISCONNECTED, "the connection was lost")
        self._ping_count += 1
        answer = asyncio.get_running_loop().create_future()
        self._pings[self._ping_count] = answer
        self.write(Frame(f.PING, id=id_, argument=self._ping_count))
        await answer

    def name(self, number: int) -> tuple[str, str]:
        """The name that the other side has given a number to."""
        if number >= len(self._names):
            raise ProtocolError(f"name number {number} was not agreed on")
        return self._names[number]

    def drop(self, from_opener: bool, id_: int) -> int:
        """Gives up an unfinished message. Returns what it costs, 0 if there is none."""
        assembly = self._assemblies.pop((from_opener, id_), None)
        return 0 if assembly is None else assembly.cost

    def drain(self, reason: int = 0) -> None:
        """Says that this connection is to come to an end."""
        self.responder.draining = self.responder.draining or reason == 0
        self.write(Frame(f.DRAIN, argument=reason))

    async def close(self) -> None:
        """Takes no more calls, finishes those that run, and says goodbye, unless the other side does first."""
        self.drain()
        try:
            await self.ping()
            await self.responder.idle()
            # With this pong, all that was answered has arrived.
            await self.ping()
        except Ended:
            return
        await self.end(CLOSED, "this peer is closing")

    async def end(self, code: int, text: str) -> None:
        """Says goodbye, and waits for the other side to leave."""
        self._closing = True
        self.write(Frame(f.GOODBYE, code=code, payload=text.encode()[:2048]))
        try:
            await asyncio.wait_for(self.ended(), 1)
        except (asyncio.TimeoutError, Ended):
            pass
        self._life.cancel()
        await self.stream.close()

    async def ended(self) -> None:
        """Waits for the end; raises why it has come."""
        await asyncio.shield(self._life)

    async def _run(self) -> None:
        try:
            while True:
                for frame in await self.stream.read():
                    if not self._closing:
                        self._on_frame(frame)
        except ProtocolError as error:
            text = str(error).encode()[:2048]
            self.write(Frame(f.GOODBYE, code=PROTOCOL_ERROR, payload=text))
            raise Ended(PROTOCOL_ERROR, f"here: {error}") from error
        finally:
            self._is_over = True
            for answer in self._pings.values():
                if not answer.done():
                    answer.set_exception(Ended(DISCONNECTED, "the connection was lost"))
            self.window.close()
            self.opener.close()
            self.responder.close()
            await self.stream.close()

    def _on_frame(self, frame: Frame) -> None:
        kind = frame.type
        if kind == f.GOODBYE:
            raise Ended(frame.code, frame.payload.decode(errors="replace"))
        if kind not in f.KNOWN or kind < f.GOODBYE:
            raise ProtocolError(f"a frame of type {kind} came")
        priority = frame.flags & f.PRIORITY_MASK if self.knows_priority else 0
        if priority == f.PRIORITY_MASK:
            raise ProtocolError(f"a frame of type {kind} has priority 3")
        if frame.flags - priority > 15 or frame.flags & f.KIND_MASK == 3:
            raise ProtocolError(f"a frame of type {kind} has flags {frame.flags}")
        if kind in f.MESSAGES:
            self._on_message(frame)
        elif kind in f.FRAGMENTS:
            self._on_fragment(frame)
        elif kind >= f.REQUEST:
            if kind in (f.INPUT_END, f.OUTPUT_END):
                self._check_finished(frame)
            (self.responder if kind < f.RESPONSE else self.opener).on_frame(frame)
        else:
            self._on_control(frame)

    def _on_control(self, frame: Frame) -> None:
        kind = frame.type
        if kind == f.NAME:
            self._on_name(frame)
        elif kind == f.WINDOW:
            self.window.give_back(frame.argument)
        elif kind == f.PING:
            known = frame.id == 0 or (True, frame.id) in self._assemblies
            if known or self.responder.knows(frame.id):
                self.write(Frame(f.PONG, id=frame.id, argument=frame.argument))
        elif kind == f.PONG:
            self.pongs.append(frame.id)
            answer = self._pings.pop(frame.argument, None)
            if answer is not None and not answer.done():
                answer.set_result(None)
        elif kind == f.DRAIN:
            self.drain_reasons.append(frame.argument)
            if frame.argument not in (1, 2):
                self.drained.set()

    def _on_name(self, frame: Frame) -> None:
        again = frame.code < len(self._names)
        both = self.own.features & self.other.features & NEW_NAMES != 0
        if frame.code > len(self._names) or (again and not both):
            raise ProtocolError(f"name number {frame.code} is out of order")
        self._names[frame.code : frame.code + 1] = [decode_name(frame.payload)]

    def _side(self, kind: int):
        return self.responder if kind < f.RESPONSE else self.opener

    def _check_finished(self, frame: Frame) -> None:
        if (frame.type < f.RESPONSE, frame.id) in self._assemblies:
            raise ProtocolError("something came between the pieces of a message")

    def _on_message(self, frame: Frame) -> None:
        first = frame.flags & f.FLAG_FIRST != 0
        if first and len(frame.payload) < 4:
            raise ProtocolError("a first piece has no size")
        piece = frame.payload[4:] if first else frame.payload
        total = struct.unpack_from("<I", frame.payload)[0] if first else len(piece)
        if len(piece) > self.own.max_fragment:
            raise ProtocolError("a piece is too large")
        self.budget.on_bulk(frame.bulk_bytes)
        self._check_finished(frame)
        cost = self.budget.admit(total)
        if first and not 0 < len(piece) < total:
            raise ProtocolError("a first piece is empty, or the whole")
        frame.payload = piece
        if not self._side(frame.type).begin(frame, cost):
            self.budget.release(cost)
        elif first:
            now = asyncio.get_running_loop().time()
            assembly = Assembly(frame, total, cost, bytearray(piece), now)
            self._assemblies[frame.type < f.RESPONSE, frame.id] = assembly
        else:
            self._side(frame.type).deliver(frame, cost, asyncio.get_running_loop().time())

    def _on_fragment(self, frame: Frame) -> None:
        self.budget.on_bulk(frame.bulk_bytes)
        if len(frame.payload) > self.own.max_fragment:
            raise ProtocolError("a piece is too large")
        key = (frame.type < f.RESPONSE, frame.id)
        assembly = self._assemblies.get(key)
        if assembly is None:
            return
        assembly.parts += frame.payload
        if not frame.payload or len(assembly.parts) > assembly.total:
            raise ProtocolError("the pieces do not make up the size announced")
        if len(assembly.parts) == assembly.total:
            del self._assemblies[key]
            whole = assembly.first
            whole.payload = bytes(assembly.parts)
            self._side(whole.type).deliver(whole, assembly.cost, assembly.arrived)
