import { assert, assertEquals, assertThrows } from "@std/assert";
import type { Clock } from "../../lib/runtime/clock.ts";
import { TurnBudget } from "../../lib/driver/turn_budget.ts";

/** An event loop whose time passes only in handlers. */
class Loop implements Clock {
  ms = 1_000;
  /** How long each turn has lasted. */
  readonly turnsMs: number[] = [];
  #soon: (() => void)[] = [];
  #deferred: (() => void)[] = [];

  now(): number {
    return this.ms;
  }

  wallNow(): number {
    return this.ms;
  }

  setTimer(): number {
    throw new Error("nobody needs one");
  }

  clearTimer(): void {}

  soon(callback: () => void): void {
    this.#soon.push(callback);
  }

  defer(callback: () => void): void {
    this.#deferred.push(callback);
  }

  /** One turn: what has come in from sockets, what was deferred, and the end of it. */
  turn(...arrivals: readonly (() => void)[]): void {
    const startMs = this.ms;
    const deferred = this.#deferred.splice(0);
    for (const callback of [...arrivals, ...deferred]) callback();
    this.turnsMs.push(this.ms - startMs);
    for (const callback of this.#soon.splice(0)) callback();
  }

  /** Turns until nothing is left to do. */
  finish(): void {
    for (let turn = 0; this.#deferred.length > 0; turn++) {
      assert(turn < 10_000, "it never ends");
      this.turn();
    }
  }

  get longestMs(): number {
    return Math.max(...this.turnsMs);
  }
}

/** A link that has so many calls to answer, as links do it. */
class Flooded {
  readonly #loop: Loop;
  readonly #budget: TurnBudget;
  readonly #handlerMs: number;
  readonly #serves: boolean;
  /** What is left to do. */
  calls = 0;
  /** When all was done. */
  doneMs = NaN;

  /** @param serves Whether what takes the time are handlers. */
  constructor(loop: Loop, handlerMs: number, budgetUs = 1_000, serves = true) {
    this.#serves = serves;
    this.#loop = loop;
    this.#budget = new TurnBudget(loop, budgetUs);
    this.#handlerMs = handlerMs;
  }

  /** So many more calls have come. */
  arrive(calls: number): void {
    this.calls += calls;
    this.#parse();
  }

