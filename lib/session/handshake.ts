/**
 * How two sides authenticate each other.
 *
 * ```text
 *   dialler                      acceptor
 *   greeting  ---- hello ----->  waiting      names, versions, limits, nonce, clock
 *             <--- hello ------
 *   proving   ---- proof ----->  checking     only where there is a secret
 *             <-- welcome -----               with the acceptor's proof
 *   done                         done
 * ```
 *
 * Where the dialler's hello has a seal, which shows that it was made by somebody
 * who knows the secret, the acceptor proves itself with its hello:
 *
 * | dialler | hears | does, and is then |
 * |---|---|---|
 * | greeting | hello without feature 7 | sends its proof; proving |
 * | greeting | hello with feature 7 | greeted |
 * | greeted | welcome with a good proof | sends its proof, calls may follow; done |
 * | greeted, proving | welcome with a wrong proof | refuses |
 *
 * | acceptor | hears | does, and is then |
 * |---|---|---|
 * | waiting | hello without a seal, or with a wrong one | sends hello; checking |
 * | waiting | hello with a good seal | sends hello with feature 7, and welcome; checking |
 * | checking | a good proof | sends welcome, if it has not; done |
 * | checking | a wrong proof, anything else | refuses, and has run nothing |
 *
 * An unknown dialler receives nothing that was made with the secret: it proves
 * first, or has a hello that was sealed for this acceptor a moment ago, which is
 * such a thing itself. Nothing that the dialler sends is read before its proof. A proof is a keyed hash of both hellos, nonces and
 * names included, and of the prover's role: it is valid for one connection in
 * one direction. A refusal in either direction is a goodbye with the reason.
 *
 * @module
 */

import type { ByteReader } from "../wire/byte_reader.ts";
import type { Checksum } from "../wire/checksum.ts";
import { FrameType } from "../wire/frame.ts";
import { joined } from "../wire/part_of.ts";
import {
  decodeHello,
  encodeHello,
  FEATURE_ANSWER_METADATA,
  FEATURE_BINDING,
  FEATURE_CHECKSUM,
  FEATURE_GROWING_WINDOWS,
  FEATURE_NAME_REUSE,
  FEATURE_PRIORITY,
  FEATURE_RENEWAL,
  FEATURE_SEAL,
  type Hello,
  MAX_VERSION,
  MIN_VERSION,
  SEAL_BYTES,
} from "./frames/hello.ts";
import { type Refusal, type RefusalCode, unproven } from "./frames/wire_error.ts";
import type { SessionDelegate } from "./calls/session_delegate.ts";
import type { SessionOptions } from "./frames/session_options.ts";
import { DOUBLE_ZERO } from "../wire/double_zero.ts";

/** What follows a frame of the handshake: wait for more, open the session, or refuse with a reason. */
export type HandshakeStep = "wait" | "done" | Refusal;

/** One side of a handshake. Frames go in through `receive` and out through `send`. */
export class Handshake {
  /** The peer's hello, once it has arrived. */
  peer: Hello | null = null;
  /** The checksum that both sides agreed on; `null` for none. Valid when done. */
  checksum: Checksum | null = null;

  readonly #options: SessionOptions;
  readonly #send: (type: number, payload: Uint8Array) => void;
  readonly #delegate: Pick<SessionDelegate, "checkPeer">;
  readonly #wallMs: number;
  readonly #startMs: number;
  #ownHello: Uint8Array = NOTHING;
  #peerHello: Uint8Array = NOTHING;
  #expected: number;
  #hasProven = false;
  /** Whether this side, as the dialler, has sealed its hello. */
  #hasSealed = false;
  /** Whether the acceptor proves itself with its hello. */
  #isEarly = false;

  /**
   * @param options The session's.
   * @param send Queues a frame.
   * @param delegate Judges the name of the peer.
   * @param nowMs The monotonic time.
   * @param wallMs The wall clock at that time.
   */
  constructor(
    options: SessionOptions,
    send: (type: number, payload: Uint8Array) => void,
    delegate: Pick<SessionDelegate, "checkPeer">,
    nowMs: number,
    wallMs: number,
  ) {
    this.#options = options;
    this.#send = send;
    this.#delegate = delegate;
    this.#startMs = nowMs;
    this.#wallMs = wallMs;
    this.#expected = FrameType.hello;
    if (options.role === "dialler") this.#sendHello(nowMs);
  }

