/**
 * A peer that speaks the protocol by hand, as well or as badly as a test wants.
 *
 * @module
 */

import type { Authenticator } from "../../../lib/session/frames/authenticator.ts";
import { encodeHello, type Hello } from "../../../lib/session/frames/hello.ts";
import { FrameType, NO_TIMEOUT } from "../../../lib/wire/frame.ts";
import {
  joined,
  namePayload,
  parseFrames,
  type RawFrame,
  rawFrame,
  textOf,
  typeName,
  u32,
} from "../../support/session/raw_frames.ts";
import { peerHello } from "../../support/session/scripted_peer.ts";
import { openSocket, type RawSocket, type Way } from "../../support/network/raw_socket.ts";

/** Who it says to be, and what it knows. */
export interface RawPeerInit extends Way {
  readonly name: string;
  readonly auth: Authenticator | null;
  /** What its hello says otherwise than usual. */
  readonly hello?: Partial<Hello> | undefined;
}

/** What a peer says that takes all there is. */
export const GREEDY: Partial<Hello> = {
  maxMessageBytes: 0xffff_ffff,
  receiveBudgetBytes: 0xffff_ffff,
  streamBudgetBytes: 0xffff_ffff,
  maxCalls: 0xffff_ffff,
};

/** One side of a real connection, frame by frame. */
export class RawPeer implements Disposable {
  readonly socket: RawSocket;
  readonly #frames: RawFrame[] = [];
  #names = 0;

  private constructor(socket: RawSocket) {
    this.socket = socket;
  }

  /** Connects, and does nothing else. */
  static async connect(way: Way): Promise<RawPeer> {
    return new RawPeer(await openSocket(way));
  }

  /** Connects and shakes hands. */
  static async open(init: RawPeerInit): Promise<RawPeer> {
    const { name, auth, url } = init;
    const token = auth === null || !url.startsWith("ws")
      ? undefined
      : auth.token(name, url, Date.now());
    const peer = await RawPeer.connect({ ...init, token: init.token ?? token });
    const hello = encodeHello(peerHello({
      name,
      peerName: url.replace(/^(wss?:\/\/[^/]*).*/, "$1"),
      wallMs: Date.now(),
      instance: crypto.getRandomValues(new Uint8Array(16)),
      nonce: crypto.getRandomValues(new Uint8Array(32)),
      authenticates: auth !== null,
      ...init.hello,
    }));
    await peer.send(rawFrame(FrameType.hello, { payload: hello }));
    const answer = await peer.expect(FrameType.hello);
    if (auth !== null) {
      const transcript = joined(
        u32(hello.length),
        hello,
        u32(answer.payload.length),
        answer.payload,
      );
      await peer.send(
        rawFrame(FrameType.proof, { payload: auth.prove("dialler", transcript) }),
      );
    }
    await peer.expect(FrameType.welcome);
    return peer;
  }

  /** Sends frames as one batch. */
  send(...frames: Uint8Array[]): Promise<void> {
    return this.socket.batch(joined(...frames));
  }

  /** Sends, and does not mind when the other side has had enough. */
  async try(...frames: Uint8Array[]): Promise<boolean> {
    try {
      await this.send(...frames);
      return true;
    } catch {
      return false;
    }
  }

  /** Reads the next frame; `null` when there is none any more. */
  async next(): Promise<RawFrame | null> {
    while (this.#frames.length === 0) {
      const batch = await this.socket.read();
      if (batch === null) return null;
      this.#frames.push(...parseFrames(batch));
    }
    return this.#frames.shift()!;
  }

  /** Reads the next frame that is no ping, of which type it must be. */
  async expect(type: number): Promise<RawFrame> {
    for (;;) {
      const frame = await this.next();
      if (frame?.type === FrameType.ping && type !== FrameType.ping) continue;
      if (frame?.type === type) return frame;
      const what = frame === null ? "the end" : `${typeName(frame.type)} ${textOf(frame.payload)}`;
      throw new Error(`${typeName(type)} was expected, not ${what}`);
    }
  }

  /** Reads until the other side ends the connection; what it said last, or "". */
  async ending(): Promise<string> {
    for (;;) {
      const frame = await this.next();
      if (frame === null) return "";
      if (frame.type === FrameType.goodbye) return textOf(frame.payload);
    }
  }

  /** A frame that gives a handler's name the next number. */
  name(name: string, subroute = ""): Uint8Array {
    return rawFrame(FrameType.name, {
      code: this.#names++,
      payload: namePayload(name, subroute),
    });
  }

  [Symbol.dispose](): void {
    this.socket.close();
  }
}

/** The id of a slot's use. */
export function idOf(slot: number, use = 1): number {
  return (use << 20 | slot) >>> 0;
}

/** A request frame. */
export function request(slot: number, init: Partial<RawFrame> = {}): Uint8Array {
  return rawFrame(FrameType.request, { id: idOf(slot), argument: NO_TIMEOUT, ...init });
}

/** The opening of a stream. */
export function open(
  slot: number,
  outputCredit: number,
  inputCredit: number,
  init: Partial<RawFrame> = {},
): Uint8Array {
  const payload = joined(u32(outputCredit, inputCredit), init.payload ?? new Uint8Array(0));
  return rawFrame(FrameType.open, { id: idOf(slot), argument: NO_TIMEOUT, ...init, payload });
}
