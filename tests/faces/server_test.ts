/** The same of a server on each face: a node that listens, `serve`, `serveOn`. */

import { InternodeError, Manager, type Server, single } from "@internode/grid";
import {
  connect,
  constantResolver,
  type Endpoint,
  HandlerMap,
  listen,
  makeMethodKey,
  memory,
  serve,
  serveOn,
} from "@internode/grid/call";
import { assertEquals, assertRejects } from "@std/assert";
import { memoryPair } from "../../lib/transport/memory/memory_channel.ts";
import { QuietLogger } from "../support/log/quiet.ts";

const echo = single("echo", {});
const stuck = single("stuck", {});
const logger = new QuietLogger();

/** One server with one peer or client that calls it. */
interface Ground {
  readonly server: Server;
  readonly caller: string;
  readonly call: (name: "echo" | "stuck") => Promise<unknown>;
  readonly leave: () => Promise<void>;
}

/** Starts a handler that ends when the server closes, and tells when it runs. */
function handlers(): {
  began: Promise<void>;
  echo: (bytes: Uint8Array) => Uint8Array;
  stuck: () => Promise<never>;
} {
  const { promise: began, resolve } = Promise.withResolvers<void>();
  const never = (): Promise<never> => {
    resolve();
    return new Promise(() => {});
  };
  return { began, echo: (bytes) => bytes, stuck: never };
}
type Made = Ground & { readonly began: Promise<void> };

async function gridGround(): Promise<Made> {
  const hosts = ["memory://face-1", "memory://face-2"];
  const [one, two] = hosts.map((local) => new Manager({ local, hosts, logger })) as [
    Manager,
    Manager,
  ];
  const { began, ...run } = handlers();
  two.handle(echo, run.echo);
  two.handle(stuck, run.stuck);
  const [, server] = await Promise.all([one.listen(), two.listen()]);
  await Promise.all([one.waitForConnect(), two.waitForConnect()]);
  const contracts = { echo, stuck };
  return {
    server,
    began,
    caller: one.local,
    call: (name) => one.connection(two.local).request(contracts[name], new Uint8Array(3)),
    leave: () => one.close(),
  };
}

async function callGround(endpoint: Endpoint, server: Server, began: Promise<void>): Promise<Made> {
  const client = await connect(constantResolver(endpoint), {
    name: "a client",
    logger,
    retry: false,
  });
  return {
    server,
    began,
    caller: "a client",
    call: (name) => client.call(makeMethodKey("a", name), new Uint8Array(3)),
    leave: () => client.close(),
  };
}

function handlerMap(): { began: Promise<void>; map: HandlerMap } {
  const { began, ...run } = handlers();
  return { began, map: new HandlerMap().set("a", "echo", run.echo).set("a", "stuck", run.stuck) };
}

async function serveGround(): Promise<Made> {
  const { began, map } = handlerMap();
  const server = serve(await listen("memory://face-served", map), { logger });
  return await callGround(memory("face-served"), server, began);
}

async function serveOnGround(): Promise<Made> {
  const { began, map } = handlerMap();
  const [near, far] = memoryPair("here", "there");
  const server = serveOn(far, map, { logger });
  const endpoint = { address: "test:on", dial: () => Promise.resolve(near) } as unknown as Endpoint;
  return await callGround(endpoint, server, began);
}

for (
  const [name, make] of [
    ["a node that listens", gridGround],
    ["serve", serveGround],
    ["serveOn", serveOnGround],
  ] as const
) {
  Deno.test(`${name}: the server shows its connections and their counters, and closes once`, async () => {
    const ground = await make();
    const { server } = ground;
    await ground.call("echo");
    assertEquals(server.connections.map(({ host, state }) => [host, state]), [
      [ground.caller, "connected"],
    ]);
    const stats = server.stats(), [own] = server.connections.map((each) => each.stats());
    assertEquals([stats.connections, stats.runningCalls, stats.answeredCalls.OK], [1, 0, 1]);
    assertEquals([own!.state, own!.reconnects, own!.answeredCalls.OK], ["connected", 0, 1]);
    assertEquals(stats.bytesReceived, own!.bytesReceived);
    await assertRejects(() => server.close({ graceMs: -1 }), InternodeError, "graceMs");
    await ground.call("echo");
    await Promise.all([server.close(), server.close(), server.finished]);
    assertEquals(own!.answeredCalls.OK, 1, "a snapshot");
    const after = server.stats();
    assertEquals([after.connections, after.answeredCalls.OK], [0, 2]);
    await ground.leave();
  });

  Deno.test(`${name}: close takes a grace time, and await using closes`, async () => {
    const ground = await make();
    const call = ground.call("stuck").then(() => "answered", (error) => error.code);
    await ground.began;
    assertEquals(ground.server.stats().runningCalls, 1);
    {
      await using server = ground.server;
      await server.close({ graceMs: 0 });
    }
    await ground.server.finished;
    assertEquals(await call, "Disconnected");
    await ground.leave();
  });
}
