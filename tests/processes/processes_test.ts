import { type Connection, Manager } from "@internode/grid";
import { assert, assertEquals, assertNotEquals } from "@std/assert";
import { dials } from "../../lib/grid/dialler.ts";
import { failure } from "../conformance/case.ts";
import { until } from "../conformance/world.ts";
import { freePorts } from "../../tools/network/free_ports.ts";
import { QuietLogger } from "../support/log/quiet.ts";
import { NET, RUN } from "../support/permitted.ts";
import { Child } from "./child.ts";
import { hang, relay, ticks, TIMES, whoAreYou } from "./contracts.ts";

const ignore = !NET || !RUN || Deno.build.os === "windows";
/** How soon a caller must hear of the death of its peer, which the kernel tells. */
const PROMPT_MS = 2_000;

/** Hosts of which the first is this process and dials the others, or not. */
function pickHosts(count: number, firstDials: boolean): string[] {
  for (;;) {
    const hosts = freePorts(count).map((port) => `tcp://127.0.0.1:${port}`);
    const [first, ...others] = hosts as [string, ...string[]];
    if (others.every((host) => dials(first, host) === firstDials)) return hosts;
  }
}

/** A request and a stream that are under way with the other process. */
async function engage(connection: Connection): Promise<() => Promise<void>> {
  const request = failure(connection.request(hang, undefined), "Disconnected");
  const reader = connection.stream(ticks, undefined)[Symbol.asyncIterator]();
  for (let expected = 0; expected < 100; expected++) {
    assertEquals((await reader.next()).value, expected);
  }
  return async () => {
    const stream = failure(
      (async () => {
        for (let expected = 100;; expected++) {
          const { done, value } = await reader.next();
          if (done) return "the stream has ended well";
          assertEquals(value, expected);
        }
      })(),
      "Disconnected",
    );
    for (const { outcome } of await Promise.all([request, stream])) {
      assertEquals(outcome, "maybeExecuted");
    }
  };
}

for (const firstDials of [true, false]) {
  const who = firstDials ? "dialled" : "dialling";

  Deno.test({ name: `processes: a ${who} peer is killed, and started again`, ignore }, async () => {
    const hosts = pickHosts(2, firstDials);
    await using manager = new Manager({ local: hosts[0]!, hosts, logger: new QuietLogger() });
    await manager.listen();
    const connection = manager.connection(hosts[1]!);
    await using first = await Child.start(hosts[1]!, hosts);
    assertEquals(
      await connection.request(whoAreYou, undefined, { waitForReady: true }),
      first.pid,
    );
    const disconnected = await engage(connection);
    const startMs = performance.now();
    await first.kill();
    await disconnected();
    assert(performance.now() - startMs < PROMPT_MS, "the caller was told at once");
    await until(() => connection.state === "disconnected", "the peer is known to be down");
    assertEquals(
      (await failure(connection.request(hang, undefined), "Unreachable")).outcome,
      "notSent",
    );
    await using second = await Child.start(hosts[1]!, hosts);
    const pid = await connection.request(whoAreYou, undefined, { waitForReady: true });
    assertEquals(pid, second.pid);
    assertNotEquals(pid, first.pid);
    assertEquals(connection.stats().reconnects, 1);
    assertEquals(await second.end(), 0);
  });

  Deno.test({ name: `processes: a ${who} peer stands still, and goes on`, ignore }, async () => {
    const hosts = pickHosts(2, firstDials);
    const logger = new QuietLogger();
    await using manager = new Manager({ local: hosts[0]!, hosts, logger, ...TIMES });
    await manager.listen();
    const connection = manager.connection(hosts[1]!);
    await using peer = await Child.start(hosts[1]!, hosts);
    await connection.waitForConnect();
    const disconnected = await engage(connection);
    peer.signal("SIGSTOP");
    await disconnected();
    assert(logger.has("sent nothing") || logger.has("read nothing"), logger.lines.join("\n"));
    peer.signal("SIGCONT");
    const pid = await connection.request(whoAreYou, undefined, { waitForReady: true });
    assertEquals(pid, peer.pid);
    assertEquals(await peer.end(), 0);
  });
}

Deno.test(
  { name: "processes: of three, two go on while the third is killed", ignore },
  async () => {
    const hosts = pickHosts(3, true);
    const [, second, third] = hosts as [string, string, string];
    await using manager = new Manager({ local: hosts[0]!, hosts, logger: new QuietLogger() });
    await manager.listen();
    await using middle = await Child.start(second, hosts);
    await using first = await Child.start(third, hosts);
    await manager.waitForConnect();
    const asked = (host: string) => manager.connection(second).request(relay, host);
    assertEquals(await asked(third), first.pid);
    const disconnected = await engage(manager.connection(third));
    await first.kill();
    await disconnected();
    assertEquals(await asked(hosts[0]!).catch((error) => error.code), "HandlerFailed");
    assertEquals(await manager.connection(second).request(whoAreYou, undefined), middle.pid);
    await using again = await Child.start(third, hosts);
    assertEquals(await asked(third), again.pid);
    assertEquals(await Promise.all([again.end(), middle.end()]), [0, 0]);
  },
);
