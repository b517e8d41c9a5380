/** The checker, given logs that show each thing that must not happen. @module */

import { assertEquals } from "@std/assert";
import { CallCheck } from "../../../examples/lock_service/proof/call_check.ts";
import type { Check } from "../../../examples/lock_service/proof/check.ts";
import { Checker } from "../../../examples/lock_service/proof/checker.ts";
import { LeaseCheck } from "../../../examples/lock_service/proof/lease_check.ts";
import type { NodeEvent, SupervisorEvent } from "../../../examples/lock_service/log/log_event.ts";
import { OrderCheck } from "../../../examples/lock_service/proof/order_check.ts";
import { ReturnCheck } from "../../../examples/lock_service/proof/return_check.ts";

type Lives = Record<string, NodeEvent[]>;

/** Runs a check over logs that are named by node and life, such as "0.1". */
function run(check: Check, lives: Lives): string[] {
  for (const [name, events] of Object.entries(lives)) {
    const [node, life] = name.split(".").map(Number) as [number, number];
    for (const event of events) check.take({ node, life }, event);
  }
  return check.finish();
}

const key = "k";
const grant = (at: number, uid: string, until: number, write = true): NodeEvent => (
  { event: "grant", at, key, uid, write, until }
);
const refresh = (at: number, uid: string, until: number): NodeEvent => (
  { event: "refresh", at, key, uid, token: 1, until }
);
const release = (at: number, uid: string): NodeEvent => ({ event: "release", at, key, uid });
const held = (since: number, at: number, token: number, uid: string, write = true): NodeEvent => (
  { event: "held", at, since, key, uid, write, token }
);
const used = (event: "read" | "wrote", since: number, at: number, version: number): NodeEvent => (
  { event, at, since, key, uid: `u${since}`, token: 1, version }
);
const apply = (fence: number, token: number, version: number): NodeEvent => (
  { event: "apply", at: 0, key, fence, token, version, uid: "u" }
);
const call = (at: number, id: number): NodeEvent => (
  { event: "call", at, id, name: "lock.acquire", host: "tcp://b:1", boundMs: 400 }
);
const end = (at: number, id: number): NodeEvent => ({ event: "end", at, id, outcome: "ok" });
const bye = (at: number, clockStepMs = 0): NodeEvent => ({ event: "bye", at, clockStepMs });
const deed = (event: SupervisorEvent["event"], at: number, life = 1): SupervisorEvent => (
  { event, at, node: 0, life, holding: false }
);

Deno.test("leases one after the other are fine", () => {
  const log = [grant(0, "a", 100), release(50, "a"), grant(50, "b", 150), grant(150, "c", 250)];
  assertEquals(run(new LeaseCheck(3), { "0.1": log, "1.1": log, "2.1": log }), []);
});

Deno.test("readers at one time are fine", () => {
  const log = [grant(0, "a", 100, false), grant(10, "b", 110, false)];
  assertEquals(run(new LeaseCheck(1), { "0.1": log }), []);
});

Deno.test("two writers with leases of a majority at one time are not", () => {
  const log = [grant(0, "a", 100), grant(99, "b", 199)];
  assertEquals(run(new LeaseCheck(3), { "0.1": log, "1.1": log }), [
    "k was locked by writer a and writer b at one time, 0.099 s after the first lease.",
    "Voter 0 had leases on k for writer a and writer b at one time.",
    "Voter 1 had leases on k for writer a and writer b at one time.",
  ]);
});

Deno.test("nor are a reader and a writer, also if refreshing made them meet", () => {
  const log = [grant(0, "a", 100, false), refresh(90, "a", 190), grant(100, "b", 200)];
  assertEquals(run(new LeaseCheck(1), { "0.1": log }).length, 2);
});

Deno.test("minorities at different voters may meet", () => {
  const lives = { "0.1": [grant(0, "a", 100)], "1.1": [grant(0, "b", 100)], "2.1": [] };
  assertEquals(run(new LeaseCheck(3), lives), []);
});

Deno.test("the death of a voter does not end its leases", () => {
  const lives = { "0.1": [grant(0, "a", 100)], "0.2": [grant(99, "b", 199)] };
  assertEquals(run(new LeaseCheck(1), lives).length, 2);
  const later = { "0.1": [grant(0, "a", 100)], "0.2": [grant(100, "b", 200)] };
  assertEquals(run(new LeaseCheck(1), later), []);
});

Deno.test("a lease that was released at once is none", () => {
  const log = [grant(0, "a", 100), release(0, "a"), grant(1, "b", 101)];
  assertEquals(run(new LeaseCheck(1), { "0.1": log }), []);
});

Deno.test("tokens must rise from one lock to the next", () => {
  assertEquals(run(new OrderCheck(), { "0.1": [held(0, 10, 1, "a"), held(20, 30, 2, "b")] }), []);
  assertEquals(run(new OrderCheck(), { "0.1": [held(20, 30, 1, "b"), held(0, 10, 2, "a")] }), [
    "b locked k with token 1 after a had done so with 2.",
  ]);
});

