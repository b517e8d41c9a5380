/** Tables, figures and texts as they are printed. @module */

import { assert, assertEquals } from "@std/assert";
import {
  bytesText,
  clockText,
  countText,
  dateText,
  timeText,
} from "../../lib/cli/output/figures.ts";
import { colours } from "../../lib/cli/output/paint.ts";
import { type Column, table } from "../../lib/cli/output/table.ts";
import { cutText, textWidth } from "../../lib/cli/output/text_width.ts";

type Row = readonly [host: string, calls: string, text: string];
const COLUMNS: readonly Column<Row>[] = [
  { title: "HOST", of: ([host]) => host, mayBeCut: true },
  { title: "CALLS", of: ([, calls]) => calls, isNumber: true },
  { title: "TEXT", of: ([, , text]) => text, mayBeCut: true },
];
const ROWS: readonly Row[] = [["tcp://a:1", "12", "short"], [
  "tcp://10.0.0.10:9000",
  "1,234",
  "a longer text",
]];

Deno.test("a table is aligned, and numbers to the right", () => {
  assertEquals(
    table(COLUMNS, ROWS),
    `HOST                  CALLS  TEXT
tcp://a:1                12  short
tcp://10.0.0.10:9000  1,234  a longer text
`,
  );
});

Deno.test("a table fits its terminal: texts are cut first, then columns left out", () => {
  const rows: readonly Row[] = [["tcp://a:1", "12", "a text that is much too long"]];
  assertEquals(
    table(COLUMNS, rows, { width: 36 }),
    `HOST       CALLS  TEXT
tcp://a:1     12  a text that is mu…
`,
  );
  assertEquals(
    table(COLUMNS, rows, { width: 30 }),
    `HOST       CALLS
tcp://a:1     12
`,
  );
  for (let width = 8; width < 60; width++) {
    const lines = table(COLUMNS, ROWS, { width }).split("\n");
    assert(lines.every((line) => textWidth(line) <= width), `${width}: ${lines.join("\n")}`);
  }
});

Deno.test("hosts that did not answer have rows with the reason", () => {
  const notes = [{
    first: "tcp://b:2",
    note: "Unreachable: nobody listens there. Start the node.",
  }];
  assertEquals(
    table(COLUMNS, ROWS, { notes }).split("\n").at(-2),
    "tcp://b:2             Unreachable: nobody listens there. Start the node.",
  );
  const narrow = table(COLUMNS, ROWS, { notes, width: 40 }).split("\n");
  assertEquals(
    narrow.slice(-5),
    [
      "tcp://b:2             Unreachable:",
      "                      nobody listens",
      "                      there. Start the",
      "                      node.",
      "",
    ].slice(-5),
  );
});

Deno.test("texts from outside do not drive the terminal", () => {
  const text = table(COLUMNS, [["\x1b[2Jhost", "1", "two\nlines\u202e"]], { paint: colours });
  assertEquals(text.split("\n").length, 3);
  assert(!text.includes("\x1b[2J") && !text.includes("\u202e"), text);
});

Deno.test("wide and combining characters take the room that they take", () => {
  assertEquals([textWidth("ab"), textWidth("日本"), textWidth("e\u0301")], [2, 4, 1]);
  assertEquals([cutText("日本語", 4), cutText("abc", 3), cutText("abcd", 3)], [
    "日…",
    "abc",
    "ab…",
  ]);
});

Deno.test("times have the unit that fits", () => {
  const shown: readonly (readonly [number, string])[] = [
    [0, "0.00ms"],
    [0.123, "0.12ms"],
    [3.44, "3.4ms"],
    [12.4, "12ms"],
    [999.6, "1.0s"],
    [1_234, "1.2s"],
    [59_960, "1m00s"],
    [303_000, "5m03s"],
    [7_800_000, "2h10m"],
    [7_200_000, "2h"],
    [3 * 86_400_000 + 7_200_000, "3d2h"],
    [400 * 86_400_000 + 7_200_000, "400d"],
    [Infinity, "never"],
    [NaN, "-"],
    [-1_500, "-1.5s"],
  ];
  for (const [ms, text] of shown) assertEquals(timeText(ms), text, `${ms}`);
});

Deno.test("bytes, counts and moments are short", () => {
  assertEquals([0, 999, 1_000, 1_536, 150 * 1_024 ** 2, NaN].map(bytesText), [
    "0B",
    "999B",
    "1.0KiB",
    "1.5KiB",
    "150MiB",
    "-",
  ]);
  assertEquals([0, 0.01, 0.34, 12.3, 1_234_567, Infinity, NaN].map(countText), [
    "0",
    "<0.1",
    "0.3",
    "12",
    "1,234,567",
    "none",
    "-",
  ]);
  assertEquals(dateText(0), "1970-01-01 00:00:00Z");
  assertEquals([dateText(NaN), dateText(1e300)], ["-", "-"]);
  assertEquals(clockText(1_234), "00:00:01.234");
});
