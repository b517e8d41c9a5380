import { assert, assertEquals } from "@std/assert";
import type { Clock } from "../../lib/runtime/clock.ts";
import { type PolledLink, Spinner } from "../../lib/driver/spinner.ts";
import type { Session } from "../../lib/session/session.ts";
import { TestCall } from "../support/session/calls.ts";

/** Time that passes by being looked at and by polling: 1 µs each. */
class SteppedClock implements Clock {
  nowMs = 0;
  readonly deferred: (() => void)[] = [];
  readonly next: (() => void)[] = [];

  now = (): number => this.nowMs += 0.001;
  wallNow = (): number => this.nowMs;
  setTimer = (): number => 0;
  clearTimer = (): void => {};
  defer = (callback: () => void): void => void this.deferred.push(callback);
  soon = (callback: () => void): void => void this.next.push(callback);

  /** The event loop has its turn. */
  turn(): void {
    for (const callback of [...this.next.splice(0), ...this.deferred.splice(0)]) callback();
  }
}

/** A link whose bytes come when the test says. */
class TestLink implements PolledLink {
  polls = 0;
  /** How often something was left to the runtime. */
  left = 0;
  deadlines = 0;
  isReady = true;
  bytesAtPoll = Infinity;
  count = 1;
  deadlineMs = Infinity;
  sent = 0;
  calls = 0;
  served = 0;
  bytesReceived = 0;
  onBytes: () => void = () => {};
  readonly clock = new SteppedClock();
  readonly session: Session;

  constructor() {
    // deno-lint-ignore no-this-alias -- the session's getters look at the link
    const link = this;
    this.session = {
      outgoing: {
        calls: {
          get active() {
            return link.calls;
          },
        },
      },
      incoming: {
        calls: {
          get active() {
            return link.served;
          },
        },
      },
      get messagesSent() {
        return link.sent;
      },
      nextDeadlineMs: () => link.deadlineMs,
    } as unknown as Session;
  }

  startPolling(): boolean {
    return this.isReady;
  }

  poll(): number {
    this.clock.nowMs += 0.001;
    if (++this.polls < this.bytesAtPoll) return -1;
    this.bytesAtPoll = Infinity;
    this.onBytes();
    return this.count;
  }

  hasBytes(): boolean {
    this.clock.nowMs += 0.001;
    if (++this.polls < this.bytesAtPoll) return false;
    this.left++;
    return true;
  }

  onDeadline(): void {
    this.deadlines++;
    this.deadlineMs = Infinity;
  }
}

function asking(spinUs: number): { link: TestLink; spinner: Spinner; call: TestCall } {
  const link = new TestLink(), spinner = new Spinner(link, link.clock, 0);
  const call = new TestCall();
  call.id = 7;
  call.state = "sent";
  link.calls = 1;
  spinner.ask(call, spinUs);
  return { link, spinner, call };
}

/** Ends a turn, and lets the microtasks run. */
async function endTurn(link: TestLink, spinner: Spinner): Promise<void> {
  spinner.onTurnEnd(link.clock.now());
  await null;
}

Deno.test("spinner: polls until bytes come, and again until the call is answered", async () => {
  const { link, spinner, call } = asking(100);
  link.bytesAtPoll = 20;
  await endTurn(link, spinner);
  assertEquals(link.polls, 20);
  // Those bytes were something else.
  link.bytesAtPoll = 30;
  link.onBytes = () => call.id = -1;
  await endTurn(link, spinner);
  assertEquals(link.polls, 30);
  await endTurn(link, spinner);
  assertEquals(link.polls, 30);
});

Deno.test("spinner: a spin ends when its time is over, and the next turn does not start another", async () => {
  const { link, spinner } = asking(100);
  await endTurn(link, spinner);
  const { polls } = link;
  assert(polls > 50 && polls <= 100, `${polls} polls of 1 µs`);
  await endTurn(link, spinner);
  assertEquals(link.polls, polls);
});

Deno.test("spinner: a call that was given up is not waited for", async () => {
  const { link, spinner, call } = asking(100);
  call.state = "abandoned";
  await endTurn(link, spinner);
  assertEquals(link.polls, 0);
});

