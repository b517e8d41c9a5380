/**
 * Two nodes and a server in one process, which say what they are asked.
 *
 * @module
 */

import { Manager, single } from "@internode/grid";
import * as t from "@internode/grid/codec";
import { memoryTransport } from "../../lib/transport/memory/memory.ts";

const HOSTS = ["memory://one", "memory://two"];
const add = single("add", { request: t.record({ of: t.list(t.uint()) }), response: t.uint() });

const transports = { memory: memoryTransport() };
const nodes = HOSTS.map((local) => new Manager({ local, hosts: HOSTS, transports }));
nodes[0]!.handle(add, ({ of }) => of.reduce((sum, part) => sum + part, 0));
await Promise.all(nodes.map((node) => node.listen()));
const answer = await nodes[1]!.connection(HOSTS[0]!).request(add, { of: [1, 2] });
console.log(`answered [1,2] ${answer}`);
await Promise.all(nodes.map((node) => node.close()));
