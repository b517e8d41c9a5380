/**
 * Peers whose messages are not what they should be.
 *
 * @module
 */

import { assert, assertEquals, assertMatch } from "@std/assert";
import * as t from "@internode/grid/codec";
import { FLAG_FIRST, FrameType, NO_TIMEOUT } from "../../../lib/wire/frame.ts";
import {
  joined,
  type RawFrame,
  rawFrame,
  textOf,
  u32,
  utf8,
} from "../../support/session/raw_frames.ts";
import { isFirst } from "../scene/grounds.ts";
import { fail } from "../scene/contracts.ts";
import { GREEDY, idOf, type RawPeer, request } from "../scene/raw_peer.ts";
import { type Attack, pause, type Scene } from "../scene/scene.ts";

/** The numbers 1 and 3, as MessagePack has them. */
const ONLY_1 = new RegExp(`^${String.fromCharCode(1)}$`);
const ONLY_3 = new RegExp(`^${String.fromCharCode(3)}$`);
const KIB = 1024, MIB = 1024 * 1024;
/** Something that ends the connection with a reason. */
function ends(name: string, reason: RegExp, make: (peer: RawPeer) => Uint8Array[]): Attack {
  return {
    name,
    on: isFirst,
    act: async (scene) => {
      using peer = await scene.peer();
      await peer.send(...make(peer));
      assertMatch(await peer.ending(), reason);
    },
    logs: reason,
  };
}

/** A request that gets an answer which says what is wrong with it; the connection goes on. */
function answered(
  name: string,
  handler: string,
  payload: Uint8Array,
  expected: RegExp,
): Attack {
  return {
    name,
    on: isFirst,
    act: async (scene) => {
      using peer = await scene.peer();
      await peer.send(peer.name(handler));
      await sendWhole(peer, 0, payload);
      assertMatch(textOf((await answerTo(peer)).payload), expected);
      // Nothing but that call is harmed.
      await peer.send(peer.name("echo"), request(1, { code: 1, payload: new Uint8Array([7]) }));
      assertEquals((await peer.expect(FrameType.response)).payload, new Uint8Array([7]));
      assertEquals(await scene.victim.ask<boolean>("pristine"), true);
    },
  };
}

async function answerTo(peer: RawPeer): Promise<RawFrame> {
  for (;;) {
    const frame = await peer.next();
    assert(frame !== null, "the connection ended");
    if (frame.type === FrameType.error || frame.type === FrameType.response) return frame;
  }
}

/** Sends a request in pieces, if it is large. */
async function sendWhole(peer: RawPeer, slot: number, payload: Uint8Array): Promise<void> {
  const piece = 64 * KIB;
  if (payload.length <= piece) return await peer.send(request(slot, { payload }));
  const first = joined(u32(payload.length), payload.subarray(0, piece));
  await peer.send(request(slot, { flags: FLAG_FIRST, payload: first }));
  for (let at = piece; at < payload.length; at += piece) {
    const next = payload.subarray(at, at + piece);
    await peer.send(rawFrame(FrameType.openerFragment, { id: idOf(slot), payload: next }));
  }
}

/** Lists within lists, as many as fit. */
function nestedLists(depth: number): Uint8Array {
  const bytes = new Uint8Array(depth + 1).fill(0x91);
  bytes[depth] = 0xc0;
  return bytes;
}

/** A map of MessagePack with text keys whose values are 1. */
function mapOf(...keys: readonly string[]): Uint8Array {
  const entries = keys.map((key) => {
    const text = utf8(key);
    return joined(new Uint8Array([0xa0 | text.length]), text, new Uint8Array([1]));
  });
  return joined(new Uint8Array([0x80 | keys.length]), ...entries);
}

/** A record `{ text, labels }`. */
function labelled(text: Uint8Array, labels: Uint8Array): Uint8Array {
  return joined(
    new Uint8Array([0x82, 0xa4]),
    utf8("text"),
    text,
    new Uint8Array([0xa6]),
    utf8("labels"),
    labels,
  );
}

const lies = [
  [0xffff_ffff, "near 2^32"],
  [0x7fff_fff0, "near 2^31"],
  [2 * MIB + 1, "of one byte too many"],
] as const;

/** The length before a batch is judged before there is room for it. */
const hugeBatches = lies.map(([length, what]): Attack => ({
  name: `announces a batch with a length ${what}`,
  on: isFirst,
  logs: /announced a batch of \d+ bytes/,
  act: async (scene) => {
    using peer = await scene.peer();
    await peer.socket.raw(joined(u32(length, 0), new Uint8Array(64)));
    assertMatch(await peer.ending(), /announced a batch of \d+ bytes/);
  },
}));

const hugeWebSocketMessage: Attack = {
  name: "sends a batch of 3 MiB as one WebSocket message",
  on: ({ scheme }) => scheme.startsWith("ws"),
  logs: /bytes/,
  act: async (scene) => {
    using peer = await scene.peer();
    await peer.try(new Uint8Array(3 * MIB));
    await peer.ending();
  },
};

const longFailure: Attack = {
  name: "makes a handler fail with a text of 1 MiB",
  on: isFirst,
  act: async (scene) => {
    using peer = await scene.peer();
    await peer.send(peer.name("fail"));
    await sendWhole(peer, 0, t.toBytes(fail.request, "é".repeat(MIB / 2)));
    const { payload } = await answerTo(peer);
    assert(payload.length < 8 * KIB, `${payload.length} bytes`);
  },
};

