"""What the two sides say of themselves, and how they prove it."""

from __future__ import annotations

import hashlib
import hmac
import os
import struct
import time
from dataclasses import dataclass, field, replace

from .frames import ProtocolError

CHECKSUMS, RENEWAL, NEW_NAMES, ANSWER_METADATA, GROWING_WINDOWS, PRIORITY = 1, 2, 4, 16, 32, 64
SEAL = 128
"""The feature bits."""
MAX_NAME = 1024
INSTANCE = os.urandom(16)
_FIXED = struct.Struct("<4sHHI4xd16s32sIIIIIB3x")


@dataclass
class Hello:
    """The payload of a hello frame."""

    name: str
    looks_for: str = ""
    proves: bool = False
    features: int = NEW_NAMES
    versions: tuple[int, int] = (1, 1)
    wall_ms: float = field(default_factory=lambda: time.time() * 1000)
    instance: bytes = INSTANCE
    nonce: bytes = field(default_factory=lambda: os.urandom(32))
    max_message: int = 4_000_000
    max_fragment: int = 16_384
    budget: int = 8_000_000
    stream_budget: int = 262_144
    max_calls: int = 64
    seal: bytes = b""
    """What shows that its dialler knows the secret; empty: it has none."""

    def encode(self) -> bytes:
        fixed = _FIXED.pack(
            b"INTR", *self.versions, self.features, self.wall_ms, self.instance, self.nonce,
            self.max_message, self.max_fragment, self.budget, self.stream_budget, self.max_calls,
            int(self.proves),
        )
        names = [name.encode() for name in (self.name, self.looks_for)]
        return fixed + b"".join(struct.pack("<H", len(name)) + name for name in names) + self.seal

    def sealed(self, secret: bytes) -> Hello:
        """The same with a seal."""
        open_ = replace(self, features=self.features | SEAL)
        return replace(open_, seal=seal(secret, open_.encode()))

    @staticmethod
    def decode(payload: bytes) -> Hello:
        if payload[:4] != b"INTR":
            raise ProtocolError("the other side does not speak this protocol")
        try:
            _, low, high, features, wall, instance, nonce, *rest = _FIXED.unpack_from(payload)
            message, fragment, budget, stream, calls, proves = rest
            names, at = [], _FIXED.size
            for _ in range(2):
                (length,) = struct.unpack_from("<H", payload, at)
                if length > MAX_NAME or at + 2 + length > len(payload):
                    raise ProtocolError("a name is cut short or too long")
                names.append(payload[at + 2 : at + 2 + length].decode())
                at += 2 + length
        except (struct.error, UnicodeDecodeError) as error:
            raise ProtocolError(f"a hello cannot be read: {error}") from error
        return Hello(
            *names, proves == 1, features, (low, high), wall, instance, nonce,
            message, fragment, budget, stream, calls,
            payload[at : at + 32] if features & SEAL and len(payload) >= at + 32 else b"",
        )


def judge(own: Hello, other: Hello, max_skew_ms: float = 300_000) -> str | None:
    """Why the other side's hello is refused; None: it is not."""
    if other.max_fragment < 1024 or other.budget < 65_536 or other.max_calls < 1:
        return "its limits make no sense"
    if other.versions[0] > own.versions[1] or other.versions[1] < own.versions[0]:
        return "the versions do not overlap"
    if other.looks_for not in ("", own.name):
        return f"it looks for {other.looks_for}, this is {own.name}"
    if own.looks_for not in ("", other.name):
        return f"it is {other.name}, not {own.looks_for}"
    # Written so that what is no number is refused.
    if not abs(other.wall_ms - own.wall_ms) <= max_skew_ms:
        return "the clocks differ by too much"
    if own.proves != other.proves:
        return "one side alone has a secret"
    return None


def seal(secret: bytes, hello: bytes, binding: bytes = b"") -> bytes:
    """The seal of a dialler's hello, which is given without it."""
    return hmac.new(secret, b"internode seal 1\0" + hello + binding, hashlib.sha256).digest()


def proof(
    secret: bytes, role: str, dialler: bytes, acceptor: bytes, binding: bytes = b"",
) -> bytes:
    """A side's proof, of the payloads of both hellos and what it is bound to."""
    transcript = b"".join(struct.pack("<I", len(hello)) + hello for hello in (dialler, acceptor))
    text = b"internode proof 1\0" + role.encode() + b"\0" + transcript + binding
    return hmac.new(secret, text, hashlib.sha256).digest()


def dials(own: str, other: str) -> bool:
    """Whether the host named `own` is the one that dials."""
    units = [name.encode("utf-16-be", "surrogatepass") for name in (own, other)]
    smaller, larger = sorted(units)
    text = smaller + b"\0\n" + larger
    value = 2_166_136_261
    for at in range(0, len(text), 2):
        value = (value ^ (text[at] << 8 | text[at + 1])) * 16_777_619 & 0xFFFF_FFFF
    value = (value ^ value >> 16) * 2_246_822_507 & 0xFFFF_FFFF
    value = (value ^ value >> 13) * 3_266_489_909 & 0xFFFF_FFFF
    value ^= value >> 16
    return (units[0] == smaller) == (value % 2 == 0)


def method_name(component: str, method: str) -> str:
    """By which name a client of a service calls a method."""
    parts = [text.encode() for text in (component, method)]
    text = b"".join(bytes([len(part)]) + part for part in parts)
    return hashlib.sha256(text).digest()[:16].hex()
