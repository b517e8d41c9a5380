import { assertEquals } from "@std/assert";
import { Priority } from "../../../lib/session/frames/priority.ts";
import { PriorityQueue } from "../../../lib/session/sending/priority_queue.ts";

const { high, normal, low } = Priority;

Deno.test("each priority is in order, the most urgent first", () => {
  const queue = new PriorityQueue<string>();
  for (const [item, priority] of [["l", low], ["a", normal], ["h", high], ["b", normal]] as const) {
    queue.push(item, priority);
  }
  assertEquals([queue.length, [...queue].join("")], [4, "habl"]);
  const taken = Array.from({ length: 5 }, () => queue.shift());
  assertEquals(taken, ["h", "a", "b", "l", undefined]);
});

Deno.test("what is shifted next is what peek has shown, and one of nine is for the less urgent", () => {
  const queue = new PriorityQueue<string>();
  for (let n = 0; n < 60; n++) queue.push("h", high);
  for (let n = 0; n < 20; n++) queue.push("n", normal);
  for (let n = 0; n < 20; n++) queue.push("l", low);
  let taken = "";
  while (queue.length > 0) {
    const shown = queue.peek();
    assertEquals(queue.shift(), shown);
    taken += shown;
  }
  assertEquals(taken.slice(0, 36), "hhhhhhhhlnhhhhhhhlhnhhhhhhlhhnhhhhhl".slice(0, 36));
  assertEquals([...taken].filter((item) => item === "l").length, 20);
});

Deno.test("the newest of each priority can be taken, and what is filtered keeps its order", () => {
  const queue = new PriorityQueue<string>();
  for (const item of ["a", "b", "c"]) queue.push(item, normal);
  for (const item of ["x", "y"]) queue.push(item, low);
  assertEquals([low, low, low, normal, high].map((priority) => queue.pop(priority)), [
    "y",
    "x",
    undefined,
    "c",
    undefined,
  ]);
  queue.filter((item) => item !== "a");
  assertEquals([...queue], ["b"]);
  queue.clear();
  assertEquals([queue.length, queue.shift(), queue.peek()], [0, undefined, undefined]);
});
