/** Calls that wait for a slot or for room: how many may, in what order they go, and when they end. @module */

import { assertEquals, assertThrows } from "@std/assert";
import { InternodeError } from "../../../lib/errors.ts";
import {
  type OutgoingCall,
  OutgoingCallTable,
} from "../../../lib/session/sending/outgoing_call_table.ts";
import { CallTime } from "../../../lib/session/frames/call_time.ts";
import { SlotQueue } from "../../../lib/session/sending/slot_queue.ts";
import { FrameType } from "../../../lib/wire/frame.ts";
import { numbered, rawCodec, TestCall } from "../../support/session/calls.ts";
import { openScheduler } from "../../support/session/open_scheduler.ts";

/** What a call counts with beside its payload, and how many may wait. */
const COST = 512, BUDGET = 64 * 1024;

/** A queue before so many slots, of which all are taken. */
function queueing(maxCalls = 1, onExpired = () => {}) {
  const { scheduler, drain } = openScheduler({
    limits: { sendBudgetBytes: BUDGET },
    hello: { maxCalls },
  });
  const slots = new OutgoingCallTable(), expired: OutgoingCall[] = [];
  const taken = Array.from({ length: maxCalls }, () => new TestCall());
  for (const call of taken) slots.add(call, call.deadlineMs);
  const queue = new SlotQueue(slots, scheduler, (call) => {
    expired.push(call);
    call.state = "ended";
    onExpired();
  });
  const sent: TestCall[] = [];
  /** Adds a call that takes a slot when its turn has come, and says which it is. */
  const add = (deadlineMs?: number, value: unknown = null): TestCall => {
    const call = new TestCall(deadlineMs);
    queue.add(call, value, () => {
      slots.add(call, call.deadlineMs);
      call.state = "sent";
      sent.push(call);
    });
    return call;
  };
  /** One of the calls under way has ended. */
  const free = (call = taken.pop()!): void => {
    slots.remove(call);
    queue.flow();
  };
  /** Adds calls until one is refused, and says how many were not. */
  const fill = (value?: unknown): number => {
    for (let count = 0;; count++) {
      try {
        add(undefined, value);
      } catch (error) {
        assertEquals((error as InternodeError).code, "Overloaded");
        return count;
      }
    }
  };
  return { scheduler, drain, slots, queue, expired, sent, add, free, fill };
}

Deno.test("a call goes at once where there is a slot, and the others in order as slots are freed", () => {
  const { queue, sent, add, free } = queueing(2);
  const calls = [add(), add(), add()];
  assertEquals([queue.hasSlot, queue.length, sent], [false, 3, []]);
  assertEquals([calls.map(({ state }) => state), queue.waiting()], [
    ["waiting", "waiting", "waiting"],
    calls,
  ]);
  free();
  assertEquals([sent, queue.length], [[calls[0]!], 2]);
  free();
  free(calls[0]);
  assertEquals([sent, queue.length, queue.waiting()], [calls, 0, []]);
  free(calls[1]);
  assertEquals(queue.hasSlot, true);
  assertEquals(add().state, "sent");
});

Deno.test("as many calls wait as come to the send budget, each with 512 bytes and those of its payload", () => {
  assertEquals(queueing().fill(), BUDGET / COST);
  assertEquals(queueing().fill(numbered(512)), BUDGET / COST / 2);
  assertEquals(queueing().fill("what is no bytes counts alike"), BUDGET / COST);
  const { queue, add } = queueing();
  add(undefined, numbered(BUDGET + 1));
  const refused = new TestCall();
  const error = assertThrows(() => queue.add(refused, null, () => {}), InternodeError);
  assertEquals([error.code, error.outcome, refused.state], ["Overloaded", "notSent", "ended"]);
  assertEquals(
    error.message.startsWith(`1 call with ${BUDGET + 1 + COST} bytes already waits`),
    true,
    error.message,
  );
});

