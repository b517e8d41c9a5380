/**
 * One table of how fast things are: `deno task bench`. README.md says how
 * each figure is measured and what it means.
 *
 * @module
 */

import { type PureBench, runPureBenches } from "./pure/pure_benches.ts";
import { type RpcResult, runRpc } from "./rpc/main.ts";
import { defaultRpcOptions, type RpcOptions } from "./rpc/options.ts";
import { CommandLine, readLine } from "../tools/command_line/command_line.ts";
import { type Row, showTable } from "./support/table.ts";

const SECONDS = 1.5;

const ROUND_TRIPS: readonly Pick<RpcOptions, "transport" | "mode" | "size" | "inflight">[] = [
  { transport: "tcp", mode: "single", size: 64, inflight: 1_024 },
  { transport: "tcp", mode: "single", size: 512, inflight: 64 },
  { transport: "tcp", mode: "single", size: 65_536, inflight: 32 },
  { transport: "tcp", mode: "single", size: 64, inflight: 1 },
  { transport: "tcp", mode: "call", size: 512, inflight: 64 },
  { transport: "unix", mode: "single", size: 512, inflight: 64 },
  { transport: "unix", mode: "single", size: 64, inflight: 1 },
  { transport: "ws", mode: "single", size: 512, inflight: 64 },
  { transport: "ws", mode: "single", size: 64, inflight: 1 },
  { transport: "memory", mode: "single", size: 512, inflight: 64 },
  { transport: "tcp", mode: "stream-out", size: 512, inflight: 1_024 },
  { transport: "tcp", mode: "stream-in", size: 512, inflight: 1_024 },
  { transport: "tcp", mode: "stream-both", size: 512, inflight: 1_024 },
];

function pureRow({ group, name, eachNs, p99Ns }: PureBench): Row {
  return {
    what: `${group}: ${name}`,
    perSecond: 1e9 / eachNs,
    middleUs: eachNs / 1000,
    p99Us: p99Ns / 1000,
    megabytesPerSecond: null,
    ofFloor: null,
  };
}

/** One at a time it is the round trip that counts, else what goes through. */
function roundTripRow(result: RpcResult): Row {
  const { transport, mode, size, inflight } = result;
  return {
    what: `${transport}, ${mode}, ${size.toLocaleString("en")} B, ${
      inflight === 1 ? "one at a time" : `${inflight.toLocaleString("en")} in flight`
    }`,
    perSecond: result.perSecond,
    middleUs: result.p50Us,
    p99Us: result.p99Us,
    megabytesPerSecond: result.bytesPerSecond / 1e6,
    ofFloor: inflight === 1
      ? `${(result.p50Us / result.floorP50Us).toFixed(2)} × its time`
      : result.bareMuxPerSecond !== undefined
      ? `${(100 * result.perSecond / result.bareMuxPerSecond).toFixed(0)} % of a bare mux`
      : `${(100 * result.bytesPerSecond / result.floorBytesPerSecond).toFixed(1)} % of its bytes`,
  };
}

if (import.meta.main) {
  readLine(
    new CommandLine(
      "deno task bench",
      "Prints one table of how fast things are, in under 2 minutes.",
      {},
    ),
  );
  const rows: Row[] = [];
  for (const each of await runPureBenches()) rows.push(pureRow(each));
  for (const each of ROUND_TRIPS) {
    rows.push(
      roundTripRow(
        await runRpc({ ...defaultRpcOptions(each.transport), ...each, seconds: SECONDS }),
      ),
    );
  }
  showTable(rows);
}
