/**
 * What all connections of one server share, and how they end together.
 *
 * @module
 */

import { InternodeError } from "../errors.ts";
import { CallTraces } from "../grid/call_trace.ts";
import type { Serving } from "../grid/serving.ts";
import type { Clock } from "../net/clock.ts";
import { LinkMaker } from "../net/link_maker.ts";
import type { Channel } from "../net/transport.ts";
import { LendingPool } from "../wire/lending_pool.ts";
import { within } from "../net/within.ts";
import type { HandlerMap } from "./handler_map.ts";
import { ServedConnection } from "./served_connection.ts";
import type { ServeSettings } from "./server_options.ts";

/** So many connections at most may be in their handshake at a time; more are turned away at once. */
const MAX_GREETING = 1_024;
/** That connections are turned away is told once in so long, in milliseconds. */
const FULL_TOLD_MS = 60_000;
/** How often a stopping server looks whether its calls have ended, in milliseconds. */
const IDLE_CHECK_MS = 5;
/** How long goodbyes and closing may take, in milliseconds; a link gives up its own after 1,000. */
const CLOSING_MS = 2_000;

/** One server: its settings and its connections. */
export class ServiceServer {
  /** The settings. */
  readonly settings: ServeSettings;
  /** What handlers need. */
  readonly serving: Serving;

  readonly #links: LinkMaker;
  readonly #connections = new Set<ServedConnection>();
  readonly #greeting = new Set<ServedConnection>();
  #onForgotten: () => void = () => {};
  #fullToldMs = -Infinity;

  /** */
  constructor(settings: ServeSettings) {
    this.settings = settings;
    const { clock, tracer, logger } = settings;
    this.serving = {
      clock,
      lending: new LendingPool(),
      traces: new CallTraces(),
      spans: tracer,
      logger,
      running: 0,
    };
    this.#links = new LinkMaker(settings.name, settings);
  }

  /** How many connections there are, those in their handshake included. */
  get connectionCount(): number {
    return this.#connections.size;
  }

  /**
   * Serves a connection, which the server owns from then on.
   *
   * @throws What the channel throws; the connection is not served then.
   */
  take(channel: Channel, handlers: HandlerMap): void {
    if (this.#greeting.size >= MAX_GREETING) {
      this.#tellFull();
      channel.close();
      return;
    }
    const connection = new ServedConnection(this, handlers);
    this.#connections.add(connection);
    this.#greeting.add(connection);
    try {
      connection.attach(this.#links.make(channel, "acceptor", "", connection));
    } catch (error) {
      this.#greeting.delete(connection);
      this.forget(connection);
      throw error;
    }
  }

  /** A connection's handshake has ended, well or not. */
  onGreeted(connection: ServedConnection): void {
    this.#greeting.delete(connection);
  }

  /** Connections that come from now on differ from those there are: clients are asked for newer ones, by and by. */
  onChange(): void {
    for (const connection of this.#connections) connection.onChange();
  }

  /** Nothing is left of a connection. */
  forget(connection: ServedConnection): void {
    this.#connections.delete(connection);
    this.#onForgotten();
  }

  /** Resolves when there is no connection. */
  whenEmpty(): Promise<void> {
    return new Promise((resolve) => {
      const check = (): void => {
        if (this.#connections.size === 0) resolve();
      };
      this.#onForgotten = check;
      check();
    });
  }

  /**
   * Ends everything: calls under way get the grace time, each connection that
   * has none is closed, and at the end of that time all others.
   *
   * @param listenerClosed The listener's end, waited for as well.
   */
  async stop(listenerClosed: Promise<void>): Promise<void> {
    const { clock, graceMs, name, logger } = this.settings;
    const reason = new InternodeError("Closed", `The server ${name} is stopping.`, {
      origin: "remote",
      outcome: "maybeExecuted",
    });
    const untilMs = clock.now() + graceMs;
    for (const connection of [...this.#connections]) connection.drain(reason);
    while (this.#isBusy(reason) && clock.now() < untilMs) await pause(clock, IDLE_CHECK_MS);
    for (const connection of [...this.#connections]) connection.close(reason);
    const ended = Promise.all([this.whenEmpty(), listenerClosed]);
    if (await within(clock, CLOSING_MS, ended)) return;
    logger.error(
      `The server ${name} has stopped, but its listener or ${this.#connections.size} of its connections did not end within ${CLOSING_MS} ms.`,
    );
  }

  #tellFull(): void {
    const { clock, name, logger } = this.settings;
    const nowMs = clock.now();
    if (nowMs - this.#fullToldMs < FULL_TOLD_MS) return;
    this.#fullToldMs = nowMs;
    logger.warn(
      `${MAX_GREETING} connections to ${name} are in their handshake; more are turned away.`,
    );
  }

  /** Closes the connections that have nothing to do any more, and says whether anything is left. */
  #isBusy(reason: InternodeError): boolean {
    const nowMs = this.settings.clock.now();
    for (const connection of [...this.#connections]) {
      if (connection.state === "draining" && connection.checkIdle(nowMs)) connection.close(reason);
    }
    return this.#connections.size > 0 || this.serving.running > 0;
  }
}

function pause(clock: Clock, delayMs: number): Promise<void> {
  return new Promise((resolve) => clock.setTimer(delayMs, resolve));
}