Deno.test("a call that waited for the connection is not refused", () => {
  const { queue, fill, slots, free } = queueing();
  const count = fill(), admitted = new TestCall();
  admitted.state = "waiting";
  queue.add(admitted, null, () => slots.add(admitted, Infinity));
  assertEquals([queue.length, admitted.state], [count + 1, "waiting"]);
  free();
  assertEquals(queue.waiting().at(-1), admitted);
});

/** What makes room for others in a queue that is full, so many times. */
const MAKING_ROOM: [
  what: string,
  make: (all: ReturnType<typeof queueing>, times: number) => void,
][] = [
  ["have ended", ({ queue }, times) => {
    for (const call of queue.waiting().slice(0, times)) {
      call.state = "ended";
      queue.onEnded();
    }
  }],
  ["have gone", ({ free, sent }, times) => {
    free();
    for (let n = 1; n < times; n++) free(sent[n - 1]);
  }],
  ["were taken out", ({ queue }, times) => {
    for (let n = 0; n < times; n++) queue.shift();
  }],
  ["have run out of time", ({ queue, scheduler }, times) => {
    for (const call of queue.waiting().slice(0, times)) call.time = new CallTime(0, 10);
    scheduler.nowMs = 10;
    queue.expire();
  }],
];

for (const [what, make] of MAKING_ROOM) {
  Deno.test(`for each of the calls that ${what} another one may wait`, () => {
    for (const times of [1, 10]) {
      const all = queueing();
      // One of them says when to look.
      all.add(10);
      assertEquals(all.fill(), BUDGET / COST - 1);
      make(all, times);
      const left = all.queue.waiting();
      assertEquals(all.fill(), times);
      assertEquals(all.queue.waiting().slice(0, left.length), left, "in order");
      assertEquals(all.queue.waiting().length, BUDGET / COST);
    }
  });
}

Deno.test("what is called back for a call that has run out of time may add another one", () => {
  const all = queueing(1, () => void all.add());
  all.add(10);
  assertEquals(all.fill(), BUDGET / COST - 1);
  all.scheduler.nowMs = 10;
  all.queue.expire();
  assertEquals([all.expired.length, all.queue.waiting().length], [1, BUDGET / COST]);
});

Deno.test("calls end at their deadlines and not before, wherever they stand, and the next deadline is known", () => {
  const { queue, scheduler, expired, add } = queueing();
  const calls = [add(30), add(), add(10), add(20)];
  assertEquals(queue.earliestMs, 10);
  for (const [nowMs, ended, nextMs] of [[9, [], 10], [10, [2], 20], [29, [2, 3], 30]] as const) {
    scheduler.nowMs = nowMs;
    queue.expire();
    assertEquals(expired, ended.map((n) => calls[n]!));
    assertEquals(queue.earliestMs, nextMs);
    assertEquals(queue.waiting(), calls.filter((call) => !expired.includes(call)), "in order");
  }
  assertEquals([queue.waiting(), queue.length], [[calls[0]!, calls[1]!], 2]);
  scheduler.nowMs = 30;
  queue.expire();
  assertEquals([queue.earliestMs, queue.waiting()], [Infinity, [calls[1]!]]);
});

Deno.test("a call whose turn comes too late ends, those that have ended are passed over", () => {
  const { scheduler, expired, sent, add, free, queue } = queueing();
  const ended = add(), late = add(50), next = add();
  ended.state = "ended";
  scheduler.nowMs = 50;
  free();
  assertEquals([expired, sent, queue.length], [[late], [next], 0]);
  add().state = "ended";
  free(next);
  assertEquals([sent, queue.length], [[next], 0], "none is left that could go");
});

Deno.test("an empty queue has no deadline", () => {
  const { queue, add } = queueing();
  add(10);
  assertEquals([queue.shift()?.call.deadlineMs, queue.earliestMs], [10, 10]);
  assertEquals([queue.shift(), queue.earliestMs], [undefined, Infinity]);
});

