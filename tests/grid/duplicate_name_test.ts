import { Manager } from "@internode/grid";
import { SeededRandom, SimulatedNetwork, VirtualClock } from "@internode/grid/testing";
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { dials } from "../../lib/grid/dialler.ts";
import { QuietLogger } from "../support/log/quiet.ts";
import { pause } from "../support/pause.ts";

/** A name, and one that is dialled by it. */
function names(): [name: string, acceptor: string] {
  const name = "memory://twin";
  for (let number = 1;; number++) {
    const acceptor = `memory://node-${number}`;
    if (dials(name, acceptor)) return [name, acceptor];
  }
}

for (const channels of ["bytes", "messages"] as const) {
  Deno.test(`two processes of one name take the connection from each other ever more slowly, and the acceptor names both, over ${channels}`, async () => {
    const clock = new VirtualClock(), random = new SeededRandom(7);
    const network = new SimulatedNetwork({ clock, random, channels });
    const [name, acceptor] = names(), hosts = [name, acceptor];
    const logger = new QuietLogger();
    const make = (local: string, at: string, told = new QuietLogger()): Manager => {
      const view = clock.view();
      const transports = { memory: network.transport(at, view) };
      return new Manager({ local, hosts, clock: view, random, transports, logger: told });
    };
    await clock.complete((async () => {
      const server = make(acceptor, acceptor, logger);
      await server.listen();
      const twins = [1, 2].map((number) => make(name, `memory://twin-${number}`));
      for (const twin of twins) twin.connect();
      await pause(clock, 30_000);
      const counts = () => twins.map((twin) => twin.connections()[0]!.stats().reconnects);
      const before = counts();
      assert(before.every((count) => count > 3 && count < 40), String(before));
      await pause(clock, 60_000);
      counts().forEach((count, at) =>
        assert(count - before[at]! < 60, `${count} after ${before[at]}`)
      );
      const told = logger.lines.filter((line) => line.includes("use the same name"));
      assertEquals(told.length, 2, logger.lines.join("\n"));
      for (const line of told) {
        assertStringIncludes(line, `same name, ${name},`);
        assertStringIncludes(line, "Give each process a name of its own");
        assertEquals(new Set(line.match(/[0-9a-f]{32}/g)).size, 2, line);
        assertEquals(line.match(/ at memory:\/\/\S+/g)?.length, 2, line);
      }
      assert(/ This happened \d+ times since it was last logged\.$/.test(told[1]!), told[1]);
      // The one that is left has the connection for good, and soon.
      await twins[0]!.close({ graceMs: 0 });
      await twins[1]!.waitForConnect({ timeoutMs: 3_000 });
      await pause(clock, 10_000);
      assertEquals(twins[1]!.connections()[0]!.state, "connected");
      await Promise.all([twins[1]!.close({ graceMs: 0 }), server.close({ graceMs: 0 })]);
    })());
    await clock.advance(60_000);
    assertEquals(clock.pendingEvents, 0);
  });
}

Deno.test("a process that is started again and again is no twin of itself", async () => {
  const clock = new VirtualClock(), random = new SeededRandom(7);
  const network = new SimulatedNetwork({ clock, random });
  const [name, acceptor] = names(), hosts = [name, acceptor];
  const logger = new QuietLogger();
  await clock.complete((async () => {
    const make = (local: string, told: QuietLogger): Manager => {
      const view = clock.view();
      const transports = { memory: network.transport(local, view) };
      return new Manager({ local, hosts, clock: view, random, transports, logger: told });
    };
    const server = make(acceptor, logger);
    await server.listen();
    for (let start = 0; start < 5; start++) {
      const process = make(name, new QuietLogger());
      process.connect();
      await process.waitForConnect();
      // The other side does not hear that it is gone before the next one comes.
      network.crash(name, "silent");
    }
    assertEquals(logger.lines.filter((line) => line.includes("same name")), []);
    await server.close({ graceMs: 0 });
  })());
});
