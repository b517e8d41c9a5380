import { assertEquals } from "@std/assert";
import type { InternodeError } from "../../../lib/errors.ts";
import { parseHostAddress } from "../../../lib/runtime/host_address.ts";
import type { Prepared } from "../../../lib/transport/channel/hand_over.ts";
import { listenThrough, type LobbyOptions } from "../../../lib/transport/channel/lobby.ts";
import { type DoorOptions, ListenerDoor } from "../../../lib/transport/channel/listener_door.ts";
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
class Entrance {
  readonly accepted: Channel[] = [];
  readonly names: (string | undefined)[] = [];
  readonly errors: InternodeError[] = [];
  listener!: Listener;
  door!: ListenerDoor;
  /** Lets a newcomer in. */
  enter!: (channel: Channel) => void;

  static async open(lobby: LobbyOptions, doorOptions: DoorOptions = {}): Promise<Entrance> {
    const entrance = new Entrance();
    const inner: Transport = {
      dial: () => Promise.reject(new Error("nobody dials")),
      listen: (address, { accept }) => {
        entrance.enter = accept;
        return Promise.resolve({
          address,
          finished: Promise.resolve(),
          close: () => Promise.resolve(),
        });
      },
    };
    entrance.door = new ListenerDoor(doorOptions);
    entrance.listener = await listenThrough(inner, ADDRESS, {
      path: "/",
      door: entrance.door,
      accept: (channel, name, place) => {
        entrance.accepted.push(channel);
        entrance.names.push(name);
        place!.leave();
      },
      onError: (error) => entrance.errors.push(error as InternodeError),
    }, lobby);
    return entrance;
  }
}

Deno.test("who is prepared is accepted; who fails or has left is closed, and that is told unless it is known", async () => {
  const outcomes: (() => Promise<Prepared>)[] = [];
  const entrance = await Entrance.open({
    prepare: () => outcomes.shift()!(),
    isKnown: (failure) => String(failure).includes("known"),
  });
  const prepared = new IdleChannel();
  outcomes.push(
    () => Promise.resolve({ channel: prepared, name: "its name" }),
    () => Promise.reject(new Error("not so.")),
    () => Promise.reject(new Error("a known one")),
    () => Promise.reject(new PeerLeft("it has left")),
  );
  const newcomers = Array.from({ length: 4 }, () => new IdleChannel());
  for (const newcomer of newcomers) entrance.enter(newcomer);
  await turns(1);
  assertEquals(entrance.accepted, [prepared]);
  assertEquals(entrance.names, ["its name"]);
  assertEquals(newcomers.map(({ closed }) => closed), [false, true, true, true]);
  assertEquals(entrance.errors.map(({ code, message }) => [code, message]), [
    ["PermissionDenied", "Refused tcp://client:1 at tcp://127.0.0.1:9000: not so."],
    ["Disconnected", "tcp://client:1 left tcp://127.0.0.1:9000: it has left."],
  ]);
});

Deno.test("who takes too long is closed, though it would still have been prepared", async () => {
  const entrance = await Entrance.open({
    prepare: async (channel) => {
      await channel.read(new Uint8Array(1)).catch(() => {});
      return { channel };
    },
  }, { handshakeTimeoutMs: 1 });
  const newcomer = new IdleChannel();
  entrance.enter(newcomer);
  while (entrance.errors.length === 0) await turns(1);
  assertEquals(
    [entrance.errors[0]!.code, entrance.errors[0]!.message],
    [
      "Disconnected",
      "Gave tcp://client:1 up at tcp://127.0.0.1:9000: its handshake took more than 1 ms.",
    ],
  );
  assertEquals([newcomer.closed, entrance.accepted.length], [true, 0]);
});

Deno.test("who is prepared for ever gives the place back when the time is over, and is closed if prepared then", async () => {
  const { promise: verdict, resolve: decide } = Promise.withResolvers<Prepared>();
  const entrance = await Entrance.open({
    prepare: (_channel, _place, onHeard) => {
      onHeard();
      return verdict;
    },
  }, { handshakeTimeoutMs: 1, maxUnproven: 1 });
  const [first, second] = [new IdleChannel(), new IdleChannel()];
  entrance.enter(first);
  while (entrance.errors.length === 0) await turns(1);
  assertEquals([first.closed, entrance.errors[0]!.code], [true, "PermissionDenied"]);
  entrance.enter(second);
  assertEquals(second.closed, false);
  await entrance.listener.close();
  assertEquals(second.closed, true);
  const late = new IdleChannel();
  decide({ channel: late });
  await turns(1);
  assertEquals([late.closed, entrance.accepted.length, entrance.errors.length], [true, 0, 1]);
});

Deno.test("no more are prepared at a time than may be", async () => {
  const entrance = await Entrance.open({
    prepare: async (channel) => {
      await channel.read(new Uint8Array(1));
      return { channel };
    },
  }, { maxUnproven: 2 });
  const newcomers = Array.from({ length: 3 }, () => new IdleChannel());
  for (const newcomer of newcomers) entrance.enter(newcomer);
  await turns(1);
  assertEquals(newcomers.map(({ closed }) => closed), [false, false, true]);
  assertEquals(entrance.errors.map(({ code }) => code), ["Overloaded"]);
  // One goes, and there is room for another.
  newcomers[0]!.close();
  await turns(1);
  const next = new IdleChannel();
  entrance.enter(next);
  assertEquals([next.closed, entrance.errors.length], [false, 2]);
  // With the listener, all who wait go, and there is nothing to tell.
  await entrance.listener.close();
  await turns(1);
  assertEquals([newcomers[1]!.closed, next.closed], [true, true]);
  assertEquals([entrance.errors.length, entrance.accepted.length], [2, 0]);
});
