/**
 * Mutants of `lib/session/` that no test can notice.
 *
 * @module
 */

import { type Explanation, ZERO } from "./explanation.ts";

/** All that were looked at. */
export const SESSION_EXPLAINED: readonly Explanation[] = [
  {
    file: "lib/session/sending/bulk_pacer.ts",
    lineText: "if (bytes <= 0) return;",
    changes: ["`<=` became `<`"],
    reason: "Where nothing new has arrived no frame is complete that was not before.",
  },
  {
    file: "lib/session/calls/outgoing_calls.ts",
    lineText: 'const freed = call.state === "waiting" && call.id >= 0;',
    changes: ['the left part of `call.state === "waiting" && call.id >= 0` was removed'],
    reason:
      "A call that was sent keeps its slot for now, so the queue finds none and lets nobody go.",
  },
  {
    file: "lib/session/sending/frame_lanes.ts",
    lineText: "#mayOvertake = true;",
    reason: "What is written first is the hello, and draining it sets this to `true`.",
  },
  {
    file: "lib/session/sending/frame_lanes.ts",
    lineText: "#replyBytes = 0;",
    reason: "What is written first is the hello, and draining it leaves as much as waits then.",
  },
  {
    file: "lib/session/frames/handler_name.ts",
    lineText: "if (text.length >= minBytes && text.length * 3 <= MAX_NAME_BYTES) return null;",
    changes: [
      "the guard was removed",
      "`>=` became `>`",
      "`<=` became `<`",
      "`3` became `4`",
    ],
    reason: "What is not let through at once has its bytes counted, with the same result.",
  },
  {
    file: "lib/session/calls/incoming_call_table.ts",
    lineText: "while (slots.length <= slot) slots.push(null);",
    changes: ["`<=` became `<`"],
    reason: "The slot itself is set next, which makes it as long.",
  },
  {
    file: "lib/session/sending/bulk_lane.ts",
    lineText: "writer.ensure(4);",
    changes: ["`4` became `5`"],
    reason: "There is room for one byte more than is written.",
  },
  ...["calls/incoming_call_table", "sending/outgoing_call_table", "sending/slot_queue"].map((
    name,
  ) => ({
    file: `lib/session/${name}.ts`,
    lineText: "if (nowMs < this.#earliestMs) return;",
    changes: ["the guard was removed"],
    reason: "It spares looking through all calls, of which none has run out of time before.",
  })),
  {
    file: "lib/session/sending/slot_queue.ts",
    lineText: "if (!this.#someEnded) return;",
    changes: ["the guard was removed"],
    reason: "It spares looking through all calls where none is to be forgotten.",
  },
  {
    file: "lib/session/sending/slot_queue.ts",
    lineText: "this.#someEnded = false;",
    reason: "With `true` it only looks through all calls more often than it need.",
  },
  {
    file: "lib/session/sending/bulk_lane.ts",
    lineText: "if (next.call !== null && next.sent > 0) inPart.add(next.call);",
    changes: [ZERO],
    reason: "A piece that is not the last has 1,024 bytes at least.",
  },
  {
    file: "lib/session/calls/name_numbers.ts",
    lineText: "this.#nextSweep = 0;",
    changes: [ZERO],
    reason: "Where no name is taken any more, more than one has been given.",
  },
  {
    file: "lib/session/sending/slot_queue.ts",
    lineText: "while (this.length > 0 && this.hasSlot) {",
    changes: ["`>` became `>=`"],
    reason: "An empty queue gives no call, which ends the loop as well.",
  },
  {
    file: "lib/session/calls/name_numbers.ts",
    lineText: "this.#nextSweep = this.#given + MAX_NAMES / RESERVE_SHARE / 2;",
    changes: ["`2` became `3`"],
    reason:
      "It tunes how much of the reserve may be used up before all names are looked through again.",
  },
];
