/**
 * Everything that a client can do, while everything goes wrong that can: each
 * call ends in time, tells the truth, and leaves nothing behind.
 *
 * @module
 */

import { assert, assertEquals } from "@std/assert";
import { InternodeError } from "@internode/grid";
import {
  type Client,
  client,
  consistentHash,
  type HandlerMap,
  implement,
  leastLoaded,
  method,
  methodStream,
  service,
  type ServiceCallOptions,
  type ServiceConnection,
  sharded,
} from "@internode/grid/call";
import * as t from "@internode/grid/codec";
import { runSeeded } from "@internode/grid/testing";
import { SimulatedService } from "../../support/simulation/simulated_service.ts";

const REPLICAS = 4;
const CALLERS = 24;
/** How long things go wrong, in virtual milliseconds. */
const SOAK_MS = 20_000;
/** How much later than its deadline a call may end: not at all, but for the rounding of times. */
const LATE_MS = 1;

const Soak = service("soak", {
  read: method({ request: t.uint(), response: t.uint(), idempotent: true }),
  add: method({ request: t.uint(), response: t.uint() }),
  addLarge: method({
    request: t.record({ id: t.uint(), text: t.string() }),
    response: t.string(),
  }),
  double: methodStream({
    initial: t.uint(),
    input: t.uint(),
    output: t.uint(),
    inputCapacity: 2,
    outputCapacity: 2,
  }),
});

class Run {
  readonly sim: SimulatedService;
  /** How often each id was run. */
  readonly runs = new Map<number, number>();
  /** Calls that must not run twice, and how they ended. */
  readonly ends = new Map<number, "ok" | InternodeError>();
  /** The same of calls that may run twice. */
  readonly reads = new Map<number, "ok" | InternodeError>();
  readonly counts = new Map<string, number>();
  readonly pending = new Set<string>();
  #ids = 0;

  constructor(seed: number) {
    this.sim = new SimulatedService(seed, { channels: seed % 2 === 0 ? "bytes" : "mixed" });
  }

  chance(probability: number): boolean {
    return this.sim.random.next() < probability;
  }

  upTo(most: number): number {
    return Math.floor(this.sim.random.next() * most);
  }

  nextId(): number {
    return this.#ids++;
  }

  pause(ms: number): Promise<void> {
    return new Promise((resolve) => this.sim.clock.setTimer(ms, resolve));
  }

  count(what: string): void {
    this.counts.set(what, (this.counts.get(what) ?? 0) + 1);
  }

  handlers(): HandlerMap {
    const run = async (id: number): Promise<void> => {
      this.runs.set(id, (this.runs.get(id) ?? 0) + 1);
      if (this.chance(0.5)) await this.pause(this.sim.random.next() * 50);
    };
    return implement(Soak, {
      read: (id) => this.chance(0.3) ? id : run(id).then(() => id),
      add: (id) => run(id).then(() => id),
      addLarge: ({ id, text }) => run(id).then(() => text),
      double: async function* (_, inputs) {
        for await (const each of inputs) yield each * 2;
      },
    }, { methods: { add: { concurrency: 3, queue: 2 } } });
  }

  /** Starts a replica, as strict or as generous as chance has it. */
  start(index: number): Promise<void> {
    return this.sim.start(index, this.handlers(), {
      graceMs: this.upTo(100),
      pingIntervalMs: 300,
      livenessTimeoutMs: 1_000,
      limits: {
        maxCalls: this.chance(0.3) ? 2 : 1_000,
        maxMessageBytes: 50_000,
        receiveBudgetBytes: 65_536,
      },
    });
  }

  options(): ServiceCallOptions & { timeoutMs: number } {
    const timeoutMs = this.chance(0.3) ? 1 + this.upTo(30) : 2_000 + this.upTo(3_000);
    return {
      timeoutMs,
      ...(this.chance(0.2) ? { retry: this.chance(0.5) ? false : { maxAttempts: 2 } } : {}),
      ...(this.chance(0.2) ? { hedge: { delayMs: this.upTo(20), maxAttempts: 3 } } : {}),
      ...(this.chance(0.3) ? { shardKey: this.upTo(10) } : {}),
    };
  }

  /** One call or stream, which must end within its time. */
  async call(soak: Client<(typeof Soak)["methods"]>): Promise<void> {
    const { clock } = this.sim;
    const id = this.nextId(), options = this.options(), abort = new AbortController();
    const kind = this.upTo(5);
    const name = `call ${id} of kind ${kind}`, startMs = clock.now();
    this.pending.add(name);
    const timer = this.chance(0.1)
      ? clock.setTimer(this.sim.random.next() * 60, () => abort.abort(new Error("enough")))
      : null;
    const given = { ...options, signal: abort.signal };
    try {
      if (kind < 2) await this.note(id, soak.read(id, given), this.reads);
      else if (kind === 2) await this.note(id, soak.add(id, given));
      else if (kind === 3) {
        await this.note(id, soak.addLarge({ id, text: "x".repeat(40_000) }, given));
      } else await this.stream(soak, given);
      this.count("ok");
    } catch (error) {
      if (error instanceof InternodeError) this.count(`${error.code} ${error.outcome}`);
      else if (error instanceof Error && error.message === "enough") this.count("enough");
      else throw error;
    } finally {
      this.pending.delete(name);
      if (timer !== null) clock.clearTimer(timer);
    }
    const tookMs = clock.now() - startMs;
    assert(tookMs <= options.timeoutMs + LATE_MS, `${name} took ${tookMs} of ${options.timeoutMs}`);
  }

