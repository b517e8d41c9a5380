/** Bars as SVG. @module */

import { assertEquals } from "@std/assert";
import { barChart } from "../../bench/report/bar_chart.ts";

function widths(svg: string): number[] {
  return [...svg.matchAll(/width="([\d.]+)" height/g)].map((match) => Number(match[1]));
}

Deno.test("the longest bar comes first, and lengths are in proportion", () => {
  const bar = (name: string, value: number) => ({ name, value, note: "", own: name === "ours" });
  const svg = barChart("a title", [bar("small", 10), bar("ours", 100), bar("half", 50)]);
  const [most, half, tenth] = widths(svg) as [number, number, number];
  assertEquals([half / most, tenth / most], [0.5, 0.1]);
  assertEquals([...svg.matchAll(/<rect class="(\w+)"/g)].map((match) => match[1]), [
    "own",
    "other",
    "other",
  ]);
});

Deno.test("nothing at all has a bar that can be seen", () => {
  assertEquals(widths(barChart("a title", [{ name: "a", value: 0, note: "0", own: false }])), [1]);
});
