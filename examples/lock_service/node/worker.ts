/**
 * Someone who uses the lock, over and over.
 *
 * @module
 */

import { InternodeError } from "@internode/grid";
import type { Lease, Leases } from "@internode/grid/patterns";
import type { LockName, Log, OwnerEvent } from "../log/log_event.ts";
import type { Time } from "../log/machine_time.ts";
import type { ProtectedRegister } from "../register/protected_register.ts";

/** What a {@linkcode runWorker} needs. */
export interface WorkerOptions {
  readonly leases: Leases;
  readonly register: ProtectedRegister;
  readonly keys: readonly string[];
  readonly lifetimeMs: number;
  readonly time: Time;
  readonly log: Log<OwnerEvent>;
  readonly random: () => number;
  /** Makes a name that no other lock has. */
  readonly nextUid: () => string;
  /** No further round begins once it aborts. */
  readonly signal: AbortSignal;
  /** Hears how far it is with each lock. */
  readonly onStage: (stage: Stage) => void;
}

/** The lock is held; a writer is between its reading and its writing; it is past that; the lock is let go. */
export type Stage = "held" | "writing" | "written" | "done";

const WRITE_SHARE = 0.4;
/** Who waits for a lock whose owner died should have a life meanwhile. */
const PATIENCE_MS = 1_000;
/** Some hold a lock for longer than it lasts unless it is renewed. */
const LONG_SHARE = 0.02, LONG_LIFETIMES = 4 / 3;

/** Locks, reads, thinks, writes, unlocks, until the signal aborts. */
export async function runWorker(options: WorkerOptions): Promise<void> {
  const { keys, time, log, random, nextUid, signal, onStage } = options;
  while (!signal.aborted) {
    await time.sleep(random() * 20);
    const key = keys[Math.floor(random() * keys.length)]!, shared = random() >= WRITE_SHARE;
    const since = time.now(), lease = await tryLock(options, key, shared);
    if (lease === null) continue;
    const lock: LockName = { key, uid: nextUid(), shared, token: lease.token };
    log.write({ event: "held", at: time.now(), since, ...lock });
    onStage("held");
    await useLock(lease, lock, options);
    onStage("done");
    look(lease, lock, options);
    await lease.release();
  }
}

async function tryLock(
  { leases, signal }: WorkerOptions,
  key: string,
  shared: boolean,
): Promise<Lease | null> {
  try {
    return await leases.lease(key, { shared, timeoutMs: PATIENCE_MS, signal });
  } catch (error) {
    if (signal.aborted) return null;
    if (error instanceof InternodeError && error.code === "DeadlineExceeded") return null;
    throw error;
  }
}

async function useLock(lease: Lease, lock: LockName, options: WorkerOptions): Promise<void> {
  const { register, lifetimeMs, time, random, signal, onStage } = options;
  const version = await register.read(lock);
  look(lease, lock, options);
  if (version === undefined) return;
  if (!lock.shared) onStage("writing");
  if (random() < LONG_SHARE && !signal.aborted) await time.sleep(lifetimeMs * LONG_LIFETIMES);
  await time.sleep(20 + random() * 40);
  // The answer makes no difference here: the process can be frozen after the
  // question as well as before. The token protects the write.
  look(lease, lock, options);
  if (lock.shared) return;
  await register.write(lock, version + 1);
  onStage("written");
}

/** Looks whether the lock is held, and writes the answer down. */
function look(lease: Lease, lock: LockName, { time, log }: WorkerOptions): void {
  // First the time: what is believed later than this is believed now, too.
  const at = time.now();
  if (lease.isHeld) return log.write({ event: "believed", at, ...lock });
  // Whoever has lost it knows it from then on.
  if (!lease.signal.aborted) throw new Error(`${lock.uid} has lost ${lock.key} and is not told.`);
  log.write({ event: "lost", at, ...lock });
}
