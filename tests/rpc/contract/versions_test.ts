import { type Manager, single, stream } from "@internode/grid";
import * as t from "@internode/grid/codec";
import { assertEquals } from "@std/assert";
import { withPair } from "../../support/simulation/simulated_grid.ts";

/** Yesterday's contract, and today's with an optional field more in each direction. */
const oldPut = single("put", {
  request: t.record({ key: t.string(), size: t.uint() }),
  response: t.record({ stored: t.boolean() }),
  detail: t.record({ missing: t.uint() }),
});
const newPut = single("put", {
  request: t.record({ key: t.string(), tags: t.optional(t.list(t.string())), size: t.uint() }),
  response: t.record({ stored: t.boolean(), version: t.optional(t.uint()) }),
  detail: t.record({ missing: t.uint(), hint: t.optional(t.string()) }),
});
const oldScan = stream("scan", {
  initial: t.record({ prefix: t.string() }),
  output: t.record({ name: t.string() }),
  inputCapacity: 0,
  outputCapacity: 4,
});
const newScan = stream("scan", {
  initial: t.record({ prefix: t.string(), limit: t.optional(t.uint()) }),
  output: t.record({ name: t.string(), size: t.optional(t.uint()) }),
  inputCapacity: 0,
  outputCapacity: 16,
});

function serveOld(manager: Manager): void {
  manager.handle(oldPut, (request) => {
    assertEquals(Object.keys(request), ["key", "size"]);
    return { stored: request.size > 0 };
  });
  manager.handle(oldScan, function* ({ prefix }) {
    for (let index = 0; index < 9; index++) yield { name: `${prefix}${index}` };
  });
}

function serveNew(manager: Manager): void {
  manager.handle(newPut, ({ size, tags }) => ({ stored: size > 0, version: tags?.length ?? 0 }));
  manager.handle(newScan, function* ({ prefix, limit = 9 }) {
    for (let index = 0; index < limit; index++) yield { name: `${prefix}${index}`, size: index };
  });
}

Deno.test("nodes of two versions of a contract that differ by optional fields work together", async () => {
  await withPair({
    serve: (manager, { index }) => index === 0 ? serveOld(manager) : serveNew(manager),
  }, async (grid) => {
    const fromOld = grid.node(0).connections()[0]!, fromNew = grid.node(1).connections()[0]!;
    assertEquals(await fromOld.request(oldPut, { key: "a", size: 1 }), { stored: true });
    assertEquals(await fromNew.request(newPut, { key: "a", size: 0, tags: ["x", "y"] }), {
      stored: false,
    });
    const seenByOld = await Array.fromAsync(fromOld.stream(oldScan, { prefix: "o" }));
    assertEquals(seenByOld, Array.from({ length: 9 }, (_, index) => ({ name: `o${index}` })));
    const seenByNew = await Array.fromAsync(fromNew.stream(newScan, { prefix: "n", limit: 3 }));
    assertEquals(seenByNew.length, 9);
  });
});
