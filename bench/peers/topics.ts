/**
 * Topics beside NATS: one publisher, some subscribers, the same messages, in
 * turns: `deno task bench:topics`.
 *
 * @module
 */

import {
  choice,
  CommandLine,
  flag,
  readLine,
  whole,
} from "../../tools/command_line/command_line.ts";
import { freePorts } from "../../tools/network/free_ports.ts";
import { ToldProcess } from "../../tools/processes/told_process.ts";
import { median } from "../support/median.ts";
import { processCpuMs } from "../support/process_cpu.ts";
import { CONFIG } from "./pair.ts";
import { missingNats, type NatsServer, startNats } from "./stands/nats_server.ts";

const LINE = new CommandLine(
  "deno task bench:topics",
  "One process publishes, another one has all subscribers, each with a connection of its own; " +
    "over topics of a grid and over a real nats-server, in turns. Processor time is that of all processes.",
  {
    subscribers: whole("how many subscribers", { from: 1, fallback: 8 }),
    sizes: choice("which sizes of messages, in bytes", ["16", "128", "1024", "4096"], undefined),
    rounds: whole("rounds of each", { from: 1, fallback: 5 }),
    millis: whole("how long a round takes about, in milliseconds", { from: 10, fallback: 600 }),
    json: flag("one line of JSON for each row"),
  },
  "Without a nats-server it measures topics alone.",
);

const SIZES = [16, 128, 1_024, 4_096];
/** To begin with; then as many as a round takes. */
const FIRST_COUNT = 2_000, MAX_COUNT = 2_000_000;
const PROCESS = "bench/peers/stands/topics/topic_process.ts";
const PATIENCE_MS = 60_000;

/** What a round comes to. */
interface Round {
  /** Messages delivered for each second of processor time, and for each second. */
  readonly perCpuSecond: number;
  readonly perSecond: number;
}

/** Both processes of one system, and the broker. */
class System implements AsyncDisposable {
  readonly name: string;
  readonly #publisher: ToldProcess;
  readonly #subscriber: ToldProcess;
  readonly #broker: NatsServer | null;
  readonly #subscribers: number;
  readonly #counts = new Map<number, number>();

  /** @param together Whether subscribers get what waits together, not one by one. */
  constructor(name: string, together: boolean, subscribers: number, broker: NatsServer | null) {
    const start = (role: string): ToldProcess =>
      new ToldProcess([
        Deno.execPath(),
        "run",
        "-A",
        "--config",
        CONFIG,
        PROCESS,
        role,
        name,
        together ? "together" : "singly",
      ], { what: `the ${role} of ${name}` });
    this.name = `${name} ${together ? "together" : "singly"}`;
    this.#subscribers = subscribers;
    this.#broker = broker;
    this.#publisher = start("publisher");
    this.#subscriber = start("subscriber");
  }

  async start(): Promise<void> {
    const subscribers = this.#subscribers;
    const hosts = this.#broker === null
      ? freePorts(subscribers + 1).map((port) => `tcp://127.0.0.1:${port}`)
      : [this.#broker.address];
    await this.#publisher.ask("start", { hosts, subscribers });
    await this.#subscriber.ask("start", { hosts, subscribers });
  }

  /** Publishes for about so long, as often as the last time tells. */
  async round(size: number, millis: number): Promise<Round> {
    const count = this.#counts.get(size) ?? FIRST_COUNT, burst = { size, count };
    await this.#subscriber.ask("expect", burst);
    const cpuMs = await this.#cpuMs(), beganMs = performance.now();
    const received = this.#subscriber.ask("received", null, PATIENCE_MS);
    await this.#publisher.ask("publish", burst, PATIENCE_MS);
    await received;
    const tookMs = performance.now() - beganMs, delivered = count * this.#subscribers;
    const usedMs = await this.#cpuMs() - cpuMs;
    this.#counts.set(size, Math.min(MAX_COUNT, Math.ceil(count * millis / tookMs)));
    return { perCpuSecond: delivered / usedMs * 1_000, perSecond: delivered / tookMs * 1_000 };
  }

  async #cpuMs(): Promise<number> {
    const own = await Promise.all(
      [this.#publisher, this.#subscriber].map((process) => process.ask<number>("cpuUs")),
    );
    const brokerMs = this.#broker === null ? 0 : processCpuMs(this.#broker.pid);
    return own.reduce((sum, us) => sum + us / 1_000, brokerMs);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#publisher[Symbol.asyncDispose]();
    await this.#subscriber[Symbol.asyncDispose]();
    await this.#broker?.[Symbol.asyncDispose]();
  }
}

const { subscribers, sizes, rounds, millis, json } = readLine(LINE);
await using stack = new AsyncDisposableStack();
const missing = missingNats(), systems: System[] = [];
for (const together of [false, true]) {
  systems.push(stack.use(new System("internode", together, subscribers, null)));
  if (missing !== undefined) continue;
  systems.push(stack.use(new System("nats", together, subscribers, await startNats())));
}
if (missing !== undefined) console.error(`NATS is left out: ${missing}`);
for (const system of systems) await system.start();
if (!json) console.log(`${subscribers} subscribers`);
for (const size of SIZES.filter((each) => sizes === undefined || String(each) === sizes)) {
  const measured = systems.map((): Round[] => []);
  // The first two rounds are for the compiler, and tell how many are to be published.
  for (let round = -2; round < rounds; round++) {
    for (const [at, system] of systems.entries()) {
      const result = await system.round(size, millis);
      if (round >= 0) measured[at]!.push(result);
    }
  }
  const rows = systems.map(({ name }, at) => ({
    subscribers,
    size,
    name,
    perCpuSecond: median(measured[at]!.map(({ perCpuSecond }) => perCpuSecond)),
    perSecond: median(measured[at]!.map(({ perSecond }) => perSecond)),
  }));
  for (const [at, row] of rows.entries()) {
    if (json) {
      console.log(JSON.stringify(row));
      continue;
    }
    const ratio = row.name.startsWith("internode")
      ? ""
      : `  ours is ${(rows[at - 1]!.perCpuSecond / row.perCpuSecond).toFixed(2)} ×`;
    console.log(
      `${String(size).padStart(5)} bytes  ${row.name.padEnd(18)} ` +
        `${thousands(row.perCpuSecond)} k deliveries for each CPU second, ` +
        `${thousands(row.perSecond)} k a second${ratio}`,
    );
  }
}

function thousands(count: number): string {
  return (count / 1_000).toFixed(0).padStart(6);
}
