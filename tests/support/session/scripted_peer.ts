import { assert, assertEquals } from "@std/assert";
import { encodeHello, type Hello } from "../../../lib/session/frames/hello.ts";
import { DEFAULT_LIMITS } from "../../../lib/wire/limits.ts";
import { FLAG_FIRST, FrameType, isBulk, NO_TIMEOUT } from "../../../lib/wire/frame.ts";
import { KeepTarget } from "./calls.ts";
import { sessionOptions, type SideOptions, WALL_MS } from "./options.ts";
import {
  joined,
  namePayload,
  parseFrames,
  type RawFrame,
  rawFrame,
  textOf,
  typeName,
  u32,
} from "./raw_frames.ts";
import { Side } from "./side.ts";

/** What a well-behaved peer's hello says. */
export function peerHello(init: Partial<Hello> = {}): Hello {
  return {
    minVersion: 1,
    maxVersion: 1,
    features: 0,
    wallMs: WALL_MS,
    instance: new Uint8Array(16).fill(0xcc),
    nonce: new Uint8Array(32).fill(0xdd),
    maxMessageBytes: DEFAULT_LIMITS.maxMessageBytes,
    maxFragmentBytes: DEFAULT_LIMITS.maxFragmentBytes,
    receiveBudgetBytes: DEFAULT_LIMITS.receiveBudgetBytes,
    streamBudgetBytes: DEFAULT_LIMITS.streamBudgetBytes,
    maxCalls: DEFAULT_LIMITS.maxCalls,
    authenticates: false,
    name: "tcp://peer:9",
    peerName: "",
    ...init,
  };
}

/** Plays one side of a connection frame by frame, against a real session. */
export class ScriptedPeer {
  nowMs = 1000;
  readonly side: Side;
  readonly #frames: RawFrame[] = [];
  #arrivedBytes = 0;

  /**
   * @param role The role of the session under test.
   * @param options What it is made from.
   */
  constructor(role: "dialler" | "acceptor", options: SideOptions = {}) {
    const made = sessionOptions(role, { peerName: "", ...options });
    this.side = new Side(made, () => this.nowMs);
  }

  /** A peer whose handshake is done. */
  static open(
    role: "dialler" | "acceptor",
    options: SideOptions = {},
    hello: Partial<Hello> = {},
  ): ScriptedPeer {
    const peer = new ScriptedPeer(role, options);
    if (role === "acceptor") {
      peer.send(rawFrame(FrameType.hello, { payload: encodeHello(peerHello(hello)) }));
      peer.expect(FrameType.hello);
      peer.expect(FrameType.welcome);
    } else {
      peer.expect(FrameType.hello);
      peer.send(
        rawFrame(FrameType.hello, { payload: encodeHello(peerHello(hello)) }),
        rawFrame(FrameType.welcome),
      );
    }
    assertEquals(peer.side.session.state, "open");
    return peer;
  }

  /** Has calls of "keep" kept, for the test to look at. */
  keep(): KeepTarget {
    const kept = new KeepTarget();
    this.side.handlers.set("keep", kept);
    return kept;
  }

  /** Sends frames as one batch. */
  send(...frames: Uint8Array[]): void {
    this.side.receiveBatch(joined(...frames));
    while (this.side.interrupted) this.side.resume();
  }

  /** Sends each frame as a batch of its own. */
  sendEach(...frames: Uint8Array[]): void {
    for (const frame of frames) this.send(frame);
  }

  /** All that the session has to say and that no `expect` has taken. Bulk is acknowledged as it comes. */
  frames(): RawFrame[] {
    const { side } = this;
    do {
      while (side.session.hasOutput) {
        side.drain();
        side.written();
      }
      const frames = side.transit.splice(0).flatMap(parseFrames);
      for (const frame of frames) this.#frames.push(frame);
      this.acknowledge(frames);
    } while (side.session.hasOutput);
    return this.#frames;
  }

  /** Tells the session of the bulk that has come. */
  acknowledge(frames: readonly RawFrame[]): void {
    let bytes = 0;
    for (const { type, flags, payload } of frames) {
      if (isBulk(type, flags, payload.length)) {
        bytes += payload.length - ((flags & FLAG_FIRST) === 0 ? 0 : 4);
      }
    }
    if (bytes === 0 || this.side.session.state !== "open") return;
    this.#arrivedBytes += bytes;
    this.send(rawFrame(FrameType.arrived, { argument: this.#arrivedBytes % 2 ** 32 }));
  }

  /** Takes the next frame, which must be of that type and have those fields. */
  expect(type: number, fields: Partial<RawFrame> = {}): RawFrame {
    const frame = this.frames().shift();
    assert(frame !== undefined, `A frame ${typeName(type)} was expected, there is none.`);
    assertEquals(typeName(frame.type), typeName(type));
    for (const [name, value] of Object.entries(fields)) {
      assertEquals(frame[name as keyof RawFrame], value, `${name} of a frame ${typeName(type)}`);
    }
    return frame;
  }

  /** The session has nothing more to say. */
  expectNothing(): void {
    assertEquals(this.frames().map((frame) => typeName(frame.type)), []);
  }

  /** The session ends the connection and says why. */
  expectBreach(reason: string | RegExp, code = 11): void {
    const frames = this.frames().splice(0);
    const goodbye = frames.find((frame) => frame.type === FrameType.goodbye);
    assert(goodbye !== undefined, `no goodbye came; state ${this.side.session.state}`);
    const text = textOf(goodbye.payload);
    assert(
      typeof reason === "string" ? text.includes(reason) : reason.test(text),
      `the goodbye says ${JSON.stringify(text)}, not ${reason}`,
    );
    assertEquals(goodbye.code, code);
    assertEquals(this.side.session.state, "closed");
    assert(this.side.closed !== null);
  }

  /** Gives a handler's name the next number. */
  name(number: number, name: string, subroute = ""): Uint8Array<ArrayBuffer> {
    return rawFrame(FrameType.name, { code: number, payload: namePayload(name, subroute) });
  }

  /** A request frame. */
  request(id: number, init: Partial<RawFrame> = {}): Uint8Array<ArrayBuffer> {
    return rawFrame(FrameType.request, { id, argument: NO_TIMEOUT, ...init });
  }

  /** The opening of a stream. */
  open(
    id: number,
    outputCredit: number,
    inputCredit: number,
    init: Partial<RawFrame> = {},
  ): Uint8Array<ArrayBuffer> {
    const payload = joined(u32(outputCredit, inputCredit), init.payload ?? new Uint8Array(0));
    return rawFrame(FrameType.open, { id, argument: NO_TIMEOUT, ...init, payload });
  }
}
