/**
 * The callers of a history.
 *
 * @module
 */

import type { Stream } from "@internode/grid";
import type { SeededRandom } from "@internode/grid/testing";
import type { Clock, Timer } from "../../lib/runtime/clock.ts";
import { CallRecord, type Ledger, type Plan, READER_KINDS } from "./ledger.ts";
import { CarefulReader, type Message } from "./readers.ts";
import { FIRST_PROBE, PLACES } from "./serving.ts";

/** What a call is made with. */
export interface WayOptions {
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal;
}

/** How calls are made: a face of the library. */
export interface Way {
  single(request: Message, idempotent: boolean, options: WayOptions): Promise<Message>;
  stream(initial: Message, options: WayOptions): Stream<Message, Message>;
}

/** How often free places are looked for. */
const PROBES = 5;

/** How large the messages are that are sent, the last of them in pieces. */
const SIZES = [0, 0, 1, 40, 3_000, 12_000] as const;

/** Draws what is to become of a call. */
export function drawPlan(random: SeededRandom, id: number): Plan {
  const kind = random.chance(0.6) ? "stream" : "single";
  const isLast = (probability: number): boolean => random.chance(probability);
  const ends = isLast(0.1) ? "waits" : isLast(0.1) ? "throws" : "returns";
  const cancels = isLast(0.25), expires = isLast(0.25);
  return {
    id,
    kind,
    idempotent: kind === "single" && random.chance(0.3),
    inputs: random.int(0, 8),
    outputs: random.int(0, 8),
    bytes: random.pick(SIZES),
    ends,
    inputReader: random.pick(READER_KINDS),
    outputReader: random.pick(READER_KINDS),
    source: random.pick(["generator", "iterator", "readable"]),
    // What waits for its signal ends in no other way.
    timeoutMs: expires || ends === "waits" && !cancels ? random.float(1, 600) : undefined,
    cancelAfterMs: cancels ? random.float(0, 600) : undefined,
    random: { caller: random.fork(`caller ${id}`), handler: random.fork(`handler ${id}`) },
  };
}

/** Makes calls as their plans say, and tells the ledger. */
export class Player {
  readonly #ledger: Ledger;
  readonly #clock: Clock;

  constructor(ledger: Ledger, clock: Clock) {
    this.#ledger = ledger;
    this.#clock = clock;
  }

  /** Makes a call; resolves when it has ended for its caller. Never rejects. */
  play(way: Way, plan: Plan): Promise<void> {
    const record = new CallRecord(plan);
    this.#ledger.calls[plan.id] = record;
    return this.#ledger.during(() =>
      plan.kind === "single" ? this.#single(way, record) : this.#stream(way, record)
    );
  }

  /**
   * Whether all places of a handler are free: as many calls as there are run
   * side by side. A renewal, or a loss that shows late, may come between.
   *
   * @param ready Waits until calls can be made.
   */
  async probe(way: Way, ready: () => Promise<unknown>): Promise<void> {
    for (let tries = 1;; tries++) {
      await ready();
      try {
        return await this.#probe(way);
      } catch (error) {
        if (tries === PROBES) throw error;
      }
    }
  }

  async #probe(way: Way): Promise<void> {
    const options = { timeoutMs: 10_000 }, filler = new Uint8Array();
    const calls = Array.from(
      { length: PLACES },
      (_, index) => ({ at: FIRST_PROBE + index, filler }),
    );
    const singles = calls.map((call) => way.single(call, false, options).then(() => {}));
    const streams = calls.map((call) => way.stream(call, options).finished);
    const ended = await Promise.allSettled([...singles, ...streams]);
    for (const end of ended) if (end.status === "rejected") throw end.reason;
  }

  async #single(way: Way, record: CallRecord): Promise<void> {
    const { id, bytes, timeoutMs, idempotent } = record.plan;
    const controller = new AbortController();
    const timer = this.#cancelLater(record, (reason) => controller.abort(reason));
    const options = { signal: controller.signal, ...(timeoutMs !== undefined && { timeoutMs }) };
    try {
      const filler = new Uint8Array(bytes);
      const { at } = await way.single({ at: id, filler }, idempotent, options);
      if (at !== id) this.#ledger.fault(record, `it had the answer of ${at}`);
      this.#ledger.onEnded(record, undefined);
    } catch (error) {
      this.#ledger.onEnded(record, error);
    }
    if (timer !== null) this.#clock.clearTimer(timer);
  }

  async #stream(way: Way, record: CallRecord): Promise<void> {
    const { id, bytes, timeoutMs } = record.plan;
    const stream = way.stream({ at: id, filler: new Uint8Array(bytes) }, {
      ...(timeoutMs !== undefined && { timeoutMs }),
    });
    const timer = this.#cancelLater(record, (reason) => stream.cancel(reason));
    const finished = stream.finished.then(
      () => this.#ledger.onEnded(record, undefined),
      (error) => this.#ledger.onEnded(record, error),
    );
    await Promise.all([finished, this.#write(stream, record), this.#read(stream, record)]);
    if (timer !== null) this.#clock.clearTimer(timer);
  }

  /** Sends as many inputs as planned, then the end. */
  async #write(stream: Stream<Message, Message>, record: CallRecord): Promise<void> {
    const { inputs: many, bytes, random: { caller } } = record.plan, { inputs } = record;
    const isPatient = caller.chance(0.5);
    const sends: Promise<void>[] = [];
    try {
      while (inputs.sent < many) {
        const sent = stream.send({ at: inputs.sent++, filler: new Uint8Array(bytes) });
        if (isPatient) await sent;
        else sends.push(sent.catch(() => {}));
        await this.#pauseMaybe(caller);
      }
    } catch {
      // What ended it is told elsewhere.
    }
    if (caller.chance(0.9)) {
      inputs.ended = inputs.sent;
      stream.end();
    } else if (record.plan.cancelAfterMs === undefined) {
      // Who neither ends its inputs nor the call waits for ever, and that is its own fault.
      record.reason = new Error("enough");
      stream.cancel(record.reason);
    }
    await Promise.all(sends);
  }

  async #read(stream: Stream<Message, Message>, record: CallRecord): Promise<void> {
    const { outputReader, random: { caller } } = record.plan;
    const pause = (): Promise<void> | null => this.#pauseMaybe(caller);
    const reader = new CarefulReader(this.#ledger, record, record.outputs, "output", pause);
    if (outputReader === "pipe") await reader.readPipe(stream.readable);
    else {
      // Whoever leaves cancels, and is told so.
      await reader.read(stream[Symbol.asyncIterator](), outputReader, caller);
    }
  }

  #cancelLater(record: CallRecord, cancel: (reason: unknown) => void): Timer | null {
    const { cancelAfterMs, id } = record.plan;
    if (cancelAfterMs === undefined) return null;
    return this.#clock.setTimer(cancelAfterMs, () => {
      record.reason ??= new Error(`${id} was cancelled`);
      cancel(record.reason);
    });
  }

  #pauseMaybe(random: SeededRandom): Promise<void> | null {
    if (!random.chance(0.3)) return null;
    const ms = random.float(0, 60);
    return new Promise((resolve) => this.#clock.setTimer(ms, resolve));
  }
}
