/**
 * The process at the near end: loads a path, and measures what it carries.
 *
 * @module
 */

import {
  client,
  connect,
  constantResolver,
  parseNetEndpoint,
  sharedSecret,
} from "@internode/grid/call";
import { answerCommands } from "../../tools/processes/answer_commands.ts";
import { dialFloor, writeAll } from "../rpc/floor.ts";
import { reachedBy } from "../rpc/plan.ts";
import { Far } from "./contracts.ts";
import { FramedBulk } from "./framed.ts";
import { SECRET, type StartOrder } from "./server.ts";

/** What loads a path. */
export interface LoadOrder {
  /** A raw socket one way, a raw echo, raw pieces with small requests between them, messages of a stream, or requests that are echoed; or nothing. */
  readonly kind: "sink" | "echo" | "framed" | "stream" | "requests" | "none";
  /** Where the path begins. */
  readonly port: number;
  /** How large each message is. */
  readonly size: number;
  /** How many are in flight, where they are echoed. */
  readonly inflight: number;
  /** How many bytes of raw pieces may be under way. */
  readonly windowBytes: number;
  /** Whether to ask small requests beside it. */
  readonly beside: boolean;
}

/** What came of a load. */
export interface LoadMeasured {
  /** How many bytes have come back. */
  readonly echoedBytes: number;
  /** How long small requests took, in milliseconds, sorted. */
  readonly smallMs: readonly number[];
}

/** Small requests are made at that interval, however long they take. */
const SMALL_EVERY_MS = 5;
const READ_BYTES = 256 * 1024;

/** A path under load, until it is ended. */
class Load {
  echoedBytes = 0;
  smallMs: number[] = [];
  readonly #order: LoadOrder;
  #isOver = false;
  readonly #work: Promise<unknown>[] = [];
  #close: () => Promise<void> = () => Promise.resolve();

  constructor(order: LoadOrder) {
    this.#order = order;
  }

  async start(): Promise<void> {
    const { kind, port, beside, inflight } = this.#order;
    if (kind === "sink" || kind === "echo") return await this.#startRaw();
    if (kind === "framed") return await this.#startFramed();
    const endpoint = parseNetEndpoint(`tcp://127.0.0.1:${port}`);
    const connection = await connect(constantResolver(endpoint));
    this.#close = () => connection[Symbol.asyncDispose]();
    const far = client(Far, connection);
    const message = new Uint8Array(this.#order.size), small = new Uint8Array(64);
    const stream = async (): Promise<void> => {
      const call = far.upload(new Uint8Array());
      while (!this.#isOver) await call.send(message);
      call.end();
      await call.finished;
    };
    const ask = async (): Promise<void> => {
      while (!this.#isOver) {
        const { length } = await far.echo(message);
        this.echoedBytes += length;
      }
    };
    if (kind === "stream") this.#work.push(stream());
    if (kind === "requests") { for (let n = 0; n < inflight; n++) this.#work.push(ask()); }
    if (beside) this.#work.push(this.#askSmall(() => far.echo(small)));
  }

  async #askSmall(askOne: () => Promise<unknown>): Promise<void> {
    const asked: Promise<void>[] = [];
    const ask = async (intendedMs: number): Promise<void> => {
      await askOne();
      this.smallMs.push(performance.now() - intendedMs);
    };
    for (let nextMs = performance.now(); !this.#isOver; nextMs += SMALL_EVERY_MS) {
      const waitMs = nextMs - performance.now();
      if (waitMs > 0) await new Promise((resolve) => setTimeout(resolve, waitMs));
      // From when it ought to have been made: a timer that is late is no merit of the path.
      asked.push(ask(Math.max(nextMs, performance.now())));
    }
    await Promise.all(asked);
  }

  async #startFramed(): Promise<void> {
    const { port, size, windowBytes } = this.#order;
    const channel = await dialFloor({ href: `tcp://127.0.0.1:${port}`, identity: null });
    if (channel.kind !== "bytes") throw new Error("a raw socket carries bytes");
    const bulk = new FramedBulk(channel, size, windowBytes), running = bulk.run();
    this.#close = async () => {
      bulk.end();
      await running;
    };
    this.#work.push(this.#askSmall(() => bulk.ask()));
  }

  async #startRaw(): Promise<void> {
    const { kind, port, size, inflight } = this.#order;
    const channel = await dialFloor({ href: `tcp://127.0.0.1:${port}`, identity: null });
    if (channel.kind !== "bytes") throw new Error("a raw socket carries bytes");
    this.#close = () => Promise.resolve(channel.close());
    const message = new Uint8Array(size);
    let sent = 0, wake = (): void => {};
    const write = async (): Promise<void> => {
      while (!this.#isOver) {
        while (kind === "echo" && sent - this.echoedBytes >= inflight * size && !this.#isOver) {
          await new Promise<void>((resolve) => wake = resolve);
        }
        await writeAll(channel, message);
        sent += size;
      }
    };
    const read = async (): Promise<void> => {
      const buffer = new Uint8Array(READ_BYTES);
      while (!this.#isOver || this.echoedBytes < sent) {
        this.echoedBytes += await channel.read(buffer) ?? 0;
        wake();
      }
    };
    this.#work.push(write());
    if (kind === "echo") this.#work.push(read());
  }

  /** Forgets the small requests so far. */
  mark(): void {
    this.smallMs = [];
  }

  /** Ends it. */
  async end(): Promise<void> {
    this.#isOver = true;
    await Promise.all(this.#work);
    await this.#close();
  }
}

/** How long it takes from the dial to the first answer, in milliseconds. */
async function startUp({ href, identity, hasSecret }: StartOrder): Promise<number> {
  const startMs = performance.now();
  const endpoint = constantResolver(parseNetEndpoint(href, reachedBy("", identity)));
  await using connection = await connect(
    endpoint,
    hasSecret ? { auth: sharedSecret(SECRET) } : {},
  );
  await client(Far, connection).echo(new Uint8Array(64));
  return performance.now() - startMs;
}

if (import.meta.main) {
  let load: Load | null = null;
  await answerCommands({
    begin: async (order: LoadOrder): Promise<void> => {
      load = new Load(order);
      await load.start();
    },
    mark: (): number => {
      load!.mark();
      return load!.echoedBytes;
    },
    look: (): LoadMeasured => ({
      echoedBytes: load!.echoedBytes,
      smallMs: load!.smallMs.toSorted((a, b) => a - b),
    }),
    end: (): Promise<void> => load!.end(),
    startUp,
  });
}
