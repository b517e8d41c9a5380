import { assertEquals } from "@std/assert";
import { DecodedMemory, DecodedShare } from "../../lib/wire/decoded_memory.ts";

Deno.test("each share may take as much as it leaves free of what all have left", () => {
  const memory = new DecodedMemory(1_000);
  const one = new DecodedShare(memory), two = new DecodedShare(memory);
  assertEquals([one.roomBytes, one.mostBytes], [500, 500]);
  one.hold(500);
  assertEquals([one.roomBytes, two.roomBytes, two.mostBytes], [0, 250, 500]);
  two.hold(100);
  assertEquals([memory.heldBytes, one.heldBytes, two.heldBytes], [600, 500, 100]);
  assertEquals([one.roomBytes, two.roomBytes], [-50, 150]);
});

Deno.test("what is given back is there for all", () => {
  const memory = new DecodedMemory(1_000);
  const one = new DecodedShare(memory), two = new DecodedShare(memory);
  one.hold(500);
  two.hold(100);
  one.giveBack(300);
  assertEquals([memory.heldBytes, one.heldBytes, two.heldBytes], [300, 200, 100]);
  assertEquals([one.roomBytes, two.roomBytes], [250, 300]);
  one.giveBack(200);
  two.giveBack(100);
  assertEquals([memory.heldBytes, one.roomBytes, two.roomBytes], [0, 500, 500]);
});
