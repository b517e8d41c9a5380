"""What messages carry beside their bytes: values that are none, metadata, names, errors."""

from __future__ import annotations

import struct
from dataclasses import dataclass, field
from typing import Optional, Union

from .frames import KIND_ABSENT, KIND_BYTES, KIND_NULL, ProtocolError


class Absent:
    """There is no value."""

    def __repr__(self) -> str:
        return "ABSENT"


ABSENT = Absent()
Value = Union[bytes, None, Absent]
"""A payload: bytes, null, or none."""

CODES = [
    "", "Unreachable", "Disconnected", "DeadlineExceeded", "Cancelled", "UnknownHandler",
    "HandlerFailed", "InvalidPayload", "MessageTooLarge", "Overloaded",
    "PermissionDenied", "ProtocolError", "Closed", "InvalidArgument", "GoingAway",
    "NotListed", "Unauthenticated",
]
NOT_EXECUTED, MAYBE_EXECUTED, EXECUTED = 1, 2, 3
_DETAIL, _NAME, _METADATA = 1, 2, 4


class CallError(Exception):
    """A call's failure, as it travels in an error frame."""

    def __init__(
        self, code: str, outcome: int, text: str,
        name: Optional[str] = None, detail: Optional[bytes] = None,
        metadata: Optional[Answer] = None,
    ) -> None:
        super().__init__(f"{code} ({outcome}): {text}")
        self.code = code
        self.outcome = outcome
        self.text = text
        self.name = name
        self.detail = detail
        self.metadata = metadata

    def encode(self) -> bytes:
        """The payload of its error frame."""
        text = cut(self.text, 4096)
        flags = (0 if self.detail is None else _DETAIL) | (0 if self.name is None else _NAME)
        flags |= 0 if self.metadata is None else _METADATA
        payload = struct.pack("<BBH", self.outcome, flags, len(text)) + text
        if self.name is not None:
            name = cut(self.name, 255)
            payload += bytes([len(name)]) + name
        if self.metadata is not None:
            payload += self.metadata.encode()
        return payload + (self.detail or b"")

    @staticmethod
    def decode(number: int, payload: bytes, knows_metadata: bool = True) -> CallError:
        """Reads an error frame's payload."""
        metadata = None
        try:
            outcome, flags, length = struct.unpack_from("<BBH", payload)
            end = 4 + length
            text, name = payload[4:end].decode(errors="replace"), None
            if flags & _NAME:
                start, end = end + 1, end + 1 + payload[end]
                name = payload[start:end].decode(errors="replace")
            if end > len(payload):
                raise IndexError("it is cut short")
        except (struct.error, IndexError) as error:
            raise ProtocolError(f"an error cannot be read: {error}") from error
        rest = payload[end:]
        if flags & _METADATA and knows_metadata:
            metadata, rest = Answer.decode(rest)
        code = CODES[number] if 0 < number < len(CODES) else "HandlerFailed"
        if code == "HandlerFailed" and name is None:
            name = "Error"
        # What says that nothing was sent has come all the same.
        outcome = {0: NOT_EXECUTED, 1: NOT_EXECUTED, 3: EXECUTED}.get(outcome, MAYBE_EXECUTED)
        return CallError(code, outcome, text, name, rest if flags & _DETAIL else None, metadata)


@dataclass
class Answer:
    """The metadata of an answer."""

    headers: dict[str, str] = field(default_factory=dict)
    trailers: dict[str, str] = field(default_factory=dict)

    def __bool__(self) -> bool:
        return bool(self.headers or self.trailers)

    def encode(self) -> bytes:
        """Both blocks."""
        return encode_metadata(self.headers) + encode_metadata(self.trailers)

    @staticmethod
    def decode(payload: bytes) -> tuple[Answer, bytes]:
        """Reads both blocks. Returns what stands behind them, too."""
        headers, payload = decode_metadata(payload)
        trailers, payload = decode_metadata(payload)
        return Answer(headers, trailers), payload

    def add(self, other: Answer, outputs: int) -> None:
        """More of it has come, behind so many outputs."""
        if other.headers and outputs > 0:
            raise ProtocolError("headers came behind an output")
        if other.trailers and self.trailers:
            raise ProtocolError("trailers came twice")
        self.headers = other.headers or self.headers
        self.trailers = other.trailers or self.trailers


def cut(text: str, most: int) -> bytes:
    """A text's first bytes, cut off between two characters."""
    return text.encode()[:most].decode(errors="ignore").encode()


def encode_value(value: Value) -> tuple[int, bytes]:
    """The kind of a frame, and its bytes."""
    if value is None:
        return KIND_NULL, b""
    return (KIND_ABSENT, b"") if isinstance(value, Absent) else (KIND_BYTES, value)


def decode_value(kind: int, payload: bytes) -> Value:
    """The value; bytes behind one that is none are not looked at."""
    return {KIND_BYTES: payload, KIND_NULL: None, KIND_ABSENT: ABSENT}[kind]


def encode_metadata(metadata: dict[str, str]) -> bytes:
    """A block of metadata."""
    texts = [text.encode() for entry in metadata.items() for text in entry]
    entries = b"".join(struct.pack("<H", len(text)) + text for text in texts)
    return struct.pack("<H", len(entries)) + entries


def decode_metadata(payload: bytes) -> tuple[dict[str, str], bytes]:
    """The entries, and what stands behind the block."""
    try:
        (length,) = struct.unpack_from("<H", payload)
        block, rest = payload[2 : 2 + length], payload[2 + length :]
        if length > 4096 or len(block) < length:
            raise struct.error("it is cut short or too long")
        texts, at = [], 0
        while at < length or len(texts) % 2 == 1:
            (size,) = struct.unpack_from("<H", block, at)
            at += 2 + size
            if at > length:
                raise struct.error("a text is cut short")
            texts.append(block[at - size : at].decode(errors="replace"))
    except struct.error as error:
        raise ProtocolError(f"metadata cannot be read: {error}") from error
    return dict(zip(texts[::2], texts[1::2])), rest


def encode_name(name: str, subroute: str) -> bytes:
    """The payload of a name frame."""
    first = name.encode()
    return struct.pack("<H", len(first)) + first + subroute.encode()


def decode_name(payload: bytes) -> tuple[str, str]:
    """The name and the subroute."""
    if len(payload) < 2:
        raise ProtocolError("a name is cut short")
    (length,) = struct.unpack_from("<H", payload)
    first, rest = payload[2 : 2 + length], payload[2 + length :]
    if len(first) < length or length > 255 or len(rest) > 255:
        raise ProtocolError("a name is cut short or too long")
    return first.decode(errors="replace"), rest.decode(errors="replace")
