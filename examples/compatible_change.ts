/**
 * A contract changes while old and new nodes run side by side.
 *
 *     deno run examples/compatible_change.ts
 *
 * @module
 */

import { Manager, single } from "@internode/grid";
import * as t from "@internode/grid/codec";

// What the old nodes were built with.
const putV1 = single("put", {
  request: t.record({ name: t.string(), size: t.uint() }),
  response: t.record({ stored: t.boolean() }),
});

// The new ones: one field more on each side, both optional. That is compatible: those who do not
// know a field skip it, those who do find it missing. Anything else is a new contract with a new
// name, served beside the old one for as long as there are nodes that use it.
const put = single("put", {
  request: t.record({ name: t.string(), size: t.uint(), tags: t.optional(t.list(t.string())) }),
  response: t.record({ stored: t.boolean(), version: t.optional(t.uint()) }),
});

const hosts = ["memory://old", "memory://new"] as const;
await using old = new Manager({ local: hosts[0], hosts });
await using modern = new Manager({ local: hosts[1], hosts });
old.handle(putV1, (request) => {
  console.log("the old node gets", request);
  return { stored: true };
});
modern.handle(put, (request) => {
  console.log("the new node gets", request);
  return { stored: true, version: 1 };
});
await Promise.all([old.listen(), modern.listen()]);

const tagged = { name: "a", size: 1, tags: ["red"] };
console.log("new to old:", await modern.connection(hosts[0]).request(put, tagged));
console.log("old to new:", await old.connection(hosts[1]).request(putV1, { name: "b", size: 2 }));
