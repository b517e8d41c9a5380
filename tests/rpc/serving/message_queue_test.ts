import { assertEquals, assertRejects } from "@std/assert";
import { setImmediate } from "node:timers";
import { InternodeError } from "@internode/grid";
import { MessageQueue } from "../../../lib/rpc/serving/message_queue.ts";

function made(): { queue: MessageQueue<string>; consumed: number[]; returned: () => number } {
  const consumed: number[] = [];
  let returned = 0;
  const queue = new MessageQueue<string>({
    onConsumed: (bytes) => void consumed.push(bytes),
    onReturn: () => void returned++,
  });
  return { queue, consumed, returned: () => returned };
}

const DONE = { done: true as const, value: undefined };

Deno.test("messages come out in order, whether the reader or the message comes first", async () => {
  const { queue, consumed } = made();
  queue.push("a", 1);
  const readers = [queue.next(), queue.next(), queue.next()];
  queue.push("b", 2);
  queue.push("c", 3);
  assertEquals((await Promise.all(readers)).map(({ value }) => value), ["a", "b", "c"]);
  assertEquals(consumed, [1, 2, 3]);
});

Deno.test("the end shows when everything is read", async () => {
  const { queue } = made();
  queue.push("a", 1);
  queue.end();
  queue.push("too late", 1);
  queue.fail(new Error("too late"));
  assertEquals(await queue.next(), { done: false, value: "a" });
  assertEquals([await queue.next(), await queue.next()], [DONE, DONE]);
});

Deno.test("an error shows when everything is read, and to whoever asks again", async () => {
  const { queue } = made();
  queue.push("a", 1);
  queue.fail(new Error("lost"));
  queue.end();
  assertEquals((await queue.next()).value, "a");
  for (let again = 0; again < 3; again++) await assertRejects(() => queue.next(), Error, "lost");
});

Deno.test("all readers that wait get the error", async () => {
  const { queue } = made();
  const readers = [queue.next(), queue.next(), queue.next()];
  queue.fail(new Error("lost"));
  for (const reader of readers) await assertRejects(() => reader, Error, "lost");
  await assertRejects(() => queue.next(), Error, "lost");
});

Deno.test("an error that nobody reads is not an unhandled rejection", async () => {
  const { queue } = made();
  queue.next();
  queue.fail(new Error("lost"));
  queue.next();
  // An unhandled rejection would show before the next turn, and fail this test.
  await new Promise<void>((resolve) => setImmediate(resolve));
});

Deno.test("readers that wait get the end", async () => {
  const { queue } = made();
  const readers = [queue.next(), queue.next()];
  queue.end();
  assertEquals(await Promise.all(readers), [DONE, DONE]);
});

Deno.test("return ends the queue, and its listener is notified", async () => {
  const { queue, consumed, returned } = made();
  queue.push("a", 1);
  queue.push("b", 2);
  for await (const message of queue) {
    assertEquals(message, "a");
    break;
  }
  assertEquals([returned(), consumed], [1, [1]]);
  queue.push("c", 3);
  queue.end();
  // A second loop would take the end for that of all messages.
  await assertRejects(() => queue.next(), InternodeError, "stopped before their end");
});

Deno.test("return after a clean end gives the end again", async () => {
  const { queue } = made();
  queue.push("a", 1);
  queue.end();
  await queue.next();
  assertEquals([await queue.return(), await queue.next()], [DONE, DONE]);
});

Deno.test("who returns ends the wait of the other readers with an error, its owner's if it has one", async () => {
  const { queue } = made();
  const other = queue.next();
  await queue.return();
  await assertRejects(() => other, InternodeError, "stopped before their end");
  const cancelling = new MessageQueue<string>({
    onConsumed: () => {},
    onReturn: () => cancelling.fail(new Error("cancelled")),
  });
  const another = cancelling.next();
  await cancelling.return();
  await assertRejects(() => another, Error, "cancelled");
});

Deno.test("what is given up with messages unread ends with the error, even if the end had come", async () => {
  for (const ends of [true, false]) {
    const { queue } = made();
    for (const message of ["a", "b"]) queue.push(message, 1);
    if (ends) queue.end();
    assertEquals((await queue.next()).value, "a");
    queue.giveUp(new Error("cancelled"));
    queue.push("c", 1);
    queue.end();
    await assertRejects(() => queue.next(), Error, "cancelled");
    await assertRejects(() => queue.next(), Error, "cancelled");
  }
});

Deno.test("what is given up when all was read keeps the end that it had", async () => {
  const { queue } = made();
  queue.push("a", 1);
  queue.end();
  await queue.next();
  queue.giveUp(new Error("cancelled"));
  assertEquals(await queue.next(), DONE);
  const failed = made().queue;
  failed.push("a", 1);
  failed.fail(new Error("first"));
  failed.giveUp(new Error("second"));
  await assertRejects(() => failed.next(), Error, "first");
});
