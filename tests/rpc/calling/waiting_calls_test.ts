import { InternodeError } from "@internode/grid";
import { VirtualClock } from "@internode/grid/testing";
import { assertEquals } from "@std/assert";
import { WaitingCalls } from "../../../lib/rpc/calling/waiting_calls.ts";
import { CallTime } from "../../../lib/session/frames/call_time.ts";
import { OutgoingCall } from "../../../lib/session/sending/outgoing_call_table.ts";

/** A call that keeps what becomes of it. */
class Call extends OutgoingCall {
  readonly name: string;
  readonly fates: string[];

  constructor(name: string, fates: string[], deadlineMs = Infinity) {
    super();
    this.name = name;
    this.fates = fates;
    this.time = new CallTime(0, deadlineMs);
  }
  override onResponse(): void {}
  override onError(error: unknown): void {
    this.fates.push(`${this.name}: ${error instanceof InternodeError ? error.code : error}`);
  }
}

/** What calls that are not sent fail with here. */
const FAILURES = {
  down: new InternodeError("Unreachable", "down"),
  closed: new InternodeError("Unreachable", "closed"),
  late: new InternodeError("DeadlineExceeded", "late"),
};

function made() {
  const clock = new VirtualClock(), fates: string[] = [];
  const calls = new WaitingCalls(clock);
  const add = (name: string, waitForReady = false, inMs = Infinity): Call => {
    const call = new Call(name, fates, clock.now() + inMs);
    const tryAgain = (): boolean => {
      call.state = "sent";
      fates.push(`${name}: sent`);
      return true;
    };
    calls.add(call, { waitForReady, tryAgain, failureOf: (why) => FAILURES[why] });
    return call;
  };
  return { clock, calls, fates, add };
}

Deno.test("calls are sent in their order, each once", () => {
  const { calls, fates, add } = made();
  for (const name of ["a", "b", "c"]) add(name);
  calls.tryAll();
  calls.tryAll();
  assertEquals([fates, calls.size], [["a: sent", "b: sent", "c: sent"], 0]);
});

Deno.test("when the peer is down, those that wait for it stay", () => {
  const { calls, fates, add } = made();
  add("a");
  const patient = add("b", true);
  calls.fail("down");
  assertEquals([fates, calls.size, patient.state], [["a: Unreachable"], 1, "waiting"]);
  calls.fail("closed");
  assertEquals([fates, calls.size], [["a: Unreachable", "b: Unreachable"], 0]);
});

Deno.test("each ends at its own deadline, whatever order they came in", async () => {
  const { clock, calls, fates, add } = made();
  add("late", false, 300);
  add("soon", true, 100);
  add("never");
  add("middle", false, 200);
  for (const expected of [[], ["soon"], ["soon", "middle"], ["soon", "middle", "late"]]) {
    assertEquals(fates, expected.map((name) => `${name}: DeadlineExceeded`));
    await clock.advance(100);
  }
  assertEquals(calls.size, 1);
  calls.fail("closed");
  assertEquals(clock.pendingEvents, 0);
});

Deno.test("a call taken out gets its error, the others stay", async () => {
  const { clock, calls, fates, add } = made();
  const taken = add("a", false, 100);
  add("b", false, 200);
  assertEquals([calls.cancel(taken, "why"), calls.cancel(taken, "again")], [true, false]);
  assertEquals(fates, ["a: why"]);
  await clock.advance(150);
  assertEquals(fates.length, 1);
  calls.tryAll();
  assertEquals([fates, clock.pendingEvents], [["a: why", "b: sent"], 0]);
});

Deno.test("a call that is cancelled while others are sent is not sent", () => {
  const { calls, fates, add } = made();
  let second: Call | null = null;
  const first = new Call("first", fates);
  calls.add(first, {
    waitForReady: false,
    tryAgain: () => {
      second!.state = "ended";
      return true;
    },
    failureOf: (why) => FAILURES[why],
  });
  second = add("second");
  calls.tryAll();
  assertEquals(fates, []);
});
