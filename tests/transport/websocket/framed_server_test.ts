import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { OPCODE, readClosePayload } from "../../../lib/transport/websocket/web_socket_frames.ts";
import { MAX_BATCH_BYTES } from "../../../lib/wire/limits.ts";
import { turns } from "../../support/channels/acceptor.ts";
import { bytesOf, end, Pair } from "./framed_pair.ts";
import { NET } from "../../support/permitted.ts";
import { clientFrame, serverFrame } from "./raw_web_socket.ts";

const { binary, close, continuation, ping, pong } = OPCODE;

const test = (name: string, fn: () => Promise<void>): void =>
  Deno.test({ name: `framed server: ${name}`, ignore: !NET, fn });

test("a server understands masked frames, and sends none", async () => {
  const pair = (await Pair.make(undefined, "server")).start();
  pair.channel.send(bytesOf(300));
  await pair.say(
    clientFrame(binary, bytesOf(10), { final: false }),
    clientFrame(ping, bytesOf(125)),
    clientFrame(continuation, bytesOf(70_000, 2)),
    clientFrame(close, Uint8Array.of(3, 232)),
  );
  const frames = await pair.hear(close);
  assertEquals(frames.map(({ opcode }) => opcode), [binary, pong, close]);
  assertEquals(frames.map(({ payload }) => payload), [
    bytesOf(300),
    bytesOf(125),
    Uint8Array.of(3, 232),
  ]);
  assertEquals(pair.messages, [Uint8Array.of(...bytesOf(10), ...bytesOf(70_000, 2))]);
  assertEquals(await pair.ended, "closed by the other side (code 1000)");
  pair.conn.close();
});

test("a client that breaks a rule is told which, and left", async () => {
  const begun = clientFrame(binary, bytesOf(1), { final: false });
  const join = (...parts: Uint8Array[]): Uint8Array<ArrayBuffer> =>
    Uint8Array.from(parts.flatMap((part) => [...part]));
  const limit = `more than ${MAX_BATCH_BYTES} bytes`;
  for (
    const [frame, code, words] of [
      [serverFrame(binary, bytesOf(5)), 1002, "a frame that is not masked"],
      [serverFrame(ping, bytesOf(5)), 1002, "a frame that is not masked"],
      [clientFrame(ping, bytesOf(126)), 1002, "too long"],
      [clientFrame(close, bytesOf(200), { lengthBytes: 8 }), 1002, "too long"],
      [clientFrame(ping, bytesOf(3), { final: false }), 1002, "in fragments"],
      [clientFrame(continuation, bytesOf(3)), 1002, "a continuation frame without a message"],
      [join(begun, clientFrame(binary, bytesOf(3))), 1002, "before the last fragment"],
      [Uint8Array.of(0xc2, 0x80, 0, 0, 0, 0), 1002, "reserved bits"],
      [Uint8Array.of(0x83, 0x80, 0, 0, 0, 0), 1002, "unknown kind 3"],
      [Uint8Array.of(0x81, 0x80, 0, 0, 0, 0), 1003, "not binary"],
      // 2⁶³ bytes, 2⁶³ − 1, and one too many; of none there is more than the header.
      [Uint8Array.of(0x82, 0xff, 128, 0, 0, 0, 0, 0, 0, 0, 1, 2, 3, 4), 1002, "63 bits"],
      [Uint8Array.of(0x82, 0xff, 127, ...Array(7).fill(255), 1, 2, 3, 4), 1009, limit],
      [Uint8Array.of(0x82, 0xff, 0, 0, 0, 0, 0, 32, 0, 1, 1, 2, 3, 4), 1009, limit],
      [join(begun, Uint8Array.of(0x00, 0xff, 0, 0, 0, 0, 0, 32, 0, 0, 1, 2, 3, 4)), 1009, limit],
    ] as [Uint8Array<ArrayBuffer>, number, string][]
  ) {
    const pair = (await Pair.make(undefined, "server")).start();
    await pair.say(clientFrame(binary, bytesOf(3)), frame);
    const [goodbye] = await pair.hear(close);
    const { code: heard, reason } = readClosePayload(goodbye!.payload);
    assertEquals([heard, words], [code, words]);
    assertStringIncludes(reason, words);
    // Whatever it still says is not understood any more.
    await pair.say(clientFrame(binary, bytesOf(100_000)));
    assertStringIncludes(await end(pair), words);
    assertEquals(pair.messages, [bytesOf(3)]);
  }
});

test("before it is known, a client may send little, and that is told by its header", async () => {
  const pair = await Pair.make(undefined, "server");
  pair.channel.limitMessages(4096);
  pair.start();
  await pair.say(
    clientFrame(binary, bytesOf(4096)),
    clientFrame(binary, bytesOf(4097)).slice(0, 8),
  );
  const [goodbye] = await pair.hear(close);
  assertStringIncludes(readClosePayload(goodbye!.payload).reason, "more than 4096 bytes");
  assertStringIncludes(await end(pair), "more than 4096 bytes");
  assertEquals(pair.messages.length, 1);
});

test("while it is paused nothing is read, and the other side is held back", async () => {
  const pair = await Pair.make(undefined, "server");
  const received = pair.messages;
  let pauses = true;
  pair.channel.start({
    onMessage: (bytes) => {
      received.push(bytes);
      if (pauses) pair.channel.pause();
    },
    onDrain() {},
    onClose() {},
  });
  const frame = clientFrame(binary, bytesOf(100_000));
  let said = 0, stuck = false;
  while (!stuck) {
    assert(said < 64 * 1024 * 1024, "nothing held the sender back");
    const saying = pair.say(frame).then(() => said += frame.length);
    stuck = await Promise.race([saying.then(() => false), turns(100).then(() => true)]);
    // The last one goes on when it may.
    if (stuck) saying.catch(() => {});
  }
  while (received.length < 1) await turns(1);
  assertEquals(received.length, 1);
  pair.channel.resume();
  assertEquals(received.length, 1, "a message came within resume");
  while (received.length < 2) await turns(1);
  await turns(20);
  assertEquals(received.length, 2);
  pauses = false;
  pair.channel.resume();
  pair.channel.resume();
  while (received.length < said / frame.length) await turns(1);
  assertEquals(received.at(-1), bytesOf(100_000));
  // A pause holds up no end that this side wants.
  pair.channel.pause();
  pair.channel.close();
  await pair.hear(close);
  await pair.say(clientFrame(close, Uint8Array.of(3, 232)));
  assertEquals(await pair.conn.read(new Uint8Array(1)), null);
  pair.conn.close();
});

test("a reason with what cannot be seen is shown without it", async () => {
  const pair = (await Pair.make(undefined, "server")).start();
  const reason = new TextEncoder().encode("by\r\n\u001be\ufffd");
  await pair.say(clientFrame(close, Uint8Array.of(3, 232, ...reason)));
  await pair.hear(close);
  assertEquals(await pair.ended, "closed by the other side (code 1000: by e\ufffd)");
  pair.conn.close();
});
