/**
 * The same calls and the same judge as in simulated histories, over real
 * sockets that are cut in the middle of what they carry.
 */

import { Manager, type Transport, type Transports } from "@internode/grid";
import { connect, constantResolver, listen, NetEndpoint, serve } from "@internode/grid/call";
import { runSeeded, type SeededRandom } from "@internode/grid/testing";
import { type HostAddress, parseHostAddress } from "../../lib/runtime/host_address.ts";
import { systemClock } from "../../lib/runtime/system_clock.ts";
import { systemTransports } from "../../lib/transport/transports.ts";
import { until } from "../conformance/world.ts";
import { freePorts } from "../../tools/network/free_ports.ts";
import { QuietLogger } from "../support/log/quiet.ts";
import { beside } from "../support/beside.ts";
import { FILES, NET } from "../support/permitted.ts";
import { drawPlan, Player, type Way } from "./calling.ts";
import { CuttingProxy } from "./cutting_proxy.ts";
import { gridWay, serveGrid } from "./grid_history.ts";
import { LIMITS } from "./history.ts";
import { Ledger } from "./ledger.ts";
import { handlersOf, serviceWay } from "./service_history.ts";
import { Servant } from "./serving.ts";

/** How often connections are cut. */
const CUTS = 200;
/** How many callers there are on each side; each makes one call after the other. */
const CALLERS = 10;
/** Between two tries to connect. */
const RECONNECT = { initialMs: 1, factor: 1, maxMs: 2, jitter: 0 };

/** What runs while connections are cut. */
class Load {
  readonly ledger: Ledger = new Ledger();
  readonly player: Player = new Player(this.ledger, systemClock);
  readonly servant: Servant = new Servant(this.ledger, systemClock);
  readonly #random: SeededRandom;
  #calls = 0;

  constructor(random: SeededRandom) {
    this.#random = random;
  }

  /** Calls over and over until connections were cut often enough, then looks at what that has left. */
  async run(
    proxy: CuttingProxy,
    ways: readonly { way: Way; ready: () => Promise<unknown> }[],
  ): Promise<void> {
    const callers = ways.flatMap((each) => Array.from({ length: CALLERS }, () => each));
    await Promise.all(callers.map(async ({ way, ready }) => {
      while (proxy.cuts < CUTS) {
        await ready();
        await this.player.play(way, drawPlan(this.#random, this.#calls++));
      }
    }));
    proxy.cutting = false;
    await until(() => this.ledger.busy === 0, "all callers and handlers end");
    for (const { way, ready } of ways) await this.player.probe(way, ready);
    this.ledger.judge();
  }
}

let folder: string | undefined;
let made = 0;

/** Where somebody can listen. */
function freeHost(scheme: string): HostAddress {
  if (scheme === "unix") return parseHostAddress(`unix://${folder}/${++made}.sock`);
  return parseHostAddress(`${scheme}://127.0.0.1:${freePorts(1)[0]}`);
}

/** Two nodes of a grid, the proxy between them whoever dials. */
async function cutGrid(scheme: string, random: SeededRandom): Promise<void> {
  const hosts = [freeHost(scheme), freeHost(scheme)] as const;
  const names = hosts.map(({ href }) => href).sort();
  const load = new Load(random);
  const proxies = hosts.map((host) => new CuttingProxy(host, freeHost(scheme), random));
  const nodes = hosts.map(({ href }) => {
    const manager = new Manager({
      local: href,
      hosts: names,
      transports: through(new Map(hosts.map((host, index) => [host.href, proxies[index]!]))),
      limits: LIMITS,
      reconnect: RECONNECT,
      logger: new QuietLogger(),
    });
    serveGrid(manager, load.servant);
    return manager;
  });
  try {
    await Promise.all(nodes.map((node) => node.listen()));
    await Promise.all(nodes.map((node) => node.waitForConnect()));
    const used = proxies.find(({ isUsed }) => isUsed)!;
    const ready = (node: Manager) => () => node.waitForConnect({ timeoutMs: 5_000 });
    await load.run(used, [
      { way: gridWay(() => nodes[0]!, hosts[1].href), ready: ready(nodes[0]!) },
      { way: gridWay(() => nodes[1]!, hosts[0].href), ready: ready(nodes[1]!) },
    ]);
  } finally {
    await Promise.all(nodes.map((node) => node.close({ graceMs: 100 })));
    await Promise.all(proxies.map((proxy) => proxy.close()));
  }
}

/** The system's transports, which dial the proxy in the place of the host behind it. */
function through(proxies: ReadonlyMap<string, CuttingProxy>): Transports {
  const around = (inner: Transport): Transport => ({
    listen: (address, options) => inner.listen(address, options),
    dial: (address, options) => inner.dial(proxies.get(address.href)!.address, options),
  });
  return Object.fromEntries(
    Object.entries(systemTransports()).map(([scheme, inner]) => [scheme, around(inner)]),
  );
}

/** A client of a service, the proxy before its replica. */
async function cutService(scheme: string, random: SeededRandom): Promise<void> {
  const host = freeHost(scheme), load = new Load(random), logger = new QuietLogger();
  const listener = await listen(new NetEndpoint(host), handlersOf(load.servant), { logger });
  const stop = new AbortController();
  const served =
    serve(listener, { signal: stop.signal, graceMs: 100, limits: LIMITS, logger }).finished;
  const proxy = new CuttingProxy(host, freeHost(scheme), random);
  const connection = await connect(constantResolver(new NetEndpoint(proxy.address)), {
    limits: LIMITS,
    reconnect: RECONNECT,
    outliers: false,
    logger,
  });
  const isReady = (): boolean => connection.replicas.some(({ state }) => state === "connected");
  try {
    const ready = () => until(isReady, "the replica is connected");
    await load.run(proxy, [{ way: serviceWay(connection), ready }]);
  } finally {
    await connection.close({ graceMs: 100 });
    stop.abort();
    await served;
    await proxy.close();
  }
}

const CASES = ([["grid", cutGrid], ["service", cutService]] as const).flatMap(([face, cut]) =>
  ["tcp", "unix", "ws"].map((scheme) => ({
    name: `${face} over ${scheme}`,
    fn: async () => await runSeeded(undefined, (random) => cut(scheme, random)),
  }))
);

Deno.test({
  name:
    `connections cut ${CUTS} times under load mislead no reader: each call ends once and truly, no place is lost`,
  ignore: !NET || !FILES || Deno.build.os === "windows",
  fn: async (test) => {
    folder = await Deno.makeTempDir({ prefix: "internode-" });
    try {
      await beside(test, 3, CASES);
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
  },
});
