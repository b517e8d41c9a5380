/**
 * A process with a listener of each kind, whose memory is measured. It accepts nobody.
 *
 * @module
 */

import process from "node:process";
import { type Logger, Manager, sharedSecret, systemTransports } from "@internode/grid";
import { HandlerMap, listen, serve } from "@internode/grid/call";
import { answerCommands } from "../../../tools/processes/answer_commands.ts";
import { type Memory, memory } from "../../../bench/support/memory_process.ts";
import type { MtlsConfig } from "../../../lib/transport/certificates/mtls_config.ts";
import { systemClock } from "../../../lib/runtime/system_clock.ts";

/** What the listeners are made from. */
export interface ListenersConfig {
  readonly secret: string;
  /** How long a handshake may take, in milliseconds. */
  readonly handshakeTimeoutMs: number;
  /** Nodes of a grid with the secret, each with a host that may dial it. */
  readonly secretNodes: readonly (readonly [local: string, dialler: string])[];
  /** The same with mutual TLS. */
  readonly mutualNodes: readonly (readonly [local: string, dialler: string])[];
  /** Proves those. */
  readonly mutual: MtlsConfig;
  /** Where servers of the call face listen with the secret; `tls` without a client's certificate. */
  readonly services: readonly string[];
}

/** What is kept of logs would be memory that grows. */
const NOBODY: Logger = { debug() {}, info() {}, warn() {}, error() {} };

/** How often memory is looked at before it counts, and how many milliseconds lie between. */
const LOOKS = 4, LOOK_EACH_MS = 20;
const KEPT_OBJECTS = 100_000, MADE_OBJECTS = 2_000_000;
/** How often it is looked at while a crowd comes, in milliseconds. */
const WATCH_EACH_MS = 5;

async function run(config: ListenersConfig): Promise<void> {
  const { handshakeTimeoutMs, services, mutual } = config;
  const logger = NOBODY, auth = sharedSecret(config.secret);
  const { cert, key } = mutual, transports = systemTransports({ cert, key });
  await using stack = new AsyncDisposableStack();
  for (const [local, dialler] of config.secretNodes) {
    const hosts = [local, dialler];
    const options = { local, hosts, auth, logger, handshakeTimeoutMs, transports };
    await stack.use(new Manager(options)).listen();
  }
  const tls: MtlsConfig = { ...mutual, handshakeTimeoutMs };
  for (const [local, dialler] of config.mutualNodes) {
    const hosts = [local, dialler];
    const node = stack.use(new Manager({ local, hosts, tls, logger, handshakeTimeoutMs }));
    await node.listen();
  }
  const stop = new AbortController();
  const addresses: string[] = [], serving: Promise<void>[] = [];
  for (const url of services) {
    const listener = await listen(url, new HandlerMap(), { logger, transports });
    addresses.push(listener.address);
    serving.push(
      serve(listener, { auth, logger, handshakeTimeoutMs, graceMs: 0, signal: stop.signal })
        .finished,
    );
  }
  let start = memory(), peakBytes = start.residentBytes;
  const watch = setInterval(() => {
    peakBytes = Math.max(peakBytes, memory().residentBytes);
  }, WATCH_EACH_MS);
  await answerCommands({
    services: () => addresses,
    memory: collectedMemory,
    /** From now on the most that is resident counts. */
    begin: async () => {
      makeGarbage();
      start = await collectedMemory();
      peakBytes = start.residentBytes;
      return start;
    },
    /** The most that was resident beyond what was then, in bytes. */
    peak: () => peakBytes - start.residentBytes,
  });
  clearInterval(watch);
  stop.abort();
  await Promise.all(serving);
}

/** As any busy server does: the space for what is young has the size that it keeps then, which no peer causes. */
function makeGarbage(): void {
  const kept: unknown[] = new Array(KEPT_OBJECTS);
  for (let i = 0; i < MADE_OBJECTS; i++) kept[i % KEPT_OBJECTS] = { text: `${i}`, list: [i] };
}

/** The least that is found in a few looks, each behind a collection. */
async function collectedMemory(): Promise<Memory> {
  let least: Memory | null = null;
  for (let look = 0; look < LOOKS; look++) {
    // Buffers are given back, and promises settle, in turns of their own.
    await new Promise<void>((resolve) => systemClock.setTimer(LOOK_EACH_MS, resolve));
    (globalThis as { gc?: () => void }).gc!();
    const now = memory();
    if (least === null || used(now) < used(least)) least = now;
  }
  return least!;
}

function used({ heapBytes, bufferBytes }: Memory): number {
  return heapBytes + bufferBytes;
}

if (import.meta.main) await run(JSON.parse(process.argv[2]!));
