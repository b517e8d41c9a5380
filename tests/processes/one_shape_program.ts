/**
 * Two nodes of four, and one client of two, have much to do. Then, of all objects
 * that are reached from there, those of each class are compared: V8 is to keep
 * them in one shape. Runs where private fields are public, and prints the classes
 * that have several shapes.
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

/** Who has much to do pings often, the others have not done it yet. */
const OFTEN = { pingIntervalMs: 200, livenessTimeoutMs: 20_000 };
const MIB = 1024 * 1024;
/** Counters of bytes are to be no small integers any more. */
const MUCH_BYTES = 2 ** 31 + 64 * MIB;
const SMALL = new Uint8Array(64), LARGE = new Uint8Array(MIB);

const echo = single("echo");
const down = stream("down", { inputCapacity: 0, outputCapacity: 64 });
const [first, ...ports] = process.argv.slice(2).map(Number);
const hosts = ports.slice(0, 4).map((port) => `tcp://127.0.0.1:${port}`);
const nodes = hosts.map((local, i) => new Manager({ local, hosts, ...i < 2 ? OFTEN : {} }));
for (const node of nodes) {
  node.handle(echo, (bytes) => bytes);
  node.handle(down, function* () {
    for (let sent = 0; sent < MUCH_BYTES; sent += LARGE.length) yield LARGE;
  });
  await node.listen();
}
for (const node of nodes) node.connect();
for (const node of nodes) await node.waitForConnect();
const key = makeMethodKey("a", "echo");
const handlers = new HandlerMap().set("a", "echo", (bytes: Uint8Array) => bytes);
const services = [first!, ports.at(-1)!].map((port) => `tcp://127.0.0.1:${port}`);
const servers = [], clients = [];
for (const [i, url] of services.entries()) {
  const options = i === 0 ? OFTEN : {};
  servers.push(serve(await listen(url, handlers), { graceMs: 0, ...options }));
  clients.push(await connect(constantResolver(parseNetEndpoint(url)), options));
}

const busy = nodes[0]!.connection(hosts[1]!);
for (let i = 0; i < 200; i++) {
  await Promise.all(Array.from({ length: 50 }, () => busy.request(echo, SMALL)));
  await clients[0]!.call(key, SMALL);
}
for await (const _ of busy.stream(down, SMALL, { lendOutputs: true }));
await busy.request(echo, LARGE);
await clients[0]!.call(key, LARGE);
while (busy.stats().lastPingMs === null) await busy.request(echo, SMALL);

const haveSameShape = new Function("a", "b", "return %HaveSameMap(a, b)") as (
  a: object,
  b: object,
) => boolean;
const shapes = new Map<string, object[]>();
const reached = new Set<object>();
const todo: unknown[] = [nodes, servers, clients];
while (todo.length > 0) {
  const value = todo.pop();
  if (typeof value !== "object" && typeof value !== "function") continue;
  if (value === null || reached.has(value) || ArrayBuffer.isView(value)) continue;
  reached.add(value);
  if (value instanceof Map) todo.push(...value.keys(), ...value.values());
  if (value instanceof Set) todo.push(...value);
  for (const { value: field } of Object.values(Object.getOwnPropertyDescriptors(value))) {
    todo.push(field);
  }
  // What is a literal, or the runtime's, has the shape that its user gives it.
  const made = (Object.getPrototypeOf(value) as object | null)?.constructor;
  if (typeof value === "function" || typeof made !== "function") continue;
  if (!/^class /.test(String(made))) continue;
  const seen = shapes.get(made.name) ?? [];
  shapes.set(made.name, seen);
  if (!seen.some((other) => haveSameShape(other, value))) seen.push(value);
}
const several = [...shapes].filter(([, { length }]) => length > 1).map(([name]) => name);
console.log(JSON.stringify({ classes: shapes.size, several: several.sort() }));
process.exit();
