/** Topics on a grid. */

import { InternodeError, type Manager, stream } from "@internode/grid";
import * as t from "@internode/grid/codec";
import { type JoinedTopic, type Topic, topic, type TopicOptions } from "@internode/grid/patterns";
import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { type GridSetup, simulatedGrid } from "../../support/simulation/simulated_grid.ts";
import { type TopicWorld, withTopic } from "../../support/simulation/with_topic.ts";

/** Nodes that have joined a topic of numbers. */
function withNumbers(
  nodes: number,
  options: TopicOptions,
  body: (world: TopicWorld<number>) => Promise<void>,
): Promise<void> {
  return withTopic(topic("numbers", t.uint(), options), { nodes }, body);
}

/** Reads so many values. */
async function take(many: number, from: AsyncIterator<{ value: number }>): Promise<number[]> {
  const values: number[] = [];
  while (values.length < many) values.push((await from.next()).value!.value);
  return values;
}

async function firstWord(from: AsyncIterator<{ value: string }>): Promise<string> {
  return (await from.next()).value!.value.split(" ")[0]!;
}

Deno.test("a message goes to all subscriptions on all nodes, and to no node without any", () =>
  withNumbers(3, {}, async ({ grid, joined, subscribed, settle }) => {
    const [a, b, c] = joined as [JoinedTopic<number>, JoinedTopic<number>, JoinedTopic<number>];
    const own = a.subscribe(), one = b.subscribe(), two = b.subscribe();
    await subscribed(0, 1);
    await subscribed(2, 2);
    for (const at of [1, 2, 3]) await a.publish(at);
    await c.publish(9);
    await settle();
    for (const reader of [own, one, two]) {
      assertEquals((await take(4, reader)).sort(), [1, 2, 3, 9]);
      assertEquals([reader.queued, reader.dropped, reader.missed], [0, 0, 0]);
    }
    const { published, dropped, nodes, subscriptions } = a.stats();
    assertEquals([published, dropped, subscriptions], [3, 0, 1]);
    assertEquals(nodes, [{ host: grid.hosts[1]!, queued: 0, dropped: 0 }]);
    const waiting = one.next();
    await one.return();
    assertEquals(await waiting, { done: true, value: undefined });
    await two[Symbol.asyncDispose]();
    await subscribed(0, 0);
    await own.return();
    await subscribed(2, 0);
  }));

Deno.test("messages say who has published them, as the how-manieth", () =>
  withNumbers(2, {}, async ({ grid, joined, subscribed }) => {
    const reader = joined[1]!.subscribe();
    await subscribed(0, 1);
    await joined[0]!.publish(7);
    await joined[1]!.publish(8);
    const messages = [(await reader.next()).value!, (await reader.next()).value!];
    const told = messages.map(({ value, publisher, sequence }) => [value, publisher, sequence]);
    assertEquals(told.sort(), [[7, grid.hosts[0], 1], [8, grid.hosts[1], 1]]);
  }));

Deno.test("who comes late gets the last messages of each publisher, also on the same node", () =>
  withNumbers(2, { replay: 2 }, async ({ joined, subscribed, settle }) => {
    for (const at of [1, 2, 3]) await joined[0]!.publish(at);
    const late = joined[1]!.subscribe(), own = joined[0]!.subscribe();
    assertEquals(await take(2, late), [2, 3]);
    assertEquals(await take(2, own), [2, 3]);
    await subscribed(0, 1);
    await joined[0]!.publish(4);
    await settle();
    const later = joined[1]!.subscribe();
    assertEquals(await take(2, later), [3, 4]);
    assertEquals(await take(1, late), [4]);
    assertEquals([late.missed, later.missed], [0, 0]);
  }));

