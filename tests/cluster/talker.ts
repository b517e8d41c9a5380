/**
 * A node of a simulated cluster: serves its peers and calls them without end.
 *
 * @module
 */

import { type Connection, Manager, type ManagerOptions } from "@internode/grid";
import type { SeededRandom, SimulatedNode } from "@internode/grid/testing";
import { DirectionLog } from "../support/simulation/direction_log.ts";
import { count, echo, mirror, slow } from "./contracts.ts";
import type { CallRecord, Ledger } from "./ledger.ts";

const ABORTED = "the caller has changed its mind";

/** How a node talks. */
export interface TalkOptions {
  /** How long from one call to the next on average, in milliseconds. */
  readonly meanPauseMs: number;
  /** How many calls a node has under way at most. */
  readonly maxCalls: number;
  /** Options of its manager. */
  readonly manager: Partial<ManagerOptions>;
}

/** One life of a node. */
export class Talker {
  readonly manager: Manager;
  readonly #node: SimulatedNode;
  readonly #ledger: Ledger;
  readonly #options: TalkOptions;
  readonly #random: SeededRandom;
  #underWay = 0;
  #quiet = false;
  #wake: () => void = () => {};

  constructor(node: SimulatedNode, ledger: Ledger, options: TalkOptions) {
    const { host: local, hosts, clock, random, transports } = node;
    this.#node = node;
    this.#ledger = ledger;
    this.#options = options;
    this.#random = random.fork("talk");
    const logger = new DirectionLog(node.host, (what) => ledger.violate(node.host, what));
    this.manager = new Manager({
      local,
      hosts,
      clock,
      random,
      transports,
      logger,
      ...options.manager,
    });
    this.#serve();
  }

  /** Makes a node and lets it talk. */
  static async start(node: SimulatedNode, ledger: Ledger, options: TalkOptions): Promise<Talker> {
    const talker = new Talker(node, ledger, options);
    await talker.manager.listen();
    if (node.hosts.length > 1) void talker.#talk();
    return talker;
  }

  /** Makes no more calls from now on. */
  rest(): void {
    this.#quiet = true;
    this.#wake();
  }

  async close(): Promise<void> {
    this.rest();
    await this.manager.close();
  }

  #pause(ms: number): Promise<void> {
    return new Promise((resolve) => this.#node.clock.setTimer(ms, resolve));
  }

