import { assertEquals, assertRejects, assertStringIncludes, assertThrows } from "@std/assert";
import { VirtualClock } from "@internode/grid/testing";
import { InternodeError } from "../../../lib/errors.ts";
import { countedAddress } from "../../../lib/transport/channel/counted_address.ts";
import type { HandshakeSlot } from "../../../lib/transport/channel/handshake_limiter.ts";
import { handOver } from "../../../lib/transport/channel/hand_over.ts";
import {
  ListenerLimiter,
  readHandshakeLimits,
} from "../../../lib/transport/channel/listener_limiter.ts";
import { PeerLeft } from "../../../lib/transport/channel/peer_left.ts";
import type { Channel } from "../../../lib/transport/channel/transport.ts";

function slotAt(limiter: ListenerLimiter, ip: string | null = null): HandshakeSlot {
  const slot = limiter.acquire(ip, () => {});
  if (typeof slot === "string") throw new Error(slot);
  return slot;
}

const CHANNEL = { close() {} } as unknown as Channel;

Deno.test("so many have a slot at a time; one that is given back, once or more often, is free", () => {
  const limiter = new ListenerLimiter({ maxUnproven: 2, clock: new VirtualClock() });
  const first = slotAt(limiter), second = slotAt(limiter);
  assertStringIncludes(String(limiter.acquire(null, null)), "2 connections are in their handshake");
  first.release();
  first.release();
  assertEquals(limiter.count, 1);
  slotAt(limiter).release();
  second.release();
  assertEquals(limiter.count, 0);
});

Deno.test("of one address there are so many; who has none is not counted so", () => {
  const clock = new VirtualClock();
  const limiter = new ListenerLimiter({ maxUnprovenPerAddress: 2, clock });
  const first = slotAt(limiter, "10.0.0.1");
  const others = [slotAt(limiter, "::ffff:10.0.0.1"), slotAt(limiter, "10.0.0.2")];
  assertStringIncludes(String(limiter.acquire("10.0.0.1", null)), "maxUnprovenPerAddress");
  for (let i = 0; i < 3; i++) others.push(slotAt(limiter));
  first.release();
  others.push(slotAt(limiter, "10.0.0.1"));
  assertEquals(typeof limiter.acquire("10.0.0.1", null), "string");
  for (const slot of others) slot.release();
  assertEquals([limiter.count, clock.pendingEvents], [0, 0]);
});

Deno.test("an IPv6 network of 64 bits is one address, and an IPv4 client of all interfaces is itself", () => {
  const same = (one: string, other: string): boolean =>
    countedAddress(one) === countedAddress(other);
  for (
    const [one, other, are] of [
      ["2001:db8:0:1::1", "2001:db8:0:1:ffff:ffff:ffff:ffff", true],
      ["2001:db8:0:1::1", "2001:0DB8:0000:0001:0:0:0:2", true],
      ["2001:db8:0:1::1", "2001:db8:0:2::1", false],
      ["2001:db8::1", "2001:db8:0:0:5::", true],
      ["::1", "::2", true],
      ["::1", "1::", false],
      ["fe80::1%eth0", "fe80::2%eth1", true],
      ["::ffff:10.0.0.1", "10.0.0.1", true],
      ["::FFFF:10.0.0.1", "10.0.0.2", false],
      ["10.0.0.1", "10.0.0.2", false],
    ] as const
  ) assertEquals(same(one, other), are, `${one} and ${other}`);
});

Deno.test("each has the same time from when it came, whoever has it, unless that one keeps the time", async () => {
  const clock = new VirtualClock(), late: string[] = [];
  const limiter = new ListenerLimiter({ handshakeTimeoutMs: 1_000, clock });
  const enter = (name: string): HandshakeSlot => {
    const slot = slotAt(limiter);
    slot.onTimeout = (limitMs) => late.push(`${name} ${limitMs}`);
    return slot;
  };
  enter("a");
  await clock.advance(400);
  enter("b");
  const held = enter("c"), gone = enter("d");
  await clock.advance(500);
  assertEquals([held.takeDeadline(), late], [500, []]);
  gone.release();
  await clock.advance(100);
  assertEquals([late, limiter.count], [["a 1000"], 2]);
  await clock.advance(399);
  assertEquals(late.length, 1);
  await clock.advance(1);
  assertEquals([late, limiter.count], [["a 1000", "b 1000"], 1]);
  // A new time holds for those who are there.
  enter("e");
  await clock.advance(100);
  limiter.handshakeTimeoutMs = 150;
  await clock.advance(50);
  assertEquals(late.at(-1), "e 150");
  held.release();
  assertEquals([limiter.count, clock.pendingEvents], [0, 0]);
});

Deno.test("one in eight may have begun with TLS; the others wait in the order in which they asked, and until they leave", async () => {
  const limiter = new ListenerLimiter({ maxUnproven: 128, clock: new VirtualClock() });
  const begun: number[] = [];
  const slots = Array.from({ length: 20 }, () => slotAt(limiter));
  const turns = slots.map((slot, i) => slot.tlsTurn().then(() => void begun.push(i)));
  await Promise.resolve();
  assertEquals(begun, Array.from({ length: 16 }, (_, i) => i));
  const left = assertRejects(() => turns[16]!, PeerLeft);
  slots[16]!.release();
  await left;
  slots[3]!.release();
  await turns[17];
  slots[19]!.release();
  await assertRejects(() => turns[19]!, PeerLeft);
  assertEquals(begun.length, 17);
  for (const slot of slots) slot.release();
  await assertRejects(() => slots[0]!.tlsTurn(), PeerLeft);
  await turns[18]!.catch(() => {});
  const next = slotAt(limiter);
  await next.tlsTurn();
  next.release();
  assertEquals(limiter.count, 0);
});

Deno.test("who is handed a slot and does not take it at once has no slot", () => {
  const clock = new VirtualClock(), limiter = new ListenerLimiter({ clock });
  const take: ((slot: HandshakeSlot | undefined) => void)[] = [
    (slot) => slot!.takeDeadline(),
    (slot) => slot!.onTimeout = () => {},
  ];
  for (const accept of take) {
    const slot = slotAt(limiter);
    handOver(
      { limiter, accept: (_channel, _name, given) => accept(given) },
      { channel: CHANNEL },
      slot,
    );
    assertEquals(limiter.count, 1);
    slot.release();
  }
  const fail = (): never => {
    throw new Error("not so");
  };
  handOver({ limiter, accept: () => {} }, { channel: CHANNEL }, slotAt(limiter));
  handOver({ limiter, accept: fail }, { channel: CHANNEL }, slotAt(limiter));
  handOver(
    { accept: (_c, _n, slot) => slot!.takeDeadline() },
    { channel: CHANNEL },
    slotAt(limiter),
  );
  assertEquals([limiter.count, clock.pendingEvents], [0, 0]);
});

Deno.test("limits that make no sense are refused, by name", () => {
  for (const name of ["maxUnproven", "maxUnprovenPerAddress"]) {
    for (const value of [0, -1, 1.5, NaN, Infinity, "8"]) {
      const act = (): unknown => readHandshakeLimits({ [name]: value as number });
      assertEquals(assertThrows(act, InternodeError, name).code, "InvalidArgument");
    }
  }
  assertEquals(readHandshakeLimits({ maxUnproven: 5 }), {
    maxUnproven: 5,
    maxUnprovenPerAddress: undefined,
  });
});
