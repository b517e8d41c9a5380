/**
 * Two nodes in one process: a contract, a handler, a call.
 *
 *     deno run examples/hello.ts
 *
 * @module
 */

import { Manager, single } from "@internode/grid";
import * as t from "@internode/grid/codec";

// What both nodes agree on. In real life this is a module of its own.
const greet = single("greet", {
  request: t.record({ name: t.string() }),
  response: t.record({ text: t.string() }),
});

// Each node runs in a process of its own; its hosts are then "tcp://10.0.0.1:9000" and so on.
const hosts = ["memory://one", "memory://two"] as const;
await using one = new Manager({ local: hosts[0], hosts });
await using two = new Manager({ local: hosts[1], hosts });

// Either side can call the other, over the one connection that the two share.
one.handle(greet, ({ name }) => ({ text: `Hello ${name}, this is one.` }));
two.handle(greet, ({ name }) => ({ text: `Hello ${name}, this is two.` }));

await Promise.all([one.listen(), two.listen()]);

const there = await one.connection(hosts[1]).request(greet, { name: "one" }, { timeoutMs: 1_000 });
const back = await two.connection(hosts[0]).request(greet, { name: "two" });
console.log(there.text);
console.log(back.text);
