import { VirtualClock } from "@internode/grid/testing";
import { assert, assertEquals } from "@std/assert";
import {
  AdaptiveGate,
  type AdaptiveGateOptions,
} from "../../../lib/rpc/admission/adaptive_gate.ts";
import { TurnBudget } from "../../../lib/driver/turn_budget.ts";
import { Priority } from "../../../lib/session/frames/priority.ts";
import { clockWith } from "../../support/simulation/clock_with.ts";
import { Door } from "./door.ts";
import { TestCall } from "./test_call.ts";

const OPTIONS: AdaptiveGateOptions = {
  min: 1,
  max: 100,
  initial: 2,
  maxWaiting: 1_000,
  maxWaitMs: 100,
};

/** An adaptive gate on virtual time. */
class AdaptiveDoor extends Door {
  readonly clock: VirtualClock;

  constructor(options: Partial<AdaptiveGateOptions> = {}) {
    const clock = new VirtualClock(), gate = new AdaptiveGate({ ...OPTIONS, ...options });
    gate.use(clock, 1_000);
    super(gate, () => clock.now());
    this.clock = clock;
  }
}

Deno.test("calls enter up to the limit, others wait, and begin when one leaves", async () => {
  const door = new AdaptiveDoor(), { gate } = door;
  for (const name of ["1", "2", "a", "b"]) door.come(name);
  assertEquals(door.news(), "1, 2");
  assertEquals([gate.running, gate.waiting, gate.concurrency], [2, 2, 2]);
  gate.leave(true);
  assertEquals(door.news(), "a");
  gate.leave(true);
  gate.leave(true);
  assertEquals(door.news(), "b");
  gate.leave(true);
  await door.clock.settle();
  assertEquals(door.clock.pendingEvents, 0);
});

Deno.test("a call that has waited for too long is refused although no place becomes free", async () => {
  const door = new AdaptiveDoor(), { clock } = door;
  for (const name of ["1", "2", "a"]) door.come(name);
  await clock.advance(60);
  door.come("b");
  door.news();
  await clock.advance(39);
  assertEquals(door.news(), "");
  await clock.advance(2);
  assertEquals(door.news(), "a refused");
  await clock.advance(61);
  assertEquals(door.news(), "b refused");
  assertEquals([door.gate.waiting, clock.pendingEvents], [0, 0]);
});

Deno.test("a call that was cancelled or whose time is up does not begin", async () => {
  const door = new AdaptiveDoor(), { gate, clock } = door;
  for (const name of ["1", "2"]) door.come(name);
  const cancelled = door.come("a")!;
  door.come("late", Priority.normal, 20);
  door.come("b");
  gate.forget(cancelled);
  await clock.advance(21);
  door.news();
  gate.leave(true);
  assertEquals(door.news(), "b");
});

Deno.test("calls that are done at once begin in turns of the event loop, and those behind them wait meanwhile", async () => {
  const clock = new VirtualClock(), view = clock.view();
  const gate = new AdaptiveGate({ ...OPTIONS, maxWaiting: 10_000 });
  let workMs = 0, done = 0, most = 0;
  gate.use(clockWith(view, () => view.now() + workMs), 1_000);
  let ofTurn = 0;
  const work = (): void => {
    workMs += 0.2;
    done++;
    most = Math.max(most, ++ofTurn);
    gate.leave(true);
  };
  const turns = (): void => {
    ofTurn = 0;
    if (done < 100) view.defer(turns);
  };
  turns();
  for (let call = 0; call < 100; call++) {
    if (gate.tryEnter(view.now())) work();
    else gate.wait(new TestCall(Priority.normal, view.now(), work));
  }
  assert(done >= 1 && done <= 3, `${done} at once`);
  assertEquals(gate.waiting, 100 - done);
  await clock.runUntil(() => done === 100, 1_000);
  assert(most <= 7, `${most} in one turn`);
});

Deno.test("a link that goes on in each turn has all its calls read, though one of them takes the time of a turn", async () => {
  const clock = new VirtualClock(), view = clock.view();
  let workMs = 0;
  const working = clockWith(view, () => view.now() + workMs);
  const gate = new AdaptiveGate({ ...OPTIONS, maxWaiting: 10_000 });
  gate.use(working, 1_000);
  const budget = new TurnBudget(working, 1_000);
  let read = 0, done = 0, atOnce = 0;
  const work = (): void => {
    workMs += 2;
    done++;
    gate.leave(true);
  };
  const parse = (): void => {
    const nowMs = working.now();
    if (!budget.start(nowMs)) return budget.later(parse);
    while (read < 100) {
      read++;
      const isAtOnce = gate.tryEnter(nowMs);
      if (isAtOnce) {
        atOnce++;
        work();
      } else gate.wait(new TestCall(Priority.normal, nowMs, work));
      if (budget.isOver(isAtOnce)) return budget.later(parse);
    }
  };
  parse();
  await clock.runUntil(() => read === 100, 1_000);
  assert(atOnce <= 2 && done <= 5, `${atOnce} at once, ${done} done before all were read`);
  await clock.runUntil(() => done === 100, 1_000);
});

Deno.test("the number that may wait follows how fast they begin", async () => {
  const door = new AdaptiveDoor({ initial: 1, max: 1 }), { gate, clock } = door;
  for (let call = 0; call < 200; call++) door.come("x");
  const work = setEach(clock, 2, () => gate.leave(true));
  await clock.advance(150);
  door.news();
  for (let call = 0; call < 200; call++) door.come("y");
  const refused = door.told.filter((told) => told === "y refused").length;
  assert(gate.waiting >= 40 && gate.waiting <= 60, `${gate.waiting} wait`);
  assert(refused >= 100, `${refused} refused`);
  work.stop();
});

/** Does something again and again. */
function setEach(clock: VirtualClock, eachMs: number, what: () => void): { stop(): void } {
  let timer = clock.setTimer(eachMs, again);
  function again(): void {
    timer = clock.setTimer(eachMs, again);
    what();
  }
  return { stop: () => clock.clearTimer(timer) };
}
