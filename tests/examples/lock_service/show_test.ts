/** What the demo shows. @module */

import { assertEquals } from "@std/assert";
import { Histogram } from "../../../examples/lock_service/node/histogram.ts";
import { Screen } from "../../../examples/lock_service/supervisor/screen.ts";
import {
  count,
  duration,
  type NodeRow,
  renderTable,
} from "../../../examples/lock_service/supervisor/table_view.ts";

const NODE: NodeRow = {
  node: 0,
  state: "votes",
  life: 2,
  perSecond: 1234.4,
  p50Us: 350,
  p99Us: 12_345,
  locks: 1,
  reconnects: 7,
  deed: "votes again",
};
const TOTAL = { ...NODE, elapsedMs: 4_900, seconds: 20 };

function makeOutput(terminal: boolean) {
  let text = "";
  const output = {
    isTerminal: () => terminal,
    writeSync(bytes: Uint8Array) {
      // As a pipe may do, it takes a few bytes at a time.
      const taken = bytes.subarray(0, 7);
      text += String.fromCharCode(...taken);
      return taken.length;
    },
  };
  return { output, text: () => text };
}

Deno.test("the table has a row for each node and one for all", () => {
  assertEquals(renderTable([NODE], TOTAL), [
    "node  state     life  requests/s      p50      p99  locks  reconnects",
    "0     votes        2       1,234   350 µs    12 ms      1           7  votes again",
    "all                        1,234   350 µs    12 ms      1           7  5 of 20 s",
  ]);
});

Deno.test("numbers are short", () => {
  assertEquals([0, 999, 1_000, 1_234_567].map(count), ["0", "999", "1,000", "1,234,567"]);
  assertEquals([0, 999, 1_500, 15_000].map(duration), ["-", "999 µs", "1.5 ms", "15 ms"]);
});

Deno.test("without a terminal there are plain lines", () => {
  const { output, text } = makeOutput(false);
  const screen = new Screen(output);
  screen.tell("node 0 killed");
  screen.show([], { ...TOTAL, p50Us: 0, p99Us: 0 });
  assertEquals(
    text(),
    "node 0 killed\n" +
      "  5 s: 1,234 requests/s, p50 -, p99 -, 1 locks held, 7 reconnects, 0 of 0 nodes vote\n",
  );
});

Deno.test("in a terminal the table is written over", () => {
  const { output, text } = makeOutput(true);
  const screen = new Screen(output);
  screen.show([], TOTAL);
  screen.tell("node 0 killed");
  screen.show([], TOTAL);
  const [before, after] = text().split("\x1b[3A\r\x1b[J") as [string, string];
  assertEquals(before.includes("killed"), false);
  assertEquals(after.endsWith("node 0 killed\n"), true);
});

Deno.test("quantiles are right to a twelfth part", () => {
  const all = new Histogram(), part = new Histogram();
  assertEquals(all.quantile(0.5), 0);
  for (let us = 1; us <= 1_000; us++) (us % 2 === 0 ? all : part).add(us);
  all.merge(part.drain());
  assertEquals([all.total, part.total], [1_000, 0]);
  for (const share of [0.1, 0.5, 0.99, 1]) {
    const ratio = all.quantile(share) / (share * 1_000);
    assertEquals(ratio > 11 / 12 && ratio < 12 / 11, true);
  }
});