  readonly #parse = (): void => {
    if (!this.#budget.start(this.#loop.now())) return this.#budget.later(this.#parse);
    while (this.calls > 0) {
      this.calls--;
      this.#loop.ms += this.#handlerMs;
      if (this.#budget.isOver(this.#serves) && this.calls > 0) {
        return this.#budget.later(this.#parse);
      }
    }
    this.doneMs = this.#loop.now();
  };
}

function flood(loop: Loop, links: number, calls: number, handlerMs: number): Flooded[] {
  const flooded = Array.from({ length: links }, () => new Flooded(loop, handlerMs));
  loop.turn(...flooded.map((link) => () => link.arrive(calls)));
  return flooded;
}

/** Beyond the budget: the quarter after which a turn is measured, one handler, and one more link's part. */
const bound = (handlerMs: number): number => 1 + 0.25 + 2 * handlerMs;

for (const links of [1, 4, 32, 256]) {
  for (const handlerMs of [0.001, 0.1, 3]) {
    Deno.test(`${links} flooded links with handlers of ${handlerMs} ms keep to one budget`, () => {
      const loop = new Loop();
      const flooded = flood(loop, links, handlerMs > 1 ? 5 : 200, handlerMs);
      loop.finish();
      assertEquals(flooded.filter(({ calls }) => calls > 0), []);
      assert(
        loop.longestMs <= bound(handlerMs) + 1e-6,
        `a turn took ${loop.longestMs} ms; ${bound(handlerMs)} is the most`,
      );
    });
  }
}

Deno.test("all flooded links go on alike", () => {
  const loop = new Loop();
  const flooded = flood(loop, 10, 1_000, 0.01);
  for (let turn = 0; turn < 50; turn++) loop.turn();
  const left = flooded.map(({ calls }) => calls);
  assert(Math.max(...left) - Math.min(...left) < 120, `left to do: ${left}`);
  loop.finish();
});

Deno.test("a link without a flood waits for at most one turn while others are flooded", () => {
  const loop = new Loop();
  flood(loop, 32, 10_000, 0.1);
  for (let turn = 0; turn < 5; turn++) loop.turn();
  for (let round = 0; round < 20; round++) {
    const quiet = new Flooded(loop, 0.1);
    const startMs = loop.ms;
    // It comes in before or after what was deferred, whichever way round the loop has it.
    if (round % 2 === 0) loop.turn(() => quiet.arrive(1));
    else {
      loop.turn();
      quiet.arrive(1);
    }
    for (let turn = 0; turn < 2 && Number.isNaN(quiet.doneMs); turn++) loop.turn();
    assert(quiet.doneMs - startMs <= 2 * bound(0.1), `it waited for ${quiet.doneMs - startMs} ms`);
  }
});

Deno.test("messages that come one by one in a turn share one budget", () => {
  const loop = new Loop();
  const link = new Flooded(loop, 0.02);
  // As WebSocket does it: many messages in what was read, until it is paused.
  loop.turn(() => {
    for (let message = 0; message < 1_000; message++) {
      if (link.calls === 0) link.arrive(1);
    }
  });
  loop.finish();
  assert(loop.longestMs <= bound(0.02), `a turn took ${loop.longestMs} ms`);
});

Deno.test("what always comes first does not keep the interrupted from their part", () => {
  const loop = new Loop();
  const [flooded] = flood(loop, 1, 40, 0.5);
  for (let turn = 0; turn < 100 && flooded!.calls > 0; turn++) {
    // Other links use up each turn before what was deferred has its own.
    loop.turn(...Array.from({ length: 4 }, () => () => new Flooded(loop, 0.25).arrive(1)));
  }
  assertEquals(flooded!.calls, 0);
  loop.finish();
});

Deno.test("work that is spread over many turns is no reason to wait", () => {
  const loop = new Loop();
  for (let turn = 0; turn < 1_000; turn++) {
    const link = new Flooded(loop, 0.01);
    loop.turn(() => link.arrive(10));
    assertEquals(link.calls, 0);
  }
});

for (const links of [1, 8]) {
  Deno.test(`links that run no handlers have four times the budget, of ${links} each`, () => {
    const loop = new Loop();
    const taking = Array.from({ length: links }, () => new Flooded(loop, 0.01, 1_000, false));
    for (let round = 0; round < 2; round++) {
      loop.turn(...taking.map((link) => () => link.arrive(2_000)));
      loop.finish();
    }
    assertEquals(taking.filter(({ calls }) => calls > 0), []);
    const { longestMs } = loop;
    assert(longestMs > 3 && longestMs <= 4 + 0.25 + 0.02, `a turn took ${longestMs} ms`);
  });
}

Deno.test("once a link has run a handler, its time is that of handlers", () => {
  const loop = new Loop(), budget = new TurnBudget(loop, 1_000);
  for (const serves of [false, true]) {
    budget.start(loop.now());
    let steps = 1;
    for (loop.ms += 0.1; !budget.isOver(serves && steps === 1); loop.ms += 0.1) steps++;
    loop.turn();
    assertEquals(steps, serves ? 10 : 40);
  }
});

Deno.test("a link that polls has a budget of its own, and does not use that of others", () => {
  const loop = new Loop();
  const polled = new TurnBudget(loop, 1_000), other = new TurnBudget(loop, 1_000);
  for (let poll = 0; poll < 10; poll++) {
    assertEquals(polled.start(loop.now(), true), true);
    let ran = 1;
    for (loop.ms += 0.1; !polled.isOver(true); loop.ms += 0.1) ran++;
    assertEquals(ran, 10);
  }
  assertEquals(other.start(loop.now()), true);
});

Deno.test("with a budget of 0, one handler runs in each turn", () => {
  const loop = new Loop();
  const link = new Flooded(loop, 0.1, 0);
  loop.turn(() => link.arrive(20));
  loop.finish();
  assertEquals(link.calls, 0);
  assert(loop.longestMs <= 0.1 + 1e-6);
});

Deno.test("work that throws when it continues does not keep other work from continuing", () => {
  const loop = new Loop();
  const link = new Flooded(loop, 0.3);
  const broken = new TurnBudget(loop, 1_000);
  broken.start(loop.now());
  broken.later(() => {
    throw new Error("it is broken");
  });
  link.arrive(20);
  assertThrows(() => loop.turn(), Error, "it is broken");
  loop.finish();
  assertEquals(link.calls, 0);
});
