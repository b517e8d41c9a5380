/** What of a trouble is told. @module */

import { assertEquals } from "@std/assert";
import { WarnOnce } from "../../lib/discovery/warn_once.ts";
import { KeptLines } from "../grid/kept_lines.ts";

Deno.test("troubles that take turns are told once each, and once that they are over", () => {
  const log = new KeptLines();
  const trouble = new WarnOnce(log, "It is there again.", { event: "resolver_recovered" });
  const tell = (message: string): void => trouble.warn(message, { event: "resolver_failed" });
  trouble.clear();
  for (const message of ["a", "b", "a", "b"]) tell(message);
  trouble.clear();
  trouble.clear();
  tell("a");
  assertEquals(log.all.map(({ level, message }) => `${level} ${message}`), [
    "warn a",
    "warn b",
    "info It is there again.",
    "warn a",
  ]);
});

Deno.test("troubles without end take no memory without end", () => {
  const log = new KeptLines();
  const trouble = new WarnOnce(log, "Over.", { event: "resolver_recovered" });
  for (let each = 0; each < 65; each++) trouble.warn(`${each}`, { event: "resolver_failed" });
  trouble.warn("64", { event: "resolver_failed" });
  trouble.warn("0", { event: "resolver_failed" });
  assertEquals(log.all.length, 66);
});
