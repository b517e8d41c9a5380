"""Frames, and the batches that they travel in."""

from __future__ import annotations

import asyncio
import struct
import zlib
from dataclasses import dataclass

HELLO, PROOF, WELCOME, GOODBYE, DRAIN, NAME, PING, PONG, WINDOW, ARRIVED = range(1, 11)
REQUEST, OPEN, INPUT, INPUT_END, CANCEL, OUTPUT_CREDIT, OPENER_FRAGMENT = range(16, 23)
RESPONSE, ERROR, OUTPUT, OUTPUT_END, INPUT_CREDIT, RESPONDER_FRAGMENT = range(32, 38)

MESSAGES = {REQUEST, OPEN, INPUT, RESPONSE, OUTPUT}
FRAGMENTS = {OPENER_FRAGMENT, RESPONDER_FRAGMENT}
KNOWN = set(range(1, 11)) | set(range(16, 23)) | set(range(32, 38))

KIND_BYTES, KIND_NULL, KIND_ABSENT = 0, 1, 2
KIND_MASK, FLAG_METADATA, FLAG_FIRST = 3, 4, 8
PRIORITY_MASK, PRIORITY_SHIFT = 0x30, 4
PRIORITIES = ("normal", "high", "low")
NO_TIMEOUT = 0xFFFF_FFFF
BULK_BYTES = 8192
"""Whole messages of more are bulk."""
MAX_BATCH, MAX_HANDSHAKE_BATCH = 2_097_152, 4096
OVERHEAD = 128
"""What a message costs beside its size."""


class ProtocolError(Exception):
    """The other side has broken the protocol."""


class Ended(Exception):
    """The connection has ended, with the other side's goodbye or without one."""

    def __init__(self, code: int, text: str) -> None:
        super().__init__(f"{code}: {text}")
        self.code = code
        self.text = text


@dataclass
class Frame:
    """One frame; what a type gives no meaning is 0 or empty."""

    type: int
    flags: int = 0
    code: int = 0
    id: int = 0
    argument: int = 0
    payload: bytes = b""

    def encode(self) -> bytes:
        head = struct.pack(
            "<BBHIII", self.type, self.flags, self.code, len(self.payload), self.id, self.argument
        )
        return head + self.payload

    @property
    def bulk_bytes(self) -> int:
        """How many bytes of bulk it brings."""
        first = self.type in MESSAGES and self.flags & FLAG_FIRST != 0
        if first:
            return len(self.payload) - 4
        if self.type in FRAGMENTS or (self.type in MESSAGES and len(self.payload) > BULK_BYTES):
            return len(self.payload)
        return 0


def decode_frames(batch: bytes) -> list[Frame]:
    """Takes a batch apart."""
    frames, at = [], 0
    while at < len(batch):
        if len(batch) - at < 16:
            raise ProtocolError("a batch ends within a frame's header")
        kind, flags, code, length, id_, argument = struct.unpack_from("<BBHIII", batch, at)
        end = at + 16 + length
        if end > len(batch):
            raise ProtocolError("a frame reaches beyond its batch")
        frames.append(Frame(kind, flags, code, id_, argument, batch[at + 16 : end]))
        at = end
    return frames


class BatchStream:
    """Batches in envelopes, on a stream of bytes."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer
        self.limit = MAX_HANDSHAKE_BATCH
        self.checks_sent = False
        self.checks_received = False
        self._sent = 0
        self._received = 0
        self._rest: list[Frame] = []

    def write_raw(self, data: bytes) -> None:
        """Writes bytes as they are: no envelope, no checksum."""
        self.writer.write(data)

    def write(self, *frames: Frame) -> None:
        """Writes frames as one batch."""
        batch = b"".join(frame.encode() for frame in frames)
        checksum = 0
        if self.checks_sent:
            checksum = self._sent = zlib.crc32(batch, self._sent)
        self.write_raw(struct.pack("<II", len(batch), checksum) + batch)

    async def read_one(self) -> Frame:
        """Reads the next frame."""
        while not self._rest:
            self._rest = await self.read()
        return self._rest.pop(0)

    async def read(self) -> list[Frame]:
        """Reads what is left of a batch, or the next one."""
        if self._rest:
            frames, self._rest = self._rest, []
            return frames
        try:
            length, checksum = struct.unpack("<II", await self.reader.readexactly(8))
            if not 16 <= length <= self.limit:
                raise ProtocolError(f"a batch of {length} bytes was announced")
            batch = await self.reader.readexactly(length)
        except (asyncio.IncompleteReadError, ConnectionError) as error:
            raise Ended(2, "the other side has closed the connection") from error
        if self.checks_received:
            before, self._received = self._received, zlib.crc32(batch, self._received)
            # A dialler that has not seen the welcome knows of no checksums.
            gave_up = before == 0 and checksum == 0 and batch[0] == GOODBYE
            if checksum != self._received and not gave_up:
                raise ProtocolError("a wrong checksum")
        return decode_frames(batch)

    async def close(self) -> None:
        """Closes the connection."""
        self.writer.close()
        try:
            await self.writer.wait_closed()
        except ConnectionError:
            pass
