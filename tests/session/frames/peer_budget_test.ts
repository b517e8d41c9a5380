/** What may be sent to a peer, to the byte. @module */

import { assertEquals, assertThrows } from "@std/assert";
import { InternodeError } from "../../../lib/errors.ts";
import { messageCost } from "../../../lib/wire/limits.ts";
import { PeerBudget, type PeerLimits } from "../../../lib/session/frames/peer_budget.ts";

const LIMITS: PeerLimits = {
  maxMessageBytes: 10_000,
  maxFragmentBytes: 2_000,
  receiveBudgetBytes: 80_000,
  streamBudgetBytes: 5_000,
  maxCalls: 7,
};

function opened(limits: Partial<PeerLimits> = {}): PeerBudget {
  const budget = new PeerBudget();
  budget.open({ ...LIMITS, ...limits });
  return budget;
}

Deno.test("before the handshake a peer takes nothing", () => {
  const budget = new PeerBudget();
  assertEquals([budget.window, budget.interactiveBytes], [0, 0]);
  assertEquals(budget.limits, {
    maxMessageBytes: 0,
    maxFragmentBytes: 1024,
    receiveBudgetBytes: 0,
    streamBudgetBytes: 0,
    maxCalls: 0,
  });
  assertEquals(budget.reserve(0), false);
});

Deno.test("the peer's limits count, as far as this side can make use of them", () => {
  assertEquals(opened().limits, LIMITS);
  const { limits } = opened({ maxFragmentBytes: 0x7fff_ffff, maxCalls: 0x7fff_ffff });
  assertEquals([limits.maxFragmentBytes, limits.maxCalls], [1_048_576, 1_048_576]);
});

Deno.test("what goes into a batch at once is 8 KiB, or a fragment, or the largest message", () => {
  const large = { maxMessageBytes: 100_000, maxFragmentBytes: 65_536 };
  assertEquals(opened(large).interactiveBytes, 8_192);
  assertEquals(opened({ ...large, maxFragmentBytes: 2_000 }).interactiveBytes, 2_000);
  assertEquals(opened({ ...large, maxMessageBytes: 1_500 }).interactiveBytes, 1_500);
});

Deno.test("a message takes its bytes and 128 off the window, up to the last byte of it", () => {
  const budget = opened();
  assertEquals([budget.reserve(79_873), budget.window], [false, 80_000]);
  assertEquals([budget.reserve(79_872), budget.window], [true, 0]);
  budget.takeBack(79_871);
  assertEquals(budget.window, 79_999);
  budget.takeBack(10);
  assertEquals(budget.window, 80_000, "there is never more than the peer has said");
});

Deno.test("streams leave a quarter of the budget alone, but for one message when an eighth is in use at most", () => {
  const budget = opened();
  const fits = (bytes: number): boolean => messageCost(bytes) <= budget.streamLimitBytes;
  // All of the window is there: a message may take all of it.
  assertEquals([fits(79_872), fits(79_873)], [true, false]);
  budget.window = 70_001;
  assertEquals([fits(69_873), fits(69_874)], [true, false]);
  budget.window = 70_000;
  assertEquals([fits(49_872), fits(49_873)], [true, false]);
  budget.window = 20_128;
  assertEquals([fits(0), fits(1)], [true, false]);
});

Deno.test("no more than was in use can be given back", () => {
  const budget = opened();
  budget.reserve(872);
  budget.giveBack(1_000);
  assertEquals(budget.window, 80_000);
  const error = assertThrows(() => budget.giveBack(1), InternodeError, "not in use");
  assertEquals(error.code, "ProtocolError");
});

Deno.test("a message may be as large as the peer says, and as its budget can ever hold", () => {
  opened().checkSize(10_000);
  const error = assertThrows(() => opened().checkSize(10_001), InternodeError, "of 10000");
  assertEquals([error.code, error.outcome], ["MessageTooLarge", "notSent"]);
  // An eighth may be held back, and 128 bytes are the message's own cost.
  const greedy = opened({ maxMessageBytes: 80_000 });
  greedy.checkSize(69_872);
  assertThrows(() => greedy.checkSize(69_873), InternodeError, "of 69872");
});