Deno.test("locks that were asked for at one time may have tokens in any order, but not the same", () => {
  assertEquals(run(new OrderCheck(), { "0.1": [held(0, 30, 1, "b"), held(0, 10, 2, "a")] }), []);
  assertEquals(run(new OrderCheck(), { "0.1": [held(0, 30, 2, "b"), held(0, 10, 2, "a")] }), [
    "Writers b and a of k both had token 2.",
  ]);
  const readers = [held(0, 30, 2, "b", false), held(0, 10, 2, "a", false)];
  assertEquals(run(new OrderCheck(), { "0.1": readers }), []);
});

Deno.test("a replica must not go back, in the next life either", () => {
  assertEquals(run(new OrderCheck(), { "0.1": [apply(1, 1, 1)], "0.2": [apply(2, 2, 2)] }), []);
  assertEquals(run(new OrderCheck(), { "0.1": [apply(2, 2, 2)], "0.2": [apply(2, 2, 1)] }), [
    "Replica 0 went back on k, from version 2 (token 2) to 1 (token 2).",
  ]);
});

Deno.test("a replica must not forget a fence", () => {
  const fence: NodeEvent = { event: "fence", at: 0, key, token: 3 };
  assertEquals(run(new OrderCheck(), { "0.1": [fence, apply(2, 2, 1)] }), [
    "Replica 0 took a write to k under token 2, having seen 3.",
  ]);
});

Deno.test("updates must not be lost, nor old ones be read", () => {
  const fine = [used("wrote", 0, 10, 1), used("read", 20, 30, 1), used("wrote", 20, 30, 2)];
  assertEquals(run(new OrderCheck(), { "0.1": fine }), []);
  const lost = [used("wrote", 0, 30, 1), used("wrote", 10, 40, 1)];
  assertEquals(run(new OrderCheck(), { "0.1": lost }), [
    "An update of k was lost: u0 and u10 both wrote version 1.",
  ]);
  const old = [used("wrote", 0, 10, 2), used("read", 20, 30, 1)];
  assertEquals(run(new OrderCheck(), { "0.1": old }), [
    "u20 found or left k at version 1 after u0 had found or left it at 2.",
  ]);
});

Deno.test("a call may end up to its bound, and a grace time for busy machines later", () => {
  assertEquals(run(new CallCheck([]), { "0.1": [call(0, 1), end(400, 1), bye(500)] }), []);
  assertEquals(run(new CallCheck([]), { "0.1": [call(0, 1), end(5_000, 1), bye(5_000)] }), [
    "lock.acquire from node 0 to tcp://b:1 ended (ok) after 5000 ms (bound: 400 ms).",
  ]);
});

Deno.test("a call that never ended hung, unless its process was killed in time", () => {
  assertEquals(run(new CallCheck([]), { "0.1": [call(0, 1), bye(10)] }).length, 1);
  assertEquals(run(new CallCheck([]), { "0.1": [call(0, 1), call(10, 2)] }), []);
  assertEquals(run(new CallCheck([]), { "0.1": [call(0, 1), call(9_000, 2)] }).length, 1);
  // The next life has calls of the same numbers.
  assertEquals(run(new CallCheck([]), { "0.1": [call(0, 1)], "0.2": [end(9_000, 1)] }), []);
});

Deno.test("the time a process was frozen does not count", () => {
  const log = [call(0, 1), end(5_000, 1), bye(5_000)];
  const frozen = [deed("freeze", 100), deed("thaw", 4_800)];
  assertEquals(run(new CallCheck(frozen), { "0.1": log }), []);
  assertEquals(run(new CallCheck(frozen), { "1.1": log }).length, 1);
});

Deno.test("each node must be back in the end", () => {
  const life: NodeEvent[] = [{ event: "voting", at: 1 }, bye(9)];
  const check = (...deeds: SupervisorEvent[]) => new ReturnCheck(1, deeds);
  assertEquals(run(check(), { "0.1": life }), []);
  assertEquals(run(check(), {}), ["Node 0 did not come back (life 1)."]);
  const killed = [deed("spawn", 0), deed("kill", 5), deed("spawn", 6, 2)];
  assertEquals(run(check(...killed), { "0.1": [life[0]!], "0.2": life }), []);
  assertEquals(run(check(...killed), { "0.1": [life[0]!], "0.2": [life[0]!] }), [
    "Node 0 did not come back (life 2).",
  ]);
  assertEquals(run(check(...killed.slice(0, 2)), { "0.1": [life[0]!] }), [
    "Node 0 did not come back (life 1).",
  ]);
  assertEquals(run(check(deed("freeze", 2), deed("thaw", 5)), { "0.1": life }), []);
  assertEquals(run(check(deed("freeze", 2), deed("thaw", 10)), { "0.1": life }), [
    "Node 0 did nothing after it was thawed (life 1).",
  ]);
});

Deno.test("without an honest clock there is no verdict", () => {
  const log: NodeEvent[] = [{ event: "voting", at: 1 }, bye(9, 3_600_000)];
  assertEquals(run(new ReturnCheck(1, []), { "0.1": log }).length, 1);
});

Deno.test("a run in which nothing happened proves nothing", () => {
  const checker = new Checker(1, []);
  checker.take({ node: 0, life: 1 }, [{ event: "voting", at: 1 }, bye(9)]);
  assertEquals(checker.finish().violations, ["Nothing was locked or written."]);
});
