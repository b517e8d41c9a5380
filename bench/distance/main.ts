/**
 * What one connection carries over a distance, beside a raw socket through the
 * same path: `deno task bench:distance`.
 *
 * @module
 */

import {
  CommandLine,
  flag,
  readLine,
  seconds,
  text,
} from "../../tools/command_line/command_line.ts";
import { ToldProcess } from "../../tools/processes/told_process.ts";
import type { DistanceOrder } from "../../tests/support/network/distance_proxy.ts";
import { freePorts } from "../../tools/network/free_ports.ts";
import { makeIdentities } from "../rpc/identities.ts";
import { quantile } from "../support/quantile.ts";
import { printTable } from "../support/table.ts";
import type { LoadMeasured, LoadOrder } from "./client.ts";
import type { FarPorts } from "./server.ts";

const LINE = new CommandLine(
  "deno task bench:distance",
  "Fills paths of several lengths through a proxy in a process of its own, by a raw socket and by one connection in turns.",
  {
    trips: text("round trips in milliseconds", "MS,…", "1,5,20,100,300"),
    seconds: seconds("how long to measure each, after a while that is not measured", 3),
    gigabits: text("gigabits a second of the path", "N", "1"),
    json: flag("one line of JSON"),
  },
);
/** What is not measured: a second, and so many round trips. */
const SETTLING_MS = 1_000, SETTLING_TRIPS = 22;
/** The round trip over which connections begin: all else takes little of it. */
const START_TRIP_MS = 200;
const KIB = 1024;
/** So much longer than a round trip takes are raw pieces under way, as bulk may be by the pacer. */
const TURNS_MS = 2;
/** Enough that the path is busy while the proxy waits for its timers, which take a millisecond and more. */
const BUFFER_BYTES = 1024 * KIB;
const INFLIGHT = 64;

const options = readLine(LINE);
const bytesPerMs = Number(options.gigabits) * 1e9 / 8 / 1_000;
const at = (path: string): string => new URL(path, import.meta.url).pathname;
const process = (path: string, what: string): ToldProcess =>
  new ToldProcess([Deno.execPath(), "run", "-A", "--no-check", at(path)], { what });

await using server = process("server.ts", "the far end");
await using proxy = process("../../tests/support/network/distance_proxy.ts", "the path");
await using near = process("client.ts", "the near end");
const ports = await server.ask<FarPorts>("ports");

/** What one load has carried. */
interface Carried {
  /** Bytes a second in one direction. */
  readonly bytesPerSecond: number;
  readonly smallMs: readonly number[];
}

async function carry(tripMs: number, part: Partial<LoadOrder>): Promise<Carried> {
  const kind = part.kind ?? "none";
  const toPort = kind === "sink" || kind === "echo" || kind === "framed"
    ? ports[kind]
    : ports.service;
  const path: DistanceOrder = {
    toPort,
    delayMs: tripMs / 2,
    bytesPerMs,
    bufferBytes: BUFFER_BYTES,
  };
  const port = await proxy.ask<number>("open", path);
  const order: LoadOrder = {
    kind,
    port,
    size: 64 * KIB,
    inflight: INFLIGHT,
    windowBytes: 0,
    beside: false,
    ...part,
  };
  await near.ask("begin", order);
  await pause(kind === "none" ? 3 * tripMs : SETTLING_MS + SETTLING_TRIPS * tripMs);
  const before = await near.ask<number>("mark") + await server.ask<number>("taken");
  const startMs = performance.now();
  await pause(options.seconds * 1_000);
  const { echoedBytes, smallMs } = await near.ask<LoadMeasured>("look");
  const bytes = echoedBytes + await server.ask<number>("taken") - before;
  const bytesPerSecond = bytes / (performance.now() - startMs) * 1_000;
  await near.ask("end");
  return { bytesPerSecond, smallMs };
}

function pause(forMs: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, forMs));
}

/** How many round trips of that length there are from the dial to the first answer, to a tenth. */
async function startUp(transport: string, hasSecret: boolean, tripMs: number): Promise<number> {
  const [farPort] = freePorts(1) as [number];
  const port = await proxy.ask<number>("open", { toPort: farPort, delayMs: tripMs / 2 });
  const [href, farHref] = [port, farPort].map((at) => `${transport}://127.0.0.1:${at}`) as [
    string,
    string,
  ];
  const [nearIdentity, farIdentity] = transport === "tls" || transport === "wss"
    ? await makeIdentities([[`${transport}://near.example:1`], [href, farHref]])
    : [null, null];
  await server.ask("start", { href: farHref, identity: farIdentity, hasSecret });
  const order = { href, identity: nearIdentity, hasSecret };
  // The first time, code is loaded as well.
  let tookMs = Infinity;
  for (let time = 0; time < 3; time++) {
    tookMs = Math.min(tookMs, await near.ask<number>("startUp", order));
  }
  return tookMs / tripMs;
}

// The proxy takes connections itself, so the round trip of TCP is not among them.
const starts = [["from the connection to the first answer", "round trips", "with a secret"]];
for (const transport of ["tcp", "ws", "tls", "wss"]) {
  const trips = [
    await startUp(transport, false, START_TRIP_MS),
    await startUp(transport, true, START_TRIP_MS),
  ];
  starts.push([transport, ...trips.map((count) => count.toFixed(1))]);
}

const results: unknown[] = [];
const lines = [[
  "round trip",
  "what",
  "MB/s",
  "of the raw socket",
  "small p50 ms",
  "small p99 ms",
  "allowed",
]];
for (const tripMs of options.trips.split(",").map(Number)) {
  const alone = (await carry(tripMs, { beside: true })).smallMs;
  const emptyMs = quantile(alone, 0.5), allowedMs = 1.2 * emptyMs + 5;
  const sink = await carry(tripMs, { kind: "sink" });
  const echo = await carry(tripMs, { kind: "echo" });
  const row = (what: string, carried: Carried, raw: Carried | null): void => {
    const { bytesPerSecond, smallMs } = carried;
    const ratio = raw === null ? null : bytesPerSecond / raw.bytesPerSecond;
    const p50Ms = quantile(smallMs, 0.5), p99Ms = quantile(smallMs, 0.99);
    results.push({ tripMs, emptyMs, what, bytesPerSecond, ratio, p50Ms, p99Ms, allowedMs });
    const small = smallMs.length === 0
      ? ["", "", ""]
      : [p50Ms, p99Ms, allowedMs].map((ms) => ms.toFixed(1));
    lines.push([
      `${emptyMs.toFixed(1)} ms`,
      what,
      (bytesPerSecond / 1e6).toFixed(1),
      ratio === null ? "" : `${(100 * ratio).toFixed(0)} %`,
      ...small,
    ]);
  };
  row("raw socket, one way", sink, null);
  const windowBytes = bytesPerMs * (emptyMs + TURNS_MS);
  row(
    "raw pieces of 64 KiB, requests beside",
    await carry(tripMs, { kind: "framed", windowBytes, beside: true }),
    sink,
  );
  row("stream of 64 KiB", await carry(tripMs, { kind: "stream" }), sink);
  row(
    "stream of 256 KiB, requests beside",
    await carry(tripMs, { kind: "stream", size: 256 * KIB, beside: true }),
    sink,
  );
  row("raw echo, 64 × 64 KiB in flight", echo, null);
  row("64 × 64 KiB requests", await carry(tripMs, { kind: "requests" }), echo);
}
if (options.json) console.log(JSON.stringify({ results, starts }));
else {
  printTable(lines);
  console.log();
  printTable(starts);
}
