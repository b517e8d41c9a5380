/**
 * The process that is attacked: a node of a grid, and a server of the call face.
 *
 * @module
 */

import process from "node:process";
import { setImmediate } from "node:timers";
import { type Logger, Manager, type ManagerOptions, sharedSecret } from "@internode/grid";
import { HandlerMap, listen, serve } from "@internode/grid/call";
import type { MtlsConfig } from "../../../lib/transport/certificates/mtls_config.ts";
import { mtlsTransports } from "../../../lib/transport/mtls/mtls_transport.ts";
import { answerCommands } from "../../../tools/processes/answer_commands.ts";
import { type Memory, memory } from "../../../bench/support/memory_process.ts";
import { systemClock } from "../../../lib/runtime/system_clock.ts";
import * as contracts from "./contracts.ts";

/** What a victim is made from. */
export interface VictimConfig {
  readonly local: string;
  readonly hosts: readonly string[];
  readonly secret: string | null;
  readonly tls: MtlsConfig | undefined;
  /** Where its server of the call face listens. */
  readonly service: string;
  readonly options: Omit<Partial<ManagerOptions>, "interceptors">;
}

/** What came of an attack. */
export interface Damage {
  /** The most that was resident beyond what was at its beginning, in bytes. */
  readonly peakBytes: number;
  /** The most that was in use of heap and buffers, garbage included, beyond what was at its beginning. */
  readonly peakUsedBytes: number;
  /** What is held now, after a collection, beyond what was then. */
  readonly heldBytes: number;
  /** The same of heap and buffers. */
  readonly heldUsedBytes: number;
  /** What was logged meanwhile. */
  readonly log: readonly string[];
  /** How handlers and own calls fared. */
  readonly counts: Readonly<Record<string, number>>;
}

const MIB = 1024 * 1024;
const SMALL_BYTES = 64 * 1024, small = new Uint8Array(SMALL_BYTES);
/** How often memory is looked at, in milliseconds. */
const LOOK_EACH_MS = 2;

function usedBytes({ heapBytes, bufferBytes }: Memory): number {
  return heapBytes + bufferBytes;
}

/** Lets those go that `hold` keeps. */
let held: ((bytes: Uint8Array) => void)[] = [];

/** Answers only once the attack is over. */
function hold(): Promise<Uint8Array> {
  return new Promise((resolve) => held.push(resolve));
}

class KeptLog implements Logger {
  lines: string[] = [];
  readonly #keep = (message: string, fields?: Readonly<Record<string, unknown>>): void => {
    this.lines.push(fields?.["error"] === undefined ? message : `${message} ${fields["error"]}`);
  };
  // What repeats itself, and who says nothing, are details.
  readonly debug = this.#keep;
  readonly info = this.#keep;
  readonly warn = this.#keep;
  readonly error = this.#keep;
}

