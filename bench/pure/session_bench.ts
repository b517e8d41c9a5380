/**
 * Two sessions joined in one process: everything that a request costs but
 * sockets, promises and the public API. Each figure is that of one request,
 * answered by an echo, with 64 of them in each batch.
 *
 * @module
 */

import { raw } from "@internode/grid/codec";
import type { InternodeError } from "../../lib/errors.ts";
import { crc32 } from "../../lib/runtime/checksum.ts";
import type { HandlerTarget } from "../../lib/session/calls/handler_target.ts";
import { OutgoingCall } from "../../lib/session/sending/outgoing_call_table.ts";
import type { IncomingCalls } from "../../lib/session/calls/incoming_calls.ts";
import { Session } from "../../lib/session/session.ts";
import { DEFAULT_TIMES, type Role } from "../../lib/session/frames/session_options.ts";
import type { SessionDelegate } from "../../lib/session/calls/session_delegate.ts";
import { BatchReader } from "../../lib/wire/batch_reader.ts";
import type { ByteReader } from "../../lib/wire/byte_reader.ts";
import { DEFAULT_LIMITS } from "../../lib/wire/limits.ts";
import { DecodedMemory } from "../../lib/wire/decoded_memory.ts";
import { WriterPool } from "../../lib/wire/writer_pool.ts";

const IN_BATCH = 64;
const NOW_MS = 1_000;
const RAW = raw();

const echo: HandlerTarget = {
  onRequest(responder: IncomingCalls, id: number, _kind: number, reader: ByteReader): void {
    responder.respond(id, RAW, reader.takeBytes(reader.remaining));
  },
  onOpen(): void {},
};

class Call extends OutgoingCall {
  override onResponse(_kind: number, reader: ByteReader): void {
    reader.takeBytes(reader.remaining);
  }
  override onError(error: unknown): void {
    throw error;
  }
}

/** One session and what it has received. */
class Side implements SessionDelegate {
  readonly session: Session;
  readonly #batches = new BatchReader();
  readonly #pieces: Uint8Array<ArrayBuffer>[] = [];

  constructor(role: Role) {
    this.session = new Session(
      {
        ...DEFAULT_TIMES,
        role,
        name: role,
        peerName: "",
        instance: new Uint8Array(16),
        nonce: new Uint8Array(32),
        limits: DEFAULT_LIMITS,
        auth: null,
        renews: false,
        envelope: true,
        checksum: crc32,
        writeFlattenLimit: 65_536,
        memory: new DecodedMemory(Infinity),
        pool: new WriterPool(),
      },
      this,
      NOW_MS,
      NOW_MS,
    );
  }

  onOutput(): void {}
  checkPeer(): null {
    return null;
  }
  onOpen(): void {
    this.#batches.open(this.session.batchChecksum);
  }
  resolve(): HandlerTarget {
    return echo;
  }
  isTurnOver(): boolean {
    return false;
  }
  onDraining(): void {}
  onClosed(error: InternodeError): void {
    throw error;
  }

  /** Carries what this side has to say to the other one. */
  sendTo(other: Side): void {
    const pieces = this.#pieces;
    while (this.session.hasOutput) {
      this.session.drain(pieces, NOW_MS);
      for (const piece of pieces) other.#receive(piece);
      pieces.length = 0;
      this.session.recycle();
    }
  }

  #receive(piece: Uint8Array<ArrayBuffer>): void {
    const batches = this.#batches, { ring } = batches;
    for (let at = 0; at < piece.length;) {
      const space = batches.space();
      const part = piece.subarray(at, at + space.length);
      space.set(part);
      batches.commit(part.length);
      at += part.length;
      while (batches.next()) {
        this.session.receive(ring.bytes, ring.view, batches.start, batches.end, NOW_MS);
      }
    }
  }
}

function benchRequests(size: number): void {
  const near = new Side("dialler"), far = new Side("acceptor");
  const exchange = (): void => {
    near.sendTo(far);
    far.sendTo(near);
  };
  exchange();
  exchange();
  const { outgoing } = near.session;
  const name = outgoing.nameNumber("echo", "", NOW_MS);
  const payload = new Uint8Array(size);
  let made = 0;
  Deno.bench(`${size} B`, { group: "request through two sessions" }, () => {
    outgoing.request(new Call(), name, RAW, payload, null, NOW_MS);
    if (++made % IN_BATCH === 0) exchange();
  });
}

benchRequests(64);
benchRequests(512);
