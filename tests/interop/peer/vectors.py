"""Checks this peer against the vectors."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

from . import frames as f
from .frames import BatchStream, Frame, decode_frames
from .hello import Hello, dials, method_name, proof, seal
from .messagepack import pack, unpack
from .values import CODES, Answer, CallError, decode_metadata, decode_name, encode_metadata, encode_name


async def _batches(data: bytes, checks: bool) -> list[list[Frame]]:
    """What a stream of bytes holds."""
    reader = asyncio.StreamReader()
    reader.feed_data(data)
    reader.feed_eof()
    stream = BatchStream(reader, None)  # type: ignore[arg-type] -- nothing is written
    stream.checks_received = checks
    batches = []
    while not reader.at_eof():
        batches.append(await stream.read())
    return batches


def _frame(vector: dict) -> None:
    (frame,) = decode_frames(bytes.fromhex(vector["hex"]))
    fields = {name: getattr(frame, name) for name in ("type", "flags", "code", "id", "argument")}
    assert fields == {name: vector[name] for name in fields}
    assert frame.encode().hex() == vector["hex"]
    if frame.type == f.HELLO:
        assert Hello.decode(frame.payload).encode() == frame.payload
    if frame.type in (f.RESPONSE, f.OUTPUT) and frame.flags & f.FLAG_METADATA:
        answer, rest = Answer.decode(frame.payload)
        assert answer and answer.encode() + rest == frame.payload
    if frame.type == f.OUTPUT_END and frame.payload:
        assert Answer.decode(frame.payload)[0].encode() == frame.payload
    if frame.type == f.NAME:
        assert encode_name(*decode_name(frame.payload)) == frame.payload


def _error(vector: dict) -> None:
    payload = bytes.fromhex(vector["hex"])
    error = CallError.decode(vector["codeNumber"], payload)
    detail = None if vector["detailHex"] is None else bytes.fromhex(vector["detailHex"])
    usual = "Error" if vector["code"] == "HandlerFailed" else None
    assert (error.code, error.text, error.detail) == (vector["code"], vector["message"], detail)
    assert error.name == (usual if vector["remoteName"] is None else vector["remoteName"])
    metadata = None if error.metadata is None else error.metadata.encode().hex()
    assert metadata == vector["metadataHex"]
    assert CODES.index(error.code) == vector["codeNumber"]


def _metadata(vector: dict) -> None:
    data = bytes.fromhex(vector["hex"])
    entries = dict(map(tuple, vector["entries"]))
    assert decode_metadata(data + b"rest") == (entries, b"rest")
    if len(entries) == len(vector["entries"]):
        assert encode_metadata(entries) == data


def _value(vector: dict) -> None:
    """Those whose value is JSON; numbers without a contract are another matter."""
    try:
        value = json.loads(vector["value"])
    except json.JSONDecodeError:
        return
    if vector["kind"] != 0 or vector["codec"] == "t.dynamic()":
        return
    value = float(value) if vector["codec"] == "t.float()" else value
    assert pack(value).hex() == vector["hex"]
    assert unpack(bytes.fromhex(vector["hex"])) == value


async def _conversation(vector: dict) -> None:
    """Reads all that was said, with checksums where they are in use, and makes the proofs."""
    said: dict[str, list[Frame]] = {"dialler": [], "acceptor": []}
    for side, frames in said.items():
        turns = [bytes.fromhex(turn["hex"]) for turn in vector["turns"] if turn["from"] == side]
        if vector["bytes"]:
            for batch in await _batches(b"".join(turns), False):
                frames += batch
        else:
            for turn in turns:
                frames += decode_frames(turn)
    if vector["secret"] is None:
        return
    hellos = [said[side][0].payload for side in ("dialler", "acceptor")]
    binding = bytes.fromhex(vector["bindingHex"] or "")
    if vector["sealHex"] is not None:
        unsealed, sealed = hellos[0][:-32], bytes.fromhex(vector["sealedHex"])
        assert sealed.startswith(unsealed)
        made = seal(vector["secret"].encode(), unsealed, sealed[len(unsealed) :])
        assert made.hex() == vector["sealHex"]
    for side in said:
        made = proof(vector["secret"].encode(), side, *hellos, binding)
        assert made.hex() == vector[f"{side}ProofHex"]


async def check(folder: str) -> int:
    """Checks them all. Returns how many there were."""
    count = 0
    for name, look in {
        "frames": _frame, "errors": _error, "metadata": _metadata, "values": _value,
        "conversations": _conversation, "envelopes": None, "method_keys": None, "diallers": None,
    }.items():
        for vector in json.loads(Path(folder, f"{name}.json").read_text("utf-8")):
            count += 1
            try:
                if name == "method_keys":
                    assert method_name(vector["component"], vector["method"]) == vector["hex"]
                elif name == "diallers":
                    one, two = vector["hosts"]
                    assert dials(one, two) == (vector["dialler"] == one) != dials(two, one)
                elif name == "envelopes":
                    got = await _batches(bytes.fromhex(vector["hex"]), vector["checksums"])
                    made = [b"".join(frame.encode() for frame in batch).hex() for batch in got]
                    assert made == [batch["framesHex"] for batch in vector["batches"]]
                elif name == "conversations":
                    await _conversation(vector)
                else:
                    look(vector)
            except Exception as error:
                raise AssertionError(f"{name}: {vector['name']}: {error!r}") from error
    return count
