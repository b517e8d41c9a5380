import { assert, assertEquals } from "@std/assert";
import { Exposition } from "../../lib/operations/exposition.ts";
import { OPEN_METRICS, PROMTOOL } from "./parsers.ts";

const STRANGE = 'a "quoted" back\\slash\nin two lines, \u{1f600} and half of one: \ud83d';

/** One of each kind, with all that could go wrong. */
function sample(): Exposition {
  const exposition = new Exposition();
  exposition.counter("test_calls", "Calls.", { name: "b" }, 2);
  exposition.gauge("test_delay_seconds", "A back\\slash\nand a line.", { name: STRANGE }, NaN);
  exposition.counter("test_calls", "Calls.", { name: "a" }, 1e21);
  exposition.gauge("test_level", "Without labels.", {}, -Infinity);
  exposition.histogram("test_call_duration_seconds", "Times.", { name: "a" }, {
    bounds: [0.000128, 0.5],
    counts: [3, 0, 1],
    sum: 2.5,
  });
  return exposition;
}

Deno.test("samples stand by families, with escapes and sums of buckets", () => {
  assertEquals(sample().text("prometheus").split("\n"), [
    "# HELP test_calls_total Calls.",
    "# TYPE test_calls_total counter",
    'test_calls_total{name="b"} 2',
    'test_calls_total{name="a"} 1e+21',
    "# HELP test_delay_seconds A back\\\\slash\\nand a line.",
    "# TYPE test_delay_seconds gauge",
    'test_delay_seconds{name="a \\"quoted\\" back\\\\slash\\nin two lines, ' +
    '\u{1f600} and half of one: \ufffd"} NaN',
    "# HELP test_level Without labels.",
    "# TYPE test_level gauge",
    "test_level -Inf",
    "# HELP test_call_duration_seconds Times.",
    "# TYPE test_call_duration_seconds histogram",
    'test_call_duration_seconds_bucket{name="a",le="0.000128"} 3',
    'test_call_duration_seconds_bucket{name="a",le="0.5"} 3',
    'test_call_duration_seconds_bucket{name="a",le="+Inf"} 4',
    'test_call_duration_seconds_sum{name="a"} 2.5',
    'test_call_duration_seconds_count{name="a"} 4',
    "",
  ]);
});

Deno.test("nothing is an empty text, and ends in OpenMetrics as it must", () => {
  assertEquals(new Exposition().text("prometheus"), "");
  assertEquals(new Exposition().text("openmetrics"), "# EOF\n");
});

Deno.test({
  name: `promtool reads it, and finds nothing to complain of${PROMTOOL.note}`,
  ignore: PROMTOOL.ignore,
  fn() {
    assertEquals(PROMTOOL.parse(sample().text("prometheus")), { ok: true, told: "" });
    assert(!PROMTOOL.parse("x{ 1\n").ok);
  },
});

Deno.test({
  name: `the parser of OpenMetrics reads the same samples${OPEN_METRICS.note}`,
  ignore: OPEN_METRICS.ignore,
  fn() {
    const { ok, told } = OPEN_METRICS.parse(sample().text("openmetrics"));
    assert(ok, told);
    const lines = told.trim().split("\n");
    assertEquals(lines[0], "counter test_calls_total [('name', 'b')] 2");
    assertEquals(lines.length, 9);
    assert(!OPEN_METRICS.parse(sample().text("prometheus")).ok);
  },
});
