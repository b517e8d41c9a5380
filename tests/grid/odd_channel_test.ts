/** Channels of a transport of the user's own that cannot be used. @module */

import { InternodeError, Manager, single, type Transport } from "@internode/grid";
import { assert, assertEquals, assertRejects } from "@std/assert";
import { dials } from "../../lib/grid/dialler.ts";
import type { Channel } from "../../lib/transport/channel/transport.ts";
import { QuietLogger } from "../support/log/quiet.ts";

const echo = single("echo");

Deno.test("a channel that throws as soon as it is looked at is a failed attempt, and others follow", async () => {
  const hosts = ["memory://odd-a", "memory://odd-b"];
  const [local, remote] = dials(hosts[0]!, hosts[1]!) ? hosts : [hosts[1]!, hosts[0]!];
  let dialled = 0, closed = 0;
  const memory: Transport = {
    listen: () => Promise.reject(new Error("nobody listens here")),
    dial: () => {
      dialled++;
      const channel = {
        kind: "messages",
        get remote(): string {
          throw new Error("no remote");
        },
        close: () => void closed++,
      };
      return Promise.resolve(channel as unknown as Channel);
    },
  };
  const options = { hosts, transports: { memory }, logger: new QuietLogger() };
  await using a = new Manager({ ...options, local: local! });
  a.connect();
  const failure = await assertRejects(
    () => a.connection(remote!).request(echo, new Uint8Array(1)),
    InternodeError,
    "no remote",
  );
  assertEquals([failure.code, failure.outcome], ["Unreachable", "notSent"]);
  const connection = a.connection(remote!);
  await assertRejects(() => connection.waitForConnect({ timeoutMs: 200 }), InternodeError);
  assert(dialled > 1);
  assertEquals(closed, dialled);
});
