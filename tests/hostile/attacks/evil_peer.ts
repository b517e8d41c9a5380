/**
 * A peer that puts evil texts wherever the protocol has room for one, over any
 * channel and in either role.
 *
 * @module
 */

import type { Channel } from "../../../lib/transport/channel/transport.ts";
import { encodeHello } from "../../../lib/session/frames/hello.ts";
import { encodeMetadata } from "../../../lib/session/frames/metadata.ts";
import { FLAG_METADATA, FrameType } from "../../../lib/wire/frame.ts";
import { pipeOf } from "../../support/channels/channel_pipe.ts";
import {
  joined,
  parseFrames,
  type RawFrame,
  rawFrame,
  textOf,
  u32,
  utf8,
} from "../../support/session/raw_frames.ts";
import { peerHello } from "../../support/session/scripted_peer.ts";
import { EVIL, judgeText, LONG_EVIL } from "./evil_texts.ts";
import { idOf, open, request } from "../scene/raw_peer.ts";

/** Speaks frames on a channel of this library. */
export class EvilPeer {
  readonly #channel: Channel;
  readonly #pipe: ReturnType<typeof pipeOf>;
  readonly #frames: RawFrame[] = [];
  #rest: Uint8Array = new Uint8Array(0);

  constructor(channel: Channel) {
    this.#channel = channel;
    this.#pipe = pipeOf(channel);
  }

  /** Sends frames as one batch; that the other side has had enough is no matter. */
  async send(...frames: Uint8Array[]): Promise<void> {
    const batch = joined(...frames);
    const whole = this.#channel.kind === "messages" ? batch : joined(u32(batch.length, 0), batch);
    await this.#pipe.send(whole).catch(() => {});
  }

