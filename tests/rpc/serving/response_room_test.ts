import { assertEquals } from "@std/assert";
import { ResponseRoom } from "../../../lib/rpc/serving/response_room.ts";
import type { Responder } from "../../../lib/session/calls/responder.ts";

/** A lane with room for so many bytes. */
function lane(roomBytes: number) {
  const bulk = {
    roomBytes,
    departures: 0,
    refusedBytes: 0,
    hasRoom: (bytes: number) => bytes <= bulk.roomBytes,
  };
  return { bulk, responder: { bulk } as unknown as Responder };
}

Deno.test("one large response says nothing of the next, four in a row do", () => {
  const { responder } = lane(1_000);
  const room = new ResponseRoom();
  const verdicts = [5_000, 4_000, 3_000, 2_000].map((bytes) => {
    const mayRun = room.mayRun(responder);
    room.onTaken(bytes);
    return mayRun;
  });
  assertEquals([...verdicts, room.mayRun(responder)], [true, true, true, true, false]);
});

Deno.test("a small response among large ones keeps the handler open", () => {
  const { bulk, responder } = lane(1_000);
  const room = new ResponseRoom();
  for (const bytes of [5_000, 5_000, 700, 5_000, 5_000, 5_000]) room.onTaken(bytes);
  assertEquals(room.mayRun(responder), true);
  bulk.roomBytes = 600;
  assertEquals(room.mayRun(responder), false);
  for (const bytes of [5_000, 5_000, 5_000, 0, 5_000]) room.onTaken(bytes);
  assertEquals(room.mayRun(responder), true);
});

Deno.test("after a response that found no room the handler waits until something has left", () => {
  const { bulk, responder } = lane(1_000);
  const room = new ResponseRoom();
  bulk.refusedBytes = 1_001;
  room.onRefused(responder);
  assertEquals(room.mayRun(responder), false);
  bulk.departures++;
  assertEquals(room.mayRun(responder), true);
  // Where there was room, it was not for want of that.
  bulk.roomBytes = 2_000;
  room.onRefused(responder);
  assertEquals(room.mayRun(responder), true);
});
