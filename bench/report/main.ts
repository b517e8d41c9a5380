/**
 * A page of curves, bench/report.html: `deno task bench:report`.
 *
 * @module
 */

import { parseArgs } from "node:util";
import { measureReport } from "./measure.ts";
import { reportPage } from "./page.ts";
import { parsePeerFigures } from "./row.ts";

const TRANSPORTS = ["tcp", "unix", "ws", "tls", "wss", "memory"] as const;

const HELP = `deno task bench:report [options]

Throughput and times against requests in flight, over each transport, beside the raw socket.

  --seconds S      how long each point takes; 0.5 unless told otherwise (3 minutes in all)
  --sizes A,B      payloads in bytes; 64,512,65536 unless told otherwise
  --inflight N     the most in flight; 1,024 unless told otherwise
  --peers FILE     what "bench:peers --json" has printed, to be shown beside
  --out FILE       where the page goes; bench/report.html unless told otherwise
  --json           print the points too, each on a line of JSON
`;

if (import.meta.main) {
  const { values } = parseArgs({
    options: {
      seconds: { type: "string", default: "0.5" },
      sizes: { type: "string", default: "64,512,65536" },
      inflight: { type: "string", default: "1024" },
      peers: { type: "string" },
      out: { type: "string" },
      json: { type: "boolean", default: false },
      help: { type: "boolean", default: false },
    },
  });
  if (values.help) {
    console.log(HELP);
    Deno.exit();
  }
  const peers = values.peers === undefined
    ? []
    : parsePeerFigures(await Deno.readTextFile(values.peers));
  const seconds = positive("seconds", values.seconds);
  const rows = await measureReport({
    transports: TRANSPORTS,
    sizes: values.sizes.split(",").map((size) => positive("sizes", size)),
    maxInflight: positive("inflight", values.inflight),
    seconds,
  }, (transport) => console.error(`${transport} …`));
  const facts = [
    `${new Date().toISOString().slice(0, 10)}, Deno ${Deno.version.deno}, ${Deno.build.os},`,
    `${navigator.hardwareConcurrency} cores, loopback; ${seconds} s for each point.`,
    "One run: on a shared machine a point may be off by a factor of two, so compare with the raw curves beside it.",
  ];
  const out = values.out ?? new URL("../report.html", import.meta.url);
  await Deno.writeTextFile(out, reportPage({ rows, peers, facts }));
  if (values.json) { for (const row of rows) console.log(JSON.stringify(row)); }
  console.error(`written: ${out instanceof URL ? "bench/report.html" : out}`);
}

function positive(name: string, text: string): number {
  const value = Number(text);
  if (text.trim() !== "" && value > 0) return value;
  throw new Error(`--${name} takes numbers above 0, not ${JSON.stringify(text)}`);
}
