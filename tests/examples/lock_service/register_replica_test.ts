/** One replica of what the lock protects. @module */

import { assertEquals } from "@std/assert";
import type { ReplicaEvent } from "../../../examples/lock_service/log/log_event.ts";
import { RegisterReplica } from "../../../examples/lock_service/register/register_replica.ts";
import { Recorder } from "./recorder.ts";

function makeReplica(careless = false) {
  const log = new Recorder<ReplicaEvent>();
  const replica = new RegisterReplica(log.now, log, careless);
  const write = (token: number, version: number, fence = token, shared = fence !== token) =>
    replica.write({ key: "k", fence, shared, token, version, uid: `w${token}` });
  const read = (fence: number, shared = true) => replica.read({ key: "k", fence, shared }).value;
  return { log, replica, write, read };
}

Deno.test("a register starts at version 0 and keeps what was written", () => {
  const { read, write } = makeReplica();
  assertEquals(read(1), { token: 0, version: 0, uid: "" });
  assertEquals(write(2, 1), true);
  assertEquals(read(3), { token: 2, version: 1, uid: "w2" });
});

Deno.test("a write under an older token is refused, after a write and after a read", () => {
  const { log, read, write } = makeReplica();
  write(5, 1);
  assertEquals(write(4, 2), false);
  read(6);
  assertEquals(write(5, 2), false);
  assertEquals(read(5)?.version, 1);
  assertEquals(log.kinds, ["apply", "refuse", "fence", "refuse"]);
});

Deno.test("whoever shares is refused below a token of one that did not, and not below others that share", () => {
  const { log, read, write } = makeReplica();
  read(3);
  read(7);
  assertEquals(read(4)?.version, 0);
  assertEquals(read(6, false), undefined);
  read(8, false);
  assertEquals(read(7), undefined);
  assertEquals(write(8, 1), true);
  assertEquals(read(9)?.version, 1);
  assertEquals(log.kinds, ["fence", "fence", "fence", "apply", "fence"]);
});

Deno.test("the same write twice is accepted twice and applied once", () => {
  const { log, write } = makeReplica();
  assertEquals(write(1, 1), true);
  assertEquals(write(1, 1), true);
  assertEquals(write(1, 2), true);
  assertEquals(write(1, 1), false);
  assertEquals(log.kinds, ["apply", "apply"]);
});

Deno.test("a reader's repair carries the writer's token and the reader's fence", () => {
  const { read, write } = makeReplica();
  read(8, false);
  read(9);
  read(10);
  assertEquals(write(5, 1, 7), false);
  assertEquals(write(5, 1, 9), true);
  assertEquals(read(9), { token: 5, version: 1, uid: "w5" });
  assertEquals(write(5, 2), false);
});

Deno.test("a replica goes on from its log", () => {
  const former = makeReplica();
  former.write(2, 1);
  former.read(4);
  const { replica } = makeReplica();
  replica.replay(former.log.events);
  assertEquals(
    replica.write({ key: "k", fence: 3, shared: false, token: 3, version: 2, uid: "late" }),
    false,
  );
  assertEquals(replica.read({ key: "k", fence: 4, shared: true }), {
    value: { token: 2, version: 1, uid: "w2" },
  });
});

Deno.test("a careless replica goes back", () => {
  const { read, write } = makeReplica(true);
  write(5, 3);
  assertEquals(write(2, 1), true);
  assertEquals(read(9)?.version, 1);
});
