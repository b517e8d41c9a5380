/**
 * Peers that never stop sending: what they were not given leave for ends their connection.
 *
 * @module
 */

import { assert, assertMatch } from "@std/assert";
import { makeMethodKey } from "@internode/grid/call";
import { FLAG_FIRST, FrameType, NO_TIMEOUT } from "../../../lib/wire/frame.ts";
import { joined, rawFrame, u32 } from "../../support/session/raw_frames.ts";
import { isAny, isFirst } from "../scene/grounds.ts";
import { GREEDY, idOf, open, type RawPeer, request } from "../scene/raw_peer.ts";
import { type Attack, pause, type Scene } from "../scene/scene.ts";

const KIB = 1024, MIB = 1024 * 1024;
const EMPTY = new Uint8Array(0);

/** Sends something that must end the connection with a reason. */
function cutOff(
  name: string,
  reason: RegExp,
  flood: (peer: RawPeer) => Promise<unknown>,
  on = isAny,
): Attack {
  return {
    name,
    on,
    act: async (scene) => {
      using peer = await scene.peer({ hello: GREEDY });
      await flood(peer);
      assertMatch(await peer.ending(), reason);
    },
    logs: reason,
  };
}

/** Sends batches one after the other until they are not taken any more. */
async function sendAll(peer: RawPeer, batches: Iterable<Uint8Array>): Promise<void> {
  for (const batch of batches) if (!await peer.try(batch)) return;
}

/** Puts frames together into batches of about so many bytes. */
function* batched(frames: Iterable<Uint8Array>, batchBytes = 64 * KIB): Iterable<Uint8Array> {
  let batch: Uint8Array[] = [], bytes = 0;
  for (const frame of frames) {
    batch.push(frame);
    bytes += frame.length;
    if (bytes < batchBytes) continue;
    yield joined(...batch);
    batch = [];
    bytes = 0;
  }
  if (batch.length > 0) yield joined(...batch);
}

function* times(count: number, make: (i: number) => Uint8Array): Iterable<Uint8Array> {
  for (let i = 0; i < count; i++) yield make(i);
}

const input = (sequence: number, payload: Uint8Array): Uint8Array =>
  rawFrame(FrameType.input, { id: idOf(0), argument: sequence, payload });

/** More inputs than there is credit for, at once. */
const uncredited = cutOff(
  "sends inputs without credit for them",
  /without credit/,
  async (peer) => {
    await peer.send(peer.name("sink"), open(0, 8, 8));
    const payload = new Uint8Array(60 * KIB);
    await sendAll(peer, times(9, (i) => input(i, payload)));
  },
);

/** The same, and it goes on whatever it hears. */
const deaf: Attack = {
  name: "sends 64 MiB more after its connection was ended, and reads nothing",
  logs: /without credit/,
  act: async (scene) => {
    using peer = await scene.peer({ hello: GREEDY });
    await peer.send(peer.name("sink"), open(0, 8, 8));
    const payload = new Uint8Array(60 * KIB);
    await sendAll(peer, times(64 * MIB / payload.length, (i) => input(i, payload)));
  },
};

const tooManyRequests = cutOff(
  "makes more requests than it may, of a handler that never answers",
  /out of range/,
  async (peer) => {
    await peer.send(peer.name("hold"));
    await sendAll(peer, batched(times(11_000, (i) => request(i))));
  },
);

/** All that it opens up to `maxCalls` are good calls, whose handlers run: the most that a peer may cost. */
const tooManyStreams = cutOff(
  "opens streams without end",
  /out of range/,
  async (peer) => {
    await peer.send(peer.name("sink"));
    await sendAll(peer, batched(times(11_000, (i) => open(i, 8, 8))));
  },
);

/** At a server with a small budget. */
const tooManyBytes: Attack = {
  name: "sends more bytes than the budget allows (16 MiB, to a server of the call face)",
  logs: /exceeds its budget/,
  act: async (scene) => {
    using peer = await scene.client();
    await peer.send(peer.name(makeMethodKey("raw", "hold").hex));
    const payload = new Uint8Array(60 * KIB);
    await sendAll(peer, times(600 * MIB / payload.length, (i) => request(i, { payload })));
    await peer.ending();
  },
};

