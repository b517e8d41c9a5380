/** When numbers of names are given back, to the number. @module */

import { assertEquals, assertThrows } from "@std/assert";
import { InternodeError } from "../../../lib/errors.ts";
import { MAX_NAMES_BYTES, nameCost } from "../../../lib/session/frames/handler_name.ts";
import { NameNumbers } from "../../../lib/session/calls/name_numbers.ts";
import { FrameType } from "../../../lib/wire/frame.ts";
import { TestCall } from "../../support/session/calls.ts";
import { openScheduler } from "../../support/session/open_scheduler.ts";
import { textOf } from "../../support/session/raw_frames.ts";

const LONG = "n".repeat(255);
/** A name that takes as much as one can, another one for each number. */
const long = (n: number): string => `${n}`.padEnd(255, "n");
/** With so many of them all bytes are used up. */
const MOST = Math.floor(MAX_NAMES_BYTES / nameCost(2 + 255 + 255));

/** Numbers for a peer that takes names anew, or not, and what it is told. */
function numbers(reuses = true) {
  const { scheduler, drain } = openScheduler();
  const names = new NameNumbers(scheduler);
  names.reuses = reuses;
  /** What the peer has been told since, as number and name. */
  const told = (): [number, string][] => {
    const frames = [];
    for (let next = drain(); next.length > 0; next = drain()) frames.push(...next);
    assertEquals(frames.every(({ type }) => type === FrameType.name), true);
    return frames.map(({ code, payload }) => [code, textOf(payload.subarray(2))]);
  };
  return { names, told };
}

/** A call that was made with that number. */
function using(handler: number): TestCall {
  const call = new TestCall();
  call.handler = handler;
  return call;
}

Deno.test("a name has one number, which is sent to the peer once", () => {
  const { names, told } = numbers(), key = {};
  assertEquals([names.of("a", ""), names.of("b", "c"), names.of("a", "")], [0, 1, 0]);
  assertEquals([names.ofKey(key, "a"), names.ofKey("k", "d"), names.ofKey(key, "a")], [0, 2, 0]);
  assertEquals(told(), [[0, "a"], [1, "bc"], [2, "d"]]);
});

Deno.test("64 names without a handler are given back, and then as many beside those that calls still use", () => {
  const { names, told } = numbers();
  const fail = (from: number, count: number): number[] =>
    Array.from({ length: count }, (_, n) => {
      const number = names.of(`unknown ${from + n}`, "");
      names.onUnknown(number);
      return number;
    });
  const inUse = fail(0, 63).slice(0, 2).map(using);
  names.giveBack(() => inUse);
  told();
  assertEquals(names.of("x", ""), 63, "none was given back");
  fail(63, 1);
  names.giveBack(() => inUse);
  told();
  // All but two are free, and the next is told anew.
  assertEquals(names.of("unknown 0", ""), 0);
  assertEquals(told(), []);
  assertEquals(names.of("unknown 5", ""), 64, "the last given back is the first used again");
  assertEquals(told(), [[64, "unknown 5"]]);
  // Two are in use and without a handler: 2 + 2 + 64 are enough now.
  fail(100, 65);
  names.giveBack(() => inUse);
  told();
  names.of("unknown 100", "");
  assertEquals(told(), []);
  fail(200, 1);
  names.giveBack(() => inUse);
  told();
  names.of("unknown 100", "");
  assertEquals(told().map(([, name]) => name), ["unknown 100"]);
});

Deno.test("a peer that takes no name anew keeps them all", () => {
  const { names } = numbers(false);
  for (let n = 0; n < 100; n++) names.onUnknown(names.of(`${n}`, ""));
  names.giveBack(() => []);
  assertEquals(names.of("another", ""), 100);
});

Deno.test("keys are forgotten when names are given back, the last one too", () => {
  const { names, told } = numbers(), key = {};
  const number = names.ofKey(key, "mine");
  names.onUnknown(number);
  for (let n = 0; n < 63; n++) names.onUnknown(names.of(`${n}`, ""));
  names.giveBack(() => []);
  told();
  const other = names.of("other", "");
  assertEquals(told(), [[other, "other"]]);
  const again = names.ofKey(key, "mine");
  assertEquals([told(), again === other], [[[again, "mine"]], false]);
});

Deno.test("names that are refused for want of room are taken once calls have ended, however few came since old ones were looked for", () => {
  const { names, told } = numbers();
  const calls: TestCall[] = [];
  const add = (n: number): number => {
    const number = names.of(long(n), LONG);
    calls.push(using(number));
    return number;
  };
  let n = 0;
  for (; n < MOST - 2_000; n++) add(n);
  // All are in use, so none is given back; the next time to look is far away.
  names.giveBack(() => calls);
  for (; n < MOST; n++) add(n);
  for (let i = 0; i < 2; i++) {
    const error = assertThrows(() => add(n), InternodeError, `${MOST} names are in use`);
    assertEquals([error.code, error.handler], ["Overloaded", long(n)]);
  }
  assertEquals(calls.length, MOST);
  calls.length = 0;
  names.giveBack(() => calls);
  told();
  const number = names.of("another", "");
  assertEquals([number < MOST, told()], [true, [[number, "another"]]]);
});

Deno.test("where no number comes back, subroutes leave an eighth of the room to contracts", () => {
  const { names } = numbers(false);
  const most = Math.floor(MAX_NAMES_BYTES * 7 / 8 / nameCost(2 + 255 + 255));
  for (let n = 0; n < most; n++) names.of(long(n), LONG);
  const error = assertThrows(() => names.of(long(most), LONG), InternodeError, "with subroutes");
  assertEquals(error.code, "Overloaded");
  assertEquals(names.of(long(most), ""), most);
});

Deno.test("old names are looked for when less than an eighth of the room is left, those named longest ago first", () => {
  for (const beyond of [0, 1]) {
    const { names, told } = numbers();
    const enough = Math.floor(MAX_NAMES_BYTES * 7 / 8 / nameCost(2 + 255 + 255));
    for (let n = 0; n < enough + beyond; n++) names.of(long(n), LONG);
    names.giveBack(() => []);
    told();
    // The last is named in any case, the first only where there was no need of its room.
    names.of(long(enough - 1), LONG);
    assertEquals(told(), []);
    names.of(long(0), LONG);
    assertEquals(told().length, beyond);
  }
});
