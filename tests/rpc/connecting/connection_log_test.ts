/** What both faces log of the connection to one peer. @module */

import { assertEquals } from "@std/assert";
import { type ErrorCode, InternodeError } from "@internode/grid";
import { ConnectionLog } from "../../../lib/rpc/connecting/connection_log.ts";
import { VirtualClock } from "../../../lib/testing/time/virtual_clock.ts";
import { QuietLogger } from "../../support/log/quiet.ts";
import { withPair } from "../../support/simulation/simulated_grid.ts";
import { SimulatedService } from "../../support/simulation/simulated_service.ts";
import { HandlerMap } from "@internode/grid/call";

const LINK = { remote: "tcp://10.0.0.2:9000" };

function errorOf(code: ErrorCode, message: string): InternodeError {
  return new InternodeError(code, message, { origin: "network" });
}

/** The lines of a log: event, level and text. */
function linesOf(lines: QuietLogger["shown"]): string[] {
  return lines.map(({ level, message, fields }) => `${fields["event"]} ${level}: ${message}`);
}

/** Lets something happen each second, and gives the lines that are shown. */
function each(seconds: number, happens: (log: ConnectionLog) => void): string[] {
  const lines = new QuietLogger(), clock = new VirtualClock();
  const log = new ConnectionLog("tcp://b:9000", { logger: lines, clock }, 4_000);
  for (let passed = 0; passed < seconds; passed++) {
    happens(log);
    clock.block(1_000);
  }
  log.onConnected(LINK, "5f");
  log.onRenewed(LINK, "5f");
  return linesOf(lines.shown);
}

Deno.test("what repeats is a sum at the end of its line, and what goes on for a minute is a warning", () => {
  const again = " This happened 60 times since it was last logged.";
  assertEquals(each(0, () => {}), ["peer_up info: Connected to tcp://b:9000."]);
  assertEquals(
    each(61, (log) => log.onUnreached(errorOf("Unreachable", "Nothing listens there"))),
    [
      "peer_down info: tcp://b:9000 cannot be reached: Nothing listens there.",
      `peer_down warn: tcp://b:9000 cannot be reached, for 60 s: Nothing listens there.${again}`,
      "peer_up info: Connected to tcp://b:9000, after 61 failed attempts in 61 s.",
    ],
  );
  assertEquals(each(61, (log) => log.onLost(LINK, errorOf("Disconnected", "It was reset."))), [
    "connection_lost warn: Lost the connection to tcp://b:9000: It was reset.",
    `connection_lost warn: Lost the connection to tcp://b:9000: It was reset.${again}`,
    "peer_up info: Connected to tcp://b:9000, after 61 failed attempts in 61 s.",
  ]);
  const what = "renewal_failed", could = "Could not renew the connection to tcp://b:9000";
  const then = "The old connection stays in use, and the renewal is tried again.";
  assertEquals(each(61, (log) => log.onRenewalFailed(errorOf("Unreachable", "It is slow."))), [
    `${what} warn: ${could}: It is slow. ${then}`,
    `${what} warn: ${could}, for 60 s: It is slow. ${then}${again}`,
    "peer_up info: Connected to tcp://b:9000.",
    "connection_renewed info: Renewed the connection to tcp://b:9000, " +
    "after 61 failed attempts in 61 s.",
  ]);
});

Deno.test("what does not pass by itself is a warning from the start", () => {
  for (const code of ["Unauthenticated", "PermissionDenied"] as const) {
    assertEquals(
      each(9, (log) => log.onUnreached(errorOf(code, "It is unknown.")))[0],
      [
        "connection_refused warn: The connection to tcp://b:9000 was refused: It is unknown.",
      ][0],
    );
  }
  for (const code of ["InvalidArgument", "ProtocolError"] as const) {
    assertEquals(
      each(9, (log) => log.onUnreached(errorOf(code, "It is odd.")))[0],
      [
        "peer_down warn: tcp://b:9000 cannot be reached: It is odd.",
      ][0],
    );
  }
});

Deno.test("both faces log the same of a peer that closes, of one that crashes, and of its return", async () => {
  const grid = new QuietLogger(), service = new QuietLogger();
  const handlers = new HandlerMap();
  await withPair({ options: ({ index }) => index === 0 ? { logger: grid } : {} }, async (pair) => {
    await pair.clock.advance(10_000);
    pair.crash(1);
    await pair.clock.advance(10_000);
    await pair.restart(1);
    await pair.clock.advance(10_000);
    await pair.node(1).close();
    await pair.clock.advance(10_000);
  });
  const sim = new SimulatedService();
  await sim.run(async () => {
    await sim.connectTo(1, () => handlers, { logger: service });
    await sim.clock.advance(10_000);
    sim.crash(0);
    await sim.clock.advance(10_000);
    await sim.start(0, handlers);
    await sim.clock.advance(10_000);
    await sim.stop(0);
    await sim.clock.advance(10_000);
  });
  const events = (log: QuietLogger): string[] =>
    log.shown.map(({ level, fields: { event } }) => `${level} ${event}`);
  assertEquals(events(grid), [
    "info peer_up",
    "warn connection_lost",
    "info peer_down",
    "info peer_up",
    "info peer_down",
  ]);
  assertEquals(events(service), events(grid));
});