async function run(config: VictimConfig): Promise<void> {
  const { local, hosts, secret, tls, options } = config;
  const log = new KeptLog();
  const auth = secret === null ? undefined : sharedSecret(secret);
  await using node = new Manager({ local, hosts, auth, tls, logger: log, ...options });
  let counts: Record<string, number> = {};
  const count = (what: string): void => void (counts[what] = (counts[what] ?? 0) + 1);
  serveAll(node, count);
  await node.listen();

  const handlers = new HandlerMap();
  handlers.set("raw", "echo", (bytes) => bytes);
  handlers.set("raw", "large", () => new Uint8Array(MIB).fill(1));
  handlers.set("raw", "hold", hold);
  handlers.set("raw", "stuck", () => {
    count("stuck");
    return new Promise(() => {});
  });
  const transports = tls === undefined ? undefined : mtlsTransports(tls);
  const listener = await listen(config.service, handlers, { logger: log, transports });
  const stop = new AbortController();
  const serving = serve(listener, {
    ...options,
    // What a server may say that expects no large messages.
    limits: { receiveBudgetBytes: 16 * MIB, maxMessageBytes: 8 * MIB, maxCalls: 1_000 },
    auth,
    logger: log,
    graceMs: 0,
    signal: stop.signal,
  }).finished;

  let start = memory(), peak = start.residentBytes, peakUsed = usedBytes(start);
  const watch = setInterval(() => {
    const now = memory();
    peak = Math.max(peak, now.residentBytes);
    peakUsed = Math.max(peakUsed, usedBytes(now));
  }, LOOK_EACH_MS);
  await answerCommands({
    service: () => listener.address,
    /** An attack begins. */
    begin: async () => {
      for (const letGo of held) letGo(new Uint8Array(0));
      held = [];
      log.lines = [];
      counts = {};
      start = await collectedMemory();
      peak = start.residentBytes;
      peakUsed = usedBytes(start);
    },
    /** It is over, or is looked at. */
    damage: async (): Promise<Damage> => {
      const now: Memory = await collectedMemory();
      return {
        peakBytes: peak - start.residentBytes,
        peakUsedBytes: peakUsed - usedBytes(start),
        heldBytes: now.residentBytes - start.residentBytes,
        heldUsedBytes: usedBytes(now) - usedBytes(start),
        log: log.lines,
        counts,
      };
    },
    log: () => log.lines,
    counts: () => counts,
    standing: () => [Math.floor(peakUsed / MIB), counts],
    pristine: () => Object.keys(Object.prototype).length === 0 && !("polluted" in {}),
    callOnce: (host: string) => {
      const call = node.connection(host).request(contracts.echo, new Uint8Array(1));
      call.then(() => count("ok"), (error) => count(error.code));
    },
    pushCalls: async ({ host, bytes, codec }: { host: string; bytes: number; codec: string }) => {
      const peer = node.connection(host);
      const raw = new Uint8Array(bytes), text = "x".repeat(bytes);
      for (let sent = 0; sent < 600 * MIB; sent += bytes) {
        const call: Promise<unknown> = codec === "raw"
          ? peer.request(contracts.echo, raw)
          : peer.request(contracts.labels, { text, labels: new Map() });
        call.then(() => count("ok"), (error) => count(error.code));
        // As a program would that reads what it sends from a disk.
        await new Promise<void>((resolve) => setImmediate(resolve));
      }
    },
    pushStreams: ({ host, bytes, streams }: { host: string; bytes: number; streams: number }) => {
      const peer = node.connection(host);
      for (let i = 0; i < streams; i++) {
        const opened = peer.stream(contracts.sink, new Uint8Array(0));
        const send = async (): Promise<void> => {
          for (let sent = 0; sent < 600 * MIB / streams; sent += bytes) {
            await opened.send(new Uint8Array(bytes).fill(1));
            count("sent");
          }
        };
        send().catch((error) => count(error.code));
        opened.finished.catch((error) => count(`ended ${error.code}`));
      }
    },
  });
  clearInterval(watch);
  stop.abort();
  await Promise.all([serving, node.close({ graceMs: 0 })]);
}

function serveAll(node: Manager, count: (what: string) => void): void {
  node.handle(contracts.echo, (bytes) => bytes);
  node.handle(contracts.large, ({ size }) => {
    count("large");
    // Thousands of small ones would be garbage of the handler's that says nothing of the engine.
    return size < SMALL_BYTES ? small.subarray(0, size) : new Uint8Array(size).fill(1);
  });
  node.handle(contracts.typed, ({ size }) => {
    count("typed");
    return { data: new Uint8Array(size).fill(1) };
  });
  node.handle(contracts.hold, hold);
  node.handle(contracts.push, async function* ({ size }) {
    for (let sent = 0; sent < 600 * MIB; sent += size) {
      yield new Uint8Array(size).fill(1);
      count("pushed");
    }
  });
  // deno-lint-ignore require-yield -- it never gets so far
  node.handle(contracts.sink, async function* () {
    count("opened");
    await hold();
  });
  node.handle(contracts.anything, () => {
    count("any");
    return 1;
  });
  node.handle(contracts.nested, (lists) => {
    count("nested");
    return lists.length;
  });
  node.handle(contracts.labels, ({ labels }) => {
    count(`labels ${labels.get("__proto__")} ${labels.get("constructor")}`);
    return labels.size;
  });
  node.handle(contracts.fail, (text) => {
    throw new Error(text);
  });
}

/** Its neighbour calls it all the while, so it never settles: it is enough when collecting gains little more. */
async function collectedMemory(): Promise<Memory> {
  const { gc } = globalThis as { gc?: () => void };
  let before = Infinity;
  for (let look = 0; look < 12; look++) {
    gc!();
    // Buffers are given back, and promises settle, in turns of their own.
    await new Promise<void>((resolve) => systemClock.setTimer(10, resolve));
    const used = usedBytes(memory());
    if (used > before - 64 * 1024) break;
    before = used;
  }
  return memory();
}

if (import.meta.main) await run(JSON.parse(process.argv[2]!));
