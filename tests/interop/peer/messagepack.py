"""The values that the codecs of contracts write: as much of MessagePack as they need."""

from __future__ import annotations

import struct

_LENGTHS = {  # by type: the largest length within the first byte and that byte, then the longer heads
    "str": (31, 0xA0, (0xD9, 0xDA, 0xDB)),
    "bin": (-1, 0, (0xC4, 0xC5, 0xC6)),
    "array": (15, 0x90, (None, 0xDC, 0xDD)),
    "map": (15, 0x80, (None, 0xDE, 0xDF)),
}
_INTS = [(0xCC, ">B"), (0xCD, ">H"), (0xCE, ">I"), (0xCF, ">Q")]
_NEGATIVES = [(0xD0, ">b"), (0xD1, ">h"), (0xD2, ">i"), (0xD3, ">q")]
_NUMBERS = {0xCA: ">f", 0xCB: ">d", **dict(_INTS), **dict(_NEGATIVES)}


def _head(kind: str, length: int) -> bytes:
    most, base, longer = _LENGTHS[kind]
    if length <= most:
        return bytes([base | length])
    for byte, form, limit in zip(longer, (">B", ">H", ">I"), (1 << 8, 1 << 16, 1 << 32)):
        if byte is not None and length < limit:
            return bytes([byte]) + struct.pack(form, length)
    raise ValueError("too long")


def _integer(value: int) -> bytes:
    if -32 <= value < 128:
        return struct.pack(">b", value)
    for byte, form in _INTS if value >= 0 else _NEGATIVES:
        try:
            return bytes([byte]) + struct.pack(form, value)
        except struct.error:
            continue
    raise ValueError("an integer of more than 64 bits")


def pack(value: object) -> bytes:
    """One value in its shortest form."""
    if value is None:
        return b"\xc0"
    if isinstance(value, bool):
        return b"\xc3" if value else b"\xc2"
    if isinstance(value, int):
        return _integer(value)
    if isinstance(value, float):
        return b"\xcb" + struct.pack(">d", value)
    if isinstance(value, str):
        text = value.encode()
        return _head("str", len(text)) + text
    if isinstance(value, bytes):
        return _head("bin", len(value)) + value
    if isinstance(value, (list, tuple)):
        return _head("array", len(value)) + b"".join(map(pack, value))
    if isinstance(value, dict):
        pairs = b"".join(pack(key) + pack(entry) for key, entry in value.items())
        return _head("map", len(value)) + pairs
    raise TypeError(f"no value: {value!r}")


def unpack(data: bytes) -> object:
    """The one value that fills the bytes."""
    value, end = _read(data, 0)
    if end != len(data):
        raise ValueError("more follows the value")
    return value


def _read(data: bytes, at: int) -> tuple[object, int]:
    head = data[at]
    if head < 0x80 or head >= 0xE0:
        return struct.unpack_from(">b", data, at)[0], at + 1
    if head in (0xC0, 0xC2, 0xC3):
        return {0xC0: None, 0xC2: False, 0xC3: True}[head], at + 1
    if head in _NUMBERS:
        form = _NUMBERS[head]
        return struct.unpack_from(form, data, at + 1)[0], at + 1 + struct.calcsize(form)
    kind, length, at = _read_head(data, at)
    if kind in ("str", "bin"):
        if at + length > len(data):
            raise ValueError("cut off")
        part = data[at : at + length]
        return part.decode() if kind == "str" else part, at + length
    items = []
    for _ in range(length * (2 if kind == "map" else 1)):
        item, at = _read(data, at)
        items.append(item)
    return dict(zip(items[::2], items[1::2])) if kind == "map" else items, at


def _read_head(data: bytes, at: int) -> tuple[str, int, int]:
    head = data[at]
    for kind, (most, base, longer) in _LENGTHS.items():
        if most > 0 and base <= head <= base + most:
            return kind, head - base, at + 1
        if head in longer:
            form = (">B", ">H", ">I")[longer.index(head)]
            return kind, struct.unpack_from(form, data, at + 1)[0], at + 1 + struct.calcsize(form)
    raise ValueError(f"the type {head:02x} is not read here")