  #serve(): void {
    const ledger = this.#ledger;
    this.manager.handle(echo, (request) => {
      ledger.run(request.tag);
      return request;
    });
    this.manager.handle(slow, async ({ tag, pauseMs }) => {
      ledger.run(tag);
      await this.#pause(pauseMs);
      return tag;
    });
    this.manager.handle(count, async function* ({ tag, many, fails }) {
      ledger.run(tag);
      for (let value = 0; value < many; value++) yield await Promise.resolve({ tag, value });
      if (fails) throw new Error(`planned: ${tag}`);
    });
    this.manager.handle(mirror, async function* (tag, input) {
      ledger.run(tag);
      let expected = 0;
      for await (const message of input) {
        ledger.check(message.tag === tag, tag, `was given an input of ${message.tag}`);
        ledger.check(
          message.value === expected,
          tag,
          `got input ${message.value}, not ${expected}`,
        );
        expected++;
        yield { tag, value: message.value };
      }
      ledger.check(ledger.ends.get(tag) === expected, tag, `ended after ${expected} inputs`);
    });
  }

  async #talk(): Promise<void> {
    const { meanPauseMs, maxCalls } = this.#options, random = this.#random;
    while (!this.#quiet) {
      await new Promise<void>((resolve) => {
        const { clock } = this.#node;
        const timer = clock.setTimer(random.exponential(meanPauseMs), resolve);
        this.#wake = () => {
          clock.clearTimer(timer);
          resolve();
        };
      });
      if (this.#quiet || this.#underWay >= maxCalls) continue;
      this.#underWay++;
      void this.#call(random.pick(this.manager.connections())).then(() => this.#underWay--);
    }
  }

  async #call(connection: Connection): Promise<void> {
    const random = this.#random;
    const timeoutMs = Math.round(20 * 1_000 ** random.next());
    const { host, restarts } = this.#node;
    const record = this.#ledger.begin(host, restarts, timeoutMs, ABORTED);
    const controller = random.chance(0.15) ? new AbortController() : null;
    const options = {
      timeoutMs,
      waitForReady: random.chance(0.3),
      ...(controller !== null && { signal: controller.signal }),
    };
    const timer = controller === null ? null : this.#node.clock.setTimer(
      random.float(0, timeoutMs),
      () => controller.abort(ABORTED),
    );
    const fails = random.chance(0.3);
    try {
      switch (random.pick(["echo", "slow", "count", "mirror"] as const)) {
        case "echo":
          await this.#echo(connection, record, options);
          break;
        case "slow":
          await this.#slow(connection, record, options);
          break;
        case "count":
          await this.#count(connection, record, options, fails);
          break;
        case "mirror":
          await this.#mirror(connection, record, options);
      }
      this.#ledger.succeed(record);
    } catch (error) {
      this.#ledger.fail(record, error, fails);
    } finally {
      if (timer !== null) this.#node.clock.clearTimer(timer);
    }
  }

  /** Mostly small, now and then in pieces. */
  #filling(): Uint8Array<ArrayBuffer> {
    const size = this.#random.chance(0.05)
      ? this.#random.int(9_000, 300_000)
      : this.#random.int(0, 500);
    return new Uint8Array(size).fill(size % 251);
  }

  async #echo(connection: Connection, { tag }: CallRecord, options: object): Promise<void> {
    const filling = this.#filling();
    const reply = await connection.request(echo, { tag, filling }, options);
    const same = reply.tag === tag && reply.filling.length === filling.length &&
      reply.filling.every((byte) => byte === filling.length % 251);
    this.#ledger.check(same, tag, `was answered by ${reply.tag} and ${reply.filling.length} bytes`);
  }

  async #slow(connection: Connection, { tag }: CallRecord, options: object): Promise<void> {
    const pauseMs = this.#random.int(0, 2_000);
    const reply = await connection.request(slow, { tag, pauseMs }, options);
    this.#ledger.check(reply === tag, tag, `was answered by ${reply}`);
  }

  async #count(
    connection: Connection,
    record: CallRecord,
    options: object,
    fails: boolean,
  ): Promise<void> {
    const ledger = this.#ledger, { tag } = record;
    const many = this.#random.int(0, 60), filling = this.#filling();
    let expected = 0;
    const whole = (): void =>
      ledger.check(expected === many, tag, `ended after ${expected} of ${many}`);
    try {
      for await (const output of connection.stream(count, { tag, many, fails, filling }, options)) {
        ledger.check(output.tag === tag, tag, `was given an output of ${output.tag}`);
        ledger.check(output.value === expected, tag, `got ${output.value}, not ${expected}`);
        expected++;
        if (!this.#random.chance(0.1)) continue;
        const pauseMs = this.#random.int(0, 50);
        record.idleMs += pauseMs;
        await this.#pause(pauseMs);
      }
    } catch (error) {
      if (error instanceof Error && error.message.includes("planned")) whole();
      throw error;
    }
    whole();
    ledger.check(!fails, tag, "ended well though its handler threw");
  }

  async #mirror(connection: Connection, { tag }: CallRecord, options: object): Promise<void> {
    const ledger = this.#ledger, many = this.#random.int(0, 30);
    const running = connection.stream(mirror, tag, options);
    const sending = (async () => {
      for (let value = 0; value < many; value++) {
        await running.send({ tag, value, filling: this.#filling() });
      }
      ledger.ends.set(tag, many);
      running.end();
    })();
    sending.catch(() => {});
    let expected = 0;
    for await (const output of running) {
      ledger.check(output.tag === tag, tag, `was given an output of ${output.tag}`);
      ledger.check(output.value === expected, tag, `got ${output.value}, not ${expected}`);
      expected++;
    }
    ledger.check(expected === many, tag, `ended after ${expected} of ${many}`);
    await sending;
  }
}
