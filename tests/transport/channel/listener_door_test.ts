import { assertEquals, assertRejects, assertStringIncludes, assertThrows } from "@std/assert";
import { VirtualClock } from "@internode/grid/testing";
import { InternodeError } from "../../../lib/errors.ts";
import { countedAddress } from "../../../lib/transport/channel/counted_address.ts";
import type { DoorPlace } from "../../../lib/transport/channel/door.ts";
import { handOver } from "../../../lib/transport/channel/hand_over.ts";
import { ListenerDoor, readDoorLimits } from "../../../lib/transport/channel/listener_door.ts";
import { PeerLeft } from "../../../lib/transport/channel/peer_left.ts";
import type { Channel } from "../../../lib/transport/channel/transport.ts";

function placeAt(door: ListenerDoor, ip: string | null = null): DoorPlace {
  const place = door.enter(ip, () => {});
  if (typeof place === "string") throw new Error(place);
  return place;
}

const CHANNEL = { close() {} } as unknown as Channel;

Deno.test("so many have a place at a time; one that is given back, once or more often, is free", () => {
  const door = new ListenerDoor({ maxUnproven: 2, clock: new VirtualClock() });
  const first = placeAt(door), second = placeAt(door);
  assertStringIncludes(String(door.enter(null, null)), "2 connections that have not proven");
  first.leave();
  first.leave();
  assertEquals(door.count, 1);
  placeAt(door).leave();
  second.leave();
  assertEquals(door.count, 0);
});

Deno.test("of one address there are so many; who has none is not counted so", () => {
  const clock = new VirtualClock();
  const door = new ListenerDoor({ maxUnprovenPerAddress: 2, clock });
  const first = placeAt(door, "10.0.0.1");
  const others = [placeAt(door, "::ffff:10.0.0.1"), placeAt(door, "10.0.0.2")];
  assertStringIncludes(String(door.enter("10.0.0.1", null)), "maxUnprovenPerAddress");
  for (let i = 0; i < 3; i++) others.push(placeAt(door));
  first.leave();
  others.push(placeAt(door, "10.0.0.1"));
  assertEquals(typeof door.enter("10.0.0.1", null), "string");
  for (const place of others) place.leave();
  assertEquals([door.count, clock.pendingEvents], [0, 0]);
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
  const door = new ListenerDoor({ handshakeTimeoutMs: 1_000, clock });
  const enter = (name: string): DoorPlace => {
    const place = placeAt(door);
    place.onLate = (limitMs) => late.push(`${name} ${limitMs}`);
    return place;
  };
  enter("a");
  await clock.advance(400);
  enter("b");
  const held = enter("c"), gone = enter("d");
  await clock.advance(500);
  assertEquals([held.hold(), late], [500, []]);
  gone.leave();
  await clock.advance(100);
  assertEquals([late, door.count], [["a 1000"], 2]);
  await clock.advance(399);
  assertEquals(late.length, 1);
  await clock.advance(1);
  assertEquals([late, door.count], [["a 1000", "b 1000"], 1]);
  // A new time holds for those who are there.
  enter("e");
  await clock.advance(100);
  door.handshakeTimeoutMs = 150;
  await clock.advance(50);
  assertEquals(late.at(-1), "e 150");
  held.leave();
  assertEquals([door.count, clock.pendingEvents], [0, 0]);
});

Deno.test("one in eight may have begun with TLS; the others wait in the order in which they asked, and until they leave", async () => {
  const door = new ListenerDoor({ maxUnproven: 128, clock: new VirtualClock() });
  const begun: number[] = [];
  const places = Array.from({ length: 20 }, () => placeAt(door));
  const turns = places.map((place, i) => place.tlsTurn().then(() => void begun.push(i)));
  await Promise.resolve();
  assertEquals(begun, Array.from({ length: 16 }, (_, i) => i));
  const left = assertRejects(() => turns[16]!, PeerLeft);
  places[16]!.leave();
  await left;
  places[3]!.leave();
  await turns[17];
  places[19]!.leave();
  await assertRejects(() => turns[19]!, PeerLeft);
  assertEquals(begun.length, 17);
  for (const place of places) place.leave();
  await assertRejects(() => places[0]!.tlsTurn(), PeerLeft);
  await turns[18]!.catch(() => {});
  const next = placeAt(door);
  await next.tlsTurn();
  next.leave();
  assertEquals(door.count, 0);
});

Deno.test("who is handed a place and does not take it at once has no place", () => {
  const clock = new VirtualClock(), door = new ListenerDoor({ clock });
  const take: ((place: DoorPlace | undefined) => void)[] = [
    (place) => place!.hold(),
    (place) => place!.onLate = () => {},
  ];
  for (const accept of take) {
    const place = placeAt(door);
    handOver(
      { door, accept: (_channel, _name, given) => accept(given) },
      { channel: CHANNEL },
      place,
    );
    assertEquals(door.count, 1);
    place.leave();
  }
  const fail = (): never => {
    throw new Error("not so");
  };
  handOver({ door, accept: () => {} }, { channel: CHANNEL }, placeAt(door));
  handOver({ door, accept: fail }, { channel: CHANNEL }, placeAt(door));
  handOver({ accept: (_c, _n, place) => place!.hold() }, { channel: CHANNEL }, placeAt(door));
  assertEquals([door.count, clock.pendingEvents], [0, 0]);
});

Deno.test("limits that make no sense are refused, by name", () => {
  for (const name of ["maxUnproven", "maxUnprovenPerAddress"]) {
    for (const value of [0, -1, 1.5, NaN, Infinity, "8"]) {
      const act = (): unknown => readDoorLimits({ [name]: value as number });
      assertEquals(assertThrows(act, InternodeError, name).code, "InvalidArgument");
    }
  }
  assertEquals(readDoorLimits({ maxUnproven: 5 }), {
    maxUnproven: 5,
    maxUnprovenPerAddress: undefined,
  });
});
