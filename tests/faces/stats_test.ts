/** The same statistics and traces on each face. */

import { type CallTrace, type ConnectionStats, Manager, single } from "@internode/grid";
import {
  connect,
  constantResolver,
  HandlerMap,
  listen,
  makeMethodKey,
  memory,
  serve,
} from "@internode/grid/call";
import { assert, assertEquals } from "@std/assert";
import { QuietLogger } from "../support/log/quiet.ts";

const logger = new QuietLogger();
const echo = single("echo");

/** What a call of 100 bytes, and one that fails, leave behind on both sides. */
interface Left {
  readonly caller: ConnectionStats;
  readonly served: ConnectionStats;
  readonly traces: readonly CallTrace[];
}

async function onGrid(): Promise<Left> {
  const hosts = ["memory://stats-1", "memory://stats-2"] as const;
  await using near = new Manager({ local: hosts[0], hosts, logger });
  await using far = new Manager({ local: hosts[1], hosts, logger });
  far.handle(echo, (bytes) => bytes);
  await Promise.all([near.listen(), far.listen()]);
  await Promise.all([near.waitForConnect(), far.waitForConnect()]);
  const traces: CallTrace[] = [];
  near.trace((trace) => void traces.push(trace));
  const to = near.connection(hosts[1]);
  await to.request(echo, new Uint8Array(100));
  await to.request(single("none"), new Uint8Array(0)).catch(() => {});
  return { caller: to.stats(), served: far.connections()[0]!.stats(), traces };
}

async function onServices(): Promise<Left> {
  const handlers = new HandlerMap().add(makeMethodKey("a", "echo"), echo, (bytes) => bytes);
  await using server = serve(await listen("memory://stats-3", handlers), { logger });
  await using to = await connect(constantResolver(memory("stats-3")), { logger });
  const traces: CallTrace[] = [];
  to.trace((trace) => void traces.push(trace));
  await to.call(makeMethodKey("a", "echo"), new Uint8Array(100));
  await to.call(makeMethodKey("a", "none"), new Uint8Array(0)).catch(() => {});
  const [replica] = to.replicas, [client] = server.connections;
  return { caller: replica!.stats(), served: client!.stats(), traces };
}

Deno.test("connections have the same statistics on each face and each side", async () => {
  const grid = await onGrid(), services = await onServices();
  const all = [grid.caller, grid.served, services.caller, services.served];
  const names = Object.keys(grid.caller).sort();
  for (const stats of all) {
    assertEquals(Object.keys(stats).sort(), names);
    assertEquals([stats.state, stats.reconnects, stats.renewals], ["connected", 0, 0]);
    assert(stats.bytesSent > 100 && stats.bytesReceived > 100 && stats.batchesSent > 0);
    assertEquals([stats.callsOut, stats.callsIn, stats.streamsOpen, stats.queuedBytes], [
      0,
      0,
      0,
      0,
    ]);
  }
  for (const { caller, served } of [grid, services]) {
    assertEquals([caller.messagesSent, served.messagesReceived], [2, 2]);
    assertEquals([served.answeredCalls.OK, served.answeredCalls.UnknownHandler], [1, 1]);
    assertEquals([caller.answeredCalls.OK, served.refusedCalls], [0, 0]);
  }
});

Deno.test("calls leave the same traces on each face", async () => {
  for (const { traces } of [await onGrid(), await onServices()]) {
    assertEquals(
      traces.map((
        { direction, kind, subroute, attempt, error },
      ) => [direction, kind, subroute, attempt, error]),
      [
        ["outgoing", "single", "", 1, null],
        ["outgoing", "single", "", 1, "UnknownHandler"],
      ],
    );
    assert(traces.every(({ host, durationMs }) => host.startsWith("memory://") && durationMs >= 0));
  }
});
