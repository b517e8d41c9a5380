import { assertEquals } from "@std/assert";
import type { InternodeError } from "../../../lib/errors.ts";
import { parseHostAddress } from "../../../lib/runtime/host_address.ts";
import type { Prepared } from "../../../lib/transport/channel/hand_over.ts";
import {
  listenThrough,
  type TransportHandshakeOptions,
} from "../../../lib/transport/channel/transport_handshakes.ts";
import {
  ListenerLimiter,
  type ListenerLimiterOptions,
} from "../../../lib/transport/channel/listener_limiter.ts";
import { PeerLeft } from "../../../lib/transport/channel/peer_left.ts";
import type {
  ByteChannel,
  Channel,
  Listener,
  Transport,
} from "../../../lib/transport/channel/transport.ts";
import { turns } from "../../support/channels/acceptor.ts";

const ADDRESS = parseHostAddress("tcp://127.0.0.1:9000");

/** A channel that nothing comes through, whose pending read ends with it. */
class IdleChannel implements ByteChannel {
  readonly kind = "bytes";
  readonly remote = "tcp://client:1";
  readonly integrity = true;
  closed = false;
  #end = () => {};

  read(): Promise<number | null> {
    return new Promise((_, reject) => this.#end = () => reject(new Error("closed")));
  }

  write(bytes: Uint8Array): Promise<number> {
    return Promise.resolve(bytes.length);
  }

  close(): void {
    this.closed = true;
    this.#end();
  }
}

/** A listener of a lobby, and who has come through it. */
class TestListener {
  readonly accepted: Channel[] = [];
  readonly names: (string | undefined)[] = [];
  readonly errors: InternodeError[] = [];
  listener!: Listener;
  limiter!: ListenerLimiter;
  /** Lets a newcomer in. */
  enter!: (channel: Channel) => void;

  static async open(
    lobby: TransportHandshakeOptions,
    doorOptions: ListenerLimiterOptions = {},
  ): Promise<TestListener> {
    const opened = new TestListener();
    const inner: Transport = {
      dial: () => Promise.reject(new Error("nobody dials")),
      listen: (address, { accept }) => {
        opened.enter = accept;
        return Promise.resolve({
          address,
          finished: Promise.resolve(),
          close: () => Promise.resolve(),
        });
      },
    };
    opened.limiter = new ListenerLimiter(doorOptions);
    opened.listener = await listenThrough(inner, ADDRESS, {
      path: "/",
      limiter: opened.limiter,
      accept: (channel, name, slot) => {
        opened.accepted.push(channel);
        opened.names.push(name);
        slot!.release();
      },
      onError: (error) => opened.errors.push(error as InternodeError),
    }, lobby);
    return opened;
  }
}

Deno.test("who is prepared is accepted; who fails or has left is closed, and that is told unless it is known", async () => {
  const outcomes: (() => Promise<Prepared>)[] = [];
  const opened = await TestListener.open({
    prepare: () => outcomes.shift()!(),
    isReported: (failure) => String(failure).includes("known"),
  });
  const prepared = new IdleChannel();
  outcomes.push(
    () => Promise.resolve({ channel: prepared, name: "its name" }),
    () => Promise.reject(new Error("not so.")),
    () => Promise.reject(new Error("a known one")),
    () => Promise.reject(new PeerLeft("it has left")),
  );
  const newcomers = Array.from({ length: 4 }, () => new IdleChannel());
  for (const newcomer of newcomers) opened.enter(newcomer);
  await turns(1);
  assertEquals(opened.accepted, [prepared]);
  assertEquals(opened.names, ["its name"]);
  assertEquals(newcomers.map(({ closed }) => closed), [false, true, true, true]);
  assertEquals(opened.errors.map(({ code, message }) => [code, message]), [
    ["PermissionDenied", "Refused tcp://client:1 at tcp://127.0.0.1:9000: not so."],
    ["Disconnected", "tcp://client:1 closed its connection to tcp://127.0.0.1:9000: it has left."],
  ]);
});

Deno.test("who takes too long is closed, though it would still have been prepared", async () => {
  const opened = await TestListener.open({
    prepare: async (channel) => {
      await channel.read(new Uint8Array(1)).catch(() => {});
      return { channel };
    },
  }, { handshakeTimeoutMs: 1 });
  const newcomer = new IdleChannel();
  opened.enter(newcomer);
  while (opened.errors.length === 0) await turns(1);
  assertEquals(
    [opened.errors[0]!.code, opened.errors[0]!.message],
    [
      "Disconnected",
      "Closed the connection from tcp://client:1 at tcp://127.0.0.1:9000: its handshake took more than 1 ms.",
    ],
  );
  assertEquals([newcomer.closed, opened.accepted.length], [true, 0]);
});

Deno.test("who is prepared for ever gives the slot back when the time is over, and is closed if prepared then", async () => {
  const { promise: verdict, resolve: decide } = Promise.withResolvers<Prepared>();
  const opened = await TestListener.open({
    prepare: (_channel, _place, onHeard) => {
      onHeard();
      return verdict;
    },
  }, { handshakeTimeoutMs: 1, maxUnproven: 1 });
  const [first, second] = [new IdleChannel(), new IdleChannel()];
  opened.enter(first);
  while (opened.errors.length === 0) await turns(1);
  assertEquals([first.closed, opened.errors[0]!.code], [true, "PermissionDenied"]);
  opened.enter(second);
  assertEquals(second.closed, false);
  await opened.listener.close();
  assertEquals(second.closed, true);
  const late = new IdleChannel();
  decide({ channel: late });
  await turns(1);
  assertEquals([late.closed, opened.accepted.length, opened.errors.length], [true, 0, 1]);
});

Deno.test("no more are prepared at a time than may be", async () => {
  const opened = await TestListener.open({
    prepare: async (channel) => {
      await channel.read(new Uint8Array(1));
      return { channel };
    },
  }, { maxUnproven: 2 });
  const newcomers = Array.from({ length: 3 }, () => new IdleChannel());
  for (const newcomer of newcomers) opened.enter(newcomer);
  await turns(1);
  assertEquals(newcomers.map(({ closed }) => closed), [false, false, true]);
  assertEquals(opened.errors.map(({ code }) => code), ["Overloaded"]);
  // One goes, and there is room for another.
  newcomers[0]!.close();
  await turns(1);
  const next = new IdleChannel();
  opened.enter(next);
  assertEquals([next.closed, opened.errors.length], [false, 2]);
  // With the listener, all who wait go, and there is nothing to tell.
  await opened.listener.close();
  await turns(1);
  assertEquals([newcomers[1]!.closed, next.closed], [true, true]);
  assertEquals([opened.errors.length, opened.accepted.length], [2, 0]);
});
