/**
 * What users give to patterns may throw, reject or never settle: whoever asked is told,
 * nothing hangs, and no rejection is left that would end the process.
 */

import { Manager, single } from "@internode/grid";
import * as t from "@internode/grid/codec";
import {
  gather,
  mergeStreams,
  outputLog,
  resume,
  resumeUpload,
  topic,
} from "@internode/grid/patterns";
import { VirtualClock } from "@internode/grid/testing";
import { assert, assertEquals, assertRejects } from "@std/assert";
import { leasesOf, TTL_MS, withNodes } from "./lease/leasing_nodes.ts";

const odd = new Error("odd");
/** Stand in for any callback. */
const WRONG: readonly { readonly how: string; readonly call: () => never }[] = [
  {
    how: "throws",
    call: () => {
      throw odd;
    },
  },
  { how: "rejects", call: (() => Promise.reject(odd)) as unknown as () => never },
  { how: "never settles", call: (() => new Promise(() => {})) as unknown as () => never },
];
const SOON_MS = 100_000;

/** Outputs 1 to 4. */
async function* outputs(): AsyncGenerator<number> {
  for (let at = 1; at < 5; at++) yield await Promise.resolve(at);
}

/** One that breaks off at once. */
async function* broken(): AsyncGenerator<number> {
  yield await Promise.resolve(1);
  throw new Error("broken");
}

/** Reads to the end, on virtual time. */
function readAll(clock: VirtualClock, from: AsyncIterable<unknown>): Promise<unknown[]> {
  return clock.complete(Array.fromAsync(from), SOON_MS);
}

for (const { how, call } of WRONG) {
  Deno.test(`resume: position, compare, previous or open that ${how} ends the stream`, async () => {
    const clock = new VirtualClock();
    const all: readonly object[] = [
      { position: call },
      { position: (at: number) => at, compare: call },
      { position: (at: number) => at, previous: call },
    ];
    for (const options of all) {
      const stream = resume(() => outputs(), { clock, position: (at: number) => at, ...options });
      await assertRejects(() => readAll(clock, stream));
      await assertRejects(() => stream.next());
    }
    if (how === "never settles") return;
    const unopened = resume(call, { clock, position: (at: number) => at });
    await assertRejects(() => readAll(clock, unopened), Error, "odd");
  });

  Deno.test(`resume: isLoss that ${how} is a no, and onLoss that ${how} is nobody's trouble`, async () => {
    const clock = new VirtualClock(), position = (at: number): number => at;
    await assertRejects(() =>
      readAll(clock, resume(() => broken(), { clock, position, isLoss: call }))
    );
    let attempt = 0;
    const goes = resume(() => attempt++ === 0 ? broken() : outputs(), {
      clock,
      position,
      isLoss: () => true,
      onLoss: call,
    });
    assertEquals(await readAll(clock, goes), [1, 2, 3, 4]);
  });

  Deno.test(`resumeUpload: position, acknowledged or open that ${how} ends the upload`, async () => {
    const clock = new VirtualClock();
    const open = () => ({
      send: () => Promise.resolve(),
      end: () => {},
      cancel: () => {},
      [Symbol.asyncIterator]: () => outputs()[Symbol.asyncIterator](),
    });
    const usual = { clock, position: (at: number) => at, acknowledged: (at: number) => at };
    for (const options of [{ position: call }, { acknowledged: call }]) {
      const upload = resumeUpload<number, number, number>(open, { ...usual, ...options });
      const sent = (async () => {
        for (let at = 1; at < 5; at++) await upload.send(at);
        await upload.end();
      })();
      await assertRejects(() => clock.complete(sent, SOON_MS));
    }
    if (how === "never settles") return;
    const unopened = resumeUpload<number, number, number>(call, usual);
    await assertRejects(() => clock.complete(unopened.send(1).then(() => unopened.end()), SOON_MS));
  });

  Deno.test(`mergeStreams: orderBy or a function that ${how} is the failure of that host`, async () => {
    const targets = [{ host: "a" }, { host: "b" }];
    const merged = mergeStreams(targets, () => outputs(), { orderBy: call, onError: "skip" });
    const read = await Array.fromAsync(merged);
    assertEquals(read.map(({ ok, host }) => [ok, host]), [[false, "a"], [false, "b"]]);
    const opened = mergeStreams(targets, ({ host }) => host === "a" ? call() : outputs(), {
      onError: "skip",
    });
    const failed = (await Array.fromAsync(opened)).filter(({ ok }) => !ok);
    assertEquals(failed.map(({ host }) => host), ["a"]);
  });

  Deno.test(`gather: accept that ${how} is a no`, async () => {
    const hosts = ["memory://odd-1", "memory://odd-2"];
    const ask = single("ask", { request: t.nothing(), response: t.boolean() });
    const nodes = hosts.map((local) => new Manager({ local, hosts }));
    for (const node of nodes) node.handle(ask, () => true);
    await Promise.all(nodes.map((node) => node.listen()));
    const grid = nodes[0]!;
    await assertRejects(async () =>
      await gather(grid.connections(), ask, undefined, { self: grid, need: 1, accept: call })
    );
    await Promise.all(nodes.map((node) => node.close()));
  });

  Deno.test(`leases: onGained and onLost that ${how} keep nobody from leading`, async () => {
    await withNodes(async (cluster) => {
      const { clock } = cluster;
      const first = leasesOf(cluster, 0).leader("x", {
        onGained: call,
        onLost: call,
        graceMs: 100,
      });
      await clock.runUntil(() => first.lease !== null, 10 * TTL_MS);
      const second = leasesOf(cluster, 1).leader("x", { onGained: call, onLost: call });
      await clock.complete(first.close(), 10 * TTL_MS);
      await clock.runUntil(() => second.lease !== null, 10 * TTL_MS);
      // A function that has ended runs again later; what never ends holds the lease until it is closed.
      const one = leasesOf(cluster, 2).singleton("y", call, { graceMs: 100 });
      await clock.advance(5 * TTL_MS);
      await clock.complete(one.close(), 10 * TTL_MS);
    });
  });

  Deno.test(`topics: a codec that ${how} refuses that message, and the next one goes`, async () => {
    const hosts = ["memory://topic-odd"];
    let isOdd = true;
    const text = t.string();
    const made = topic("odd", {
      decode: (reader) => text.decode(reader),
      encode: (value, writer) => isOdd && how === "throws" ? call() : text.encode(value, writer),
    });
    await using node = new Manager({ local: hosts[0]!, hosts });
    await using joined = made.join(node);
    await node.listen();
    const messages = joined.subscribe();
    if (how === "throws") await assertRejects(() => joined.publish("a"), Error, "odd");
    isOdd = false;
    await joined.publish("b");
    assertEquals((await messages.next()).value!.value, "b");
  });

  Deno.test(`outputLog: size that ${how} is thrown at whoever appends`, () => {
    const log = outputLog<number>({ maxBytes: 10, size: call });
    let isThrown = false;
    try {
      log.append(1);
    } catch {
      isThrown = true;
    }
    assert(isThrown);
  });
}
