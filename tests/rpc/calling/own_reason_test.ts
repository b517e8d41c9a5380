import { assert, assertEquals, assertRejects, assertStrictEquals } from "@std/assert";
import { InternodeError, single, stream } from "@internode/grid";
import * as t from "@internode/grid/codec";
import { withPair } from "../../support/simulation/simulated_grid.ts";

const slow = single("slow");
const talk = stream("talk", { output: t.uint(), outputCapacity: 4, inputCapacity: 0 });

/** What a caller may give up with: it looks like an error of the library's. */
function ownReason(): InternodeError {
  return new InternodeError("Overloaded", "the caller's own words", { origin: "caller" });
}

const SERVED = {
  serve: (manager: Parameters<NonNullable<Parameters<typeof withPair>[0]["serve"]>>[0]) => {
    manager.handle(slow, () => new Promise<Uint8Array>(() => {}));
    manager.handle(talk, async function* () {
      yield 1;
      await new Promise(() => {});
    });
  },
};

/** What a promise rejects with. */
async function rejection(promise: Promise<unknown>): Promise<unknown> {
  try {
    await promise;
  } catch (error) {
    return error;
  }
  throw new Error("it did not reject");
}

Deno.test("a request that is aborted rejects with the signal's reason itself, whenever that is", async () => {
  await withPair(SERVED, async (grid) => {
    const connection = grid.node(0).connection(grid.hosts[1]!), reason = ownReason();
    const bytes = new Uint8Array(1);
    const signal = AbortSignal.abort(reason);
    assertStrictEquals(await rejection(connection.request(slow, bytes, { signal })), reason);

    const sent = new AbortController();
    const pending = rejection(connection.request(slow, bytes, { signal: sent.signal }));
    await grid.clock.advance(50);
    sent.abort(reason);
    assertStrictEquals(await pending, reason);

    grid.crash(1);
    await grid.clock.advance(20);
    const waiting = new AbortController();
    const options = { signal: waiting.signal, waitForReady: true };
    const late = rejection(connection.request(slow, bytes, options));
    await grid.clock.advance(50);
    waiting.abort(reason);
    assertStrictEquals(await late, reason);
    await grid.restart(1);
  });
});

Deno.test("a stream that is given up ends with its caller's reason itself", async () => {
  await withPair(SERVED, async (grid) => {
    const connection = grid.node(0).connection(grid.hosts[1]!), reason = ownReason();
    const early = connection.stream(talk, new Uint8Array(0), { signal: AbortSignal.abort(reason) });
    assertStrictEquals(await rejection(early.finished), reason);

    const abort = new AbortController();
    const aborted = connection.stream(talk, new Uint8Array(0), { signal: abort.signal });
    await grid.clock.advance(50);
    abort.abort(reason);
    assertStrictEquals(await rejection(aborted.finished), reason);

    const cancelled = connection.stream(talk, new Uint8Array(0));
    await grid.clock.advance(50);
    cancelled.cancel(reason);
    assertStrictEquals(await rejection(cancelled.finished), reason);
  });
});

Deno.test("what the library itself ends a stream with names handler and host once", async () => {
  await withPair(SERVED, async (grid) => {
    const cancelled = grid.node(0).connection(grid.hosts[1]!).stream(talk, new Uint8Array(0));
    await grid.clock.advance(50);
    cancelled.cancel();
    const error = await assertRejects(() => cancelled.finished, InternodeError);
    assertEquals(error.message, `talk on ${grid.hosts[1]}: cancelled.`);
    assertEquals([error.code, error.host, error.handler], ["Cancelled", grid.hosts[1], "talk"]);
    assert(error.outcome === "maybeExecuted");
  });
});
