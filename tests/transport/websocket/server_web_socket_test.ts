import { webSocketHandlers } from "@internode/grid";
import { assertEquals } from "@std/assert";
import {
  ServedSocket,
  type ServerWebSocket,
} from "../../../lib/transport/websocket/server_web_socket_channel.ts";
import type { MessageChannel } from "../../../lib/transport/channel/transport.ts";

/** A connection as a server has it, which does what a test wants. */
class FakeSocket implements ServerWebSocket {
  readonly data: unknown;
  readonly done: string[] = [];
  /** How many bytes wait. */
  waiting = 0;
  /** What `send` gives. */
  sends = 1;

  constructor(data: unknown) {
    this.data = data;
  }

  send({ length }: Uint8Array): number {
    this.done.push(`send ${length}`);
    return this.sends;
  }
  getBufferedAmount(): number {
    return this.waiting;
  }
  close(code?: number, reason?: string): void {
    this.done.push(`close ${code} ${reason}`);
    handlers.close(this, code!, reason!);
  }
  terminate(): void {
    this.done.push("terminate");
    handlers.close(this, 1006, "");
  }
  pause(): void {
    this.done.push("pause");
  }
  resume(): void {
    this.done.push("resume");
  }
}

const handlers = webSocketHandlers();

interface Opened {
  readonly socket: FakeSocket;
  readonly channel: MessageChannel;
  /** What the receiver has heard. */
  readonly heard: string[];
  start(): Promise<void>;
}

function opened(): Opened {
  const channels: MessageChannel[] = [], heard: string[] = [];
  const socket = new FakeSocket(new ServedSocket("a client", (channel) => channels.push(channel)));
  handlers.open(socket);
  const channel = channels[0]!;
  return {
    socket,
    channel,
    heard,
    async start() {
      channel.start({
        onMessage: (bytes) => heard.push(`message ${bytes.constructor.name} ${bytes}`),
        onDrain: () => heard.push("drain"),
        onProgress: (direction) => heard.push(direction),
        onClose: (reason) => heard.push(`close: ${reason}`),
      });
      await microtasks();
    },
  };
}

async function microtasks(): Promise<void> {
  for (let i = 0; i < 4; i++) await null;
}

const MIB = 1024 * 1024;

Deno.test("it is not read from before it is started; what was read by then is not lost", async () => {
  const { socket, heard, start } = opened();
  handlers.message(socket, Uint8Array.of(1, 2));
  assertEquals([socket.done, heard], [["pause"], []]);
  await start();
  handlers.message(socket, new Uint8Array([9, 3, 9]).subarray(1, 2));
  assertEquals(socket.done, ["pause", "resume"]);
  assertEquals(heard, ["message Uint8Array 1,2", "message Uint8Array 3"]);
});

Deno.test("what waits makes it congested, until half of it has left", async () => {
  const { socket, channel, heard, start } = opened();
  await start();
  channel.send(new Uint8Array(5));
  assertEquals(channel.congested, false);
  socket.sends = -1;
  for (const [waiting, congested] of [[MIB, false], [2 * MIB, true], [3 * MIB, true]] as const) {
    socket.waiting = waiting;
    channel.send(new Uint8Array(5));
    assertEquals(channel.congested, congested);
  }
  for (const [waiting, congested] of [[2 * MIB, true], [MIB, false], [0, false]] as const) {
    socket.waiting = waiting;
    handlers.drain(socket);
    assertEquals(channel.congested, congested);
  }
  assertEquals(heard, ["taken", "taken", "drain", "taken"]);
});

Deno.test("a message that the server drops ends the channel: what follows would make no sense", async () => {
  const { socket, channel, heard, start } = opened();
  await start();
  socket.sends = 0;
  channel.send(new Uint8Array(5));
  channel.send(new Uint8Array(6));
  await microtasks();
  assertEquals(socket.done, ["pause", "resume", "send 5", "terminate"]);
  assertEquals(heard, [
    "close: lost: the server dropped a message, as too much waits (backpressureLimit)",
  ]);
});

Deno.test("text ends the channel, and the other side is told why", async () => {
  const { socket, channel, heard, start } = opened();
  await start();
  handlers.message(socket, "a text");
  handlers.message(socket, Uint8Array.of(1));
  channel.send(new Uint8Array(5));
  channel.close();
  await microtasks();
  assertEquals(socket.done, [
    "pause",
    "resume",
    "close 1003 only binary messages are understood here",
  ]);
  assertEquals(heard, ["close: the other side sent a message that is not binary"]);
});

Deno.test("what waits leaves before it is closed", async () => {
  const { socket, channel, heard, start } = opened();
  await start();
  socket.waiting = 10;
  channel.close();
  socket.waiting = 5;
  handlers.drain(socket);
  assertEquals(socket.done, ["pause", "resume"]);
  socket.waiting = 0;
  handlers.drain(socket);
  await microtasks();
  assertEquals(socket.done, ["pause", "resume", "close 1000 "]);
  assertEquals(heard, ["close: closed by this side"]);
});

Deno.test("it says how the other side has ended it, also where that was before the start", async () => {
  for (
    const [code, reason, told] of [
      [1000, "", "closed by the other side (code 1000)"],
      [4000, "why", "closed by the other side (code 4000: why)"],
      [1006, "", "lost without a close frame"],
      [1006, "too big", "lost: too big"],
    ] as const
  ) {
    const { socket, channel, heard, start } = opened();
    handlers.close(socket, code, reason);
    await start();
    channel.send(new Uint8Array(5));
    channel.close();
    assertEquals([socket.done, heard], [["pause"], [`close: ${told}`]]);
  }
});

Deno.test("who is given up before the connection opens is cut off", () => {
  const served = new ServedSocket("a client", () => {
    throw new Error("nobody waits for it");
  });
  assertEquals(served.giveUp(), false);
  const socket = new FakeSocket(served);
  handlers.open(socket);
  assertEquals(socket.done, ["terminate"]);
});

Deno.test("a program's own handlers have its other connections, and its options hold", () => {
  const told: unknown[] = [];
  const note = (name: string) => (socket: ServerWebSocket, ...args: unknown[]): void => {
    told.push([name, socket.data, ...args]);
  };
  const both = webSocketHandlers({
    open: note("open"),
    message: note("message"),
    drain: note("drain"),
    close: note("close"),
    perMessageDeflate: true,
    maxPayloadLength: 5,
    idleTimeout: 7,
  });
  const socket = new FakeSocket("theirs");
  both.open(socket);
  both.message(socket, "text");
  both.drain(socket);
  both.close(socket, 1000, "bye");
  assertEquals(told, [
    ["open", "theirs"],
    ["message", "theirs", "text"],
    ["drain", "theirs"],
    ["close", "theirs", 1000, "bye"],
  ]);
  assertEquals(
    [both.perMessageDeflate, both.maxPayloadLength, both.idleTimeout],
    [true, 2 * MIB, 7],
  );
  assertEquals(webSocketHandlers({ maxPayloadLength: 3 * MIB }).maxPayloadLength, 3 * MIB);
  assertEquals(handlers.idleTimeout, 0);
});