/** What was begun counts whole. */
const unfinished = cutOff(
  "begins messages of 100 MiB and finishes none",
  /exceeds its budget/,
  async (peer) => {
    await peer.send(peer.name("hold"));
    const payload = joined(u32(100 * MIB), new Uint8Array(8));
    await sendAll(peer, times(2, (i) => request(i, { flags: FLAG_FIRST, payload })));
  },
  isFirst,
);

/** Calls that were cancelled free their slots, not their handlers. */
const rapidReset: Attack = {
  name: "makes and cancels 50,000 calls whose handlers go on (call face)",
  on: isFirst,
  act: async (scene) => {
    using peer = await scene.client();
    await peer.send(peer.name(makeMethodKey("raw", "stuck").hex));
    const frames = function* (): Iterable<Uint8Array> {
      for (let i = 0; i < 50_000; i++) {
        const id = idOf(0, i % 4095 + 1);
        yield rawFrame(FrameType.request, { id, argument: NO_TIMEOUT });
        yield rawFrame(FrameType.cancel, { id, code: 4 });
      }
    };
    const reading = peer.ending();
    await sendAll(peer, batched(frames()));
    const counts = await settled(scene, "stuck");
    assert(counts["stuck"]! <= 1_000, `${counts["stuck"]} handlers run`);
    peer[Symbol.dispose]();
    await reading;
  },
};

/** Waits until a count stands still. */
async function settled(scene: Scene, what: string): Promise<Record<string, number>> {
  for (let before = -1;;) {
    const counts = await scene.victim.ask<Record<string, number>>("counts");
    if (counts[what] === before) return counts;
    before = counts[what] ?? 0;
    await pause(20);
  }
}

const names: Attack = {
  name: "defines 65,535 long names",
  on: isFirst,
  logs: /handler names that the peer sent exceed/,
  act: async (scene) => {
    using peer = await scene.peer();
    const long = "n".repeat(250);
    await sendAll(peer, batched(times(65_535, (i) => peer.name(long, `${long}${i}`))));
    await peer.ending();
  },
};

const pings: Attack = {
  name: "sends a million pings and reads no answers",
  logs: /sent too many frames without effect|bytes of responses wait for it/,
  act: async (scene) => {
    using peer = await scene.peer({ hello: GREEDY });
    const ping = rawFrame(FrameType.ping);
    await sendAll(peer, batched(times(1_000_000, () => ping)));
    await peer.ending();
  },
};

/** Speaks of calls that this side has never made. */
const unasked = [
  [FrameType.response, "a response", /sent a response for id/],
  [FrameType.output, "an output", /sent an output for id/],
  [FrameType.outputEnd, "an end", /ended the outputs of id/],
  [FrameType.error, "an error", /sent an error for id/],
] as const;

/** Gives what it never had. */
const ungiven = [
  [
    rawFrame(FrameType.window, { argument: 0xffff_ffff }),
    "the whole window",
    /gave back \d+ bytes of its budget that were not in use/,
  ],
  [
    rawFrame(FrameType.window, { argument: 1 }),
    "a byte of the window",
    /gave back 1 bytes of its budget that were not in use/,
  ],
  [
    rawFrame(FrameType.arrived, { argument: 1 }),
    "a byte that arrived",
    /acknowledged more bulk bytes/,
  ],
] as const;

const credit = cutOff(
  "gives back credit for outputs that was not in use",
  /gave back credit that was not in use/,
  async (peer) => {
    const payload = u32(0xffff_ffff);
    await peer.send(
      peer.name("sink"),
      open(0, 8, 8),
      rawFrame(FrameType.outputCredit, { id: idOf(0), argument: 0xffff_ffff, payload }),
    );
  },
  isFirst,
);

/** Attacks by sending too much. */
export const floodAttacks: readonly Attack[] = [
  uncredited,
  deaf,
  tooManyRequests,
  tooManyStreams,
  tooManyBytes,
  unfinished,
  rapidReset,
  names,
  pings,
  ...unasked.map(([type, what, reason]) =>
    cutOff(
      `sends ${what} that nobody asked for`,
      reason,
      (peer) => peer.send(rawFrame(type, { id: idOf(5), payload: EMPTY })),
      isFirst,
    )
  ),
  ...ungiven.map(([frame, what, reason]) =>
    cutOff(`gives ${what} that it never had`, reason, (peer) => peer.send(frame), isFirst)
  ),
  credit,
];