  /** Reads on to a frame of a type; `null`: the end came before. */
  async next(type: number): Promise<RawFrame | null> {
    for (;;) {
      for (let frame = this.#frames.shift(); frame !== undefined; frame = this.#frames.shift()) {
        if (frame.type === type) return judged(frame);
      }
      const bytes = await this.#pipe.receive();
      if (bytes === null) return null;
      if (this.#channel.kind === "messages") this.#frames.push(...parseFrames(bytes));
      else this.#takeBatches(bytes);
    }
  }

  /** Waits until the other side ends it. */
  async ending(): Promise<void> {
    await this.next(-1);
    this.close();
  }

  close(): void {
    this.#channel.close();
  }

  #takeBatches(bytes: Uint8Array): void {
    let rest: Uint8Array = joined(this.#rest, bytes);
    while (rest.length >= 8) {
      const length = new DataView(rest.buffer, rest.byteOffset).getUint32(0, true);
      if (rest.length < 8 + length) break;
      this.#frames.push(...parseFrames(rest.slice(8, 8 + length)));
      rest = rest.subarray(8 + length);
    }
    this.#rest = rest;
  }
}

/** What is sent back to others is told to them. */
function judged(frame: RawFrame): RawFrame {
  const { type, payload } = frame;
  if (type === FrameType.error) {
    const length = new DataView(payload.buffer, payload.byteOffset).getUint16(2, true);
    judgeText("the text of an error", textOf(payload.subarray(4, 4 + length)));
  } else if (type === FrameType.goodbye) {
    judgeText("the text of a goodbye", textOf(payload));
  }
  return frame;
}

function hello(name: string, peerName = ""): Uint8Array {
  const random = (length: number): Uint8Array<ArrayBuffer> =>
    crypto.getRandomValues(new Uint8Array(length));
  const own = { name, peerName, wallMs: Date.now(), instance: random(16), nonce: random(32) };
  return rawFrame(FrameType.hello, { payload: encodeHello(peerHello(own)) });
}

/** Shakes hands, well. */
export async function greet(
  peer: EvilPeer,
  role: "dials" | "listens",
  name: string,
): Promise<void> {
  if (role === "dials") {
    await peer.send(hello(name));
    await peer.next(FrameType.welcome);
  } else {
    await peer.next(FrameType.hello);
    await peer.send(hello(name), rawFrame(FrameType.welcome));
  }
}

function goodbye(code: number): Uint8Array {
  // Before the handshake is done a batch has 4,096 bytes at most.
  return rawFrame(FrameType.goodbye, { code, payload: utf8(LONG_EVIL.slice(0, 2_000)) });
}

/** A name frame of two texts, however long. */
function nameOf(code: number, name: string, subroute = ""): Uint8Array {
  const first = utf8(name);
  const payload = joined(u32(first.length).subarray(0, 2), first, utf8(subroute));
  return rawFrame(FrameType.name, { code, payload });
}

/** An error frame's payload, with a name. */
function failure(): Uint8Array {
  const text = utf8(LONG_EVIL.slice(0, 4_000)), name = utf8(EVIL);
  const head = joined(new Uint8Array([3, 2]), u32(text.length).subarray(0, 2));
  return joined(head, text, new Uint8Array([name.length]), name);
}

/** One place where a text can stand. */
export interface EvilWord {
  readonly name: string;
  /** Before the handshake is done; takes its place. */
  readonly early?: boolean;
  /** Only where the other side calls. */
  readonly answers?: boolean;
  /** Whether the text, made plain, is a part of what is told. */
  readonly isTold?: boolean;
  readonly say: (peer: EvilPeer) => Promise<void>;
}

/** MessagePack of a map with an evil key, and of an evil text. */
const evilText = joined(new Uint8Array([0xd9, utf8(EVIL).length]), utf8(EVIL));
const evilMap = joined(new Uint8Array([0x81]), evilText, evilText);

/** All places. Handlers are `echo`, of a record, and `hold`, a stream that waits. */
export const EVIL_WORDS: readonly EvilWord[] = [
  { name: "the name in a hello", early: true, say: (peer) => peer.send(hello(EVIL)) },
  {
    name: "a name in a hello with invisible characters only",
    early: true,
    say: (peer) => peer.send(hello("tcp://evil\u202e\u200b:1")),
  },
  { name: "the other name in a hello", early: true, say: (peer) => peer.send(hello("x", EVIL)) },
  { name: "a goodbye for a hello", early: true, say: (peer) => peer.send(goodbye(10)) },
  ...[2, 10, 11, 12, 14, 60_000].map((code) => ({
    name: `a goodbye of code ${code}`,
    isTold: true,
    say: (peer: EvilPeer) => peer.send(goodbye(code)),
  })),
  {
    name: "names of unknown handlers",
    say: async (peer) => {
      const bare = request(0, { code: 0 });
      await peer.send(nameOf(0, EVIL, EVIL), bare, open(1, 1, 1, { code: 0 }));
      await peer.next(FrameType.error);
    },
  },
  {
    name: "names that are too long",
    say: (peer) => peer.send(nameOf(0, LONG_EVIL.slice(0, 1_000))),
  },
  {
    name: "values that do not fit",
    say: async (peer) => {
      const echo = nameOf(0, "echo"), hold = nameOf(1, "hold");
      await peer.send(echo, hold, request(0, { code: 0, payload: evilText }));
      await peer.next(FrameType.error);
      await peer.send(request(1, { code: 0, payload: evilMap }), request(2, { code: 1 }));
      await peer.next(FrameType.error);
    },
  },
  {
    name: "metadata",
    say: async (peer) => {
      const block = encodeMetadata({ [EVIL]: EVIL, traceparent: EVIL, tracestate: EVIL });
      const payload = joined(block, evilText);
      await peer.send(
        nameOf(0, "echo"),
        request(0, { code: 0, flags: FLAG_METADATA, payload }),
      );
      await peer.next(FrameType.error);
    },
  },
  {
    name: "the text of a cancel",
    say: async (peer) => {
      const text = utf8(LONG_EVIL.slice(0, 4_000));
      await peer.send(
        nameOf(0, "hold"),
        open(0, 1, 1, { code: 0, payload: new Uint8Array([0xc0]) }),
        rawFrame(FrameType.cancel, { id: idOf(0), code: 4, payload: text }),
        // Whoever answers this has read that.
        rawFrame(FrameType.ping),
      );
      await peer.next(FrameType.pong);
    },
  },
  ...[5, 6, 7, 9, 10, 60_000].map((code) => ({
    name: `the text and name of an error of code ${code}`,
    answers: true,
    isTold: true,
    say: async (peer: EvilPeer): Promise<void> => {
      const call = await peer.next(FrameType.request);
      if (call === null) return;
      await peer.send(rawFrame(FrameType.error, { id: call.id, code, payload: failure() }));
    },
  })),
  {
    name: "a response that does not fit",
    answers: true,
    say: async (peer) => {
      const call = await peer.next(FrameType.request);
      if (call === null) return;
      await peer.send(rawFrame(FrameType.response, { id: call.id, payload: evilMap }));
    },
  },
];
