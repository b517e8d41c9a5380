import { assert, assertEquals, assertRejects } from "@std/assert";
import { InternodeError } from "../../lib/errors.ts";
import { runSeeded } from "../../lib/testing/mod.ts";
import {
  A,
  B,
  connect,
  connectBytes,
  makePair,
  numbered,
  readExactly,
  watch,
  writeAll,
} from "./pair.ts";

/** In any one of them some kind of piece might not occur. */
const TRANSFERS = 10;

Deno.test("bytes arrive whole and in order, in pieces of many sizes", async () => {
  await runSeeded(undefined, async (random) => {
    const sizes: number[] = [];
    for (let transfer = 0; transfer < TRANSFERS; transfer++) {
      const pair = makePair({ seed: random.seed + transfer, bufferBytes: 20_000 });
      const [dialler, acceptor] = await connectBytes(pair);
      const sent = numbered(300_000);
      const work = Promise.all([writeAll(dialler, sent), readExactly(acceptor, sent.length)]);
      const [, { bytes, pieces }] = await pair.clock.complete(work);
      assertEquals(bytes, sent);
      sizes.push(...pieces);
    }
    assert(sizes.some((size) => size < 24), "no tiny piece");
    assert(sizes.some((size) => size > 10_000), "no large piece");
  });
});

Deno.test("pieces stay as they were sent if asked to", async () => {
  const pair = makePair({ pieces: "whole" });
  const [dialler, acceptor] = await connectBytes(pair);
  const work = Promise.all([
    (async () => {
      for (const size of [10, 2_000, 1]) {
        assertEquals(await dialler.write(numbered(size)), size);
        await pair.clock.advance(20);
      }
    })(),
    readExactly(acceptor, 2_011),
  ]);
  assertEquals((await pair.clock.complete(work))[1].pieces, [10, 2_000, 1]);
});

Deno.test("a write pends when the receiver does not read, and goes on when it does", async () => {
  const pair = makePair({ bufferBytes: 1_000 });
  const [dialler, acceptor] = await connectBytes(pair);
  const writing = watch(writeAll(dialler, numbered(5_000)));
  await pair.clock.advance(60_000);
  assert(!writing.settled);
  const { bytes } = await pair.clock.complete(readExactly(acceptor, 3_000));
  assertEquals(bytes, numbered(3_000));
  await pair.clock.advance(1_000);
  assert(!writing.settled);
  await pair.clock.complete(readExactly(acceptor, 2_000));
  assert(writing.settled);
});

Deno.test("the two ends share no memory", async () => {
  const pair = makePair({ pieces: "whole" });
  const [dialler, acceptor] = await connectBytes(pair);
  const sent = numbered(100), received = new Uint8Array(100);
  await pair.clock.complete(dialler.write(sent));
  sent.fill(255);
  await pair.clock.complete(acceptor.read(received));
  assertEquals(received, numbered(100));
});

Deno.test("a sender that reuses its buffer before the write settles is found out", async () => {
  const pair = makePair({ pieces: "whole" });
  const [dialler, acceptor] = await connectBytes(pair);
  const sent = numbered(100), received = new Uint8Array(100);
  const writing = dialler.write(sent);
  sent.fill(255);
  await pair.clock.complete(writing);
  await pair.clock.complete(acceptor.read(received));
  assertEquals(received, new Uint8Array(100).fill(255));
});

Deno.test("after close the peer reads what was sent, then the end", async () => {
  const pair = makePair();
  const [dialler, acceptor] = await connectBytes(pair);
  await pair.clock.complete(writeAll(dialler, numbered(5_000)));
  dialler.close();
  dialler.close();
  const { bytes } = await pair.clock.complete(readExactly(acceptor, 9_999));
  assertEquals(bytes, numbered(5_000));
  assertEquals(await pair.clock.complete(acceptor.read(new Uint8Array(1))), null);
  acceptor.close();
  await pair.clock.advance(10);
  assertEquals([pair.network.openConnections(A), pair.network.openConnections(B)], [0, 0]);
  assertEquals(pair.clock.pendingEvents, 0);
});

Deno.test("close ends pending and later reads and writes of its side", async () => {
  const pair = makePair({ bufferBytes: 10 });
  const [dialler] = await connectBytes(pair);
  const reading = watch(dialler.read(new Uint8Array(8)));
  const writing = watch(writeAll(dialler, numbered(100)));
  await pair.clock.advance(10);
  dialler.close();
  assert(!reading.settled && !writing.settled, "never from within a call");
  await pair.clock.advance(10);
  for (const { error } of [reading, writing]) {
    assert(error instanceof InternodeError && error.code === "Closed");
    assertEquals(error.host, B);
  }
  const { clock } = pair;
  await assertRejects(() => clock.complete(dialler.read(new Uint8Array(8))), InternodeError);
  await assertRejects(() => clock.complete(dialler.write(new Uint8Array(8))), InternodeError);
});

