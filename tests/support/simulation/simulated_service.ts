/**
 * Replicas and clients of a service on a simulated network and virtual time.
 *
 * @module
 */

import {
  type ClientOptions,
  connect,
  type HandlerMap,
  listen,
  ManualResolver,
  NetEndpoint,
  type Resolver,
  serve,
  type ServedClient,
  type ServeOptions,
  type Server,
  type ServiceConnection,
} from "@internode/grid/call";
import {
  SeededRandom,
  SimulatedNetwork,
  type SimulatedNetworkOptions,
  VirtualClock,
} from "@internode/grid/testing";
import { parseHostAddress } from "../../../lib/runtime/host_address.ts";
import type { NodeClock } from "../../../lib/testing/time/node_clock.ts";
import type { CrashKind } from "../../../lib/testing/network/simulated_host.ts";
import { QuietLogger } from "../log/quiet.ts";

/** How long anything that must end may take, in virtual milliseconds. */
const LIMIT_MS = 300_000;
/** After how long nothing may be left to happen once all have closed, in virtual milliseconds. */
const SETTLING_MS = 60_000;

interface RunningReplica {
  readonly clock: NodeClock;
  readonly stop: AbortController;
  readonly served: Promise<void>;
  readonly server: Server<ServedClient>;
}

/** A service whose replicas are `memory://r0`, `memory://r1` and so on, and whose clients are `memory://client-0` and so on. */
export class SimulatedService {
  /** Its time. */
  readonly clock: VirtualClock = new VirtualClock();
  /** Its chance. */
  readonly random: SeededRandom;
  /** Its network. */
  readonly network: SimulatedNetwork;
  /** What clients are told unless they have a resolver of their own. */
  readonly resolver: ManualResolver = new ManualResolver();
  /** What clients and replicas complain of. */
  readonly logger: QuietLogger = new QuietLogger();
  readonly #replicas = new Map<number, RunningReplica>();
  readonly #clients: ServiceConnection[] = [];

  /** @param options The network's. */
  constructor(seed = 1, options: Partial<SimulatedNetworkOptions> = {}) {
    this.random = new SeededRandom(seed);
    this.network = new SimulatedNetwork({ ...options, clock: this.clock, random: this.random });
  }

  /** The name of a replica's host. */
  host(index: number): string {
    return `memory://r${index}`;
  }

  /** An endpoint of a replica, as the client of that number dials it. */
  endpoint(index: number, client = 0): NetEndpoint {
    const transport = this.network.transport(`memory://client-${client}`);
    return new NetEndpoint(parseHostAddress(this.host(index)), "", {
      transports: { memory: transport },
    });
  }

  /** Tells the resolver which replicas there are. */
  list(...indices: readonly number[]): void {
    this.resolver.set(indices.map((index) => this.endpoint(index)));
  }

  /** Starts a replica. */
  async start(index: number, handlers: HandlerMap, options: ServeOptions = {}): Promise<void> {
    const clock: NodeClock = this.clock.view();
    const transports = { memory: this.network.transport(this.host(index), clock) };
    const listener = await listen(this.host(index), handlers, { transports });
    const stop = new AbortController();
    const server = serve(listener, {
      signal: stop.signal,
      clock,
      random: this.random,
      logger: this.logger,
      ...options,
    });
    const served = server.finished;
    served.catch(() => {});
    this.#replicas.set(index, { clock, stop, served, server });
  }

  /** The server of a replica that runs. */
  server(index: number): Server<ServedClient> {
    const replica = this.#replicas.get(index);
    if (replica === undefined) throw new Error(`replica ${index} does not run`);
    return replica.server;
  }

  /** Lets a replica's process stand still, if it runs. */
  freeze(index: number): void {
    this.#replicas.get(index)?.clock.freeze();
  }

  /** Lets a frozen replica go on. */
  thaw(index: number): void {
    this.#replicas.get(index)?.clock.thaw();
  }

  /** Accepts connections at a replica's address and says nothing on them, until the process there ends. */
  async listenIdly(index: number): Promise<NetEndpoint> {
    const transport = this.network.transport(this.host(index));
    await transport.listen(parseHostAddress(this.host(index)), { path: "/", accept: () => {} });
    return this.endpoint(index);
  }

  /** Stops a replica as a deployment does, and waits for its end. */
  async stop(index: number): Promise<void> {
    const replica = this.#replicas.get(index);
    this.#replicas.delete(index);
    replica?.stop.abort();
    await replica?.served;
    this.network.crash(this.host(index));
  }

  /** Ends a replica's process. */
  crash(index: number, how: CrashKind = "close"): void {
    this.#replicas.delete(index);
    this.network.crash(this.host(index), how);
  }

  /** Makes a client. */
  async connect(options: ClientOptions & { resolver?: Resolver } = {}): Promise<ServiceConnection> {
    const { resolver = this.resolver, ...rest } = options;
    const client = await connect(resolver, {
      clock: this.clock,
      random: this.random,
      logger: this.logger,
      ...rest,
    });
    this.#clients.push(client);
    return client;
  }

  /**
   * Starts so many replicas, tells the resolver of them, and makes a client that is ready for all.
   *
   * @param handlers What the replica of that number serves.
   */
  async connectTo(
    count: number,
    handlers: (index: number) => HandlerMap,
    clientOptions: ClientOptions = {},
    serveOptions: ServeOptions = {},
  ): Promise<ServiceConnection> {
    for (let index = 0; index < count; index++) {
      await this.start(index, handlers(index), serveOptions);
    }
    this.list(...Array(count).keys());
    const connection = await this.connect(clientOptions);
    await this.ready(connection, count);
    return connection;
  }

  /** Waits until so many replicas of a client can take calls. */
  async ready(client: ServiceConnection, count: number): Promise<void> {
    await this.clock.runUntil(
      () =>
        client.replicas.filter(({ state }) => state === "connected").length ===
          count,
      60_000,
      `${count} replicas to be ready`,
    );
  }

  /** Runs a test; then closes all clients and stops all replicas, and nothing may be left of them. */
  async run(body: () => Promise<void>): Promise<void> {
    await this.clock.complete(this.#run(body), LIMIT_MS);
    await this.clock.advance(SETTLING_MS);
    const { pendingEvents } = this.clock;
    if (pendingEvents > 0) throw new Error(`${pendingEvents} timers or arrivals are left`);
  }

  async #run(body: () => Promise<void>): Promise<void> {
    try {
      await body();
    } finally {
      await Promise.all(this.#clients.map((client) => client.close({ graceMs: 0 })));
      await Promise.all([...this.#replicas.keys()].map((index) => this.stop(index)));
    }
    for (const href of ["memory://client-0"]) {
      const open = this.network.openConnections(href);
      if (open > 0) throw new Error(`${href} holds ${open} connections open`);
    }
  }
}