Deno.test("spinner: a deadline ends the spin at once", async () => {
  const { link, spinner, call } = asking(10_000_000);
  link.deadlineMs = 0.05;
  await endTurn(link, spinner);
  assertEquals(link.deadlines, 1);
  assert(link.clock.nowMs < 0.1, `${link.clock.nowMs} ms`);
  call.state = "abandoned";
  await endTurn(link, spinner);
  assertEquals(link.deadlines, 1);
});

Deno.test("spinner: the event loop has its turn within 10 ms", async () => {
  const { link, spinner } = asking(10_000_000);
  await endTurn(link, spinner);
  for (let turns = 1; turns <= 100; turns++) {
    const startMs = link.clock.nowMs, { polls } = link;
    assertEquals(link.clock.deferred.length, 1);
    link.clock.turn();
    await null;
    assert(link.polls > polls, "it goes on afterwards");
    assert(link.clock.nowMs - startMs < 10.1, `${link.clock.nowMs - startMs} ms without a turn`);
  }
});

Deno.test("spinner: of a loop of quick answers one in 8 ms is left to the runtime", async () => {
  const { link, spinner, call } = asking(1_000);
  let sinceMs = 0;
  while (link.clock.nowMs < 100) {
    link.bytesAtPoll = link.polls + 8;
    const { left } = link;
    call.id++;
    spinner.ask(call, 1_000);
    await endTurn(link, spinner);
    assert(link.clock.nowMs - sinceMs < 8.1, `${link.clock.nowMs - sinceMs} ms without a turn`);
    if (link.left === left) continue;
    const { polls } = link;
    await endTurn(link, spinner);
    assertEquals(link.polls, polls, "nobody polls until the runtime has brought it");
    spinner.onDelivered();
    sinceMs = link.clock.nowMs;
  }
  assertEquals(link.left, 12);
  assertEquals(link.clock.deferred.length, 0);
});

Deno.test("spinner: what the runtime brings ends the wait for its turn", async () => {
  const { link, spinner, call } = asking(10_000_000);
  await endTurn(link, spinner);
  spinner.onDelivered();
  call.id = -1;
  const { polls } = link;
  link.clock.turn();
  await endTurn(link, spinner);
  assertEquals(link.polls, polls);
});

Deno.test("spinner: waits for the next request after an answer, unless a handler still runs", async () => {
  const link = new TestLink(), spinner = new Spinner(link, link.clock, 100);
  await endTurn(link, spinner);
  assertEquals(link.polls, 0, "nothing was answered");
  link.sent = 1;
  link.bytesAtPoll = 10;
  await endTurn(link, spinner);
  assertEquals(link.polls, 10);
  link.served = 1;
  await endTurn(link, spinner);
  assertEquals(link.polls, 10, "a handler runs");
  link.served = 0;
  link.sent = 2;
  await endTurn(link, spinner);
  const { polls } = link;
  assert(polls > 50, "it was answered");
  link.sent = 3;
  link.calls = 1;
  await endTurn(link, spinner);
  assertEquals(link.polls, polls, "that was a request");
});

Deno.test("spinner: leaves a link alone for a while that has much to do", async () => {
  const { link, spinner, call } = asking(100);
  link.bytesReceived = 100_000;
  await endTurn(link, spinner);
  assertEquals(link.polls, 0);
  link.clock.nowMs += 1;
  call.id++;
  spinner.ask(call, 100);
  link.calls = 1_000;
  await endTurn(link, spinner);
  assertEquals(link.polls, 0);
  link.clock.nowMs += 1;
  link.calls = 1;
  call.id++;
  spinner.ask(call, 100);
  await endTurn(link, spinner);
  assert(link.polls > 0);
});

Deno.test("spinner: does nothing while the link has something else to do", async () => {
  const { link, spinner } = asking(100);
  link.isReady = false;
  await endTurn(link, spinner);
  assertEquals(link.polls, 0);
  link.isReady = true;
  await endTurn(link, spinner);
  assert(link.polls > 0, "the end of that turn comes back to it");
});

Deno.test("spinner: the end of the connection ends it", async () => {
  const { link, spinner } = asking(10_000_000);
  link.bytesAtPoll = 5;
  link.count = 0;
  await endTurn(link, spinner);
  await endTurn(link, spinner);
  assertEquals(link.polls, 5);
});

Deno.test("spinner: ends even where time stands still", async () => {
  const { link, spinner } = asking(100);
  link.clock.now = () => link.clock.nowMs = 1;
  await endTurn(link, spinner);
  assert(link.polls > 0);
});
