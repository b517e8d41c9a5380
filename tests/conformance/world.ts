/**
 * Where the conformance suite runs: two managers on each transport.
 *
 * @module
 */

import {
  type Clock,
  type Connection,
  Manager,
  type ManagerOptions,
  type Transports,
} from "@internode/grid";
import { dials } from "../../lib/grid/dialler.ts";
import { systemClock } from "../../lib/runtime/system_clock.ts";
import { memoryTransport } from "../../lib/transport/memory/memory.ts";
import { systemTransports } from "../../lib/transport/transports.ts";
import { certificates } from "../support/certificates/certificates.ts";
import { FFI, FILES, NET } from "../support/permitted.ts";
import { configOf, TestAuthority } from "../support/certificates/test_authority.ts";
import { QuietLogger } from "../support/log/quiet.ts";
import { simulatedGrid } from "../support/simulation/simulated_grid.ts";
import { freePorts } from "../../tools/network/free_ports.ts";

/** How the two nodes of a test are made. */
export interface Setup {
  /** Options of both nodes. */
  options?: Partial<ManagerOptions>;
  /** Options of the first node alone. */
  first?: Partial<ManagerOptions>;
  /** Options of the second node alone. */
  second?: Partial<ManagerOptions>;
  /** Registers the handlers of the second node. */
  serve?: (second: Manager, first: Manager) => void;
  /** By how much the first node's wall clock is ahead, in milliseconds. Default: 0. */
  skewMs?: number;
  /** Whether the test begins with a connection. Default: `true`. */
  connected?: boolean;
}

/** Two nodes. */
export interface Pair {
  readonly first: Manager;
  readonly second: Manager;
  /** The first node's way to the second. */
  readonly to: Connection;
  /** What the two have logged. */
  readonly firstLog: QuietLogger;
  readonly secondLog: QuietLogger;
  /** Whether strangers are refused before the upgrade. */
  readonly upgrades: boolean;
  /** Waits for a condition, turn by turn. */
  until(condition: () => boolean, what: string): Promise<void>;
}

/** A kind of connection. */
export interface World {
  readonly name: string;
  readonly ignore: boolean;
  run(setup: Setup, body: (pair: Pair) => Promise<void>): Promise<void>;
}

/** How long a condition may take in real time, which nothing here should need. */
const PATIENCE_MS = 3_000;

/** Waits in real time, by turns of the event loop. */
export async function until(condition: () => boolean, what: string): Promise<void> {
  const giveUpMs = systemClock.now() + PATIENCE_MS;
  while (!condition()) {
    if (systemClock.now() > giveUpMs) throw new Error(`not so within ${PATIENCE_MS} ms: ${what}`);
    await new Promise<void>((resolve) => systemClock.defer(resolve));
  }
}

/** A system clock whose wall time is off. */
function skewed(offsetMs: number): Clock {
  return { ...systemClock, wallNow: () => systemClock.wallNow() + offsetMs };
}

function realWorld(
  name: string,
  ignore: boolean,
  hosts: () => string[],
  transports: () => Transports | undefined,
  own: (host: string) => Promise<Partial<ManagerOptions>> = () => Promise.resolve({}),
): World {
  return {
    name,
    ignore,
    async run(setup, body) {
      const firstLog = new QuietLogger(), secondLog = new QuietLogger();
      const both = {
        hosts: hosts(),
        transports: transports(),
        defaultTimeoutMs: PATIENCE_MS,
        ...setup.options,
      };
      const [one, two] = both.hosts as string[];
      const first = new Manager({
        ...both,
        ...await own(one!),
        logger: firstLog,
        local: one!,
        clock: skewed(setup.skewMs ?? 0),
        ...setup.first,
      });
      const second = new Manager({
        ...both,
        ...await own(two!),
        logger: secondLog,
        local: two!,
        ...setup.second,
      });
      setup.serve?.(second, first);
      try {
        // Who dials comes second, so that it finds somebody.
        const order = dials(first.local, second.local) ? [second, first] : [first, second];
        for (const node of order) await node.listen();
        if (setup.connected ?? true) {
          await Promise.all([first.waitForConnect(), second.waitForConnect()]);
        }
        const to = first.connections()[0]!;
        const upgrades = name === "ws" || name === "wss";
        await body({ first, second, to, firstLog, secondLog, upgrades, until });
      } finally {
        await Promise.all([first.close({ graceMs: 500 }), second.close({ graceMs: 500 })]);
      }
    },
  };
}

