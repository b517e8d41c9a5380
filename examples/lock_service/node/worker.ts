/**
 * Someone who uses the lock, over and over.
 *
 * @module
 */

import type { HeldLock, QuorumLock } from "../lock/quorum_lock.ts";
import type { ProtectedRegister } from "../register/protected_register.ts";
import type { Time } from "../lock/time.ts";

/** What a {@linkcode runWorker} needs. */
export interface WorkerOptions {
  lock: QuorumLock;
  register: ProtectedRegister;
  keys: readonly string[];
  lifetimeMs: number;
  time: Time;
  random: () => number;
  /** No further round begins once it aborts. */
  signal: AbortSignal;
  /** Hears how far it is with each lock. */
  onStage?: (lock: HeldLock, stage: Stage) => void;
}

/** The lock is held; a writer is between its reading and its writing; it is past that; the lock is let go. */
export type Stage = "held" | "writing" | "written" | "done";

const WRITE_SHARE = 0.4;
/** Who waits for a lock whose owner died should have a life meanwhile. */
const PATIENCE_MS = 300;
/** Some hold a lock for longer than a lease lasts, so they have to refresh it. */
const LONG_SHARE = 0.02;

/** Locks, reads, thinks, writes, unlocks, until the signal aborts. */
export async function runWorker(options: WorkerOptions): Promise<void> {
  const { lock, keys, time, random, signal, onStage } = options;
  while (!signal.aborted) {
    await time.sleep(random() * 20);
    const key = keys[Math.floor(random() * keys.length)]!;
    const write = random() < WRITE_SHARE;
    const held = await lock.acquire(key, write, { patienceMs: PATIENCE_MS, signal });
    if (held === undefined) continue;
    onStage?.(held, "held");
    await useLock(held, options);
    onStage?.(held, "done");
    held.release();
  }
}

async function useLock(held: HeldLock, options: WorkerOptions): Promise<void> {
  const { register, onStage } = options;
  const version = await register.read(held);
  if (version === undefined) return;
  if (held.write) onStage?.(held, "writing");
  await useVersion(held, version, options);
  if (held.write) onStage?.(held, "written");
}

async function useVersion(held: HeldLock, version: number, options: WorkerOptions): Promise<void> {
  const { register, lifetimeMs, time, random, signal } = options;
  let rounds = random() < LONG_SHARE ? 4 : 0;
  for (; rounds > 0 && !signal.aborted; rounds--) {
    await time.sleep(lifetimeMs / 3);
    if (!await held.refresh()) return;
  }
  await time.sleep(20 + random() * 40);
  // Whether the lease is still valid is not asked here: the process can be
  // frozen after the question as well as before. The token protects the write.
  if (held.write) await register.write(held, version + 1);
}
