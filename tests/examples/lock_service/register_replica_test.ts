/** One replica of what the lock protects. @module */

import { assertEquals } from "@std/assert";
import type { ReplicaEvent } from "../../../examples/lock_service/log/log_event.ts";
import { RegisterReplica } from "../../../examples/lock_service/register/register_replica.ts";
import { Recorder } from "./recorder.ts";

function makeReplica(careless = false) {
  const log = new Recorder<ReplicaEvent>();
  const replica = new RegisterReplica(log.now, log, careless);
  const write = (token: number, version: number, fence = token) =>
    replica.write({ key: "k", fence, token, version, uid: `w${token}` });
  return { log, replica, write, read: (fence: number) => replica.read({ key: "k", fence }) };
}

Deno.test("a register starts at version 0 and keeps what was written", () => {
  const { read, write } = makeReplica();
  assertEquals(read(1), { token: 0, version: 0, uid: "" });
  assertEquals(write(2, 1), { accepted: true, floor: 2 });
  assertEquals(read(3), { token: 2, version: 1, uid: "w2" });
});

Deno.test("a write under an older token is refused, after a write and after a read", () => {
  const { log, read, write } = makeReplica();
  write(5, 1);
  assertEquals(write(4, 2), { accepted: false, floor: 5 });
  read(6);
  assertEquals(write(5, 2), { accepted: false, floor: 6 });
  assertEquals(read(1).version, 1);
  assertEquals(log.kinds, ["apply", "refuse", "fence", "refuse"]);
});

Deno.test("the same write twice is accepted twice and applied once", () => {
  const { log, write } = makeReplica();
  assertEquals(write(1, 1).accepted, true);
  assertEquals(write(1, 1).accepted, true);
  assertEquals(write(1, 2).accepted, true);
  assertEquals(write(1, 1).accepted, false);
  assertEquals(log.kinds, ["apply", "apply"]);
});

Deno.test("a reader's repair carries the writer's token and the reader's fence", () => {
  const { read, write } = makeReplica();
  read(9);
  assertEquals(write(5, 1, 8).accepted, false);
  assertEquals(write(5, 1, 9).accepted, true);
  assertEquals(read(9), { token: 5, version: 1, uid: "w5" });
  assertEquals(write(5, 2).accepted, false);
});

Deno.test("a replica goes on from its log", () => {
  const former = makeReplica();
  former.write(2, 1);
  former.read(4);
  const { replica } = makeReplica();
  replica.replay(former.log.events);
  assertEquals(replica.write({ key: "k", fence: 3, token: 3, version: 2, uid: "late" }), {
    accepted: false,
    floor: 4,
  });
  assertEquals(replica.read({ key: "k", fence: 4 }), { token: 2, version: 1, uid: "w2" });
});

Deno.test("a careless replica goes back", () => {
  const { read, write } = makeReplica(true);
  write(5, 3);
  assertEquals(write(2, 1).accepted, true);
  assertEquals(read(9).version, 1);
});
