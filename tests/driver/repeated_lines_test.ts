import { assertEquals } from "@std/assert";
import { RepeatedLines, times } from "../../lib/driver/repeated_lines.ts";

Deno.test("a repeated event is logged once, then in sums at growing intervals", () => {
  const lines = new RepeatedLines();
  const told: number[] = [];
  for (let nowMs = 0; nowMs <= 420_000; nowMs += 1_000) told.push(lines.note("refused", nowMs));
  assertEquals(told.filter((count) => count > 0), [1, 60, 120, 240]);
  assertEquals(told.length, 421);
});

Deno.test("when a repeated event is over, the rest is summed up, and the next one is logged again", () => {
  const lines = new RepeatedLines();
  assertEquals(lines.end("down"), null);
  for (let i = 0; i < 5; i++) lines.note("down", 0);
  assertEquals(lines.end("down"), 4);
  assertEquals(lines.note("down", 1), 1);
  lines.note("slow", 1);
  assertEquals(lines.end(), 0);
  assertEquals(lines.end(), null);
});

Deno.test("different things are told apart, up to a bound, and forgotten in time", () => {
  const lines = new RepeatedLines();
  let told = 0;
  for (let i = 0; i < 10_000; i++) if (lines.note(`stranger ${i}`, 0) > 0) told++;
  assertEquals(told, 65);
  assertEquals(lines.note("somebody new", 60_000), 1);
});

Deno.test("a line says how often it was so only when that is more than once", () => {
  assertEquals(times(1), "");
  assertEquals(times(7), " This happened 7 times since it was last logged.");
});
