"""How the two sides come to trust each other."""

from __future__ import annotations

import hmac
from typing import Callable, Optional

from .frames import (
    GOODBYE, HELLO, MAX_BATCH, PROOF, WELCOME, BatchStream, Ended, Frame, ProtocolError,
)
from .hello import CHECKSUMS, Hello, judge, proof

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

    said = own.encode()
    if dialler:
        stream.write(Frame(HELLO, payload=said))
        other, heard = await hear()
        hellos = (said, heard)
        if secret is not None:
            stream.write(Frame(PROOF, payload=proof(secret, "dialler", *hellos)))
        verify("acceptor", (await expect(WELCOME)).payload)
    else:
        other, heard = await hear()
        hellos = (heard, said)
        stream.write(Frame(HELLO, payload=said))
        if secret is not None:
            verify("dialler", (await expect(PROOF)).payload)
        answer = b"" if secret is None else proof(secret, "acceptor", *hellos)
        stream.write(Frame(WELCOME, payload=answer))
    stream.limit = MAX_BATCH
    stream.checks_sent = stream.checks_received = own.features & other.features & CHECKSUMS != 0
    return other