Deno.test("policies for who is slow: the oldest or the newest are dropped, and counted", async () => {
  for (const slow of ["drop-oldest", "drop-newest"] as const) {
    await withNumbers(2, { slow, maxQueued: 2 }, async ({ joined, subscribed, settle }) => {
      const far = joined[1]!.subscribe(), near = joined[0]!.subscribe();
      await subscribed(0, 1);
      for (const at of [1, 2, 3, 4, 5]) {
        await joined[0]!.publish(at);
        await settle();
      }
      for (const reader of [far, near]) {
        assertEquals([reader.queued, reader.dropped, reader.missed], [2, 3, 0]);
        assertEquals(await take(2, reader), slow === "drop-oldest" ? [4, 5] : [1, 2]);
      }
    });
  }
});

Deno.test("what a publisher drops for a node is known there as missed", () =>
  withNumbers(2, { maxQueued: 2 }, async ({ grid, joined, subscribed, settle }) => {
    const reader = joined[1]!.subscribe();
    await subscribed(0, 1);
    // In one turn nothing leaves.
    for (const at of [1, 2, 3, 4, 5]) void joined[0]!.publish(at);
    await settle();
    const { dropped, nodes } = joined[0]!.stats();
    assert(dropped > 0);
    assertEquals(nodes, [{ host: grid.hosts[1]!, queued: 0, dropped }]);
    assertEquals(reader.missed + reader.dropped + reader.queued, 5);
    assertEquals(reader.missed, dropped);
  }));

Deno.test("disconnect: who is too slow gets what is queued, then an error", () =>
  withNumbers(2, { slow: "disconnect", maxQueued: 2 }, async ({ joined, subscribed, settle }) => {
    const far = joined[1]!.subscribe(), near = joined[0]!.subscribe();
    await subscribed(0, 1);
    for (const at of [1, 2, 3]) {
      await joined[0]!.publish(at);
      await settle();
    }
    for (const reader of [far, near]) {
      assertEquals(await take(2, reader), [1, 2]);
      const { code } = await assertRejects(() => reader.next(), InternodeError, "too slow");
      assertEquals(code, "Overloaded");
    }
    await subscribed(0, 0);
  }));

Deno.test("disconnect: a node that its publisher has given up is told so", () =>
  withNumbers(2, { slow: "disconnect", maxQueued: 2 }, async ({ joined, subscribed, settle }) => {
    const reader = joined[1]!.subscribe();
    await subscribed(0, 1);
    for (const at of [1, 2, 3, 4, 5]) void joined[0]!.publish(at);
    await settle();
    await assertRejects(
      async () => {
        for (;;) await take(1, reader);
      },
      InternodeError,
      "too slow",
    );
    assertEquals(joined[1]!.stats().subscriptions, 0);
  }));

Deno.test("backpressure: publishing waits for the slowest, and nothing is dropped", () =>
  withNumbers(2, { slow: "backpressure", maxQueued: 2 }, async ({ joined, subscribed, settle }) => {
    const far = joined[1]!.subscribe(), near = joined[0]!.subscribe();
    await subscribed(0, 1);
    let published = 0;
    const publishing = (async () => {
      for (let at = 1; at <= 600; at++) {
        await joined[0]!.publish(at);
        published++;
      }
    })();
    await settle();
    assertEquals(published, 2, "the local one is full");
    const all = Array.from({ length: 600 }, (_, at) => at + 1);
    const [fromNear, fromFar] = await Promise.all([take(600, near), take(600, far)]);
    await publishing;
    assertEquals([fromNear, fromFar], [all, all]);
    assertEquals([near.dropped, near.missed, far.dropped, far.missed], [0, 0, 0, 0]);
  }));

Deno.test("closing ends what waits: subscriptions cleanly, publishing with an error", () =>
  withNumbers(2, { slow: "backpressure", maxQueued: 1 }, async ({ joined, subscribed, settle }) => {
    const near = joined[0]!.subscribe(), far = joined[1]!.subscribe();
    await subscribed(0, 1);
    await joined[0]!.publish(1);
    const waiting = joined[0]!.publish(2);
    joined[0]!.close();
    await assertRejects(() => waiting, InternodeError, "is closed on this node");
    await assertRejects(() => joined[0]!.publish(3), InternodeError, "is closed on this node");
    assertThrows(() => joined[0]!.subscribe(), InternodeError, "is closed on this node");
    assertEquals(await take(1, near), [1]);
    assertEquals((await near.next()).done, true);
    assertEquals(await take(1, far), [1]);
    await settle();
    assertEquals(far.queued, 0);
  }));

