/** Sets that lose too much at once, on virtual time. */

import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import {
  constantResolver,
  directoryResolver,
  dnsResolver,
  type Endpoint,
  etcdResolver,
  fileResolver,
  ManualResolver,
  missing,
  type ResolutionSink,
  type Resolver,
  type ShrinkOptions,
  type Version,
  WatchingResolver,
  withAttributes,
} from "@internode/grid/discovery";
import { InternodeError } from "@internode/grid";
import { kubernetesResolver } from "@internode/grid/kubernetes";
import { runSeeded, VirtualClock } from "@internode/grid/testing";
import { allNamed } from "../../support/endpoint_named.ts";
import { QuietLogger } from "../../support/log/quiet.ts";

const HOLD_MS = 30_000;

/** A source that the test plays, and a client that follows it. */
class Scene {
  readonly clock = new VirtualClock();
  readonly logger = new QuietLogger();
  readonly resolver: WatchingResolver;
  /** What the client has been told last. */
  seen = "nothing";
  #sink: ResolutionSink | null = null;
  #say: (sink: ResolutionSink) => void = () => {};
  readonly #leaving = new AbortController();

  constructor(options: ShrinkOptions = { maxShrink: 0.5 }) {
    const { clock, logger } = this;
    this.resolver = new WatchingResolver(async (sink, signal) => {
      this.#sink = sink;
      this.#say(sink);
      await new Promise<void>((resolve) => signal.addEventListener("abort", () => resolve()));
      if (this.#sink === sink) this.#sink = null;
    }, { ...options, what: "the test", clock, logger });
  }

  /** The source lists these: one letter each; `null`: it does not exist. */
  async list(letters: string | null): Promise<string> {
    const endpoints = letters === null ? null : allNamed(...letters);
    return await this.say((sink) => endpoints === null ? sink.setMissing() : sink.set(endpoints));
  }

  /** The source is in trouble. */
  fail(): Promise<string> {
    return this.say((sink) => sink.fail(new Error("down")));
  }

  async say(say: (sink: ResolutionSink) => void): Promise<string> {
    this.#say = say;
    if (this.#sink !== null) say(this.#sink);
    await this.clock.advance(50);
    return this.seen;
  }

  /** Asks as clients do, until `leave`. */
  follow(): void {
    void (async () => {
      let version: Version | null = null;
      while (!this.#leaving.signal.aborted) {
        try {
          const found = await this.resolver.resolve(version, this.#leaving.signal);
          version = found.version;
          const letters = found.endpoints.map(({ address }) => address).sort().join("");
          this.seen = version === missing ? "missing" : letters;
        } catch {
          // Asked again, until it is over.
        }
        await new Promise<void>((resolve) => this.clock.setTimer(10, resolve));
      }
    })();
  }

  async leave(): Promise<void> {
    this.#leaving.abort(new Error("enough"));
    await this.clock.advance(100);
    assertEquals(this.clock.pendingEvents, 0);
  }
}

function test(
  name: string,
  options: ShrinkOptions,
  body: (scene: Scene) => Promise<void>,
): void {
  Deno.test(`maxShrink: ${name}`, async () => {
    const scene = new Scene(options);
    scene.follow();
    await body(scene);
    await scene.leave();
  });
}

test("half may go at once, more stay until the source has said so for the time", {
  maxShrink: 0.5,
}, async (scene) => {
  assertEquals(await scene.list("abcdef"), "abcdef");
  assertEquals(await scene.list("abc"), "abc");
  await scene.clock.advance(HOLD_MS);
  assertEquals(await scene.list("c"), "abc");
  await scene.clock.advance(HOLD_MS - 100);
  assertEquals(scene.seen, "abc");
  await scene.clock.advance(100);
  assertEquals(scene.seen, "c");
  assertEquals(scene.logger.shown.map(({ message }) => message), [
    "2 endpoints of the test are gone at once, and 1 is left. Those that are gone stay in use " +
    "until they are listed again, or until they have not been for 30000 ms " +
    "(options maxShrink and shrinkHoldMs).",
    "2 endpoints of the test have not been listed for 30000 ms, and are no longer used. 1 is left.",
  ]);
});

test("without it, all may go at once", {}, async (scene) => {
  assertEquals(await scene.list("abcdef"), "abcdef");
  assertEquals(await scene.list("a"), "a");
  assertEquals(await scene.list(null), "missing");
  assertEquals(scene.logger.shown, []);
});

test("a value that does not exist any more is held as well, and then missing", {
  maxShrink: 0.5,
}, async (scene) => {
  assertEquals(await scene.list("a"), "a");
  assertEquals(await scene.list(null), "a");
  await scene.clock.advance(HOLD_MS);
  assertEquals(scene.seen, "missing");
  assertEquals(await scene.list("b"), "b");
});

test("they come back one by one, and none is dropped; new ones are added at once", {
  maxShrink: 0.5,
}, async (scene) => {
  assertEquals(await scene.list("abcdef"), "abcdef");
  for (const [listed, seen] of [["", "abcdef"], ["a", "abcdef"], ["abcx", "abcdefx"]] as const) {
    assertEquals(await scene.list(listed), seen);
    await scene.clock.advance(1_000);
  }
  // One that comes and goes meanwhile is held with the others.
  assertEquals(await scene.list("abcd"), "abcdefx");
  assertEquals(await scene.list("abcdefx"), "abcdefx");
  await scene.clock.advance(2 * HOLD_MS);
  assertEquals(scene.seen, "abcdefx");
  assertEquals(scene.logger.shown.map(({ message }) => message).slice(1), [
    "All endpoints of the test are listed again.",
  ]);
});

test("those that go one after the other count together", { maxShrink: 0.5 }, async (scene) => {
  assertEquals(await scene.list("abcdef"), "abcdef");
  await scene.clock.advance(HOLD_MS);
  assertEquals(await scene.list("abcde"), "abcde");
  assertEquals(await scene.list("abcd"), "abcd");
  assertEquals(await scene.list("abc"), "abc");
  assertEquals(await scene.list("ab"), "abc");
  assertEquals(await scene.list("a"), "abc");
  await scene.clock.advance(HOLD_MS);
  assertEquals(scene.seen, "a");
  // With time between them they may all go.
  const slow = new Scene({ maxShrink: 0.5, shrinkHoldMs: 1_000 });
  slow.follow();
  for (const letters of ["abcd", "abc", "ab", "a"]) {
    assertEquals(await slow.list(letters), letters);
    await slow.clock.advance(1_100);
  }
  assertEquals(slow.logger.shown, []);
  await slow.leave();
});

test("others in their place are no loss", { maxShrink: 0.5 }, async (scene) => {
  assertEquals(await scene.list("abcd"), "abcd");
  assertEquals(await scene.list("vwx"), "vwx");
  assertEquals(scene.logger.shown, []);
});

test("trouble of the source begins the time anew", { maxShrink: 0.5 }, async (scene) => {
  assertEquals(await scene.list("abc"), "abc");
  assertEquals(await scene.list("a"), "abc");
  await scene.clock.advance(HOLD_MS - 1_000);
  assertEquals(await scene.fail(), "abc");
  await scene.clock.advance(2 * HOLD_MS);
  assertEquals(scene.seen, "abc");
  assertEquals(await scene.list("a"), "abc");
  await scene.clock.advance(HOLD_MS - 1_000);
  assertEquals(scene.seen, "abc");
  await scene.clock.advance(1_000);
  assertEquals(scene.seen, "a");
});

test(
  "nothing may be lost at 0, and all but a little nearly at 1",
  { maxShrink: 0 },
  async (scene) => {
    assertEquals(await scene.list("abcdefghij"), "abcdefghij");
    assertEquals(await scene.list("abcdefghi"), "abcdefghij");
    const free = new Scene({ maxShrink: 0.9 });
    free.follow();
    await free.list("abcdefghij");
    assertEquals(await free.list("a"), "a");
    assertEquals(await free.list(""), "a");
    await free.leave();
  },
);

Deno.test("maxShrink: what nobody waits for is given up when somebody asks again", async () => {
  const scene = new Scene();
  let version = (await scene.say((sink) => sink.set(allNamed("a", "b", "c"))), null);
  const ask = async () => {
    const { signal } = new AbortController();
    const found = await scene.resolver.resolve(version, signal);
    return found.endpoints.map(({ address }) => address).join("");
  };
  assertEquals(await ask(), "abc");
  await scene.say((sink) => sink.set(allNamed("c")));
  assertEquals(await ask(), "abc");
  await scene.clock.settle();
  assertEquals(scene.clock.pendingEvents, 0);
  await scene.clock.advance(HOLD_MS);
  assertEquals(await ask(), "c");
  version = null;
});

Deno.test("maxShrink: a host that moves to another address takes its place at once", async () => {
  const clock = new VirtualClock(), logger = new QuietLogger();
  const at = (name: string, address: string): Endpoint =>
    withAttributes(allNamed(address)[0]!, { name });
  const resolver = new ManualResolver(["a", "b", "c"].map((name) => at(name, `old-${name}`)), {
    maxShrink: 0.5,
    clock,
    logger,
  });
  const { signal } = new AbortController();
  const first = await resolver.resolve(null, signal);
  resolver.set([]);
  assertEquals((await resolver.resolve(null, signal)).version, first.version);
  resolver.set([at("b", "new-b")]);
  const { endpoints, version } = await resolver.resolve(first.version, signal);
  assertEquals(endpoints.map(({ address }) => address), ["new-b", "old-a", "old-c"]);
  // Who waits is told when those that are held are given up.
  const next = clock.complete(resolver.resolve(version, signal));
  assertEquals((await next).endpoints.map(({ address }) => address), ["new-b"]);
  assertEquals([clock.elapsedMs, clock.pendingEvents], [HOLD_MS, 0]);
  // Time also passes where nobody waits.
  resolver.set([]);
  await clock.advance(HOLD_MS);
  assertEquals((await resolver.resolve(null, signal)).endpoints, []);
});

function lettersOf(seen: string): readonly string[] {
  return seen === "nothing" || seen === "missing" ? [] : [...seen];
}

Deno.test("maxShrink: no set ever loses more than it may within the time, whatever the source says", () =>
  runSeeded(undefined, async (random, run) => {
    for (let round = 0; round < 20; round++) {
      const maxShrink = random.pick([0, 0.25, 0.5, 0.75]);
      const scene = new Scene({ maxShrink, shrinkHoldMs: 1_000 });
      run.note("round", { round, maxShrink });
      scene.follow();
      /** When each was listed last. */
      const listedMs = new Map<string, number>();
      let listed: readonly string[] = [];
      for (let step = 0; step < 60; step++) {
        const before = lettersOf(scene.seen);
        for (const letter of listed) listedMs.set(letter, scene.clock.elapsedMs);
        if (random.chance(0.1)) await scene.fail();
        else {
          const chance = random.pick([0, 0.1, 0.5, 0.9]);
          listed = [..."abcdefgh"].filter(() => random.chance(chance));
          await scene.list(listed.length === 0 && random.chance(0.5) ? null : listed.join(""));
          // All that is listed counts at once.
          for (const letter of listed) assert(lettersOf(scene.seen).includes(letter), scene.seen);
        }
        const after = lettersOf(scene.seen);
        if (before.length - after.length > maxShrink * before.length) {
          // More than may be lost at once: each of them has been gone for the time.
          for (const letter of before.filter((letter) => !after.includes(letter))) {
            const goneMs = scene.clock.elapsedMs - listedMs.get(letter)!;
            assert(goneMs >= 1_000, `${letter} is gone after ${goneMs} ms`);
          }
        }
        await scene.clock.advance(random.pick([0, 50, 400, 1_200]));
      }
      // In the end what the source says counts.
      await scene.list("ab");
      await scene.clock.advance(2_000);
      assertEquals(scene.seen, "ab");
      await scene.leave();
    }
  }));

Deno.test("maxShrink: every resolver has it, and refuses what makes no sense", () => {
  const made: readonly [string, (options: ShrinkOptions) => Resolver][] = [
    ["fileResolver", (options) => fileResolver({ path: "/nowhere", ...options })],
    ["directoryResolver", (options) => directoryResolver({ path: "/nowhere", ...options })],
    ["dnsResolver", (options) => dnsResolver("a.test", { port: 1, ...options })],
    [
      "etcdResolver",
      (options) => etcdResolver({ urls: "http://127.0.0.1:1", prefix: "a", ...options }),
    ],
    [
      "kubernetesResolver",
      (options) =>
        kubernetesResolver({
          service: "a",
          namespace: "b",
          apiServer: "http://127.0.0.1:1",
          ...options,
        }),
    ],
    ["WatchingResolver", (options) => new WatchingResolver(async () => {}, options)],
    ["ManualResolver", (options) => new ManualResolver([], options)],
  ];
  for (const [owner, make] of made) {
    make({ maxShrink: 0.3, shrinkHoldMs: 1 });
    make({ maxShrink: false });
    for (const maxShrink of [1, -0.1, NaN, "0.5", true, null]) {
      const error = assertThrows(
        () => make({ maxShrink } as ShrinkOptions),
        InternodeError,
        `Option maxShrink of ${owner} must be false or a number from 0 to below 1`,
      );
      assertEquals(error.code, "InvalidArgument");
    }
    for (const shrinkHoldMs of [0, -1, NaN, "1"]) {
      assertThrows(
        () => make({ shrinkHoldMs } as ShrinkOptions),
        InternodeError,
        `Option shrinkHoldMs of ${owner} must be a number above 0`,
      );
    }
  }
  assert(constantResolver().isConstant);
});

Deno.test("maxShrink: a first failure is told although nothing is known", async () => {
  const scene = new Scene();
  await scene.fail();
  await assertRejects(
    () => scene.resolver.resolve(null, new AbortController().signal),
    Error,
    "down",
  );
});
