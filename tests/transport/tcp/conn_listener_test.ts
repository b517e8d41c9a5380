import { assert, assertEquals, assertRejects } from "@std/assert";
import { InternodeError } from "../../../lib/errors.ts";
import { ConnListener } from "../../../lib/transport/tcp/conn_listener.ts";
import { networkAddress } from "../../../lib/runtime/host_address.ts";
import type { Channel } from "../../../lib/transport/channel/transport.ts";
import { turns } from "../../support/channels/acceptor.ts";

/** A listener of the runtime, scripted. */
class ScriptedListener {
  #script: (Deno.Conn | Error)[];
  #pending: ((error: Error) => void) | undefined;

  constructor(script: (Deno.Conn | Error)[]) {
    this.#script = script;
  }

  accept(): Promise<Deno.Conn> {
    const next = this.#script.shift();
    if (next instanceof Error) return Promise.reject(next);
    if (next !== undefined) return Promise.resolve(next);
    return new Promise((_, reject) => this.#pending = reject);
  }

  close(): void {
    this.#pending?.(new Deno.errors.BadResource("Listener has been closed"));
  }
}

function scriptedConn(): Deno.Conn & { closed: boolean } {
  const conn = { closed: false, close: () => conn.closed = true };
  return conn as unknown as Deno.Conn & { closed: boolean };
}

function listenOn(script: (Deno.Conn | Error)[], accept: (channel: Channel) => void) {
  const errors: unknown[] = [];
  const listener = new ConnListener(
    new ScriptedListener(script),
    networkAddress("tcp", "127.0.0.1", 9000),
    { integrity: false, remoteOf: () => "tcp://client:1" },
    { accept, path: "/", onError: (error) => errors.push(error) },
  );
  return { listener, errors };
}

Deno.test("a listener outlives failed accepts, and reports them", async () => {
  const tooMany = new Error("Too many open files (os error 24)");
  const accepted = Promise.withResolvers<Channel>();
  const script = [tooMany, tooMany, scriptedConn()];
  const { listener, errors } = listenOn(script, accepted.resolve);
  assertEquals((await accepted.promise).remote, "tcp://client:1");
  assertEquals(errors.length, 2);
  const [error] = errors;
  assert(error instanceof InternodeError && error.cause === tooMany);
  assert(error.message.includes("tcp://127.0.0.1:9000"), error.message);
  await listener.close();
  await listener.finished;
});

Deno.test("closing does not wait for the pause after a failed accept", async () => {
  const { listener, errors } = listenOn(Array(100).fill(new Error("no more")), () => {});
  await turns(1);
  assert(errors.length > 0);
  await listener.close();
  await listener.finished;
  const count = errors.length;
  await turns(1);
  assertEquals(errors.length, count);
});

Deno.test("a taker that throws loses that connection and no other", async () => {
  const [first, second] = [scriptedConn(), scriptedConn()];
  const failure = new Error("not today");
  const accepted = Promise.withResolvers<void>();
  let calls = 0;
  const { listener, errors } = listenOn([first, second], () => {
    if (++calls === 1) throw failure;
    accepted.resolve();
  });
  await accepted.promise;
  assertEquals([first.closed, second.closed], [true, false]);
  assertEquals(errors, [failure]);
  await listener.close();
});

Deno.test("a listener whose socket is gone ends with an error", async () => {
  const { listener } = listenOn([new Deno.errors.BadResource("gone")], () => {});
  const error = await assertRejects(
    () => listener.finished,
    InternodeError,
    "tcp://127.0.0.1:9000",
  );
  assert(error.message.includes("gone"));
  await listener.close();
});
