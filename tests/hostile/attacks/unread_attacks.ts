/**
 * Peers that never read, while 600 MiB wait to be sent to them.
 *
 * @module
 */

import { assert, assertEquals } from "@std/assert";
import * as t from "@internode/grid/codec";
import { FrameType } from "../../../lib/wire/frame.ts";
import { rawFrame } from "../../support/session/raw_frames.ts";
import { large, push } from "../scene/contracts.ts";
import { isAny, isFirst, isMajor } from "../scene/grounds.ts";
import { GREEDY, open, type RawPeer, request } from "../scene/raw_peer.ts";
import { type Attack, pause, type Scene } from "../scene/scene.ts";

const MIB = 1024 * 1024;
const WAITING_BYTES = 600 * MIB;
/** Requests are sent so many at a time. */
const BATCH = 500;

/** Asks for 600 MiB of responses and reads none of them, then leaves. */
function unreadResponses(contract: "large" | "typed", size: number): Attack {
  return {
    name: `asks for 600 MiB of ${contract} responses of ${size} bytes and reads none`,
    act: async (scene) => {
      using peer = await scene.peer({ hello: GREEDY });
      await ask(peer, contract, size);
      await scene.quiet();
      assertEquals(await scene.victim.ask<boolean>("pristine"), true);
    },
  };
}

async function ask(peer: RawPeer, contract: string, size: number): Promise<void> {
  await peer.try(peer.name(contract));
  const payload = t.toBytes(large.request, { size });
  const count = Math.ceil(WAITING_BYTES / size);
  for (let i = 0; i < count;) {
    const batch: Uint8Array[] = [];
    for (; i < count && batch.length < BATCH; i++) batch.push(request(i, { payload }));
    if (!await peer.try(...batch)) return;
  }
}

/** Opens streams of 600 MiB, gives all the credit there is, and reads nothing. */
function unreadOutputs(streams: number, size: number): Attack {
  return {
    name: `opens ${streams} streams of 600 MiB in pieces of ${size} bytes and reads none`,
    on: streams === 1 ? isFirst : isAny,
    act: async (scene) => {
      using peer = await scene.peer({ hello: GREEDY });
      await peer.try(peer.name("push"));
      const payload = t.toBytes(push.initial, { size });
      for (let i = 0; i < streams; i++) await peer.try(open(i, 65_535, 0, { payload }));
      await scene.quiet();
    },
  };
}

function unreadCalls(codec: "raw" | "encoded", maxCalls: number, on = isAny): Attack {
  const takes = maxCalls === 1 ? "one call at a time" : "any number of calls";
  return {
    name: `is called with 600 MiB (${codec}), takes ${takes} and reads none`,
    on,
    act: async (scene) => {
      using _peer = await scene.peer({ hello: { ...GREEDY, maxCalls } });
      const { hostile } = scene.cast;
      await scene.victim.ask("pushCalls", { host: hostile, bytes: MIB, codec });
      await scene.quiet();
      const counts = await scene.victim.ask<Record<string, number>>("counts");
      const shown = JSON.stringify(counts);
      if (!("Disconnected" in counts)) return assert(counts["Overloaded"]! > 500, shown);
      // On a busy machine sending all that takes so long that the victim gives the peer up first.
      const log = await scene.victim.ask<string[]>("log");
      assert(log.some((line) => SHOWS_NOTHING.test(line)), `${shown}\n${log.join("\n")}`);
    },
  };
}

const unreadInputs: Attack = {
  name: "is sent 600 MiB over 100 streams and reads none",
  act: async (scene) => {
    using _peer = await scene.peer({ hello: GREEDY });
    const { hostile } = scene.cast;
    await scene.victim.ask("pushStreams", { host: hostile, bytes: 65_536, streams: 100 });
    await scene.quiet();
  },
};

/** What the victim logs of a connection that it gives up because nothing of it is read. */
const READS_NOTHING = /has read nothing for \d+ ms/;
/** The same of one who sends nothing either. */
const SHOWS_NOTHING = /has (?:read|sent) nothing for \d+ ms/;

/** Goes on asking for a sign of life and reads none. */
const livesOn: Attack = {
  name: "asks for 600 MiB, reads none and goes on sending pings",
  on: isMajor,
  logs: READS_NOTHING,
  act: async (scene: Scene) => {
    using peer = await scene.peer({ hello: GREEDY });
    await ask(peer, "large", MIB);
    while (await peer.try(rawFrame(FrameType.ping))) await pause(20);
  },
};

/** Attacks by not reading. */
export const unreadAttacks: readonly Attack[] = [
  unreadResponses("large", MIB),
  unreadResponses("typed", MIB),
  unreadResponses("large", 8_000),
  unreadOutputs(1, MIB),
  unreadOutputs(200, 4_000),
  unreadCalls("raw", 0xffff_ffff, isFirst),
  unreadCalls("encoded", 0xffff_ffff),
  unreadCalls("raw", 1, isFirst),
  unreadInputs,
  livesOn,
];