Deno.test("a signal ends a subscription, and a node that closes its subscriptions", () =>
  withNumbers(2, {}, async ({ grid, joined, subscribed }) => {
    const controller = new AbortController(), reason = new Error("enough");
    const { signal } = controller;
    const next = joined[0]!.subscribe({ signal }).next();
    controller.abort(reason);
    assertEquals(await next.catch((error) => error), reason);
    const late = joined[0]!.subscribe({ signal });
    assertEquals(await late.next().catch((error) => error), reason);
    assertEquals(joined[0]!.stats().subscriptions, 0);
    const reader = joined[1]!.subscribe();
    await subscribed(0, 1);
    await grid.node(1).close();
    const { code } = await assertRejects(() => reader.next(), InternodeError);
    assertEquals(code, "Closed");
  }));

Deno.test("after a loss the node subscribes again, and counts what it has missed", () =>
  withNumbers(2, {}, async ({ grid, joined, subscribed, settle }) => {
    const reader = joined[1]!.subscribe();
    await subscribed(0, 1);
    await joined[0]!.publish(1);
    assertEquals(await take(1, reader), [1]);
    grid.cut(0, 1);
    await subscribed(0, 0);
    await joined[0]!.publish(2);
    await subscribed(0, 1);
    await joined[0]!.publish(3);
    assertEquals(await take(1, reader), [3]);
    assertEquals(reader.missed, 1);
    await grid.node(0).close();
    grid.crash(0);
    await grid.restart(0);
    await subscribed(0, 1);
    await joined[0]!.publish(4);
    await settle();
    assertEquals(await take(1, reader), [4]);
  }));

Deno.test("values of every codec travel: none, null, raw bytes, and text", async () => {
  const topics = {
    nothing: [topic<void>("nothing", t.nothing()), undefined],
    optional: [topic<string | undefined>("optional", t.optional(t.string())), undefined],
    nullable: [topic<string | null>("nullable", t.nullable(t.string())), null],
    raw: [topic("raw", t.raw()), new Uint8Array(20_000).fill(7)],
    text: [topic("text", t.string()), "ä"],
  } as const;
  for (const [name, [made, value]] of Object.entries(topics)) {
    await withTopic(made as Topic<unknown>, {}, async ({ joined, subscribed }) => {
      const reader = joined[1]!.subscribe();
      await subscribed(0, 1);
      await joined[0]!.publish(value);
      assertEquals((await reader.next()).value!.value, value, name);
    });
  }
});

Deno.test("messages that are published at once come together, and none is dropped that is read in time", async () => {
  // Of three nodes the last one takes no two messages at once: they would be too long for it.
  const words = topic("words", t.string(), { maxQueued: 4 });
  const setup: GridSetup = {
    nodes: 3,
    options: ({ index }) =>
      index < 2 ? {} : { limits: { maxMessageBytes: 1_024, maxFragmentBytes: 1_024 } },
  };
  await withTopic(words, setup, async ({ grid, joined, subscribed }) => {
    const { clock } = grid, readers = [joined[1]!.subscribe(), joined[2]!.subscribe()];
    await subscribed(0, 2);
    const long = "x".repeat(600);
    for (let at = 0; at < 4; at++) void joined[0]!.publish(`${at} ${long}`);
    assertEquals(await Promise.all(readers.map((reader) => firstWord(reader))), ["0", "0"]);
    await clock.runUntil(() => readers[0]!.queued === 3, 1_000, "the others");
    await clock.runUntil(() => readers[1]!.missed > 0 || readers[1]!.queued === 3, 60_000);
    await clock.advance(5_000);
    for (let at = 4; at < 7; at++) void joined[0]!.publish(`${at} ${long}`);
    const last: string[] = [];
    while (last.at(-1) !== "6") last.push(await firstWord(readers[1]!));
    assertEquals(last.slice(-3), ["4", "5", "6"]);
  });
});

