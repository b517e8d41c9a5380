/** How calls have ended, counted each once. @module */

import { assertEquals } from "@std/assert";
import { AnswerCounts } from "../../../lib/session/frames/answer_counts.ts";

Deno.test("only what has happened is shown, each way to end with its number", () => {
  const counts = new AnswerCounts();
  assertEquals([counts.shown(), counts.failed("Closed")], [{}, 0]);
  counts.onFailed("Closed");
  counts.onFailed("Closed");
  counts.onFailed("Cancelled");
  assertEquals(counts.shown(), { Closed: 2, Cancelled: 1 });
  counts.ok++;
  assertEquals(counts.shown(), { OK: 1, Closed: 2, Cancelled: 1 });
  assertEquals([counts.failed("Closed"), counts.failed("Overloaded")], [2, 0]);
});

Deno.test("adding the counts of another object leaves that object unchanged", () => {
  const all = new AnswerCounts(), other = new AnswerCounts();
  other.ok = 3;
  other.onFailed("Closed");
  for (let i = 0; i < 2; i++) all.add(other);
  all.onFailed("Closed");
  assertEquals(all.shown(), { OK: 6, Closed: 3 });
  assertEquals(other.shown(), { OK: 3, Closed: 1 });
});
