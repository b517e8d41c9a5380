/**
 * Asking many, with functions: what ends when, and how.
 */

import { InternodeError } from "@internode/grid";
import {
  type AskOptions,
  gather,
  type Gathering,
  type HostResult,
  majorityOf,
  QuorumError,
  type QuorumOptions,
} from "@internode/grid/patterns";
import { VirtualClock } from "@internode/grid/testing";
import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";

/** Hosts whose answers come when the test says so. */
class World {
  readonly clock = new VirtualClock();
  readonly view = this.clock.view();
  readonly asked: string[] = [];
  readonly cancelled: string[] = [];
  readonly #answered = new Set<string>();
  readonly #answers = new Map<string, PromiseWithResolvers<string>>();

  gather(hosts: string, options: QuorumOptions<string> = {}): Gathering<string> {
    const targets = [...hosts].map((host) => ({ host }));
    return gather(targets, (target, given) => this.#ask(target, given), {
      clock: this.view,
      ...options,
    });
  }

  #ask({ host }: { host: string }, { signal }: AskOptions): Promise<string> {
    this.asked.push(host);
    signal.addEventListener("abort", () => {
      if (!this.#answered.has(host)) this.cancelled.push(host);
    });
    const answer = Promise.withResolvers<string>();
    this.#answers.set(host, answer);
    return answer.promise;
  }

  /** Hosts answer, each with its own name. */
  async answer(hosts: string, value?: string): Promise<void> {
    for (const host of hosts) {
      this.#answered.add(host);
      this.#answers.get(host)!.resolve(value ?? host);
      await this.clock.settle();
    }
  }

  async fail(hosts: string, error: unknown = unreachable("notSent")): Promise<void> {
    for (const host of hosts) {
      this.#answered.add(host);
      this.#answers.get(host)!.reject(error);
      await this.clock.settle();
    }
  }
}

function unreachable(outcome: InternodeError["outcome"]): InternodeError {
  return new InternodeError("Unreachable", "down", { origin: "network", outcome });
}

/** Whether a promise has settled, and how. */
function watch(promise: PromiseLike<unknown>): { state: string; value: unknown } {
  const seen: { state: string; value: unknown } = { state: "open", value: undefined };
  promise.then(
    (value) => Object.assign(seen, { state: "resolved", value }),
    (value) => Object.assign(seen, { state: "rejected", value }),
  );
  return seen;
}

function short(results: readonly HostResult<string>[]): string {
  return results.map((result) => result.host + (result.ok ? "" : `!${result.outcome}`)).join(" ");
}

Deno.test("without need the whole resolves when each host has ended, in the order in which they did", async () => {
  const world = new World(), all = world.gather("abc"), seen = watch(all);
  await world.answer("c");
  await world.clock.advance(7);
  await world.fail("a");
  assertEquals(seen.state, "open");
  await world.answer("b");
  const { results, values, failures } = await all;
  assertEquals(short(results), "c a!notSent b");
  assertEquals(results.map(({ ms }) => ms), [0, 7, 7]);
  assertEquals(values, ["c", "b"]);
  assertEquals(failures.map(({ host, code }) => [host, code]), [["a", "Unreachable"]]);
  assertEquals(world.cancelled, []);
});

Deno.test("nobody to ask is no failure, unless some are needed", async () => {
  const world = new World();
  assertEquals((await world.gather("")).results, []);
  const error = await assertRejects(async () => await world.gather("a", { need: 2 }), QuorumError);
  assertEquals([error.outcome, world.asked.length], ["notSent", 0]);
});

Deno.test("a quorum resolves with enough answers, and the others are cancelled", async () => {
  const world = new World(), quorum = world.gather("abcd", { need: 2 }), seen = watch(quorum);
  await world.answer("b");
  await world.fail("a");
  assertEquals(seen.state, "open");
  await world.answer("d");
  assertEquals((await quorum).values, ["b", "d"]);
  assertEquals(world.cancelled, ["c"]);
  assertEquals(short(await quorum.finished), "b a!notSent d c!maybeExecuted");
  assertEquals(short(await Array.fromAsync(quorum)), "b a!notSent d");
  // What comes later counts for nothing.
  await world.answer("c");
  assertEquals((await quorum.finished).length, 4);
});

Deno.test("a quorum rejects as soon as it cannot be reached, and says who has failed and how", async () => {
  const world = new World(), quorum = world.gather("abc", { need: 2 }), seen = watch(quorum);
  await world.fail("a");
  assertEquals(seen.state, "open");
  await world.fail("c", new Error("disk full"));
  assertEquals(seen.state, "rejected");
  const error = seen.value as QuorumError;
  assert(error instanceof QuorumError);
  assertEquals(
    error.message,
    "gather: of 3 hosts, 2 had to answer well, and no more than 1 can; 0 did. " +
      "a: Unreachable (notSent); c: disk full (maybeExecuted).",
  );
  assertEquals([error.errors.length, error.need, error.outcome], [2, 2, "maybeExecuted"]);
  assertEquals(world.cancelled, ["b"]);
});

