/**
 * The handlers of a history.
 *
 * @module
 */

import type { HandlerContext } from "@internode/grid";
import type { Clock } from "../../lib/runtime/clock.ts";
import type { CallRecord, Ledger } from "./ledger.ts";
import { CarefulReader, type Message } from "./readers.ts";

/** How many calls of a handler run at a time. */
export const PLACES = 4;
/** As handlers are registered. */
export const HANDLE_OPTIONS = { concurrency: PLACES, queue: 4 } as const;
/** Calls with such numbers wait until as many as there are places run together. */
export const FIRST_PROBE = 1_000_000;

/** Does what the plans of calls say, and tells the ledger. */
export class Servant {
  readonly #ledger: Ledger;
  readonly #clock: Clock;
  readonly #together = new Set<() => void>();

  /** @param clock True time, which goes on when a node has closed. */
  constructor(ledger: Ledger, clock: Clock) {
    this.#ledger = ledger;
    this.#clock = clock;
  }

  /** Serves single requests. */
  readonly single = (
    { at, filler }: Message,
    { signal }: HandlerContext,
  ): Message | Promise<Message> => {
    if (at >= FIRST_PROBE) return this.#allTogether(signal).then(() => ({ at, filler }));
    const record = this.#begin(at), { random, ends } = record.plan;
    const chance = random.handler.next();
    if (ends !== "waits" && chance < 0.4) return this.#finish(record, filler);
    return (async () => {
      this.#ledger.busy++;
      try {
        if (ends === "waits") await aborted(signal);
        else await this.#pause(chance * 200);
        return this.#finish(record, filler);
      } finally {
        this.#ledger.busy--;
      }
    })();
  };

  /** Serves streams. */
  readonly stream = (
    { at, filler }: Message,
    inputs: AsyncIterableIterator<Message>,
    { signal }: HandlerContext,
  ): AsyncIterable<Message> => {
    if (at >= FIRST_PROBE) return this.#probe(signal);
    const record = this.#begin(at);
    const outputs = this.#outputs(record, filler, inputs, signal);
    if (record.plan.source === "generator") return outputs;
    const ledger = this.#ledger;
    ledger.openSources++;
    let isOpen = true;
    const close = (): void => {
      if (isOpen) ledger.openSources--;
      isOpen = false;
    };
    const next = async (): Promise<IteratorResult<Message>> => {
      try {
        const result = await outputs.next();
        if (result.done !== true) return result;
        // A subscription, whose next value comes some day.
        if (record.plan.ends === "waits") return await new Promise(() => {});
        close();
        return result;
      } catch (error) {
        close();
        throw error;
      }
    };
    const leave = (): Promise<IteratorResult<Message>> => {
      close();
      return outputs.return(undefined);
    };
    if (record.plan.source === "iterator") {
      return { [Symbol.asyncIterator]: () => ({ next, return: leave }) };
    }
    return new ReadableStream<Message>({
      async pull(controller): Promise<void> {
        const { done, value } = await next();
        if (done === true) controller.close();
        else controller.enqueue(value);
      },
      async cancel(): Promise<void> {
        await leave();
      },
    }, { highWaterMark: 0 });
  };

  async *#outputs(
    record: CallRecord,
    filler: Uint8Array,
    inputs: AsyncIterableIterator<Message>,
    signal: AbortSignal,
  ): AsyncGenerator<Message, undefined> {
    const { outputs: many, ends, source, inputReader, random } = record.plan, { outputs } = record;
    const pause = (): Promise<void> | null =>
      random.handler.chance(0.3) ? this.#pause(random.handler.float(0, 60)) : null;
    const reader = new CarefulReader(this.#ledger, record, record.inputs, "input", pause);
    const kind = inputReader === "pipe" ? "again" : inputReader;
    const reading = this.#ledger.during(() => reader.read(inputs, kind, random.handler));
    while (outputs.sent < many) {
      await pause();
      yield { at: outputs.sent++, filler };
    }
    if (random.handler.chance(0.7)) await reading;
    if (ends === "waits" && source === "generator") await aborted(signal);
    if (ends === "throws") {
      record.threw++;
      throw new Error("as planned");
    }
    if (ends === "waits" && source !== "generator") return;
    record.returned++;
    outputs.ended = outputs.sent;
  }

  async *#probe(signal: AbortSignal): AsyncGenerator<Message, undefined> {
    await this.#allTogether(signal);
    yield { at: 0, filler: new Uint8Array() };
  }

  #begin(id: number): CallRecord {
    const record = this.#ledger.calls[id]!;
    record.runs++;
    return record;
  }

  #finish(record: CallRecord, filler: Uint8Array): Message {
    if (record.plan.ends === "throws") {
      record.threw++;
      throw new Error("as planned");
    }
    record.returned++;
    return { at: record.plan.id, filler };
  }

  /** Resolves when as many wait here as there are places. */
  #allTogether(signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      this.#together.add(resolve);
      signal.addEventListener("abort", () => {
        this.#together.delete(resolve);
        resolve();
      });
      if (this.#together.size < PLACES) return;
      for (const goOn of this.#together) goOn();
      this.#together.clear();
    });
  }

  #pause(ms: number): Promise<void> {
    return new Promise((resolve) => this.#clock.setTimer(ms, resolve));
  }
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener("abort", () => resolve());
  });
}
