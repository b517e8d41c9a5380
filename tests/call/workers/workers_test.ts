import { InternodeError, sharedSecret } from "@internode/grid";
import { AdminClient } from "@internode/grid/admin";
import {
  serveWorker,
  serveWorkers,
  type ServeWorkersOptions,
  type WorkerServer,
} from "@internode/grid/workers";
import {
  client,
  type ClientOptions,
  connect,
  constantResolver,
  HandlerMap,
  listen,
  makeMethodKey,
  parseNetEndpoint,
  type ServiceConnection,
} from "@internode/grid/call";
import { assert, assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { parseHostAddress } from "../../../lib/runtime/host_address.ts";
import { sharingProblem } from "../../../lib/transport/tcp/shared_port.ts";
import { until } from "../../conformance/world.ts";
import { QuietLogger } from "../../support/log/quiet.ts";
import { FILES, NET, RUNTIME } from "../../support/permitted.ts";
import { Whoami } from "./contract.ts";
import type { WorkerData } from "./worker.ts";

const LOCAL = "tcp://127.0.0.1:0";
const SHARING = sharingProblem(parseHostAddress(LOCAL)) === null;
/** The workers' module is a file, and so are their sockets. */
const ignore = !NET || !FILES || !SHARING;
/** Elsewhere a thread that is busy is ended at once, and has neither files by Deno's names nor the scope of a web worker. */
const OF_DENO = { ignore: ignore || RUNTIME !== "deno" };
const UNIX = { ignore: !NET || !FILES || Deno.build.os === "windows" };
/** Connections of a client: so many that each of a few workers has some, unless chance is very odd. */
const MANY = 24;

type Options = Partial<ServeWorkersOptions<WorkerData>>;

function start(options: Options = {}): Promise<WorkerServer> {
  return serveWorkers<WorkerData>(new URL("./worker.ts", import.meta.url), {
    workers: 2,
    address: LOCAL,
    data: { greeting: "hello" },
    graceMs: 1_000,
    ...options,
  });
}

/** A client with all its connections open. */
async function connected(
  { addresses }: WorkerServer,
  options: ClientOptions = {},
): Promise<ServiceConnection> {
  const endpoints = addresses.map((address) => parseNetEndpoint(address));
  const connection = await connect(constantResolver(...endpoints), {
    connections: MANY,
    logger: new QuietLogger(),
    reconnect: { initialMs: 1, maxMs: 20 },
    ...options,
  });
  await untilIdle(connection);
  return connection;
}

function untilIdle(connection: ServiceConnection): Promise<void> {
  return until(
    () => connection.replicas.every(({ state }) => state === "connected"),
    "all connected",
  );
}

/** Which workers answer. */
async function answering(connection: ServiceConnection): Promise<number[]> {
  const whoami = client(Whoami, connection);
  const numbers = new Set<number>();
  for (let call = 0; call < connection.replicas.length; call++) {
    numbers.add(await whoami.number(undefined));
  }
  return [...numbers].sort();
}

async function untilServing(server: WorkerServer): Promise<void> {
  while (!(await server.stats()).every(({ state }) => state === "serving"));
}

async function untilRunning(server: WorkerServer, calls: number): Promise<void> {
  let running = 0;
  while (running < calls) {
    running = (await server.stats()).reduce((sum, { runningCalls }) => sum + runningCalls, 0);
  }
}

for (const scheme of ["tcp", "ws"]) {
  Deno.test(`${scheme}: workers share a port, and the connections`, { ignore }, async () => {
    await using server = await start({ workers: 3, address: `${scheme}://127.0.0.1:0` });
    assertEquals(server.addresses.length, 1);
    assert(!server.addresses[0]!.includes(":0/"), server.addresses[0]);
    await using connection = await connected(server);
    assertEquals(await answering(connection), [1, 2, 3]);
    assertEquals(await client(Whoami, connection).greeting(undefined), "hello");
    const stats = await server.stats();
    assertEquals(stats.reduce((sum, { connections }) => sum + connections, 0), MANY);
    assertEquals(stats.map(({ number, state }) => `${number} ${state}`), [
      "1 serving",
      "2 serving",
      "3 serving",
    ]);
  });
}

Deno.test("each worker has a Unix socket of its own, and is a replica", UNIX, async () => {
  const folder = await Deno.makeTempDir({ prefix: "internode-" });
  try {
    const address = (worker: number): string => `unix://${folder}/${worker}.sock`;
    await using server = await start({ address });
    assertEquals(server.addresses, [address(1), address(2)]);
    await using connection = await connected(server, { connections: 1 });
    assertEquals(await answering(connection), [1, 2]);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("secrets come as data, and hold", { ignore }, async () => {
  const secret = "a secret of more than 16 bytes";
  await using server = await start({ data: { greeting: "hello", secret } });
  {
    await using connection = await connected(server, { auth: sharedSecret(secret) });
    assertEquals(await answering(connection), [1, 2]);
  }
  await using stranger = await connect(
    constantResolver(parseNetEndpoint(server.addresses[0]!)),
    { auth: sharedSecret("another one that is as long"), logger: new QuietLogger() },
  );
  const asking = client(Whoami, stranger).number(undefined, { timeoutMs: 300 });
  await assertRejects(() => asking, InternodeError, "no replica could take the call");
});

Deno.test("settings reach the workers", { ignore }, async () => {
  await using server = await start({ limits: { maxMessageBytes: 2_048 } });
  await using connection = await connected(server, { connections: 1 });
  const calling = connection.call(
    makeMethodKey("a", "b"),
    new Uint8Array(3_000),
  );
  const error = await assertRejects(() => calling, InternodeError);
  assertEquals(error.code, "MessageTooLarge");
});

Deno.test("a worker that dies is replaced, and the others go on", { ignore }, async () => {
  const logger = new QuietLogger();
  await using server = await start({ logger, restart: { initialMs: 1, maxMs: 10 } });
  await using connection = await connected(server);
  const before = await server.stats();
  await client(Whoami, connection).die(undefined).catch(() => {});
  await until(() => logger.has("has failed: Uncaught Error: the test wants it so"), "it is told");
  await untilServing(server);
  const restarts = (await server.stats()).map(({ restarts }) => restarts).sort();
  assertEquals(restarts, [0, 1]);
  const other = before.find(({ number }) => !logger.has(`(worker ${number}) has failed`))!;
  await untilIdle(connection);
  assert((await answering(connection)).includes(other.number));
  // Who comes now finds both.
  await using newcomer = await connected(server);
  assertEquals(await answering(newcomer), [1, 2]);
});

Deno.test("a worker without a sign of life is ended and replaced", OF_DENO, async () => {
  const logger = new QuietLogger();
  await using server = await start({ logger, hangTimeoutMs: 300, restart: { initialMs: 1 } });
  await using connection = await connected(server);
  await client(Whoami, connection).block(1_500);
  assert(logger.has("it did not respond for 300 ms"), logger.lines.join());
  await untilServing(server);
  await untilIdle(connection);
  assertEquals((await server.stats()).map(({ restarts }) => restarts).sort(), [0, 1]);
});

Deno.test("calls under way finish when the server is closed", OF_DENO, async () => {
  const log = await Deno.makeTempFile({ prefix: "internode-" });
  try {
    const stop = new AbortController();
    const server = await start({ data: { greeting: "", log }, signal: stop.signal });
    await using connection = await connected(server);
    const whoami = client(Whoami, connection);
    const calls = Array.from({ length: MANY }, () => whoami.wait(200));
    await untilRunning(server, MANY);
    stop.abort();
    // Each handler saw its worker's signal abort while it ran.
    assertEquals(new Set(await Promise.all(calls)), new Set([1]));
    await server.finished;
    assertEquals((await server.stats()).map(({ state }) => state), ["stopped", "stopped"]);
    assertEquals((await Deno.readTextFile(log)).split("\n").sort(), ["", "1", "2"]);
    await server.close();
  } finally {
    await Deno.remove(log);
  }
});

Deno.test("handlers that do not end get no more than graceMs", { ignore }, async () => {
  const server = await start({ graceMs: 50 });
  await using connection = await connected(server);
  const waiting = client(Whoami, connection).wait(60_000, { retry: false });
  const failing = assertRejects(() => waiting, InternodeError, "is stopping");
  await untilRunning(server, 1);
  await server.close();
  const error = await failing;
  assertEquals([error.code, error.outcome], ["Disconnected", "maybeExecuted"]);
});

for (
  const [name, why] of [
    ["broken", "this module is broken"],
    ["nowhere", "did not start"],
  ] as const
) {
  Deno.test(`a module that is ${name} fails the start with its reason`, { ignore }, async () => {
    // No TypeScript, whose types every worker would check anew.
    const module = new URL(`${name}.js`, import.meta.url);
    const error = await assertRejects(
      () => serveWorkers(module, { workers: 2, address: LOCAL }),
      InternodeError,
      why,
    );
    assertStringIncludes(error.message, "(worker 1) did not start: ");
    assertStringIncludes(error.message, `Its module is ${module.href}.`);
    assertEquals(error.code, "InvalidArgument");
  });
}

for (
  const [fault, why] of [
    ["missing", "the database cannot be reached"],
    ["twice", "serveWorker was called already"],
  ] as const
) {
  Deno.test(`what goes wrong in a worker fails the start: ${fault}`, { ignore }, async () => {
    await assertRejects(() => start({ data: { greeting: "", fault } }), InternodeError, why);
  });
}

Deno.test(
  "an address that is in use, or open without authentication, fails the start",
  { ignore },
  async () => {
    const taken = await listen(LOCAL, new HandlerMap());
    const { address } = taken;
    const error = await assertRejects(() => start({ address }), InternodeError, address);
    assertEquals(error.code, "Unreachable");
    await taken.close();
    await assertRejects(
      () => start({ address: "tcp://0.0.0.0:0" }),
      InternodeError,
      "Give option auth",
    );
  },
);

Deno.test("an aborted signal starts nothing", { ignore }, async () => {
  const reason = new Error("enough");
  const aborted = AbortSignal.abort(reason);
  assertEquals(await start({ signal: aborted }).catch((error) => error), reason);
  const stop = new AbortController();
  const starting = start({ signal: stop.signal }).catch((error) => error);
  stop.abort(reason);
  assertEquals(await starting, reason);
});

Deno.test("options that make no sense are refused, and name themselves", async () => {
  const refusals: [Record<string, unknown>, string][] = [
    [{ workers: 0 }, "Option workers must be a whole number from 1 to 1024, not 0"],
    [{ workers: 1.5 }, "Option workers"],
    [{ graceMs: -1 }, "Option graceMs"],
    [{ name: "" }, "Option name"],
    [{ hangTimeoutMs: 0 }, "Option hangTimeoutMs"],
    [{ restart: { factor: 0 } }, "Option restart.factor"],
    [{ limits: { maxCalls: 0 } }, "maxCalls"],
    [{ data: { greeting: () => "hello" } }, "can be sent to a worker"],
    [{ auth: sharedSecret("a secret of more than 16 bytes") }, "Option auth cannot be sent"],
    [{ audit: () => {} }, "Option audit cannot be sent"],
    [{ authorize: () => null }, "can be sent to a worker"],
    [{ address: "unix:///run/cache.sock" }, "unix has no ports"],
    [{ address: "memory://cache" }, "memory has no ports"],
  ];
  for (const [options, message] of refusals) {
    const error = await assertRejects(
      () => start(options),
      InternodeError,
      message,
    );
    assertEquals(error.code, "InvalidArgument");
  }
});

Deno.test("a module must be a whole URL", async () => {
  await assertRejects(
    () => serveWorkers("./worker.ts", { workers: 1, address: LOCAL }),
    InternodeError,
    '"./worker.ts" is not the URL of a module',
  );
});

Deno.test("serveWorker serves in workers only", async () => {
  await assertRejects(
    () => serveWorker({ handlers: new HandlerMap() }),
    InternodeError,
    "call it in the module that you give serveWorkers",
  );
});

Deno.test(
  "a worker has its server once it serves, and fails with what onStarted throws",
  UNIX,
  async () => {
    const folder = await Deno.makeTempDir({ prefix: "internode-" });
    const address = (worker: number): string => `unix://${folder}/${worker}.sock`;
    {
      await using _server = await start({ address });
      for (const worker of [1, 2]) {
        await using tool = await AdminClient.connect(address(worker), { name: "ops" });
        assertStringIncludes((await tool.status()).name, `${worker}`);
      }
      await using other = await AdminClient.connect(address(1), { logger: new QuietLogger() });
      await assertRejects(() => other.status(), InternodeError, "may not call this handler");
    }
    const data: WorkerData = { greeting: "hello", fault: "starting" };
    await assertRejects(() => start({ address, data }), InternodeError, "The key is lost.");
    await Deno.remove(folder, { recursive: true });
  },
);

Deno.test(
  "an error of a worker's onStopped is logged, and never hides why a worker does not serve",
  {
    ignore: !NET || !FILES,
  },
  async () => {
    const data: WorkerData = { greeting: "hello", fault: "cleaning" };
    const logger = new QuietLogger();
    const server = await start({ workers: 1, data, logger });
    await server.close();
    assert(
      logger.has("failed while it stopped: onStopped of the worker has failed: The broom is lost."),
      logger.lines.join(),
    );
    assert(!logger.has(".."), logger.lines.join());
    const error = await assertRejects(
      () => start({ workers: 1, data, address: "tcp://192.0.2.1:0" }),
      InternodeError,
    );
    assertStringIncludes(error.message, "Could not listen on tcp://192.0.2.1:0");
  },
);

Deno.test(
  "a worker whose module sends messages of its own serves all the same",
  OF_DENO,
  async () => {
    await using server = await start({ data: { greeting: "hello", fault: "chatty" } });
    const connection = await connected(server);
    assertEquals(await client(Whoami, connection).greeting(undefined), "hello");
    await connection.close();
  },
);
