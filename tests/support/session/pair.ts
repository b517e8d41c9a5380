import { assert, assertEquals } from "@std/assert";
import type { SeededRandom } from "../../../lib/testing/time/seeded_random.ts";
import { crc32 } from "../../../lib/runtime/checksum.ts";
import { EchoTarget, KeepTarget } from "./calls.ts";
import { sessionOptions, type SideOptions } from "./options.ts";
import { Side } from "./side.ts";

/** How the two sessions of a pair are joined. */
export interface PairOptions {
  /** Whole batches, or a stream of bytes with checksums. Default: batches. */
  bytes?: boolean;
  /** Cuts the byte stream and delays writes by chance. Default: all at once, in order. */
  random?: SeededRandom;
  /** What both sides have. */
  both?: SideOptions;
  dialler?: SideOptions;
  acceptor?: SideOptions;
  /** Whether to leave the handshake to the test. */
  unopened?: boolean;
}

/** Two sessions joined in memory, with a clock that moves by hand. */
export class Pair {
  nowMs = 1000;
  readonly dialler: Side;
  readonly acceptor: Side;
  readonly #random: SeededRandom | null;
  readonly #bytes: boolean;

  constructor(options: PairOptions = {}) {
    const { bytes = false, random, both, dialler, acceptor } = options;
    this.#bytes = bytes;
    this.#random = random ?? null;
    const stream: SideOptions = bytes ? { envelope: true, checksum: crc32 } : {};
    const now = (): number => this.nowMs;
    this.dialler = new Side(sessionOptions("dialler", { ...stream, ...both, ...dialler }), now);
    this.acceptor = new Side(sessionOptions("acceptor", { ...stream, ...both, ...acceptor }), now);
    if (options.unopened) return;
    this.pump();
    assertEquals([this.dialler.session.state, this.acceptor.session.state], ["open", "open"]);
  }

  /** Registers a handler that echoes, on both sides. */
  echo(name = "echo"): EchoTarget {
    const target = new EchoTarget();
    this.dialler.handlers.set(name, target);
    this.acceptor.handlers.set(name, target);
    return target;
  }

  /** Registers a handler that keeps its calls, on the acceptor. */
  keep(name = "keep"): KeepTarget {
    const target = new KeepTarget();
    target.now = () => this.nowMs;
    this.acceptor.handlers.set(name, target);
    return target;
  }

  /** Moves bytes until nothing moves any more. */
  pump(maxSteps = 1_000_000): void {
    for (let steps = 0; steps < maxSteps; steps++) {
      if (this.#random === null ? !this.#stepAll() : !this.#stepByChance(this.#random)) return;
    }
    throw new Error(`The two sides are not quiet after ${maxSteps} steps.`);
  }

  /** Moves some bytes, by chance. Says whether there was anything to move. */
  step(): boolean {
    return this.#stepByChance(this.#random!);
  }

  /** Lets time pass, from one deadline to the next, and moves bytes. */
  advance(ms: number): void {
    const end = this.nowMs + ms;
    for (;;) {
      const next = Math.min(
        this.dialler.session.nextDeadlineMs(),
        this.acceptor.session.nextDeadlineMs(),
      );
      if (next > end) break;
      assert(!Number.isNaN(next), "a deadline is a number");
      this.nowMs = Math.max(this.nowMs, next);
      this.fire();
      this.pump();
    }
    this.nowMs = end;
  }

  /** Calls the timers that are due. */
  fire(): void {
    for (const { session } of [this.dialler, this.acceptor]) {
      if (session.nextDeadlineMs() <= this.nowMs) session.onTimer(this.nowMs);
    }
  }

  /** Moves what one side has written to the other one. */
  deliver(from: Side, to: Side): boolean {
    let moved = false;
    while (from.transit.length > 0 || to.interrupted) {
      moved = true;
      if (to.interrupted) to.resume();
      else this.#deliverOne(from, to, Infinity);
    }
    return moved;
  }

  #deliverOne(from: Side, to: Side, maxBytes: number): void {
    const next = from.transit.shift()!;
    if (!this.#bytes) return to.receiveBatch(next);
    if (to.session.state === "closed") return;
    const count = to.receiveBytes(next.subarray(0, Math.min(next.length, maxBytes)));
    if (count < next.length) from.transit.unshift(next.subarray(count));
  }

  #stepAll(): boolean {
    const { dialler, acceptor } = this;
    let moved = false;
    for (const [from, to] of [[dialler, acceptor], [acceptor, dialler]] as const) {
      // An empty drain may still have taken dropped messages out of a lane.
      while (from.session.hasOutput || from.writing) {
        if (from.drain() > 0) moved = true;
        from.written();
      }
      if (this.deliver(from, to)) moved = true;
    }
    return moved;
  }

  #stepByChance(random: SeededRandom): boolean {
    const { dialler, acceptor } = this;
    const choices: (() => void)[] = [];
    for (const [from, to] of [[dialler, acceptor], [acceptor, dialler]] as const) {
      if (from.writing) choices.push(() => from.written());
      else if (from.session.hasOutput) choices.push(() => void from.drain());
      if (to.interrupted) choices.push(() => to.resume());
      else if (from.transit.length > 0) {
        choices.push(() =>
          this.#deliverOne(from, to, random.int(1, random.pick([1, 20, 1000, 200_000])))
        );
      }
    }
    if (choices.length === 0) return false;
    random.pick(choices)();
    return true;
  }
}

/** Nothing is left in any table of either side. */
export function assertNothingLeft(pair: Pair): void {
  for (const { session } of [pair.dialler, pair.acceptor]) {
    assertEquals(session.outgoing.calls.active, 0, "calls");
    assertEquals([...session.outgoing.calls], []);
    assertEquals(session.incoming.calls.active, 0, "served calls");
    assertEquals([...session.incoming.calls], []);
    assertEquals(session.queuedBytes, 0, "queued bytes");
    assert(!session.hasOutput, "output left");
  }
}
