/** One connection to a replica: how it counts its calls, and when it closes. @module */

import { assertEquals } from "@std/assert";
import { makeMethodKey } from "../../../lib/call/service/method_key.ts";
import { type LinkedReplica, ReplicaLink } from "../../../lib/call/replicas/replica_link.ts";
import type { InternodeError } from "../../../lib/errors.ts";
import type { Link } from "../../../lib/driver/link.ts";
import { NameNumbers } from "../../../lib/session/calls/name_numbers.ts";
import type { SendScheduler } from "../../../lib/session/sending/send_scheduler.ts";
import { VirtualClock } from "../../../lib/testing/time/virtual_clock.ts";
import { textOf } from "../../support/session/raw_frames.ts";
import { RetiredLinks } from "../../../lib/rpc/connecting/retired_links.ts";

/** A link to a replica of which only what it uses is there, and what has become of the connection. */
function connected(): {
  clock: VirtualClock;
  replica: { callsInFlight: number };
  link: ReplicaLink<LinkedReplica>;
  retired: RetiredLinks;
  /** Ends a turn of the connection. */
  turn: () => void;
  closings: string[];
  named: string[];
} {
  const clock = new VirtualClock(), closings: string[] = [], named: string[] = [];
  const replica = { callsInFlight: 0, owner: { onIdle: () => {} } };
  const frame = (...args: unknown[]): void =>
    void named.push(textOf((args.at(-1) as Uint8Array).subarray(2)));
  const names = new NameNumbers({ frame } as unknown as SendScheduler);
  const watchers = new Set<() => void>();
  const turn = (): void => watchers.forEach((watcher) => watcher());
  const connection = {
    beginTurn: () => clock.soon(turn),
    close: (error: InternodeError) => void closings.push(error.code),
    checkDrained: () => link.callsInFlight === 0 && closings.length === 0,
    watch: (watcher: () => void) => {
      watchers.add(watcher);
      return () => watchers.delete(watcher);
    },
    session: {
      outgoing: { keyNumber: (key: string, name: string) => names.ofKey(key, name) },
    },
  };
  const link = new ReplicaLink(replica, connection as unknown as Link);
  const retired = new RetiredLinks(clock, true, false);
  return { clock, replica, link, retired, turn, closings, named };
}

Deno.test("a call counts for its connection and for its replica while it is under way", () => {
  const { link, replica } = connected();
  link.begin();
  link.begin();
  assertEquals([link.callsInFlight, replica.callsInFlight], [2, 2]);
  link.end();
  assertEquals([link.callsInFlight, replica.callsInFlight], [1, 1]);
});

Deno.test("a connection that is not retired stays when its last call ends", async () => {
  const { clock, link, turn, closings } = connected();
  link.begin();
  link.end();
  turn();
  await clock.advance(1_000);
  assertEquals(closings, []);
});

Deno.test("a retired connection closes in the next turn if it is idle, otherwise after its last call", async () => {
  const idle = connected();
  idle.retired.add(idle.link.link, Infinity, 0);
  assertEquals(idle.closings, []);
  await idle.clock.advance(1);
  assertEquals(idle.closings, ["Closed"]);

  const busy = connected();
  busy.link.begin();
  busy.link.begin();
  busy.retired.add(busy.link.link, Infinity, 0);
  busy.link.end();
  busy.turn();
  await busy.clock.advance(60_000);
  assertEquals(busy.closings, []);
  busy.link.end();
  assertEquals(busy.closings, []);
  busy.turn();
  assertEquals(busy.closings, ["Closed"]);
});

for (const how of ["its ping is answered", "it has ended"] as const) {
  Deno.test(`while the server may still refuse the newer connection an idle one stays, until ${how}`, async () => {
    const { clock, link, retired, closings } = connected(), newer = connected();
    const session = Object.assign(newer.link.link.session, {
      peer: { isOpen: false },
      keepalive: { lastPing: null as Link["session"]["keepalive"]["lastPing"] },
      state: "open",
      ping: () => pings++,
    });
    let pings = 0;
    retired.add(link.link, Infinity, 0, false, newer.link.link);
    newer.turn();
    await clock.advance(60_000);
    assertEquals([pings, closings], [1, []]);
    if (how === "it has ended") session.state = "closed";
    else session.keepalive.lastPing = { atMs: 1, roundTripMs: 1 };
    newer.turn();
    await clock.advance(1);
    newer.turn();
    assertEquals(closings, ["Closed"]);
  });
}

Deno.test("what runs on a retired connection has the grace of the first retirement, however often it is retired", async () => {
  const { clock, link, retired, closings } = connected();
  link.begin();
  retired.add(link.link, 100, 0);
  await clock.advance(50);
  retired.add(link.link, 10, 0);
  retired.add(link.link, Infinity, 0);
  await clock.advance(49);
  assertEquals(closings, []);
  await clock.advance(1);
  assertEquals(closings, ["GoingAway"]);
  retired.delete(link.link);
  await clock.advance(1_000);
  assertEquals(closings, ["GoingAway"]);
});

Deno.test("an idle connection that is retired twice closes once", async () => {
  const { clock, link, retired, closings } = connected();
  retired.add(link.link, Infinity, 0);
  retired.add(link.link, Infinity, 0);
  await clock.advance(1);
  assertEquals(closings, ["Closed"]);
});

Deno.test("a connection that has ended leaves no timer behind", async () => {
  const { clock, link, retired, closings } = connected();
  link.begin();
  retired.add(link.link, 100, 0);
  retired.delete(link.link);
  retired.delete(link.link);
  await clock.advance(1_000);
  assertEquals(closings, []);
});

Deno.test("a connection that is wanted again, or has a call again, before it has closed stays", async () => {
  const wanted = connected();
  wanted.retired.add(wanted.link.link, Infinity, 0);
  wanted.retired.delete(wanted.link.link);
  await wanted.clock.advance(1);
  assertEquals(wanted.closings, []);

  const used = connected();
  used.retired.add(used.link.link, Infinity, 0);
  used.link.begin();
  await used.clock.advance(1);
  assertEquals(used.closings, []);
});

Deno.test("a connection that is wanted again while calls run on it outlives the grace of its retirement", async () => {
  const { clock, link, retired, closings } = connected();
  link.begin();
  retired.add(link.link, 100, 0);
  await clock.advance(50);
  retired.delete(link.link);
  await clock.advance(1_000);
  assertEquals(closings, []);
  retired.add(link.link, 100, 0);
  await clock.advance(100);
  assertEquals(closings, ["GoingAway"]);
});

Deno.test("a method is named once for a connection, whatever keys are made for it", () => {
  const { link, named } = connected();
  const get = makeMethodKey("cache", "get"), put = makeMethodKey("cache", "put");
  const numbers = [get, get, put, makeMethodKey("cache", "get"), put, put].map((key) =>
    link.methodNumber(key, 0)
  );
  assertEquals(numbers, [0, 0, 1, 0, 1, 1]);
  assertEquals(named, [get.hex, put.hex]);
});
