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

/** The times a session keeps to. All in milliseconds. */
export interface SessionTimes {
  /** How long the handshake may take; on the side that accepts from when the connection was accepted until the peer has proven itself, TLS and the upgrade to WebSocket included. Default: 10,000. */
  readonly handshakeTimeoutMs: number;
  /** How often to ask for a sign of life. Default: 10,000. */
  readonly pingIntervalMs: number;
  /** After how long without any byte the peer counts as lost; also how long one write may take. Default: 30,000. */
  readonly livenessTimeoutMs: number;
  /** How far the two wall clocks may differ. Default: 300,000 (5 minutes). */
  readonly maxClockSkewMs: number;
}

/** The times that hold unless others are given. */
export const DEFAULT_TIMES: SessionTimes = {
  handshakeTimeoutMs: 10_000,
  pingIntervalMs: 10_000,
  livenessTimeoutMs: 30_000,
  maxClockSkewMs: 300_000,
};

/** What a session is made from. */
export interface SessionOptions extends SessionTimes {
  /** How much of the handshake's time was gone when the session began, in milliseconds. Default: 0. */
  readonly handshakeUsedMs?: number | undefined;
  /** Which side this is. */
  readonly role: Role;
  /** This side's name. */
  readonly name: string;
  /** The name the other side must have; empty: any that the delegate accepts. */
  readonly peerName: string;
  /** 16 bytes, new at each start of the node. */
  readonly instance: Uint8Array;
  /** 32 unpredictable bytes, new for each session. */
  readonly nonce: Uint8Array;
  /** Whether a dialler has another connection to the same peer, which is to go on until its calls have ended. */
  readonly renews: boolean;
  /** What this side takes. */
  readonly limits: Limits;
  /** Proves the shared secret, if there is one. */
  readonly auth: Authenticator | null;
  /** What both sides have shown underneath, to which proofs are bound where both know it: the SHA-256 of the dialler's certificate, then of the acceptor's. Default: nothing. */
  readonly binding?: Uint8Array | undefined;
  /** Whether batches travel on a byte stream, with envelopes, or as messages. */
  readonly envelope: boolean;
  /** Checks batches where the transport does not; `null` for none. */
  readonly checksum: Checksum | null;
  /** Payloads above this many bytes are written from where they lie; byte streams only. */
  readonly writeFlattenLimit: number;
  /** What decoded values take, over all sessions that share it. */
  readonly memory: DecodedMemory;
  /** Where buffers come from. */
  readonly pool: WriterPool;
}

/** What is known of the other side once the handshake is done. */
export interface Peer {
  /** Its name. */
  readonly name: string;
  /** Its instance id in hex: another one after each restart. */
  readonly instance: string;
  /** Whether it has dialled in place of an older connection, which goes on until its calls have ended. */
  readonly renews: boolean;
  /** How far its wall clock is ahead of this side's, in milliseconds. */
  readonly clockSkewMs: number;
}
