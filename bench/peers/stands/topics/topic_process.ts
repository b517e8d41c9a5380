/**
 * One of the two processes of `deno task bench:topics`: what publishes, or what
 * has all subscribers. It is told what to do, and ends when its standard input closes.
 *
 * @module
 */

import process from "node:process";
import { Manager } from "@internode/grid";
import * as t from "@internode/grid/codec";
import { topic } from "@internode/grid/patterns";
import { connect } from "@nats-io/transport-node";
import { answerCommands } from "../../../../tools/processes/answer_commands.ts";
import { ownCpuUs } from "../../../support/process_cpu.ts";

/** How a process takes part. */
interface Start {
  /** Internode: the publisher's host, then those of the subscribers. NATS: the server's address. */
  readonly hosts: readonly string[];
  readonly subscribers: number;
}

/** What is published. */
interface Burst {
  readonly size: number;
  readonly count: number;
}

const SUBJECT = "bench.topics";
const ENOUGH = "bench.topics.enough";
const news = topic(SUBJECT, t.raw(), { slow: "backpressure" });

/** Counts what all subscribers have got, and tells when it is all. */
class Counter {
  readonly size: number;
  #left: number;
  readonly #done = Promise.withResolvers<void>();

  constructor({ size, count }: Burst, subscribers: number) {
    this.size = size;
    this.#left = count * subscribers;
  }

  get done(): Promise<void> {
    return this.#done.promise;
  }

  onMessage(message: Uint8Array): void {
    if (message.length !== this.size) throw new Error(`a message has ${message.length} bytes`);
    if (--this.#left === 0) this.#done.resolve();
  }
}

let counter: Counter | null = null;
let subscribers = 0;
/** Whether messages are got as many at a time as there are: in batches, or by a callback. If not: one by one, by `for await`. */
let together = false;
const leave = new AsyncDisposableStack();
let publish: (burst: Burst) => Promise<void> = () => Promise.resolve();

/** Subscribers of NATS are not held back: who publishes hears from them after so many bytes. */
const NATS_AHEAD_BYTES = 8 * 2 ** 20, NATS_AHEAD_MESSAGES = 16_384;

async function joinGrid(role: string, { hosts, subscribers }: Start): Promise<void> {
  const [publisher] = hosts;
  if (role === "publisher") {
    const node = leave.use(new Manager({ local: publisher!, hosts }));
    const joined = leave.use(news.join(node));
    await node.listen();
    publish = async ({ size, count }) => {
      while (joined.stats().nodes.length < subscribers) await pause();
      const message = new Uint8Array(size).fill(7);
      for (let at = 0; at < count; at++) await joined.publish(message);
    };
    return;
  }
  for (let at = 1; at <= subscribers; at++) {
    const local = hosts[at]!;
    const node = leave.use(new Manager({ local, hosts: [publisher!, local] }));
    const joined = leave.use(news.join(node)), messages = joined.subscribe();
    void (async () => {
      if (together) {
        for await (const batch of messages.batches()) {
          for (const { value } of batch) counter!.onMessage(value);
        }
      } else for await (const { value } of messages) counter!.onMessage(value);
    })();
    await node.listen();
  }
}

async function joinNats(role: string, { hosts, subscribers }: Start): Promise<void> {
  const options = { servers: hosts[0]!, waitOnFirstConnect: true };
  if (role === "publisher") {
    const connection = await connect(options);
    leave.defer(() => connection.close());
    let enough = Promise.withResolvers<void>();
    connection.subscribe(ENOUGH, { callback: () => enough.resolve() });
    await connection.flush();
    publish = async ({ size, count }) => {
      const message = new Uint8Array(size).fill(7);
      const burst = natsBurst(size);
      for (let at = 0; at < count; at++) {
        if (at % burst === 0 && at >= 2 * burst) {
          await enough.promise;
          enough = Promise.withResolvers();
        }
        connection.publish(SUBJECT, message);
        // A client does not write before its turn ends.
        if (at % 256 === 255) await new Promise((resolve) => setImmediate(resolve));
      }
    };
    return;
  }
  for (let at = 0; at < subscribers; at++) {
    const connection = await connect(options);
    leave.defer(() => connection.close());
    // The last one tells for all: those before it are served first.
    const tells = at === subscribers - 1;
    let got = 0;
    const onMessage = (message: Uint8Array): void => {
      counter!.onMessage(message);
      if (tells && ++got % natsBurst(message.length) === 0) connection.publish(ENOUGH);
    };
    if (together) {
      connection.subscribe(SUBJECT, {
        callback: (error, { data }) => {
          if (error !== null) throw error;
          onMessage(data);
        },
      });
    } else {
      const messages = connection.subscribe(SUBJECT);
      void (async () => {
        for await (const { data } of messages) onMessage(data);
      })();
    }
    await connection.flush();
  }
}

function natsBurst(size: number): number {
  return Math.min(NATS_AHEAD_MESSAGES, Math.floor(NATS_AHEAD_BYTES / size));
}

function pause(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 5));
}

if (import.meta.main) {
  process.on("SIGINT", () => {});
  const [role, system, way] = process.argv.slice(2) as [string, string, string];
  together = way === "together";
  await answerCommands({
    start: (start: Start) => {
      subscribers = start.subscribers;
      return system === "nats" ? joinNats(role, start) : joinGrid(role, start);
    },
    expect: (burst: Burst) => void (counter = new Counter(burst, subscribers)),
    received: () => counter!.done,
    publish: (burst: Burst) => publish(burst),
    cpuUs: ownCpuUs,
  });
  setTimeout(() => process.exit(0), 2_000);
  await leave.disposeAsync();
  process.exit(0);
}