  /** The code of a refusal by the peer now: `Unauthenticated` if this side has proven nothing or has just sent its proof. */
  get refusedAs(): RefusalCode {
    const { auth, binding } = this.#options;
    const isUnproven = auth === null ? binding === undefined : this.#hasProven;
    return isUnproven ? "Unauthenticated" : "PermissionDenied";
  }

  /** Whether the peer is known to be done, once this side is: not if this side has spoken last. */
  get peerIsOpen(): boolean {
    return this.#isEarly === (this.#options.role === "acceptor");
  }

  /** How far the peer's wall clock was ahead of ours when it said hello. */
  clockSkewMs: number = DOUBLE_ZERO;

  /** Takes one frame. */
  receive(type: number, reader: ByteReader, nowMs: number): HandshakeStep {
    if (type !== this.#expected) {
      return denied(
        `the peer sent frame type ${type} during the handshake instead of ${this.#expected}`,
      );
    }
    switch (type) {
      case FrameType.hello:
        return this.#onHello(reader, nowMs);
      case FrameType.proof:
        return this.#onProof(reader);
      default:
        return this.#onWelcome(reader);
    }
  }

  #onHello(reader: ByteReader, nowMs: number): HandshakeStep {
    const payload = reader.bytes.slice(reader.position, reader.end);
    const start = reader.position, hello = decodeHello(reader);
    if (typeof hello === "string") return denied(hello);
    const refusal = this.#judge(hello, nowMs);
    if (refusal !== null) return refusal;
    this.peer = hello;
    this.#peerHello = payload;
    if ((hello.features & FEATURE_CHECKSUM) !== 0) this.checksum = this.#options.checksum;
    const { auth, role } = this.#options;
    if (role === "dialler") {
      this.#isEarly = this.#hasSealed && (hello.features & FEATURE_SEAL) !== 0;
      if (auth !== null && !this.#isEarly) this.#prove();
      this.#expected = FrameType.welcome;
      return "wait";
    }
    // Of its hello, what is sealed is what stands before the seal.
    this.#isEarly = this.#isSealed(hello, payload.subarray(0, reader.position - start));
    this.#sendHello(nowMs);
    if (auth === null) {
      this.#send(FrameType.welcome, NOTHING);
      return "done";
    }
    if (this.#isEarly) this.#prove();
    this.#expected = FrameType.proof;
    return "wait";
  }

  #onProof(reader: ByteReader): HandshakeStep {
    if (!this.#verify(reader)) return unproven(WRONG_SECRET);
    if (!this.#isEarly) this.#prove();
    return "done";
  }

  #onWelcome(reader: ByteReader): HandshakeStep {
    if (this.#options.auth === null) return "done";
    if (!this.#verify(reader)) return unproven(WRONG_SECRET);
    if (this.#isEarly) this.#prove();
    return "done";
  }

  /** Sends this side's proof. */
  #prove(): void {
    const { auth, role } = this.#options;
    const type = role === "dialler" ? FrameType.proof : FrameType.welcome;
    this.#send(type, auth!.prove(role, this.#transcript(), this.peer!.name));
    this.#hasProven = true;
  }

  /** Whether the other side has proven that it knows the secret. */
  #verify(reader: ByteReader): boolean {
    const { auth, role } = this.#options;
    const other = role === "dialler" ? "acceptor" : "dialler";
    return auth!.verify(other, this.#transcript(), rest(reader), this.peer!.name) === true;
  }

  /** Whether somebody who knows the secret has made the dialler's hello. */
  #isSealed({ name, features, seal }: Hello, bytes: Uint8Array): boolean {
    const { auth } = this.#options;
    if (auth === null || seal === undefined) return false;
    return auth.checkSeal?.(this.#sealed(bytes, features), seal, name) === true;
  }

  /** What a seal is made of: the hello before it, and what proofs are bound to if the hello says so. */
  #sealed(hello: Uint8Array, features: number): Uint8Array {
    const { binding = NOTHING } = this.#options;
    return (features & FEATURE_BINDING) === 0 ? hello : joined([hello, binding]);
  }

  #judge(hello: Hello, nowMs: number): Refusal | null {
    // Checked first, so that the delegate knows the peer's name whatever it is refused for.
    const refusal = this.#delegate.checkPeer(hello.name);
    const { name, peerName, auth, maxClockSkewMs } = this.#options;
    if (hello.minVersion > MAX_VERSION || hello.maxVersion < MIN_VERSION) {
      return denied(
        `the peer supports protocol versions ${hello.minVersion} to ${hello.maxVersion}, ` +
          `this side ${MIN_VERSION} to ${MAX_VERSION}`,
      );
    }
    if (hello.peerName !== "" && hello.peerName !== name) {
      return denied(`the peer wants to talk to "${hello.peerName}", this is "${name}"`);
    }
    if (peerName !== "" && hello.name !== peerName) {
      return unproven(`the peer is "${hello.name}", not "${peerName}"`);
    }
    this.clockSkewMs = hello.wallMs - this.#wallAt(nowMs);
    if (!(Math.abs(this.clockSkewMs) <= maxClockSkewMs)) {
      return denied(
        `the clocks differ by ${Math.round(this.clockSkewMs / 1000)} s, ` +
          `more than the ${maxClockSkewMs / 1000} s allowed: synchronise them`,
      );
    }
    if (hello.authenticates !== (auth !== null)) {
      return auth === null
        ? denied(`"${hello.name}" requires a shared secret, and this side has none`)
        : unproven(`this side requires a shared secret, and "${hello.name}" has none`);
    }
    return refusal;
  }

  #sendHello(nowMs: number): void {
    const { limits, name, peerName, instance, nonce, auth, checksum, renews, binding, role } =
      this.#options;
    const features = (checksum === null ? 0 : FEATURE_CHECKSUM) | (renews ? FEATURE_RENEWAL : 0) |
      FEATURE_NAME_REUSE | FEATURE_ANSWER_METADATA | FEATURE_GROWING_WINDOWS | FEATURE_PRIORITY |
      (auth !== null && binding !== undefined ? FEATURE_BINDING : 0);
    const hello: Hello = {
      minVersion: MIN_VERSION,
      maxVersion: MAX_VERSION,
      features: this.#isEarly ? features | FEATURE_SEAL : features,
      wallMs: this.#wallAt(nowMs),
      instance,
      nonce,
      maxMessageBytes: limits.maxMessageBytes,
      maxFragmentBytes: limits.maxFragmentBytes,
      receiveBudgetBytes: limits.receiveBudgetBytes,
      streamBudgetBytes: limits.streamBudgetBytes,
      maxCalls: limits.maxCalls,
      authenticates: auth !== null,
      name,
      peerName,
    };
    const sealed = role === "dialler" && auth !== null ? this.#seal(hello) : null;
    this.#hasSealed = sealed !== null;
    this.#ownHello = sealed ?? encodeHello(hello);
    this.#send(FrameType.hello, this.#ownHello);
  }