Deno.test("who writes to a closed peer is reset", async () => {
  const pair = makePair();
  const [dialler, acceptor] = await connectBytes(pair);
  acceptor.close();
  await pair.clock.advance(10);
  await pair.clock.complete(dialler.write(numbered(10)));
  await pair.clock.advance(10);
  const error = await assertRejects(() => pair.clock.complete(dialler.write(numbered(10))));
  assert(error instanceof InternodeError && error.code === "Disconnected");
  assertEquals(error.message, "The connection was lost: memory://b reset the connection.");
  assertEquals(pair.network.openConnections(A), 0);
});

Deno.test("closing with bytes unread resets the peer, as TCP does", async () => {
  const pair = makePair();
  const [dialler, acceptor] = await connectBytes(pair);
  await pair.clock.complete(dialler.write(numbered(10)));
  await pair.clock.advance(10);
  const reading = watch(dialler.read(new Uint8Array(1)));
  acceptor.close();
  await pair.clock.advance(10);
  assert(reading.error instanceof InternodeError);
});

Deno.test("two reads or two writes at once are refused", async () => {
  const pair = makePair();
  const [dialler] = await connectBytes(pair);
  const reading = watch(dialler.read(new Uint8Array(1)));
  await assertRejects(() => dialler.read(new Uint8Array(1)), InternodeError, "one at a time");
  const writing = dialler.write(new Uint8Array(1));
  await assertRejects(() => dialler.write(new Uint8Array(1)), InternodeError, "one at a time");
  await pair.clock.complete(writing);
  assert(!reading.settled);
});

Deno.test("a reset discards unread bytes or not, as asked", async () => {
  for (const resetDropsUnread of [0, 1]) {
    const pair = makePair({ resetDropsUnread });
    const [dialler, acceptor] = await connectBytes(pair);
    await pair.clock.complete(dialler.write(numbered(10)));
    await pair.clock.advance(10);
    assertEquals(pair.network.cut(A, B), 1);
    await pair.clock.advance(10);
    const work = pair.clock.complete(readExactly(acceptor, 10));
    if (resetDropsUnread === 0) assertEquals((await work).bytes, numbered(10));
    else await assertRejects(() => work, InternodeError, "was cut");
  }
});

Deno.test("bits change on a link that corrupts, unless the channel claims integrity", async () => {
  const pair = makePair({ link: { corruption: 1 }, pieces: "whole" });
  const [dialler, acceptor] = await connectBytes(pair);
  assert(!dialler.integrity);
  await pair.clock.complete(dialler.write(numbered(100)));
  const { bytes } = await pair.clock.complete(readExactly(acceptor, 100));
  const changed = bytes.filter((byte, index) => byte !== index % 251);
  assertEquals(changed.length, 1);

  const claimed = makePair({ integrity: true, link: { corruption: 1 } });
  const [from, to] = await connectBytes(claimed);
  assert(from.integrity);
  await claimed.clock.complete(writeAll(from, numbered(100)));
  assertEquals((await claimed.clock.complete(readExactly(to, 100))).bytes, numbered(100));
});

Deno.test("a link's bandwidth is shared and its latency added", async () => {
  const link = { latencyMinMs: 7, latencyMaxMs: 7, bandwidthBytesPerMs: 100 };
  const pair = makePair({ link, pieces: "whole" });
  const [dialler, acceptor] = await connectBytes(pair);
  const [second, secondAcceptor] = await connectBytes(pair);
  const startMs = pair.clock.elapsedMs;
  const work = Promise.all([
    writeAll(dialler, numbered(5_000)),
    writeAll(second, numbered(5_000)),
    readExactly(acceptor, 5_000),
    readExactly(secondAcceptor, 5_000),
  ]);
  await pair.clock.complete(work);
  const tookMs = pair.clock.elapsedMs - startMs;
  assert(tookMs > 106 && tookMs < 109, `${tookMs} ms`);
});

Deno.test("a link that stalls now and then holds back what would arrive meanwhile, and loses nothing", async () => {
  const link = { latencyMinMs: 1, latencyMaxMs: 1, stallEveryMs: 1_000, stallMs: 300 };
  const pair = makePair({ link, pieces: "whole" });
  const [dialler, acceptor] = await connectBytes(pair);
  const late: number[] = [];
  const startMs = pair.clock.elapsedMs;
  for (let count = 0; count < 200; count++) {
    const sentMs = pair.clock.elapsedMs;
    await pair.clock.complete(
      Promise.all([writeAll(dialler, numbered(9)), readExactly(acceptor, 9)]),
    );
    const tookMs = pair.clock.elapsedMs - sentMs;
    assert(tookMs < 302, `${tookMs} ms`);
    if (tookMs > 2) late.push(tookMs);
    await pair.clock.advance(40);
  }
  const seconds = Math.ceil((pair.clock.elapsedMs - startMs) / 1_000);
  assert(late.length >= seconds - 2 && late.length <= seconds + 1, `${late} in ${seconds} s`);
});

Deno.test("mixed channels are of both kinds, the same at both ends", async () => {
  const kinds = new Set<string>();
  const pair = makePair({ channels: "mixed" });
  for (let round = 0; round < 20; round++) {
    const [dialler, acceptor] = await connect(pair);
    assertEquals(dialler.kind, acceptor.kind);
    kinds.add(dialler.kind);
  }
  assertEquals(kinds.size, 2);
});
