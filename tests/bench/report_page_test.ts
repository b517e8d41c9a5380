/** The report: one page of all that was measured, and of nothing else. @module */

import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { reportPage } from "../../bench/report/page.ts";
import type { PeerFigure, ReportRow } from "../../bench/report/row.ts";

const TRANSPORTS = ["tcp", "unix"], SIZES = [64, 65_536], INFLIGHT = [1, 2, 4];

const rows: ReportRow[] = TRANSPORTS.flatMap((transport) =>
  SIZES.flatMap((size) =>
    INFLIGHT.map((inflight) => ({
      transport,
      size,
      inflight,
      perSecond: 10_000 * inflight,
      p50Us: 90,
      p99Us: 200,
      floorPerSecond: 40_000 * inflight,
    }))
  )
);
const peers: PeerFigure[] = [
  {
    peer: "Internode",
    transport: "tcp",
    size: 64,
    inflight: 1,
    perSecond: 9_000,
    p50Us: 1,
    p99Us: 2,
  },
  { peer: "a <peer>", transport: "ws", size: 64, inflight: 1, perSecond: 900, p50Us: 3, p99Us: 4 },
  { peer: "a <peer>", transport: "ws", size: 64, inflight: 64, perSecond: 950, p50Us: 3, p99Us: 4 },
];

function count(text: string, part: string): number {
  return text.split(part).length - 1;
}

Deno.test("each size has two pictures of all transports and two of each", () => {
  const page = reportPage({ rows, peers: [], facts: [] });
  assertEquals(count(page, "<svg "), SIZES.length * (2 + 2 * TRANSPORTS.length));
  for (const title of ["tcp: requests of 64 B a second", "unix: time of requests of 64 KiB"]) {
    assertStringIncludes(page, `<figcaption>${title}</figcaption>`);
  }
  assertStringIncludes(page, "<td>25.0 %</td>");
  assert(!page.includes("Beside others"));
});

Deno.test("peers have a picture for each work, and curves where their number in flight differs", () => {
  const page = reportPage({ rows, peers, facts: [] });
  assertEquals(count(page, "<svg "), SIZES.length * (2 + 2 * TRANSPORTS.length) + 2 + 2);
  assertStringIncludes(page, "<title>internode, 4 in flight: 40 k</title>");
  assertStringIncludes(page, "<title>a &lt;peer&gt;, 64 in flight: 950</title>");
  assertEquals(count(page, "Beside others: requests of 64 KiB"), 0);
  assertStringIncludes(page, "a &lt;peer&gt;, ws");
  assertStringIncludes(page, "900; p50 3 µs, p99 4 µs");
  assertEquals(count(page, 'class="own"'), 1);
});

Deno.test("the page needs nothing beside itself, in light and in dark", () => {
  const page = reportPage({ rows, peers, facts: ["Measured & told."] });
  assertStringIncludes(page, "Measured &amp; told.");
  assertStringIncludes(page, "prefers-color-scheme: dark");
  for (const outside of ["<script", "<link", "<img", "src=", "href=", "url(", "@import"]) {
    assert(!page.includes(outside), outside);
  }
  assert(!/NaN|Infinity|undefined/.test(page));
});
