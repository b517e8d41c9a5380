/**
 * A two-way stream with backpressure: who sends faster than the other reads, waits.
 *
 *     deno run examples/streams.ts
 *
 * @module
 */

import { Manager, stream } from "@internode/grid";
import * as t from "@internode/grid/codec";

// Running totals. Four numbers may be under way or unread, and two totals.
const sums = stream("sums", {
  initial: t.record({ start: t.int() }),
  input: t.int(),
  output: t.int(),
  inputCapacity: 4,
  outputCapacity: 2,
});

const hosts = ["memory://adder", "memory://user"] as const;
await using adder = new Manager({ local: hosts[0], hosts });
await using user = new Manager({ local: hosts[1], hosts });

adder.handle(sums, async function* ({ start }, input, { cancelled }) {
  let total = start;
  // Each `yield` waits until the caller has room for it, so nothing piles up here either.
  for await (const number of input) yield total += number;
  console.log(`The handler is done${cancelled.aborted ? ", as it was cancelled" : ""}.`);
});
await Promise.all([adder.listen(), user.listen()]);

const calls = user.connection(hosts[0]).stream(sums, { start: 100 });
const sending = (async () => {
  for (let number = 1; number <= 10; number++) {
    await calls.send(number); // waits while four are under way
    console.log(`sent ${number}`);
  }
  calls.end();
})();
// Leaving this loop early would cancel the stream, and abort the handler's signal.
for await (const total of calls) console.log(`total ${total}`);
await sending;
