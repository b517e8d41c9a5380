/** What of a trouble is told. @module */

import { assertEquals } from "@std/assert";
import { ProblemLog } from "../../../lib/discovery/resolver/problem_log.ts";
import { QuietLogger } from "../../support/log/quiet.ts";

Deno.test("troubles that take turns are told once each, then in sums, and once that they are over", () => {
  const log = new QuietLogger();
  let nowMs = 0;
  const trouble = new ProblemLog(log, { now: () => nowMs }, "It is there again.", {
    event: "resolver_recovered",
  });
  const tell = (message: string): void => trouble.warn(message, { event: "resolver_failed" });
  trouble.clear();
  for (const message of ["a", "b", "a", "b"]) tell(message);
  nowMs = 60_000;
  tell("a");
  trouble.clear();
  trouble.clear();
  tell("a");
  assertEquals(log.all.map(({ level, message }) => `${level} ${message}`), [
    "warn a",
    "warn b",
    "debug a",
    "debug b",
    "warn a This happened 2 times since it was last logged.",
    "info It is there again.",
    "warn a",
  ]);
});

Deno.test("troubles without end take no memory without end", () => {
  const log = new QuietLogger();
  const trouble = new ProblemLog(log, { now: () => 0 }, "Over.", { event: "resolver_recovered" });
  for (let each = 0; each < 65; each++) trouble.warn(`${each}`, { event: "resolver_failed" });
  trouble.warn("64", { event: "resolver_failed" });
  trouble.warn("0", { event: "resolver_failed" });
  assertEquals(log.all.filter(({ level }) => level === "warn").length, 65);
});