  async note(id: number, call: Promise<unknown>, ends: Run["ends"] = this.ends): Promise<void> {
    try {
      await call;
      ends.set(id, "ok");
    } catch (error) {
      if (error instanceof InternodeError) ends.set(id, error);
      throw error;
    }
  }

  async stream(soak: Client<(typeof Soak)["methods"]>, options: ServiceCallOptions): Promise<void> {
    const stream = soak.double(0, options), count = this.upTo(10);
    const sending = (async () => {
      for (let each = 0; each < count; each++) await stream.send(each);
      stream.end();
    })();
    sending.catch(() => {});
    let read = 0;
    for await (const output of stream) {
      assertEquals(output, 2 * read++);
      if (this.chance(0.05)) return;
    }
    // An end is an end only when everything has come.
    assertEquals(read, count);
  }

  /** One thing that goes wrong, or right again. */
  async disturb(): Promise<void> {
    const { sim } = this, index = this.upTo(REPLICAS), host = sim.host(index);
    const isUp = sim.network.isUp(host) && sim.network.isListening(host);
    switch (this.upTo(9)) {
      case 0:
      case 1:
        return sim.list(...[...Array(REPLICAS).keys()].filter(() => this.chance(0.7)));
      case 2:
        if (isUp) sim.crash(index, (["close", "reset", "silent"] as const)[this.upTo(3)]!);
        return;
      case 3:
        if (isUp) await sim.stop(index);
        return;
      case 4:
        return void sim.network.cut("memory://client-0", host);
      case 5:
        return sim.network.stall("memory://client-0", host, this.chance(0.5) ? "both" : "oneWay");
      case 6:
        return sim.network.resume("memory://client-0", host);
      default:
        if (!isUp) await this.start(index);
    }
  }

  async soak(connection: ServiceConnection): Promise<void> {
    const { sim } = this, soak = client(Soak, connection);
    let isOver = false;
    const callers = Array.from({ length: CALLERS }, async () => {
      while (!isOver) {
        await this.call(soak);
        await this.pause(this.sim.random.next() * 40);
      }
    });
    const untilMs = sim.clock.now() + SOAK_MS;
    while (sim.clock.now() < untilMs) {
      await this.disturb();
      await this.pause(sim.random.next() * 200);
    }
    sim.network.heal();
    isOver = true;
    await sim.clock.complete(Promise.all(callers), 20_000, `these to end: ${[...this.pending]}`);
    await this.recover(connection);
  }

  /** When all is well again, so is the client. */
  async recover(connection: ServiceConnection): Promise<void> {
    const { sim } = this, indices = [...Array(REPLICAS).keys()];
    for (const index of indices) {
      const host = sim.host(index);
      if (!sim.network.isUp(host) || !sim.network.isListening(host)) await this.start(index);
    }
    sim.list(...indices);
    await sim.ready(connection, REPLICAS);
    await sim.clock.advance(100);
    assertEquals(connection.replicas.map(({ callsInFlight }) => callsInFlight), [0, 0, 0, 0]);
    const id = this.nextId();
    assertEquals(await client(Soak, connection).read(id), id);
  }

  check(): void {
    // Neither side may find fault with what the other says.
    assert(!this.sim.logger.has("Receiving failed"), this.sim.logger.lines.join("\n"));
    for (const [id, end] of this.reads) {
      if (end === "ok" || !["notSent", "notExecuted"].includes(end.outcome)) continue;
      assertEquals(this.runs.get(id), undefined, `${id} has run and ended ${end.outcome} ${end}`);
    }
    for (const [id, end] of this.ends) {
      const runs = this.runs.get(id) ?? 0;
      const found = `${id} ran ${runs} times and ended ${end}`;
      if (end === "ok") assertEquals(runs, 1, found);
      else if (end.outcome === "notSent" || end.outcome === "notExecuted") {
        assertEquals(runs, 0, found);
      } else assert(runs <= 1, found);
    }
  }
}

Deno.test("whatever goes wrong, each call ends in time and tells the truth, and the client recovers", async () => {
  for (const seed of [1, undefined]) {
    await runSeeded(seed, async (_random, { seed }) => {
      const run = new Run(seed);
      const balancers = [undefined, sharded(), consistentHash(), leastLoaded()];
      await run.sim.run(async () => {
        for (let index = 0; index < REPLICAS; index++) await run.start(index);
        run.sim.list(0, 1, 2, 3);
        await run.soak(
          await run.sim.connect({
            balancer: balancers[seed % balancers.length],
            pingIntervalMs: 300,
            livenessTimeoutMs: 1_000,
            dialTimeoutMs: 500,
            handshakeTimeoutMs: 500,
            limits: { sendBudgetBytes: 65_536 },
          }),
        );
      });
      run.check();
      assert((run.counts.get("ok") ?? 0) > 100, Deno.inspect(run.counts));
    });
  }
});
