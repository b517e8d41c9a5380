/**
 * Handshakes that come to nothing leave nothing behind. `INTERNODE_HANDSHAKES=5000`
 * runs so many of each kind, which takes an hour.
 *
 * @module
 */

import { assert } from "@std/assert";
import { MemoryProcess } from "../../bench/support/memory_process.ts";
import { FILES, NET, PROGRAMS } from "../support/permitted.ts";
import { beside } from "../support/beside.ts";
import { configOf, TestAuthority } from "../support/certificates/test_authority.ts";
import type { ListenersConfig } from "./scene/listeners.ts";
import { type Failure, FAILURES, type Target } from "./attacks/failing_handshakes.ts";
import { nodeOf } from "./scene/grounds.ts";

const asked = FILES ? Deno.env.get("INTERNODE_HANDSHAKES") : undefined;
const IS_FULL = asked !== undefined, COUNT = Number(asked ?? 80);
/** So many at a time. */
const AT_ONCE = 8;
/** How many listeners are tested at a time, each in a process of its own. */
const LISTENERS_AT_ONCE = 3;
/** Of those that wait until they are cut off, as many as come in that time. */
const SLOW_AT_ONCE = 100;
const HANDSHAKE_TIMEOUT_MS = 300;
const SECRET = "a secret of the failing handshakes";

/** What may stay whatever was done: code that was compiled, buffers that are kept for the next. */
const KEPT_BYTES = 400 * 1024;
/** What may stay for each: less than any object that stands for a connection. */
const KEPT_EACH_BYTES = 100;
/** What the allocator may not have given back. */
const RESIDENT_BYTES = 32 * 1024 * 1024;

Deno.test({
  name: "a failed handshake leaves no memory behind, however it fails",
  ignore: !NET || !FILES || !PROGRAMS,
}, async (test) => {
  const authority = await TestAuthority.root("authority");
  const stranger = await TestAuthority.root("stranger");
  const names = [{ type: "ip" as const, value: "127.0.0.1" }];
  const secretNodes = ["tcp", "ws"].map((scheme) => nodeOf(scheme)),
    mutualNodes = ["tls", "wss"].map((scheme) => nodeOf(scheme));
  const uris = [...mutualNodes.flat()].map((value) => ({ type: "uri" as const, value }));
  const member = await authority.node("member", { names: [...names, ...uris] });
  const mutual = configOf(member, authority);
  const strange = configOf(await stranger.node("member", { names: [...names, ...uris] }), stranger);
  const common = { secret: SECRET, authority: authority.cert, strange, dialler: "tcp://a:1" };
  const all: Place[] = [
    ...secretNodes.map((node): Place => ({
      listeners: { secretNodes: [node] },
      target: {
        ...common,
        name: `a node at ${new URL(node[0]).protocol}`,
        url: node[0],
        dialler: node[1],
        tls: "none",
      },
    })),
    ...mutualNodes.map((node): Place => ({
      listeners: { mutualNodes: [node] },
      target: {
        ...common,
        name: `a node at ${new URL(node[0]).protocol} with mutual TLS`,
        url: node[0],
        dialler: node[1],
        secret: null,
        tls: mutual,
      },
    })),
    ...(["tcp", "tls"] as const).map((scheme): Place => ({
      listeners: { services: [`${scheme}://127.0.0.1:0`] },
      target: {
        ...common,
        name: `a server at ${scheme}:`,
        url: "",
        tls: scheme === "tls" ? "server" : "none",
      },
    })),
  ];
  const config: ListenersConfig = {
    secret: SECRET,
    handshakeTimeoutMs: HANDSHAKE_TIMEOUT_MS,
    secretNodes: [],
    mutualNodes: [],
    mutual,
    services: [],
  };
  await beside(
    test,
    LISTENERS_AT_ONCE,
    all.map(({ listeners, target }) => ({
      name: target.name,
      fn: () => judgeAll({ ...config, ...listeners }, target),
    })),
  );
});

/** A listener, and what its process is made from. */
interface Place {
  readonly listeners: Partial<ListenersConfig>;
  readonly target: Target;
}

/** All that can fail there, in a process of its own. */
async function judgeAll(config: ListenersConfig, { url, ...target }: Target): Promise<void> {
  await using listeners = new MemoryProcess(new URL("./scene/listeners.ts", import.meta.url), [
    JSON.stringify(config),
  ]);
  const [service = url] = await listeners.ask<string[]>("services");
  const there: Target = { ...target, url: service };
  const failures = FAILURES.filter(({ on }) => on(there));
  // What it has in common with others is tried there.
  const quick = failures.filter((failure) =>
    !service.startsWith("wss") || failure.layer === "upgrade"
  );
  for (const failure of IS_FULL ? failures : quick) await judge(listeners, there, failure);
}

/** Fails some times, so that all is there that stays, then many times. What leaks does so again. */
async function judge(listeners: MemoryProcess, target: Target, failure: Failure): Promise<void> {
  await repeat(target, failure, 30);
  const first = await measure(listeners, target, failure);
  if (first === null) return;
  const second = await measure(listeners, target, failure);
  assert(second === null, `${first}; again: ${second}`);
}

/** What stays, if that is too much. */
async function measure(
  listeners: MemoryProcess,
  target: Target,
  failure: Failure,
): Promise<string | null> {
  const before = await listeners.ask("memory");
  await repeat(target, failure, COUNT);
  const after = await listeners.ask("memory");
  const used = after.heapBytes + after.bufferBytes - before.heapBytes - before.bufferBytes;
  const resident = after.residentBytes - before.residentBytes;
  const what = `${target.name}, ${COUNT} times ${failure.name}: ${kib(used)} KiB of heap and ` +
    `buffers stay, and ${kib(resident)} KiB resident`;
  console.log(what);
  return used < KEPT_BYTES + COUNT * KEPT_EACH_BYTES && resident < RESIDENT_BYTES ? null : what;
}

async function repeat(
  target: Target,
  { act, isSlow = false }: Failure,
  count: number,
): Promise<void> {
  let left = count;
  const one = async (): Promise<void> => {
    while (left-- > 0) await act(target);
  };
  await Promise.all(Array.from({ length: isSlow ? SLOW_AT_ONCE : AT_ONCE }, one));
}

function kib(bytes: number): string {
  return (bytes / 1024).toFixed(0);
}
