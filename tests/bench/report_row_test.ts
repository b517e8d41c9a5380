/** Figures of peers are read, or it is said what they lack. @module */

import { assertEquals, assertThrows } from "@std/assert";
import { parsePeerFigures } from "../../bench/report/row.ts";

const ROW = { peer: "p", transport: "ws", size: 64, inflight: 1, perSecond: 5, p50Us: 1, p99Us: 2 };

Deno.test("a row on each line, or one array; what else they hold is passed over", () => {
  const line = JSON.stringify({ ...ROW, cpuUs: 3, ratio: null });
  assertEquals(parsePeerFigures(`${line}\n\n${line}\n`), [ROW, ROW]);
  assertEquals(parsePeerFigures(`\n [${line}]`), [ROW]);
  assertEquals(parsePeerFigures(""), []);
});

for (
  const [name, value] of [
    ["peer", 7],
    ["transport", undefined],
    ["size", "64"],
    ["perSecond", null],
    ["p99Us", -1],
  ] as const
) {
  Deno.test(`a row whose "${name}" is ${JSON.stringify(value)} is refused`, () => {
    const text = [ROW, { ...ROW, [name]: value }].map((row) => JSON.stringify(row)).join("\n");
    assertThrows(
      () => parsePeerFigures(text),
      Error,
      `row 2 of the peers' figures has no "${name}"`,
    );
  });
}
