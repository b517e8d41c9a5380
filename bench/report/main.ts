/**
 * A page of curves, bench/report.html: `deno task bench:report`.
 *
 * @module
 */

import {
  CommandLine,
  flag,
  list,
  readLine,
  seconds,
  text,
  UsageError,
  whole,
} from "../../tools/command_line/command_line.ts";
import { measureReport } from "./measure.ts";
import { reportPage } from "./page.ts";
import { parsePeerFigures } from "./row.ts";

const TRANSPORTS = ["tcp", "unix", "ws", "tls", "wss", "memory"] as const;

const LINE = new CommandLine(
  "deno task bench:report",
  "Throughput and times against requests in flight, over each transport, beside the raw socket; " +
    "with the defaults in about 3 minutes.",
  {
    seconds: seconds("how long each point takes", 0.5),
    sizes: list("payloads, in bytes", "A,B", ["64", "512", "65536"], sizeOf),
    inflight: whole("the most requests in flight", { from: 1, fallback: 1_024 }),
    peers: text('what "bench:peers --json" has printed, to be shown beside', "FILE", undefined),
    out: text("where the page goes; bench/report.html without it", "FILE", undefined),
    json: flag("print the points too, each on a line of JSON"),
  },
);

if (import.meta.main) {
  const values = readLine(LINE);
  const peers = values.peers === undefined
    ? []
    : parsePeerFigures(await Deno.readTextFile(values.peers));
  const rows = await measureReport({
    transports: TRANSPORTS,
    sizes: values.sizes,
    maxInflight: values.inflight,
    seconds: values.seconds,
  }, (transport) => console.error(`${transport} …`));
  const facts = [
    `${new Date().toISOString().slice(0, 10)}, Deno ${Deno.version.deno}, ${Deno.build.os},`,
    `${navigator.hardwareConcurrency} cores, loopback; ${values.seconds} s for each point.`,
    "One run: on a shared machine a point may be off by a factor of two, so compare with the raw curves beside it.",
  ];
  const out = values.out ?? new URL("../report.html", import.meta.url);
  await Deno.writeTextFile(out, reportPage({ rows, peers, facts }));
  if (values.json) { for (const row of rows) console.log(JSON.stringify(row)); }
  console.error(`written: ${out instanceof URL ? "bench/report.html" : out}`);
}

function sizeOf(given: string): number {
  const value = Number(given);
  if (Number.isSafeInteger(value) && value > 0) return value;
  throw new UsageError(`--sizes must be whole numbers above 0, not ${JSON.stringify(given)}.`);
}