  /** A hello with a seal; `null` if there is no way to make one. */
  #seal(hello: Hello): Uint8Array | null {
    const { auth, peerName } = this.#options;
    const features = hello.features | FEATURE_SEAL, bytes = encodeHello({ ...hello, features });
    const seal = auth?.seal?.(this.#sealed(bytes, features), peerName) ?? null;
    return seal?.length === SEAL_BYTES ? joined([bytes, seal]) : null;
  }

  #wallAt(nowMs: number): number {
    return this.#wallMs + (nowMs - this.#startMs);
  }

  /** u32 length and bytes of the dialler's hello, then of the acceptor; then what both have shown underneath, if both know it. Nobody can take that away unseen: the hellos say that they do. */
  #transcript(): Uint8Array<ArrayBuffer> {
    const dialler = this.#options.role === "dialler";
    const first = dialler ? this.#ownHello : this.#peerHello;
    const second = dialler ? this.#peerHello : this.#ownHello;
    const { binding } = this.#options;
    const isBound = binding !== undefined && (this.peer!.features & FEATURE_BINDING) !== 0;
    const bound = isBound ? binding : NOTHING;
    const transcript = new Uint8Array(8 + first.length + second.length + bound.length);
    const view = new DataView(transcript.buffer);
    view.setUint32(0, first.length, true);
    transcript.set(first, 4);
    view.setUint32(4 + first.length, second.length, true);
    transcript.set(second, 8 + first.length);
    transcript.set(bound, 8 + first.length + second.length);
    return transcript;
  }
}

function denied(why: string): Refusal {
  return { code: "PermissionDenied", why };
}

const NOTHING = new Uint8Array(0);
const WRONG_SECRET =
  "the peer's proof of the shared secret is wrong: do both sides have the same secret?";

function rest(reader: ByteReader): Uint8Array {
  return reader.bytes.slice(reader.position, reader.end);
}
