import { assertEquals, assertRejects } from "@std/assert";
import { MessageQueue } from "../../lib/grid/message_queue.ts";

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

Deno.test("an error shows when everything is read, once, and then there is nothing more", async () => {
  const { queue } = made();
  queue.push("a", 1);
  queue.fail(new Error("lost"));
  queue.end();
  assertEquals((await queue.next()).value, "a");
  await assertRejects(() => queue.next(), Error, "lost");
  assertEquals(await queue.next(), DONE);
});

Deno.test("of the readers that wait the first gets the error and the others the end", async () => {
  const { queue } = made();
  const first = assertRejects(() => queue.next(), Error, "lost"), second = queue.next();
  queue.fail(new Error("lost"));
  await first;
  assertEquals([await second, await queue.next()], [DONE, DONE]);
});

Deno.test("readers that wait get the end", async () => {
  const { queue } = made();
  const readers = [queue.next(), queue.next()];
  queue.end();
  assertEquals(await Promise.all(readers), [DONE, DONE]);
});

Deno.test("who returns wants nothing more, and that is told", async () => {
  const { queue, consumed, returned } = made();
  queue.push("a", 1);
  queue.push("b", 2);
  for await (const message of queue) {
    assertEquals(message, "a");
    break;
  }
  assertEquals([returned(), consumed], [1, [1]]);
  queue.push("c", 3);
  queue.fail(new Error("unheard"));
  assertEquals(await queue.next(), DONE);
});

Deno.test("what is discarded is not read, and what comes after it is", async () => {
  const { queue } = made();
  queue.push("a", 1);
  queue.discard();
  queue.push("b", 1);
  assertEquals((await queue.next()).value, "b");
});