/** The victim's own call is answered with the largest error there can be, and with one larger than that. */
const longErrors: Attack = {
  name: "answers with enormous errors, and sends a goodbye of 1 MiB",
  on: isFirst,
  logs: /The peer ended the connection/,
  act: async (scene) => {
    using peer = await scene.peer({ hello: GREEDY });
    await scene.victim.ask("callOnce", scene.cast.hostile);
    await peer.expect(FrameType.name);
    const { id } = await peer.expect(FrameType.request);
    const text = new Uint8Array(60 * KIB).fill(0xff), detail = new Uint8Array(60 * KIB);
    const payload = joined(new Uint8Array([3, 1]), u32(text.length).subarray(0, 2), text, detail);
    await peer.send(rawFrame(FrameType.error, { id, code: 6, payload }));
    while (await scene.victim.ask<Record<string, number>>("counts").then(isEmpty)) await pause(5);
    await peer.try(
      rawFrame(FrameType.goodbye, { code: 2, payload: new Uint8Array(MIB).fill(0x07) }),
    );
    assertEquals(await peer.ending(), "");
    const log = await scene.victim.ask<string[]>("log");
    const longest = Math.max(...log.map((line) => line.length));
    assert(longest < 6 * KIB, `a log line has ${longest} characters`);
    // deno-lint-ignore no-control-regex -- these are what is looked for
    assert(!log.some((line) => /[\u0000-\u001f]/.test(line)), "control characters in the log");
  },
};

function isEmpty(counts: object): boolean {
  return Object.keys(counts).length === 0;
}

/** What was begun counts against the budget for as long as the connection lasts. */
const slowPieces: Attack = {
  name: "sends the fragments of a message one by one, and never the last",
  on: isFirst,
  act: async (scene: Scene) => {
    using peer = await scene.peer();
    await peer.send(peer.name("hold"));
    const payload = joined(u32(8 * MIB), new Uint8Array(KIB));
    await peer.send(request(0, { flags: FLAG_FIRST, payload }));
    for (let i = 0; i < 20; i++) {
      const piece = new Uint8Array(KIB);
      await peer.send(rawFrame(FrameType.openerFragment, { id: idOf(0), payload: piece }));
      await pause(5);
    }
    // It is still there, and only its own.
    await peer.send(rawFrame(FrameType.cancel, { id: idOf(0), code: 4 }));
    assertEquals((await answerTo(peer)).type, FrameType.error);
  },
};

/** Attacks by what messages are. */
export const shapeAttacks: readonly Attack[] = [
  ...hugeBatches,
  hugeWebSocketMessage,
  ends("sends a frame that ends beyond its batch", /ends beyond its batch/, () => [
    rawFrame(FrameType.ping, { length: 0xffff_ffff }),
  ]),
  ends("begins a message of nearly 4 GiB", /sent a message of 4294967280 bytes/, (peer) => [
    peer.name("hold"),
    request(0, { flags: FLAG_FIRST, payload: joined(u32(0xffff_fff0), new Uint8Array(8)) }),
  ]),
  ends("uses an id twice", /whose slot is in use/, (peer) => [
    peer.name("hold"),
    request(0),
    rawFrame(FrameType.request, { id: idOf(0, 2), argument: NO_TIMEOUT }),
  ]),
  ends("calls a handler by an undefined name number", /has not defined/, () => [
    request(0, { code: 77 }),
  ]),
  ends("sends a name that is not the next one", /name number 5 instead of 0/, () => [
    rawFrame(FrameType.name, { code: 5, payload: new Uint8Array(2) }),
  ]),
  answered(
    "nests a dynamic value 100,000 deep",
    "anything",
    nestedLists(100_000),
    /maxDepth of 64/,
  ),
  answered(
    "nests where lists of records are expected",
    "nested",
    nestedLists(100_000),
    /payload|list|map/,
  ),
  answered(
    "claims 4 billion items in a dynamic value",
    "anything",
    new Uint8Array([0xdd, 0xff, 0xff, 0xff, 0xff]),
    /cannot be read/,
  ),
  answered(
    "claims 4 billion items in a list",
    "nested",
    new Uint8Array([0xdd, 0xff, 0xff, 0xff, 0xff]),
    /cannot be read/,
  ),
  answered(
    "sends text that is not UTF-8 in a dynamic value",
    "anything",
    new Uint8Array([0xa2, 0xc3, 0x28]),
    /UTF-8/,
  ),
  answered(
    "sends text that is not UTF-8 in a record",
    "labels",
    labelled(new Uint8Array([0xa2, 0xff, 0xfe]), mapOf("a")),
    /UTF-8/,
  ),
  answered(
    "sends the key __proto__ in a dynamic value",
    "anything",
    joined(new Uint8Array([0x81, 0xa9]), utf8("__proto__"), mapOf("polluted")),
    /__proto__/,
  ),
  answered(
    "sends the keys __proto__ and constructor in a map",
    "labels",
    labelled(new Uint8Array([0xa1, 0x61]), mapOf("__proto__", "constructor", "prototype")),
    ONLY_3,
  ),
  answered(
    "sends the keys __proto__ and constructor beside a record's fields",
    "labels",
    joined(
      new Uint8Array([0x84, 0xa9]),
      utf8("__proto__"),
      mapOf("polluted"),
      new Uint8Array([0xab]),
      utf8("constructor"),
      mapOf("prototype"),
      labelled(new Uint8Array([0xa1, 0x61]), mapOf("a")).subarray(1),
    ),
    ONLY_1,
  ),
  longFailure,
  longErrors,
  slowPieces,
];
