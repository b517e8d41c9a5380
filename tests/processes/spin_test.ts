import { Manager, type ManagerOptions } from "@internode/grid";
import {
  client,
  connect,
  constantResolver,
  implement,
  listen,
  method,
  parseNetEndpoint,
  serve,
  service,
} from "@internode/grid/call";
import * as t from "@internode/grid/codec";
import { assert, assertEquals, assertRejects } from "@std/assert";
import { InternodeError } from "../../lib/errors.ts";
import { freePorts } from "../../tools/network/free_ports.ts";
import { QuietLogger } from "../support/log/quiet.ts";
import { FFI, FILES, NET, RUN } from "../support/permitted.ts";
import { Child } from "./child.ts";
import { hang, whoAreYou } from "./contracts.ts";

const ignore = !NET || !FILES || !RUN || !FFI;
/** A spin that nobody would wait for. */
const AN_HOUR_US = 3_600e6;
/** So many requests are enough for anything that is to happen in a loop of them. */
const MANY = 200_000;

/** A node of this process and one of another, which spins too. */
async function withPeer(
  spinUs: number,
  transport: "tcp" | "unix",
  body: (grid: Manager, peer: string, child: Child) => Promise<void>,
): Promise<void> {
  const folder = await Deno.makeTempDir({ prefix: "internode-" });
  try {
    const hosts = transport === "unix"
      ? ["a", "b"].map((name) => `unix://${folder}/${name}.sock`)
      : freePorts(2).map((port) => `tcp://127.0.0.1:${port}`);
    const [local, peer] = hosts as [string, string];
    await using child = await Child.start(peer, hosts, 100);
    const options: ManagerOptions = { local, hosts, spinUs, logger: new QuietLogger() };
    await using grid = new Manager(options);
    await grid.listen();
    await grid.waitForConnect();
    await body(grid, peer, child);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

for (const transport of ["tcp", "unix"] as const) {
  Deno.test({
    name: `spin: polls bring answers over ${transport}, and timers fire in a loop of requests`,
    // With one core, who polls keeps the other side from answering.
    ignore: ignore || navigator.hardwareConcurrency < 2,
  }, () =>
    withPeer(200, transport, async (grid, peer) => {
      const connection = grid.connection(peer);
      let fired = 0;
      const timer = setInterval(() => fired++, 1);
      for (let made = 0; fired < 20 || connection.stats().polledReads === 0; made++) {
        assert(made < MANY, `${fired} timers, ${connection.stats().polledReads} polls`);
        await connection.request(whoAreYou, undefined);
      }
      clearInterval(timer);
    }));
}

Deno.test(
  { name: "spin: for one call alone", ignore },
  () =>
    withPeer(0, "tcp", async (grid, peer) => {
      const connection = grid.connection(peer);
      for (let made = 0; made < 100; made++) await connection.request(whoAreYou, undefined);
      assertEquals(connection.stats().polledReads, 0);
      for (let made = 0; connection.stats().polledReads === 0; made++) {
        assert(made < MANY, "no poll has brought anything");
        await connection.request(whoAreYou, undefined, { spinUs: 200 });
      }
    }),
);

Deno.test(
  { name: "spin: a deadline and a signal end it at once", ignore },
  () =>
    withPeer(AN_HOUR_US, "tcp", async (grid, peer) => {
      const connection = grid.connection(peer);
      const error = await assertRejects(
        () => connection.request(hang, undefined, { timeoutMs: 20 }),
        InternodeError,
      );
      assertEquals(error.code, "DeadlineExceeded");
      const stop = new AbortController();
      // deno-lint-ignore internode/no-sleep -- that timers fire during a spin is what is tested
      setTimeout(() => stop.abort(new Error("enough")), 20);
      await assertRejects(
        () => connection.request(hang, undefined, { timeoutMs: 3_600_000, signal: stop.signal }),
        Error,
        "enough",
      );
      // What the peer says meanwhile is heard.
      const hanging = connection.request(hang, undefined, { timeoutMs: 200 });
      for (let made = 0; made < 10; made++) await connection.request(whoAreYou, undefined);
      await assertRejects(() => hanging, InternodeError, "time ran out");
    }),
);

Deno.test(
  { name: "spin: a process that spins sees the end of the connection", ignore },
  () =>
    withPeer(AN_HOUR_US, "unix", async (grid, peer, child) => {
      const connection = grid.connection(peer);
      await connection.request(whoAreYou, undefined);
      const hanging = connection.request(hang, undefined, { timeoutMs: 3_600_000 });
      // A timer of this process kills the child: they have their turns all the while.
      const killed = Promise.withResolvers<void>();
      // deno-lint-ignore internode/no-sleep -- that timers fire during a spin is what is tested
      setTimeout(() => killed.resolve(child.kill()), 20);
      const error = await assertRejects(() => hanging, InternodeError);
      assertEquals(error.code, "Disconnected");
      await killed.promise;
    }),
);

Deno.test({ name: "spin: clients and servers of a service", ignore }, async () => {
  const stop = new AbortController(), logger = new QuietLogger();
  const Counter = service("counter", { next: method({ request: t.uint(), response: t.uint() }) });
  const listener = await listen(
    "tcp://127.0.0.1:0",
    implement(Counter, { next: (count) => count + 1 }),
  );
  const serving = serve(listener, { signal: stop.signal, logger, spinUs: 50 }).finished;
  {
    const resolver = constantResolver(parseNetEndpoint(listener.address));
    await using connection = await connect(resolver, { logger, spinUs: 50 });
    const counter = client(Counter, connection);
    for (let made = 0; made < 1_000; made++) {
      const options = made % 2 === 0 ? {} : { spinUs: made % 3 === 0 ? 0 : 10 };
      assertEquals(await counter.next(made, options), made + 1);
    }
  }
  stop.abort();
  await serving;
});
