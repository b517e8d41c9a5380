/** Uploads that go on after a loss. */

import { InternodeError } from "@internode/grid";
import { resumeUpload, type UploadOptions, type UploadStream } from "@internode/grid/patterns";
import { SeededRandom, VirtualClock } from "@internode/grid/testing";
import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { lost } from "./source.ts";

type Options = UploadOptions<number, number, number>;

/** A handler of uploads, of which a test plays each attempt. */
class Sink {
  /** What each attempt was sent. */
  readonly sent: number[][] = [];
  readonly openedFrom: (number | undefined)[] = [];
  cancelled = 0;
  ended = 0;
  #answer: PromiseWithResolvers<IteratorResult<number>> = Promise.withResolvers();
  readonly #answers: Promise<IteratorResult<number>>[] = [];

  readonly open = (from: number | undefined): UploadStream<number, number> => {
    const sent: number[] = [];
    this.sent.push(sent);
    this.openedFrom.push(from);
    this.#renew();
    this.#answers.length = 0;
    this.#answers.push(this.#answer.promise);
    return {
      send: (input) => {
        sent.push(input);
        return Promise.resolve();
      },
      end: () => void this.ended++,
      cancel: () => {
        this.cancelled++;
        this.#answer.reject(new Error("cancelled"));
      },
      [Symbol.asyncIterator]: () => ({
        next: () => this.#answers.shift() ?? new Promise(() => {}),
      }),
    };
  };

  acknowledge(value: number): void {
    this.#settle(({ resolve }) => resolve({ done: false, value }));
  }

  end(): void {
    this.#settle(({ resolve }) => resolve({ done: true, value: undefined }));
  }

  lose(error: unknown = lost()): void {
    this.#settle(({ reject }) => reject(error));
  }

  #settle(how: (answer: PromiseWithResolvers<IteratorResult<number>>) => void): void {
    const answer = this.#answer;
    this.#renew();
    this.#answers.push(this.#answer.promise);
    how(answer);
  }

  #renew(): void {
    this.#answer = Promise.withResolvers();
    this.#answer.promise.catch(() => {});
  }
}

interface World {
  readonly sink: Sink;
  readonly clock: VirtualClock;
  readonly options: Options;
  /** Lets everything happen that can, for so long. */
  settle(ms?: number): Promise<void>;
}

async function virtually(body: (world: World) => Promise<void>): Promise<void> {
  const clock = new VirtualClock(), random = new SeededRandom(1), sink = new Sink();
  const options: Options = {
    position: (at) => at,
    acknowledged: (at) => at === 0 ? undefined : at,
    clock,
    random,
  };
  const settle = async (ms = 1): Promise<void> => {
    await clock.advance(ms);
    await clock.settle();
  };
  await clock.complete(body({ sink, clock, options, settle }), 600_000);
  assertEquals(clock.pendingEvents, 0, "timers are left");
}

Deno.test("what is not acknowledged is sent anew, in order, and the end comes behind it", () =>
  virtually(async ({ sink, options, settle }) => {
    const upload = resumeUpload(sink.open, options);
    assertEquals(sink.openedFrom, []);
    for (const at of [1, 2, 3]) await upload.send(at);
    await settle();
    sink.acknowledge(1);
    await settle();
    assertEquals([upload.acknowledged, upload.pending], [1, 2]);
    sink.lose();
    await settle(100);
    await upload.send(4);
    const ended = upload.end();
    await settle();
    assertEquals([sink.sent, sink.openedFrom], [[[1, 2, 3], [2, 3, 4]], [undefined, 1]]);
    assertEquals(sink.ended, 1);
    sink.acknowledge(0);
    sink.acknowledge(4);
    await settle();
    sink.end();
    await ended;
    assertEquals([upload.acknowledged, upload.pending, upload.attempts], [4, 0, 2]);
    await upload.end();
    await assertRejects(() => upload.send(5), InternodeError, "has ended");
  }));

Deno.test("a loss after the last acknowledgement is none, and neither is one while nothing waits", () =>
  virtually(async ({ sink, options, settle }) => {
    const upload = resumeUpload(sink.open, { ...options, maxGapMs: 100 });
    await upload.send(1);
    await settle();
    sink.acknowledge(1);
    await settle();
    sink.lose();
    await settle(10_000);
    assertEquals(upload.attempts, 1);
    await upload.send(2);
    await settle();
    assertEquals(sink.sent, [[1], [2]]);
    const ended = upload.end();
    sink.acknowledge(2);
    await settle();
    sink.lose();
    await ended;
    await resumeUpload(sink.open, options).end();
    assertEquals(sink.sent.length, 2, "an upload without inputs opens nothing");
  }));