Deno.test("the outcome of a quorum that failed is that of the call that got furthest", async () => {
  for (
    const [fails, outcome] of [
      [["notSent", "notSent"], "notSent"],
      [["notSent", "notExecuted"], "notExecuted"],
      [["executed", "notSent"], "executed"],
    ] as const
  ) {
    const world = new World(), quorum = world.gather("ab", { need: 1 }), seen = watch(quorum);
    await world.fail("a", unreachable(fails[0]));
    await world.fail("b", unreachable(fails[1]));
    assertEquals((seen.value as QuorumError).outcome, outcome);
  }
  const world = new World(), seen = watch(world.gather("ab", { need: 2 }));
  await world.fail("a");
  assertEquals((seen.value as QuorumError).outcome, "maybeExecuted", "b may have run");
});

Deno.test("the rest may finish, and is told with finished and to who iterates", async () => {
  const world = new World(), quorum = world.gather("abc", { need: 1, rest: "finish" });
  const read = watch(Array.fromAsync(quorum));
  await world.answer("b");
  assertEquals((await quorum).values, ["b"]);
  const finished = watch(quorum.finished);
  await world.answer("a");
  assertEquals([read.state, finished.state], ["open", "open"]);
  await world.fail("c");
  assertEquals([read.state, finished.state], ["resolved", "resolved"]);
  assertEquals(short(read.value as HostResult<string>[]), "b a c!notSent");
  assertEquals(world.cancelled, []);
});

Deno.test("answers that are not accepted count as a no", async () => {
  const world = new World();
  const accept = (value: string) => value !== "no";
  const quorum = world.gather("abc", { need: 2, accept }), seen = watch(quorum);
  await world.answer("a", "no");
  await world.answer("b");
  assertEquals(seen.state, "open");
  await world.answer("c", "no");
  const error = seen.value as QuorumError;
  assertEquals(
    error.message,
    "gather: of 3 hosts, 2 had to answer well, and no more than 1 can; 1 did. " +
      "a: its answer was not accepted; c: its answer was not accepted.",
  );
  assertEquals(error.outcome, "executed");
});

Deno.test("a verdict that throws, or is no clear yes, is a no", async () => {
  for (
    const accept of [
      () => {
        throw new Error("odd");
      },
      () => "yes",
      () => Promise.reject(new Error("late")),
    ]
  ) {
    const world = new World();
    const seen = watch(world.gather("a", { need: 1, accept: accept as unknown as () => boolean }));
    await world.answer("a");
    assertEquals(seen.state, "rejected");
  }
});

Deno.test("a hedged quorum asks as many as it needs, one more for each that fails, and all after the delay", async () => {
  const world = new World();
  const quorum = world.gather("abcde", { need: 2, hedgeDelayMs: 50 });
  assertEquals(world.asked.join(""), "ab");
  await world.fail("a");
  assertEquals(world.asked.join(""), "abc");
  await world.clock.advance(49);
  assertEquals(world.asked.join(""), "abc");
  await world.clock.advance(1);
  assertEquals(world.asked.join(""), "abcde");
  await world.answer("ed");
  assertEquals((await quorum).values, ["e", "d"]);
  assertEquals(world.cancelled.join(""), "bc");
  assertEquals(world.view.pendingTimers, 0);
});

Deno.test("a hedged quorum that is quick asks nobody else", async () => {
  for (const rest of ["cancel", "finish"] as const) {
    const world = new World();
    const quorum = world.gather("abcd", { need: 2, hedgeDelayMs: 50, rest });
    await world.answer("ab");
    await quorum;
    await world.clock.advance(100);
    assertEquals(world.asked.join(""), "ab");
    assertEquals(short(await quorum.finished), "a b c!notSent d!notSent");
    assertEquals(short(await Array.fromAsync(quorum)).slice(0, 3), "a b");
  }
});

Deno.test("no more hosts are asked at a time than concurrency says", async () => {
  const world = new World(), all = world.gather("abcde", { concurrency: 2 });
  assertEquals(world.asked.join(""), "ab");
  await world.answer("b");
  await world.fail("a");
  assertEquals(world.asked.join(""), "abcd");
  await world.answer("cde");
  assertEquals((await all).results.length, 5);

  const other = new World();
  const quorum = other.gather("abc", { concurrency: 1, need: 1, rest: "finish" });
  await other.answer("a");
  assertEquals((await quorum).values, ["a"]);
  await other.answer("bc");
  assertEquals(short(await quorum.finished), "a b c");
});

Deno.test("functions that hang have failed when the time is up", async () => {
  for (const need of [0, 1]) {
    const world = new World(), seen = watch(world.gather("ab", { timeoutMs: 100, need }));
    await world.clock.advance(99);
    assertEquals(seen.state, "open");
    await world.clock.advance(1);
    assertEquals(seen.state, need === 0 ? "resolved" : "rejected");
    assertEquals(world.cancelled, ["a", "b"]);
  }
  const world = new World(), seen = watch(world.gather("a"));
  await world.clock.advance(60_000);
  assertEquals(seen.state, "resolved", "by the default");
  const late = await new World().gather("ab", { timeoutMs: 0 });
  assertEquals(short(late.results), "a!notSent b!notSent");
});

