import { type CallTrace, type InternodeError, single, stream } from "@internode/grid";
import * as t from "@internode/grid/codec";
import { assertEquals, assertRejects } from "@std/assert";
import { FakeTracer } from "../../support/fake_tracer.ts";
import { withPair } from "../../support/simulation/simulated_grid.ts";

const number = (name: string) => single(name, { request: t.uint(), response: t.uint() });
const [ok, refused, throws, missing, busy] = ["ok", "refused", "throws", "missing", "busy"].map(
  number,
) as [Num, Num, Num, Num, Num];
const large = single("large", { request: t.uint(), response: t.string() });
const outputs = stream("outputs", {
  initial: t.uint(),
  output: t.string(),
  inputCapacity: 0,
  outputCapacity: 4,
});
type Num = ReturnType<typeof number>;

Deno.test("the answering side counts and shows each call that reached it once, by its true code", async () => {
  const shown: string[] = [], tracer = new FakeTracer();
  let pause: (ms: number) => Promise<void>;
  await withPair({
    options: ({ index }) => index === 1 ? { tracer } : { limits: { maxMessageBytes: 10_000 } },
    serve: (manager, { clock }) => {
      manager.trace(({ direction, handler, error }: CallTrace) => {
        if (direction === "incoming") shown.push(`${handler} ${error ?? "OK"}`);
      });
      pause = (ms) => new Promise((resolve) => clock.setTimer(ms, resolve));
      manager.handle(ok, (value) => value);
      manager.handle(refused, (value) => value, { allow: () => false });
      manager.handle(throws, () => Promise.reject(new Error("no")));
      manager.handle(busy, (value) => pause(100).then(() => value), { concurrency: 1, queue: 1 });
      manager.handle(large, (length) => "x".repeat(length));
      manager.handle(outputs, async function* (length) {
        yield "first";
        yield "x".repeat(length);
      });
    },
  }, async (grid) => {
    const peer = grid.node(0).connection(grid.hosts[1]!);
    const codeOf = (call: Promise<unknown>) =>
      call.then(() => "OK", (error: InternodeError) => `${error.code} ${error.outcome}`);
    const told = [];
    for (const contract of [ok, refused, throws, missing]) {
      told.push(await codeOf(peer.request(contract, 1)));
    }
    // The first runs, the second's time runs out as it waits, the third finds no place.
    const atOnce = [undefined, 50, undefined].map((timeoutMs) =>
      codeOf(peer.request(busy, 1, timeoutMs === undefined ? {} : { timeoutMs }))
    );
    told.push(...await Promise.all(atOnce));
    const other = single("ok", { request: t.string(), response: t.uint() });
    told.push(await codeOf(peer.request(other, "x")));
    told.push(await codeOf(peer.request(large, 10_001)));
    told.push(
      await codeOf((async () => {
        for await (const _ of peer.stream(outputs, 10_001));
      })()),
    );
    assertEquals(told, [
      "OK",
      "PermissionDenied notExecuted",
      "HandlerFailed executed",
      "UnknownHandler notExecuted",
      "OK",
      told[5],
      "Overloaded notExecuted",
      "InvalidPayload notExecuted",
      "MessageTooLarge executed",
      "MessageTooLarge executed",
    ]);
    assertEquals(shown.sort(), [
      "busy DeadlineExceeded",
      "busy OK",
      "busy Overloaded",
      "large MessageTooLarge",
      "missing UnknownHandler",
      "ok InvalidPayload",
      "ok OK",
      "outputs MessageTooLarge",
      "refused PermissionDenied",
      "throws HandlerFailed",
    ]);
    assertEquals(tracer.spans.length, shown.length);
    const { answeredCalls } = grid.node(1).connections()[0]!.stats();
    const counted = Object.entries(answeredCalls).filter(([, count]) => count > 0);
    assertEquals(Object.fromEntries(counted), {
      OK: 2,
      DeadlineExceeded: 1,
      UnknownHandler: 1,
      HandlerFailed: 1,
      InvalidPayload: 1,
      MessageTooLarge: 2,
      Overloaded: 1,
      PermissionDenied: 1,
    });
    // Those whose handlers end after the caller has given them up are counted as given up, at once.
    const giveUp = new AbortController();
    const given = assertRejects(() => peer.request(busy, 1, { signal: giveUp.signal }));
    await pause(10);
    giveUp.abort();
    await given;
    await pause(10);
    assertEquals(grid.node(1).connections()[0]!.stats().answeredCalls.Cancelled, 1);
    assertEquals(shown.at(-1), "busy Cancelled");
    await pause(200);
  });
});
