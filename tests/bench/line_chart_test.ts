/** Curves as SVG: where points come to lie, and what stands beside them. @module */

import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { lineChart, type Series, ticks } from "../../bench/report/line_chart.ts";

function series(name: string, ...ys: number[]): Series {
  const points = ys.map((y, at) => ({ x: 4 ** at, y }));
  return { name, colour: 0, style: "solid", points };
}

function draw(...all: Series[]): string {
  return lineChart({ title: "a title", series: all, format: (y) => `${y} units` });
}

/** The points of a curve's path. */
function path(svg: string, at = 0): [number, number][] {
  const d = [...svg.matchAll(/<path d="M([^"]+)"/g)][at]![1]!;
  return d.split("L").map((point) => point.split(" ").map(Number) as [number, number]);
}

/** How high the names stand. */
function labels(svg: string): Map<string, number> {
  const found = svg.matchAll(/class="label" x="[\d.]+" y="([\d.]+)" dy="4">([^<]+)/g);
  return new Map([...found].map((match) => [match[2]!, Number(match[1])]));
}

Deno.test("both axes are logarithmic: equal factors are equal distances", () => {
  const [first, second, third] = path(draw(series("a", 10, 100, 1_000)));
  assertEquals(Math.round(second![0] - first![0]), Math.round(third![0] - second![0]));
  assertEquals(Math.round(first![1] - second![1]), Math.round(second![1] - third![1]));
  assert(second![0] > first![0] && second![1] < first![1], "more is to the right and above");
});

Deno.test("each point can be asked for its value", () => {
  assertStringIncludes(draw(series("a", 20, 30)), "<title>a, 4 in flight: 30 units</title>");
});

Deno.test("names stand at the ends of their curves, apart from each other and within the picture", () => {
  const svg = draw(series("low", 10, 12), series("one", 10, 90), series("two", 10, 90.1));
  const at = labels(svg);
  assertEquals([...at.keys()].toSorted(), ["low", "one", "two"]);
  assert(Math.abs(at.get("one")! - at.get("two")!) >= 13, "two names lie on one another");
  assertEquals(at.get("low"), path(svg, 2).at(-1)![1]);
  assert([...at.values()].every((y) => y > 0 && y <= 246), String([...at.values()]));
});

Deno.test("more names than there is room for below go up", () => {
  const all = Array.from({ length: 6 }, (_, at) => series(`s${at}`, 100, 10));
  const ys = [...labels(draw(...all)).values()].toSorted((a, b) => a - b);
  assertEquals(ys.slice(1).map((y, at) => Math.round(y - ys[at]!)), [13, 13, 13, 13, 13]);
  assert(ys.at(-1)! <= 246);
});

Deno.test("what is written is no markup", () => {
  const svg = lineChart({
    title: `"<&>"`,
    series: [series("<b>", 1, 2)],
    format: (y) => `${y} <`,
  });
  assertStringIncludes(svg, 'aria-label="&quot;&lt;&amp;&gt;&quot;"');
  assert(!svg.includes("<b>"));
});

Deno.test("without points it says so, and one point is enough", () => {
  assertStringIncludes(draw(series("a")), "nothing was measured");
  const svg = draw(series("a", 7));
  assertMatch(svg, /<path d="M[\d.]+ [\d.]+"/);
  assert(!svg.includes("NaN") && !svg.includes("Infinity"), svg);
});

for (
  const [values, expected] of [
    [[3], [2, 5]],
    [[12, 90], [10, 20, 50, 100]],
    [[10, 100], [10, 20, 50, 100]],
    [[40, 2_500], [30, 100, 300, 1_000, 3_000]],
    [[2, 90_000], [1, 10, 100, 1_000, 10_000, 100_000]],
    [[0.04, 0.3], [0.02, 0.05, 0.1, 0.2, 0.5]],
  ] as const
) {
  Deno.test(`the axis for ${values.join(" to ")} has ${expected.join(", ")}`, () => {
    assertEquals(ticks(values), [...expected]);
  });
}
