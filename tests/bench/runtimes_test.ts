/** Runtimes beside each other: rows are medians of ratios, and both processes answer on what was asked for. @module */

import { assertEquals, assertGreater } from "@std/assert";
import type { PairMeasured } from "../../bench/rpc/peer.ts";
import { defaultRpcOptions } from "../../bench/rpc/options.ts";
import { launcherFor, RpcPair } from "../../bench/rpc/peer.ts";
import { runtimesRow } from "../../bench/rpc/runtimes.ts";
import { FILES, NET, RUN } from "../support/permitted.ts";

function round(perSecond: number, p50Us: number, cpuUs: number): PairMeasured {
  return { count: 1, perSecond, p50Us, p99Us: 0, clientCpuUs: cpuUs, serverCpuUs: 2 * cpuUs };
}

Deno.test("a row compares with the first pair round by round, and takes the middle", () => {
  const first = [round(100, 10, 1), round(10, 100, 2), round(100, 10, 1)];
  const own = [round(50, 20, 2), round(8, 100, 1), round(90, 30, 3)];
  const what = { runtimes: "node", transport: "tcp", size: 64, inflight: 2 };
  assertEquals(runtimesRow(what, own, first), {
    ...what,
    perSecond: 50,
    perSecondRatio: 0.8,
    p50Us: 30,
    p50Ratio: 2,
    clientCpuUs: 2,
    serverCpuUs: 4,
    cpuRatio: 2,
  });
});

Deno.test({
  name: "two processes of a bench measure calls, the floor and their processor time",
  ignore: !NET || !FILES || !RUN,
  async fn() {
    const options = { ...defaultRpcOptions("tls"), inflight: 2 };
    await using launcher = await launcherFor([options]);
    await using pair = await RpcPair.start(options, launcher);
    const measured = await pair.measure(options, 0.02);
    for (const figure of [measured.count, measured.perSecond, measured.clientCpuUs]) {
      assertGreater(figure, 0);
    }
    assertGreater((await pair.floor({ seconds: 0.02 })).bytesPerSecond, 0);
    assertGreater((await pair.roundTrips(64, 0.02)).count, 0);
  },
});