Deno.test("a long message, and one that a getter of another one publishes, come as they are", async () => {
  const record = topic("record", t.record({ text: t.string() }));
  await withTopic(record, {}, async ({ joined, subscribed }) => {
    const reader = joined[1]!.subscribe();
    await subscribed(0, 1);
    const texts = [3, 200, 5_000, 70_000, 1].map((length) => "x".repeat(length));
    for (const text of texts) void joined[0]!.publish({ text });
    void joined[0]!.publish({
      get text() {
        void joined[0]!.publish({ text: "inner" });
        return "outer";
      },
    });
    const read: string[] = [];
    while (read.length < texts.length + 2) read.push((await reader.next()).value!.value.text);
    assertEquals(read.slice(0, texts.length), texts);
    assertEquals(read.slice(texts.length).toSorted(), ["inner", "outer"]);
  });
});

Deno.test("what makes no sense is refused", () =>
  withNumbers(1, {}, async ({ grid, joined }) => {
    const odd: readonly Record<string, unknown>[] = [
      { slow: "drop" },
      { maxQueued: 0 },
      { maxQueuedBytes: 1.5 },
      { replay: 2_000 },
      { replay: -1 },
    ];
    for (const options of odd) {
      const make = () => topic("odd", t.uint(), options as TopicOptions);
      assertEquals(assertThrows(make, InternodeError).code, "InvalidArgument");
    }
    assertThrows(() => topic("", t.uint()), InternodeError);
    assertThrows(() => topic("odd", null as never), InternodeError);
    assertThrows(() => topic("odd", t.uint()).join({} as Manager), InternodeError);
    assertThrows(() => topic("numbers", t.uint()).join(grid.node(0)), InternodeError);
    const { code } = await assertRejects(() => joined[0]!.publish("a" as never), InternodeError);
    assertEquals(code, "InvalidPayload");
  }));

Deno.test("what is no message of a topic, or comes again, reaches no subscription", async () => {
  const numbers = topic("numbers", t.uint()), joined: JoinedTopic<number>[] = [];
  const raw = stream("numbers", { inputCapacity: 0, outputCapacity: 16 });
  const hello = (at: number): Uint8Array =>
    Uint8Array.of(0, 0, 0, 0, 0, 0, 0, 0, at, ...Array(16).fill(0));
  /** Numbers behind the kind, that of the first, and a byte of how long each is. */
  const messages = (at: number, ...values: number[]): Uint8Array =>
    Uint8Array.of(1, 0, 0, 0, 0, 0, 0, 0, at, ...values.flatMap((value) => [4, value]));
  const malformed = [
    Uint8Array.of(7, 7),
    messages(6),
    Uint8Array.of(...messages(6, 6), 5),
    Uint8Array.of(...messages(6), 8, 6),
    Uint8Array.of(...messages(6), ...Array(9).fill(255)),
    Uint8Array.of(...messages(6), 8, 6, 6),
  ];
  let opened = 0;
  const grid = simulatedGrid({
    serve: (manager, { index, clock, random }) => {
      if (index === 0) joined[0] = numbers.join(manager, { clock, random });
      else {
        manager.handle(raw, async function* () {
          opened++;
          yield hello(2);
          yield messages(3, 3);
          yield messages(2, 2, 3);
          yield messages(5, 5);
          const wrong = malformed[opened - 1];
          if (wrong !== undefined) yield wrong;
          await new Promise<void>((resolve) => void clock.setTimer(1_000, resolve));
        });
      }
    },
  });
  await grid.run(async () => {
    await grid.start();
    const reader = joined[0]!.subscribe();
    assertEquals(await take(2, reader), [3, 5]);
    assertEquals(reader.missed, 1);
    await grid.clock.runUntil(() => opened > malformed.length, 60_000, "as many attempts");
    // Each attempt gives the same two, as if the publisher had begun anew.
    const attempts = malformed.length;
    assertEquals([reader.queued, reader.missed], [2 * (attempts - 1), attempts]);
    joined[0]!.close();
    await grid.clock.advance(2_000);
  });
  await grid.close();
});
