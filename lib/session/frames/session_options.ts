/**
 * What a session is made from.
 *
 * @module
 */

import type { Checksum } from "../../wire/checksum.ts";
import type { DecodedMemory } from "../../wire/decoded_memory.ts";
import type { Limits } from "../../wire/limits.ts";
import type { WriterPool } from "../../wire/writer_pool.ts";
import type { Authenticator } from "./authenticator.ts";

/** Which side of the connection this is. */
export type Role = "dialler" | "acceptor";

/** The times of a session, in milliseconds. */
export interface SessionTimes {
  /** How long the handshake may take. For the acceptor this is from accepting the connection until the peer has proven itself, TLS and the WebSocket upgrade included. Default: 10,000. */
  readonly handshakeTimeoutMs: number;
  /** How often to send a ping. Default: 10,000. */
  readonly pingIntervalMs: number;
  /** After how long without any received byte the peer counts as lost; also how long one write may take. Default: 30,000. */
  readonly livenessTimeoutMs: number;
  /** How far the two wall clocks may differ. Default: 300,000 (5 minutes). */
  readonly maxClockSkewMs: number;
}

/** The default times. */
export const DEFAULT_TIMES: SessionTimes = {
  handshakeTimeoutMs: 10_000,
  pingIntervalMs: 10_000,
  livenessTimeoutMs: 30_000,
  maxClockSkewMs: 300_000,
};

/** What a session is made from. */
export interface SessionOptions extends SessionTimes {
  /** How much of the handshake's time was used before the session began, in milliseconds. Default: 0. */
  readonly handshakeUsedMs?: number | undefined;
  /** Which side this is. */
  readonly role: Role;
  /** This side's name. */
  readonly name: string;
  /** The name that the other side must have; empty for any that the delegate accepts. */
  readonly peerName: string;
  /** 16 bytes, new at each start of the node. */
  readonly instance: Uint8Array;
  /** 32 unpredictable bytes, new for each session. */
  readonly nonce: Uint8Array;
  /** Whether a dialler renews an older connection to the same peer, which stays open until its calls have ended. */
  readonly renews: boolean;
  /** The limits of this side. */
  readonly limits: Limits;
  /** Proves the shared secret, if there is one. */
  readonly auth: Authenticator | null;
  /** What proofs are bound to if both sides know it: the SHA-256 of the dialler's certificate, then of the acceptor. Default: nothing. */
  readonly binding?: Uint8Array | undefined;
  /** Whether batches are sent on a byte stream, with envelopes, or as messages. */
  readonly envelope: boolean;
  /** Checks batches if the transport does not; `null` for no checks. */
  readonly checksum: Checksum | null;
  /** Payloads above this many bytes are written without a copy; byte streams only. */
  readonly writeFlattenLimit: number;
  /** Counts the memory of decoded values of all sessions that share it. */
  readonly memory: DecodedMemory;
  /** Where buffers come from. */
  readonly pool: WriterPool;
}

/** The other side, as known once the handshake is done. */
export interface Peer {
  /** Its name. */
  readonly name: string;
  /** Its instance id in hex, which changes with each restart. */
  readonly instance: string;
  /** Whether it renews an older connection, which stays open until its calls have ended. */
  readonly renews: boolean;
  /** How far its wall clock is ahead of this side, in milliseconds. */
  readonly clockSkewMs: number;
  /** Whether its session is known to be open as well; if not, its first answer shows that. */
  readonly isOpen: boolean;
}