function simulatedWorld(channels: "bytes" | "messages"): World {
  let seed = 0;
  return {
    name: `simulated ${channels}`,
    ignore: false,
    async run(setup, body) {
      const logs = [new QuietLogger(), new QuietLogger()];
      let other: Manager | null = null;
      const grid = simulatedGrid({
        seed: ++seed,
        channels,
        nodeClock: (index) => ({ wallOffsetMs: index === 0 ? setup.skewMs ?? 0 : 0 }),
        options: ({ index }) => ({
          logger: logs[index]!,
          ...setup.options,
          ...(index === 0 ? setup.first : setup.second),
        }),
        serve: (manager) => {
          if (other === null) other = manager;
          else setup.serve?.(manager, other);
        },
      });
      await grid.run(async () => {
        await grid.start();
        const first = grid.node(0), second = grid.node(1);
        if (setup.connected ?? true) {
          await Promise.all([first.waitForConnect(), second.waitForConnect()]);
        }
        await body({
          first,
          second,
          to: first.connections()[0]!,
          firstLog: logs[0]!,
          secondLog: logs[1]!,
          upgrades: false,
          until: (condition, what) => grid.clock.runUntil(condition, PATIENCE_MS * 10, what),
        });
      });
      await grid.close();
    },
  };
}

const WINDOWS = Deno.build.os === "windows";
let made = 0;
const onPorts = (scheme: string) => (): string[] =>
  freePorts(2).map((port) => `${scheme}://127.0.0.1:${port}`);

function unixHosts(): string[] {
  folder ??= Deno.makeTempDirSync({ prefix: "internode-" });
  return [`unix://${folder}/${++made}.sock`, `unix://${folder}/${++made}.sock`];
}
let folder: string | undefined;
if (FILES) {
  globalThis.addEventListener("unload", () => {
    if (folder !== undefined) Deno.removeSync(folder, { recursive: true });
  });
}

/** Certificates good for one host each. */
async function mutualTls(host: string): Promise<Partial<ManagerOptions>> {
  authority ??= TestAuthority.root("authority");
  const certificate = await (await authority).node(host, { names: [{ type: "uri", value: host }] });
  return { tls: configOf(certificate, await authority) };
}
let authority: Promise<TestAuthority> | undefined;
const NONE = (): undefined => undefined;
/** Both nodes are in one process, so polls seldom catch anything but what has come already. */
const SPINNING = { spinUs: 50 };

/** Every transport there is. */
export const WORLDS: readonly World[] = [
  realWorld("memory", false, () => [`memory://a${++made}`, `memory://b${made}`], () => ({
    memory: memoryTransport(),
  })),
  simulatedWorld("bytes"),
  simulatedWorld("messages"),
  realWorld("tcp", !NET, onPorts("tcp"), systemTransports),
  realWorld("unix", !(NET && FILES) || WINDOWS, unixHosts, systemTransports),
  realWorld(
    "tcp, spinning",
    !NET || !FFI,
    onPorts("tcp"),
    systemTransports,
    () => Promise.resolve(SPINNING),
  ),
  realWorld(
    "unix, spinning",
    !(NET && FILES && FFI),
    unixHosts,
    systemTransports,
    () => Promise.resolve(SPINNING),
  ),
  realWorld("ws", !NET, onPorts("ws"), systemTransports),
  realWorld("tls", !(NET && FILES), onPorts("tls"), () => systemTransports(certificates())),
  realWorld("wss", !(NET && FILES), onPorts("wss"), () => systemTransports(certificates())),
  realWorld("mutual tls", !NET, onPorts("tls"), NONE, mutualTls),
  realWorld("mutual tls over wss", !NET, onPorts("wss"), NONE, mutualTls),
  realWorld("mutual tls over unix", !(NET && FILES) || WINDOWS, unixHosts, NONE, mutualTls),
];
