/** One voter. @module */

import { assertEquals } from "@std/assert";
import { LockTable } from "../../../examples/lock_service/lock/lock_table.ts";
import type { VoterEvent } from "../../../examples/lock_service/log/log_event.ts";
import { Recorder } from "./recorder.ts";

function makeTable(careless = false) {
  const log = new Recorder<VoterEvent>();
  const table = new LockTable({ lifetimeMs: 100, now: log.now, log, careless });
  table.startVoting();
  const acquire = (uid: string, write: boolean) => table.acquire({ key: "k", uid, write });
  const refresh = (uid: string, token: number) => table.refresh({ key: "k", uid, token }).held;
  const release = (uid: string) => table.release({ key: "k", uid });
  return { log, table, acquire, refresh, release };
}

Deno.test("a writer is alone, readers are together", () => {
  const { acquire, release } = makeTable();
  assertEquals(acquire("r1", false).granted, true);
  assertEquals(acquire("r2", false).granted, true);
  assertEquals(acquire("w1", true).granted, false);
  release("r1");
  release("r2");
  assertEquals(acquire("w2", true).granted, true);
  assertEquals(acquire("w3", true).granted, false);
  assertEquals(acquire("r3", false).granted, false);
});

Deno.test("after a writer was refused readers wait for a moment", () => {
  const { log, acquire } = makeTable();
  acquire("r1", false);
  acquire("w1", true);
  assertEquals(acquire("r2", false).granted, false);
  log.nowMs += 99;
  assertEquals(acquire("r2", false).granted, false);
  log.nowMs += 1;
  assertEquals(acquire("r2", false).granted, true);
});

Deno.test("keys have nothing to do with each other", () => {
  const { table } = makeTable();
  assertEquals(table.acquire({ key: "a", uid: "w1", write: true }).granted, true);
  assertEquals(table.acquire({ key: "b", uid: "w2", write: true }).granted, true);
});

Deno.test("a lease runs out, and refreshing lets it run anew", () => {
  const { log, acquire, refresh, table } = makeTable();
  acquire("w1", true);
  log.nowMs += 99;
  assertEquals(refresh("w1", 1), true);
  log.nowMs += 99;
  assertEquals(acquire("w2", true).granted, false);
  log.nowMs += 1;
  assertEquals(refresh("w1", 1), false);
  assertEquals(acquire("w2", true), { granted: true, token: 1 });
  assertEquals(log.kinds, ["voting", "grant", "refresh", "expire", "grant"]);
  log.nowMs += 100;
  assertEquals(table.expire(), 1);
  assertEquals(table.expire(), 0);
});

Deno.test("only a token above all that were known at the grant is confirmed", () => {
  const { acquire, refresh, release } = makeTable();
  acquire("w1", true);
  assertEquals(refresh("w1", 7), true);
  release("w1");
  assertEquals(acquire("w2", true).token, 7);
  assertEquals(refresh("w2", 7), false);
  assertEquals(refresh("w2", 8), true);
  assertEquals(refresh("w2", 8), true);
});

Deno.test("readers beside each other confirm in any order", () => {
  const { acquire, refresh } = makeTable();
  acquire("r1", false);
  acquire("r2", false);
  assertEquals(refresh("r2", 2), true);
  assertEquals(refresh("r1", 1), true);
  assertEquals(acquire("r3", false).token, 2);
});

Deno.test("a voter that abstains grants, confirms and teaches nothing", () => {
  const log = new Recorder<VoterEvent>();
  const table = new LockTable({ lifetimeMs: 100, now: log.now, log });
  assertEquals(table.acquire({ key: "k", uid: "w1", write: true }).granted, false);
  assertEquals(table.refresh({ key: "k", uid: "w1", token: 1 }).held, false);
  table.release({ key: "k", uid: "w1" });
  assertEquals(table.teach(), { voting: false, tokens: [] });
  assertEquals(log.events, []);
  table.startVoting([{ key: "k", token: 4 }, { key: "k", token: 3 }]);
  assertEquals(table.teach(), { voting: true, tokens: [{ key: "k", token: 4 }] });
  assertEquals(table.acquire({ key: "k", uid: "w1", write: true }), { granted: true, token: 4 });
});

Deno.test("releasing what is not held changes nothing", () => {
  const { acquire, release, log } = makeTable();
  acquire("w1", true);
  release("w2");
  assertEquals(acquire("w3", true).granted, false);
  assertEquals(log.kinds, ["voting", "grant"]);
});

Deno.test("a careless voter grants the same key twice", () => {
  const { acquire } = makeTable(true);
  assertEquals(acquire("w1", true).granted, true);
  assertEquals(acquire("w2", true).granted, true);
});
