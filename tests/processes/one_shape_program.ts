/**
 * Two nodes of five, and one client of three, have much to do. Then, of all
 * objects that are reached from there, those of each class are compared: V8 is to
 * keep them in one shape. Runs where private fields are public, and prints the
 * classes that have several shapes.
 *
 * @module
 */

import process from "node:process";
import { Manager, single, stream } from "@internode/grid";
import {
  connect,
  constantResolver,
  HandlerMap,
  listen,
  makeMethodKey,
  parseNetEndpoint,
  serve,
} from "@internode/grid/call";

/** Who has much to do pings often, the others never. */
const OFTEN = { pingIntervalMs: 200, livenessTimeoutMs: 20_000 };
const NEVER = { pingIntervalMs: 600_000, livenessTimeoutMs: 1_200_000 };
/** After that there should have been a ping. */
const PATIENCE_MS = 20_000;
const MIB = 1024 * 1024;
/** Counters of bytes are to be no small integers any more. */
const MUCH_BYTES = 2 ** 31 + 64 * MIB;
const SMALL = new Uint8Array(64), LARGE = new Uint8Array(MIB);
const NODES = 5, BUSY_NODES = 2, CLIENTS = 3;

const echo = single("echo"), limited = single("limited");
const down = stream("down", { inputCapacity: 0, outputCapacity: 64 });
const ports = process.argv.slice(2).map(Number);
const urls = ports.map((port) => `tcp://127.0.0.1:${port}`);
const hosts = urls.slice(0, NODES);
const nodes = hosts.map((local, i) =>
  new Manager({ local, hosts, ...i < BUSY_NODES ? OFTEN : NEVER })
);
for (const node of nodes) {
  node.handle(echo, (bytes) => bytes);
  node.handle(limited, (bytes) => bytes, { concurrency: "adaptive" });
  node.handle(down, function* () {
    for (let sent = 0; sent < MUCH_BYTES; sent += LARGE.length) yield LARGE;
  });
  await node.listen();
}
for (const node of nodes) node.connect();
for (const node of nodes) await node.waitForConnect();
const key = makeMethodKey("a", "echo");
const handlers = new HandlerMap().set("a", "echo", (bytes: Uint8Array) => bytes);
const servers = [], clients = [];
for (const [i, url] of urls.slice(NODES, NODES + CLIENTS).entries()) {
  const pings = i === 0 ? OFTEN : NEVER;
  servers.push(serve(await listen(url, handlers), { graceMs: 0, ...pings }));
  clients.push(await connect(constantResolver(parseNetEndpoint(url)), pings));
}

const busy = nodes[0]!.connection(hosts[1]!);
for (let i = 0; i < 200; i++) {
  await Promise.all(Array.from({ length: 50 }, () => busy.request(echo, SMALL)));
  await Promise.all(Array.from({ length: 5 }, () => busy.request(limited, SMALL)));
  await clients[0]!.call(key, SMALL);
}
for await (const _ of busy.stream(down, SMALL, { lendOutputs: true }));
await busy.request(echo, LARGE);
await clients[0]!.call(key, LARGE);
const endMs = performance.now() + PATIENCE_MS;
while (busy.stats().lastPingMs === null) {
  if (performance.now() > endMs) throw new Error("there was no ping");
  await busy.request(echo, SMALL);
}
// Connections that end leave what they have counted.
await clients.pop()![Symbol.asyncDispose]();
await nodes.pop()!.close({ graceMs: 0 });

const haveSameShape = new Function("a", "b", "return %HaveSameMap(a, b)") as (
  a: object,
  b: object,
) => boolean;
const shapes = new Map<unknown, object[]>();
const reached = new Set<object>();
const todo: unknown[] = [nodes, servers, clients];
while (todo.length > 0) {
  const value = todo.pop();
  // The prototype of a class is no object of the class that it extends.
  if (typeof value !== "object" || value === null) continue;
  if (reached.has(value) || ArrayBuffer.isView(value)) continue;
  reached.add(value);
  if (value instanceof Map) todo.push(...value.keys(), ...value.values());
  if (value instanceof Set) todo.push(...value);
  for (const { value: field } of Object.values(Object.getOwnPropertyDescriptors(value))) {
    todo.push(field);
  }
  // What is a literal, or the runtime's, has the shape that its user gives it.
  const made: unknown = (Object.getPrototypeOf(value) as object | null)?.constructor;
  if (typeof made !== "function" || !/^class /.test(String(made))) continue;
  const seen = shapes.get(made) ?? [];
  shapes.set(made, seen);
  if (!seen.some((other) => haveSameShape(other, value))) seen.push(value);
}
const several = [...shapes].filter(([, { length }]) => length > 1)
  .map(([made]) => (made as { readonly name: string }).name);
console.log(JSON.stringify({ classes: shapes.size, several: several.sort() }));
process.exit();
