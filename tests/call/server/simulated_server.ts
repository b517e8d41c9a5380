/** A server and its clients on virtual time. */

import { type HandlerMap, serve, type ServeOptions } from "@internode/grid/call";
import {
  SeededRandom,
  SimulatedNetwork,
  type SimulatedNetworkOptions,
  VirtualClock,
} from "@internode/grid/testing";
import type { Clock } from "../../../lib/runtime/clock.ts";
import type { Channel } from "../../../lib/transport/channel/transport.ts";
import { dial, RawClient, type RawClientOptions } from "./raw_client.ts";
import { QuietLogger } from "../../support/log/quiet.ts";
import { TestListener } from "./test_listener.ts";

/** Where the server is. */
export const SERVER = "memory://server";

export class SimulatedServer {
  readonly clock: VirtualClock = new VirtualClock();
  readonly network: SimulatedNetwork;
  readonly log: QuietLogger = new QuietLogger();
  readonly stopping: AbortController = new AbortController();
  readonly random: SeededRandom;
  /** The server's time. */
  readonly serverClock: Clock;
  /** The server's end. */
  done: Promise<void> = Promise.resolve();

  /** @param options The network's. */
  constructor(options: Partial<SimulatedNetworkOptions> = {}) {
    this.random = options.random ?? new SeededRandom(1);
    this.network = new SimulatedNetwork({ ...options, clock: this.clock, random: this.random });
    const clock = this.clock.view();
    this.serverClock = clock;
    this.network.transport(SERVER, clock);
  }

  /** Listens and serves. */
  async start(handlers: HandlerMap, options: ServeOptions = {}): Promise<void> {
    const transport = this.network.transport(SERVER);
    const listener = await TestListener.at(transport, SERVER, handlers);
    this.done = serve(listener, {
      signal: this.stopping.signal,
      logger: this.log,
      clock: this.serverClock,
      random: this.random,
      ...options,
    }).finished;
  }

  /** Opens a channel to the server and says nothing. */
  dial(host = "memory://client"): Promise<Channel> {
    return dial(SERVER, this.network.transport(host));
  }

  /** Connects to the server. */
  connect(host = "memory://client", options: RawClientOptions = {}): Promise<RawClient> {
    const { clock, random } = this;
    const transport = this.network.transport(host);
    return RawClient.connect(SERVER, { clock, random, transport, name: host, ...options });
  }

  /** A pause in virtual time. */
  pause(ms: number): Promise<void> {
    return new Promise((resolve) => this.serverClock.setTimer(ms, resolve));
  }

  /** Tells the server to stop, and says how long that took, in virtual milliseconds. */
  async stop(): Promise<number> {
    const startMs = this.clock.now();
    this.stopping.abort();
    await this.done;
    return this.clock.now() - startMs;
  }

  /** How many connections the server has open. */
  get connections(): number {
    return this.network.openConnections(SERVER);
  }
}

/** Runs a test on virtual time; the server is stopped in the end, and nothing may be left of it. */
export async function simulate(
  body: (server: SimulatedServer) => Promise<void>,
  options: Partial<SimulatedNetworkOptions> = {},
): Promise<void> {
  const server = new SimulatedServer(options);
  await server.clock.complete((async () => {
    await body(server);
    await server.stop();
  })());
  await server.clock.advance(60_000);
  if (server.connections > 0) throw new Error(`${server.connections} connections are left`);
  if (server.network.isListening(SERVER)) throw new Error("the server listens still");
  if (server.clock.pendingEvents > 0) throw new Error(`${server.clock.pendingEvents} events left`);
}
