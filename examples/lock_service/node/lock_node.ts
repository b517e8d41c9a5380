/**
 * What a node of the lock service is made of, wherever it runs.
 *
 * @module
 */

import type {
  ClientInterceptor,
  Clock,
  Logger,
  Manager,
  Random,
  ServerInterceptor,
} from "@internode/grid";
import { type GridLeases, gridLeases } from "@internode/grid/patterns";
import type { Log, LogEvent, NodeEvent } from "../log/log_event.ts";
import type { Time } from "../log/machine_time.ts";
import { read, write } from "../register/contracts.ts";
import { ProtectedRegister } from "../register/protected_register.ts";
import { RegisterReplica } from "../register/register_replica.ts";
import type { CallLog } from "./call_log.ts";
import { runWorker, type Stage } from "./worker.ts";

/** What a {@linkcode LockNode} is made from. */
export interface LockNodeOptions {
  /** This node, which does not listen yet. */
  readonly grid: Manager;
  /** What no other life of any node is called. */
  readonly name: string;
  /** How long a lock lasts that is not renewed, in milliseconds. */
  readonly lifetimeMs: number;
  readonly time: Time;
  readonly log: Log<NodeEvent>;
  /** What the former lives of this node have logged. */
  readonly former: Iterable<LogEvent>;
  /** Whether the replica takes every write. */
  readonly careless: boolean;
  /** For simulations. */
  readonly clock?: Clock | undefined;
  /** For simulations. */
  readonly random?: Random | undefined;
}

/** What its workers do. */
export interface Work {
  readonly workers: number;
  readonly keys: number;
  /** A number from 0 up to 1. */
  readonly random: () => number;
  /** Ends it. */
  readonly signal: AbortSignal;
  /** Hears how far a worker is. */
  readonly onStage: (stage: Stage) => void;
}

/** Votes on locks, stores what they protect, and has workers that use them. */
export class LockNode {
  readonly leases: GridLeases;
  readonly #options: LockNodeOptions;
  readonly #register: ProtectedRegister;

  constructor(options: LockNodeOptions) {
    const { grid, lifetimeMs: ttlMs, time, log, former, careless, clock, random } = options;
    const now = () => time.now();
    const replica = new RegisterReplica(now, log, careless);
    replica.replay(former);
    grid.handle(read, (request) => replica.read(request));
    grid.handle(write, (request) => replica.write(request));
    this.#options = options;
    this.#register = new ProtectedRegister({ grid, now, log, clock });
    // All hosts vote.
    this.leases = gridLeases(grid, { ttlMs, clock, random, logger: QUIET });
  }

  /** Resolves when the workers have ended. */
  async work({ workers, keys, ...work }: Work): Promise<void> {
    const { name, lifetimeMs, time, log } = this.#options;
    const names = Array.from({ length: keys }, (_, key) => `key-${key}`);
    let uids = 0;
    const worker = () =>
      runWorker({
        ...work,
        leases: this.leases,
        register: this.#register,
        keys: names,
        lifetimeMs,
        time,
        log,
        nextUid: () => `${name}.${++uids}`,
      });
    await Promise.all(Array.from({ length: workers }, worker));
  }
}

/** Writes down each call that a node makes. */
export function logCalls(calls: CallLog): ClientInterceptor {
  return (next) => (call) =>
    calls.run(call.contract.name, call.host, call.timeoutMs, () => next(call));
}

/** Lets a node's voter grant whatever it is asked, to show that the checker catches it. */
export const grantAll: ServerInterceptor = (next) => async (call) => {
  const result = await next(call);
  if (result.kind !== "single") return result;
  if (call.contract.name === "lease.keep") return { ...result, response: true };
  if (call.contract.name !== "lease.ask") return result;
  return { ...result, response: { ...result.response as object, granted: true } };
};

/** That peers and leases come and go is what this is about; only what goes wrong is worth a line. */
export const QUIET: Logger = {
  debug() {},
  info() {},
  warn() {},
  error: (message, fields) => console.error(message, fields ?? ""),
};
