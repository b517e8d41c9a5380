"""How the two sides come to trust each other."""

from __future__ import annotations

import hmac
from dataclasses import replace
from typing import Callable, Optional

from .frames import (
    GOODBYE, HELLO, MAX_BATCH, PROOF, WELCOME, BatchStream, Ended, Frame, ProtocolError,
)
from .hello import CHECKSUMS, SEAL, Hello, judge, proof, seal

REFUSED = 10
WRONG_SECRET = "the proof of the secret is wrong"


async def shake(
    stream: BatchStream,
    own: Hello,
    dialler: bool,
    secret: Optional[bytes],
    admit: Callable[[Hello], Optional[str]] = lambda _hello: None,
) -> Hello:
    """Shakes hands, and returns the other side's hello. `admit` says why it is refused."""

    async def expect(kind: int) -> Frame:
        frame = await stream.read_one()
        if frame.type == GOODBYE:
            raise Ended(REFUSED, frame.payload.decode(errors="replace"))
        if frame.type != kind:
            refuse(f"a frame of type {frame.type} came during the handshake, not {kind}")
        return frame

    def refuse(reason: str) -> None:
        stream.write(Frame(GOODBYE, code=REFUSED, payload=reason.encode()[:2048]))
        raise Ended(REFUSED, reason)

    async def hear() -> tuple[Hello, bytes]:
        payload = (await expect(HELLO)).payload
        try:
            other = Hello.decode(payload)
        except ProtocolError as error:
            refuse(str(error))
        reason = judge(own, other) or admit(other)
        if reason is not None:
            refuse(reason)
        return other, payload

    def verify(role: str, given: bytes) -> None:
        if secret is not None and not hmac.compare_digest(given, proof(secret, role, *hellos)):
            refuse(WRONG_SECRET)

    def prove() -> None:
        """Sends the dialler's proof, or the acceptor's welcome."""
        kind, role = (PROOF, "dialler") if dialler else (WELCOME, "acceptor")
        made = b"" if secret is None else proof(secret, role, *hellos)
        if made or not dialler:
            stream.write(Frame(kind, payload=made))

    if dialler:
        said = (own if secret is None else own.sealed(secret)).encode()
        stream.write(Frame(HELLO, payload=said))
        other, heard = await hear()
        hellos = (said, heard)
        is_early = secret is not None and other.features & SEAL != 0
        if not is_early:
            prove()
        verify("acceptor", (await expect(WELCOME)).payload)
        if is_early:
            prove()
    else:
        other, heard = await hear()
        unsealed = heard[: len(replace(other, seal=b"").encode())]
        is_early = secret is not None and hmac.compare_digest(other.seal, seal(secret, unsealed))
        said = (replace(own, features=own.features | SEAL) if is_early else own).encode()
        hellos = (heard, said)
        stream.write(Frame(HELLO, payload=said))
        if is_early:
            prove()
        if secret is not None:
            verify("dialler", (await expect(PROOF)).payload)
        if not is_early:
            prove()
    stream.limit = MAX_BATCH
    stream.checks_sent = stream.checks_received = own.features & other.features & CHECKSUMS != 0
    return other
