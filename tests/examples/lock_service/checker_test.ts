/** The checker, given logs that show each thing that must not happen. @module */

import { assertEquals } from "@std/assert";
import { CallCheck } from "../../../examples/lock_service/proof/call_check.ts";
import type { Check } from "../../../examples/lock_service/proof/check.ts";
import { Checker } from "../../../examples/lock_service/proof/checker.ts";
import { HoldingCheck } from "../../../examples/lock_service/proof/holding_check.ts";
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
const held = (since: number, at: number, token: number, uid: string, shared = false): NodeEvent => (
  { event: "held", at, since, key, uid, shared, token }
);
const believed = (at: number, uid: string, shared = false): NodeEvent => (
  { event: "believed", at, key, uid, shared, token: 1 }
);
const used = (event: "read" | "wrote", since: number, at: number, version: number): NodeEvent => (
  { event, at, since, key, uid: `u${since}`, token: 1, version }
);
const apply = (fence: number, token: number, version: number, shared = false): NodeEvent => (
  { event: "apply", at: 0, key, fence, shared, token, version, uid: "u" }
);
const fence = (token: number, shared: boolean): NodeEvent => (
  { event: "fence", at: 0, key, token, shared }
);
const call = (at: number, id: number): NodeEvent => (
  { event: "call", at, id, name: "lock.acquire", host: "tcp://b:1", boundMs: 400 }
);
const end = (at: number, id: number): NodeEvent => ({ event: "end", at, id, outcome: "ok" });
const bye = (at: number, clockStepMs = 0): NodeEvent => ({ event: "bye", at, clockStepMs });
const deed = (event: SupervisorEvent["event"], at: number, life = 1): SupervisorEvent => (
  { event, at, node: 0, life, holding: false }
);

Deno.test("locks one after the other are fine", () => {
  const first = [held(0, 10, 1, "a"), believed(50, "a")], second = [held(20, 50, 2, "b")];
  assertEquals(run(new HoldingCheck(), { "0.1": first, "1.1": second }), []);
});

Deno.test("readers at one time are fine", () => {
  const log = [held(0, 10, 1, "a", true), held(0, 20, 2, "b", true), believed(90, "a", true)];
  assertEquals(run(new HoldingCheck(), { "0.1": log }), []);
});

Deno.test("two writers at one time are not", () => {
  const lives = {
    "0.1": [held(0, 10, 1, "a"), believed(90, "a")],
    "1.1": [held(20, 60, 2, "b"), believed(70, "b")],
  };
  assertEquals(run(new HoldingCheck(), lives), [
    "k was locked by writer a (token 1) and writer b (token 2) at one time, 0.050 s after the first lock.",
  ]);
});

Deno.test("nor are a reader and a writer, whichever came first, nor others in between", () => {
  const reader = [held(0, 10, 1, "r", true), believed(90, "r", true)];
  const writer = [held(0, 20, 2, "w"), believed(80, "w")];
  assertEquals(run(new HoldingCheck(), { "0.1": reader, "1.1": writer }).length, 1);
  assertEquals(run(new HoldingCheck(), { "0.1": writer, "1.1": reader }).length, 1);
  const other = [held(0, 15, 3, "o", true), believed(16, "o", true)];
  assertEquals(run(new HoldingCheck(), { "0.1": reader, "1.1": writer, "2.1": other }).length, 1);
});

Deno.test("an owner that was frozen may come back, if it believes in its lock no more", () => {
  const lost: NodeEvent = { event: "lost", at: 5_000, key, uid: "a", shared: false, token: 1 };
  const next = [held(3_000, 3_010, 2, "b"), believed(3_050, "b")];
  const frozen = [held(0, 10, 1, "a"), believed(20, "a")];
  assertEquals(run(new HoldingCheck(), { "0.1": [...frozen, lost], "1.1": next }), []);
  const believes = [...frozen, believed(5_000, "a")];
  assertEquals(run(new HoldingCheck(), { "0.1": believes, "1.1": next }).length, 1);
});

Deno.test("clocks of two processes may be a little apart", () => {
  const lives = { "0.1": [held(0, 10, 1, "a"), believed(54, "a")], "1.1": [held(20, 50, 2, "b")] };
  assertEquals(run(new HoldingCheck(), lives), []);
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
    "a and b both locked k with token 2.",
  ]);
});

Deno.test("readers may have tokens in any order, and the same, but writers come before or after them", () => {
  const readers = [
    held(0, 10, 2, "b", true),
    held(20, 30, 2, "a", true),
    held(40, 50, 1, "c", true),
  ];
  assertEquals(run(new OrderCheck(), { "0.1": readers }), []);
  const later = [held(0, 10, 2, "r", true), held(20, 30, 1, "w")];
  assertEquals(run(new OrderCheck(), { "0.1": later }).length, 1);
  const former = [held(0, 10, 2, "w"), held(20, 30, 1, "r", true)];
  assertEquals(run(new OrderCheck(), { "0.1": former }).length, 1);
  const same = [held(0, 10, 2, "w"), held(0, 30, 2, "r", true)];
  assertEquals(run(new OrderCheck(), { "0.1": same }).length, 1);
});

Deno.test("a replica must not go back, in the next life either", () => {
  assertEquals(run(new OrderCheck(), { "0.1": [apply(1, 1, 1)], "0.2": [apply(2, 2, 2)] }), []);
  assertEquals(run(new OrderCheck(), { "0.1": [apply(2, 2, 2)], "0.2": [apply(2, 2, 1)] }), [
    "Replica 0 went back on k, from version 2 (token 2) to 1 (token 2).",
  ]);
});

Deno.test("a replica must not forget a fence", () => {
  assertEquals(run(new OrderCheck(), { "0.1": [fence(3, true), apply(2, 2, 1)] }), [
    "Replica 0 took a write to k under token 2, having seen 3.",
  ]);
  // What a reader repairs is in no other reader's way, but in that of a later writer.
  assertEquals(run(new OrderCheck(), { "0.1": [fence(4, true), apply(3, 1, 1, true)] }), []);
  assertEquals(run(new OrderCheck(), { "0.1": [fence(4, false), apply(3, 1, 1, true)] }).length, 1);
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
  const log = (stepMs: number): NodeEvent[] => [{ event: "voting", at: 1 }, bye(9, stepMs)];
  assertEquals(run(new ReturnCheck(1, []), { "0.1": log(3_600_000) }).length, 1);
  assertEquals(run(new ReturnCheck(1, []), { "0.1": log(5.5) }).length, 1);
  assertEquals(run(new ReturnCheck(1, []), { "0.1": log(4) }), []);
});

Deno.test("a run in which nothing happened proves nothing", () => {
  const checker = new Checker(1, []);
  checker.take({ node: 0, life: 1 }, [{ event: "voting", at: 1 }, bye(9)]);
  assertEquals(checker.finish().violations, ["Nothing was locked or written."]);
});