Deno.test("a handler that ends before all is acknowledged is a loss", () =>
  virtually(async ({ sink, options, settle }) => {
    const upload = resumeUpload(sink.open, options);
    await upload.send(1);
    await settle();
    sink.end();
    await settle(100);
    assertEquals(sink.sent, [[1], [1]]);
    sink.acknowledge(1);
    await upload.flush();
    upload.cancel();
  }));

Deno.test("only maxPending inputs are sent, and kept without waiting", () =>
  virtually(async ({ sink, options, settle }) => {
    const upload = resumeUpload(sink.open, { ...options, maxPending: 2 });
    const kept: number[] = [];
    for (const at of [1, 2, 3, 4, 5]) void upload.send(at).then(() => kept.push(at));
    const flushed = upload.flush().then(() => kept.push(0));
    await settle();
    assertEquals([kept, sink.sent], [[1, 2], [[1, 2]]]);
    sink.acknowledge(1);
    await settle();
    assertEquals([kept, sink.sent], [[1, 2, 3], [[1, 2, 3]]]);
    sink.acknowledge(3);
    await settle();
    assertEquals([kept, sink.sent], [[1, 2, 3, 4, 5], [[1, 2, 3, 4, 5]]]);
    sink.acknowledge(5);
    await flushed;
    assertEquals(kept, [1, 2, 3, 4, 5, 0]);
    upload.cancel();
  }));

Deno.test("what it ends with is told to all that wait", () =>
  virtually(async ({ sink, options, settle }) => {
    const error = new InternodeError("HandlerFailed", "thrown", { origin: "remote" });
    const upload = resumeUpload(sink.open, { ...options, maxPending: 1 });
    await upload.send(1);
    const waiting = [upload.send(2), upload.flush(), upload.end()].map((promise) =>
      promise.catch((thrown) => thrown)
    );
    await settle();
    sink.lose(error);
    assertEquals(await Promise.all(waiting), [error, error, error]);
    await assertRejects(() => upload.send(3), InternodeError, "thrown");
    assertEquals(sink.cancelled, 1);
  }));

Deno.test("leaving it, its signal, or no progress for maxGapMs end it", () =>
  virtually(async ({ sink, options, settle }) => {
    const cancelled = resumeUpload(sink.open, options);
    await cancelled.send(1);
    await settle();
    await cancelled[Symbol.asyncDispose]();
    const error = await assertRejects(() => cancelled.end(), InternodeError);
    assertEquals([error.code, sink.cancelled], ["Cancelled", 1]);

    const controller = new AbortController(), reason = new Error("enough");
    const opening = Promise.withResolvers<UploadStream<number, number>>();
    const { signal } = controller;
    const aborted = resumeUpload(() => opening.promise, { ...options, signal });
    await aborted.send(1);
    controller.abort(reason);
    assertEquals(await aborted.end().catch((thrown) => thrown), reason);
    opening.resolve(sink.open(0));
    await settle();
    assertEquals(sink.cancelled, 2, "one that opens too late");

    const refused = (): never => {
      throw lost();
    };
    const lostOnes = resumeUpload(refused, { ...options, maxGapMs: 1_000 });
    await lostOnes.send(1);
    const end = assertRejects(() => lostOnes.end(), InternodeError, "within 1000 ms");
    await settle(2_000);
    await end;
  }));

Deno.test("positions that do not grow, and options that make no sense, are refused", () =>
  virtually(async ({ sink, options }) => {
    const upload = resumeUpload(sink.open, { ...options, from: 5 });
    assertEquals(upload.acknowledged, 5);
    await assertRejects(() => upload.send(5), InternodeError, "is not behind 5");
    await assertRejects(() => upload.send(NaN), InternodeError, "must give a position");
    assertEquals(upload.pending, 0);
    await upload.end();
    const odd: readonly Record<string, unknown>[] = [
      { position: 1 },
      { acknowledged: undefined },
      { compare: {} },
      { maxPending: 0 },
      { maxGapMs: -1 },
    ];
    for (const wrong of odd) {
      const make = () => resumeUpload(sink.open, { ...options, ...wrong } as Options);
      assertEquals(assertThrows(make, InternodeError).code, "InvalidArgument", Deno.inspect(wrong));
    }
    assert(assertThrows(() => resumeUpload(5 as never, options)) instanceof InternodeError);
  }));