Deno.test("the signal ends everything with its reason", async () => {
  const world = new World(), controller = new AbortController(), reason = new Error("enough");
  const quorum = world.gather("ab", { signal: controller.signal, need: 2 });
  const read = watch(Array.fromAsync(quorum)), seen = watch(quorum);
  await world.answer("a");
  controller.abort(reason);
  await world.clock.settle();
  assertEquals([seen.state, seen.value], ["rejected", reason]);
  assertEquals([read.state, read.value], ["rejected", reason]);
  assertEquals(short(await quorum.finished), "a b!maybeExecuted");
  assertEquals([world.cancelled, world.view.pendingTimers], [["b"], 0]);

  const aborted = world.gather("xy", { signal: controller.signal });
  assertEquals(await aborted.then(null, (error) => error), reason);
  assertEquals(world.asked, ["a", "b"]);
});

Deno.test("a signal that has not aborted is left alone in the end", async () => {
  for (const need of [0, 1]) {
    const { signal } = new AbortController(), listeners = new Set<unknown>();
    const watched = {
      aborted: false,
      addEventListener: (_: string, listener: unknown) => listeners.add(listener),
      removeEventListener: (_: string, listener: unknown) => listeners.delete(listener),
    };
    Object.setPrototypeOf(watched, signal);
    const world = new World();
    const all = world.gather("ab", { signal: watched as unknown as AbortSignal, need });
    await world.answer("ab");
    await all;
    assertEquals(listeners.size, 0);
  }
});

Deno.test("whoever was asked may have run, whatever the reason of the cancel says", async () => {
  const world = new World(), all = world.gather("ab", { concurrency: 1 });
  all.cancel(unreachable("notSent"));
  assertEquals(short((await all).results), "b!notSent a!maybeExecuted");
  all.cancel();
  assertEquals((await all.finished).length, 2);
});

Deno.test("leaving the loop cancels what has not ended, unless the rest is to finish", async () => {
  for (const rest of ["cancel", "finish"] as const) {
    const world = new World(), all = world.gather("abc", { rest });
    const left = (async () => {
      for await (const { host } of all) if (host === "b") break;
    })();
    await world.answer("ab");
    await left;
    assertEquals(world.cancelled, rest === "cancel" ? ["c"] : []);
    if (rest === "finish") await world.answer("c");
    const finished = short(await all.finished);
    assertEquals(finished, rest === "cancel" ? "a b c!maybeExecuted" : "a b c");
  }
});

Deno.test("an iterator that is left while it waits ends at once", async () => {
  const world = new World(), iterator = world.gather("a")[Symbol.asyncIterator]();
  const next = watch(iterator.next());
  await iterator.return!();
  await world.clock.settle();
  assertEquals(next.state, "resolved");
  assertEquals(world.cancelled, ["a"]);
});

Deno.test("who iterates sees what has come, and then why the quorum failed", async () => {
  const world = new World(), quorum = world.gather("abc", { need: 3 });
  await world.answer("c");
  await world.fail("b");
  const hosts: string[] = [];
  await assertRejects(async () => {
    for await (const { host } of quorum) hosts.push(host);
  }, QuorumError);
  assertEquals(hosts, ["c", "b"]);
});

Deno.test("bad options and targets are refused before anybody is asked", () => {
  const world = new World(), targets = [{ host: "a" }];
  const ask = () => {
    throw new Error("asked");
  };
  const refused = (options: unknown, what: string) =>
    assertThrows(() => gather(targets, ask, options as object), InternodeError, what);
  refused({ need: 1.5 }, "Option need must be a whole number");
  refused({ need: "2" }, "Option need");
  refused({ accept: true }, "Option accept");
  refused({ rest: "wait" }, 'Option rest must be "cancel" or "finish", not "wait"');
  refused({ hedgeDelayMs: 5 }, "Option hedgeDelayMs needs option need");
  refused({ hedgeDelayMs: -5, need: 1 }, "Option hedgeDelayMs");
  refused({ concurrency: 0 }, "Option concurrency");
  refused({ timeoutMs: "5" }, "Option timeoutMs must be a number");
  refused({ signal: new AbortController() }, "Option signal");
  refused({ clock: {} }, "Option clock must be an object with the method now");
  refused({ into: new Uint8Array(1) }, "Option into is for one call");
  refused(null, "The options of gather must be an object");
  assertThrows(() => world.gather("aba"), InternodeError, '"a" is there twice');
  assertThrows(() => world.gather("abcdefghijka"), InternodeError, '"a" is there twice');
  for (const odd of [null, "abc", 5, [{ name: "a" }], [null]]) {
    assertThrows(() => gather(odd as never, ask), InternodeError, "Targets must");
  }
  for (const odd of [undefined, {}, { kind: "stream" }, "name"]) {
    assertThrows(() => gather([], odd as never, 1), InternodeError, 'of kind "single"');
  }
  assertThrows(() => majorityOf(0), InternodeError);
});