Deno.test("a call for which there is no room when its turn comes stays first, and goes once there is", () => {
  const { scheduler, drain, slots, queue, free } = queueing(3);
  const large = (call: TestCall, bytes: number): void =>
    queue.add(call, null, () => {
      const id = slots.add(call, call.deadlineMs);
      try {
        scheduler.send(FrameType.request, 0, 0, id, 0, null, rawCodec, numbered(bytes), call);
      } catch (error) {
        call.state = "ended";
        slots.remove(call);
        throw error;
      }
    });
  // The first may be of any size; then there is no room for the second.
  const calls = [new TestCall(), new TestCall(), new TestCall(500)];
  large(calls[0]!, BUDGET);
  large(calls[1]!, BUDGET);
  large(calls[2]!, 10_000);
  free();
  free();
  assertEquals([queue.waiting(), queue.length], [calls.slice(1), 2]);
  assertEquals([calls[1]!.error, queue.earliestMs], [null, 500]);
  while (drain().length > 0);
  assertEquals([queue.length, slots.get(calls[1]!.id)], [1, calls[1]!]);
  free();
  while (drain().length > 0);
  assertEquals([queue.length, calls[2]!.error], [0, null]);
});

Deno.test("the first call, which waits for room, ends at its deadline like any", () => {
  const { scheduler, drain, queue, free, expired } = queueing(2);
  const overloaded = (call: TestCall): void => {
    call.state = "ended";
    scheduler.bulk.checkRoom(BUDGET);
  };
  queue.add(new TestCall(), null, () => {
    scheduler.send(FrameType.request, 0, 0, 1, 0, null, rawCodec, numbered(BUDGET + 1), null);
  });
  free();
  assertEquals(queue.length, 0, "it is under way");
  const first = new TestCall(40), second = new TestCall(60);
  queue.add(first, null, () => overloaded(first));
  assertEquals([queue.waiting(), queue.earliestMs], [[first], 40]);
  queue.add(second, null, () => overloaded(second));
  const early = new TestCall(30);
  queue.add(early, null, () => overloaded(early));
  assertEquals([queue.waiting(), queue.earliestMs], [[first, second, early], 30]);
  scheduler.nowMs = 30;
  queue.expire();
  assertEquals([expired.splice(0), queue.earliestMs], [[early], 40]);
  scheduler.nowMs = 40;
  queue.expire();
  assertEquals([expired, queue.earliestMs], [[first], 60]);
  assertEquals(queue.waiting(), [second]);
  scheduler.nowMs = 60;
  while (drain().length > 0);
  assertEquals([expired, queue.length], [[first, second], 0]);
});

Deno.test("a call that cannot be sent fails, and the next one goes", () => {
  const { queue, add, free, sent } = queueing();
  const failing = new TestCall(), error = new InternodeError("MessageTooLarge", "too large");
  queue.add(failing, null, () => {
    throw error;
  });
  const next = add();
  free();
  assertEquals([failing.error, failing.state, sent], [error, "ended", [next]]);
});

Deno.test("only a call that finds no room waits for it: what is refused for another reason fails", () => {
  const overloaded = new InternodeError("Overloaded", "no more names");
  const tooLarge = new InternodeError("MessageTooLarge", "too large");
  const strange = { code: "Overloaded" };
  for (const hasRoom of [true, false]) {
    for (const error of hasRoom ? [overloaded] : [tooLarge, strange]) {
      const { scheduler, queue, free } = queueing(2);
      if (!hasRoom) {
        scheduler.send(FrameType.request, 0, 0, 1, 0, null, rawCodec, numbered(BUDGET + 1), null);
        assertThrows(() => scheduler.bulk.checkRoom(BUDGET), InternodeError);
      }
      const call = new TestCall();
      queue.add(call, null, () => {
        throw error;
      });
      free();
      assertEquals([call.error as unknown, call.state, queue.length], [error, "ended", 0]);
    }
  }
});

Deno.test("a call that has ended already does not run out of time", () => {
  const { scheduler, queue, expired, add } = queueing();
  const ended = add(10), other = add(10);
  ended.state = "ended";
  queue.onEnded();
  scheduler.nowMs = 10;
  queue.expire();
  assertEquals([expired, queue.length, queue.earliestMs], [[other], 0, Infinity]);
});
