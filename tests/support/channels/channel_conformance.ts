/**
 * What every transport must do, in one suite that runs over each of them.
 *
 * @module
 */

import { assert, assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { InternodeError } from "../../../lib/errors.ts";
import type { Channel, Transport } from "../../../lib/transport/channel/transport.ts";
import { Acceptor, dialOptions, turns } from "./acceptor.ts";
import { type Pipe, pipeOf } from "./channel_pipe.ts";

/** A transport under test. */
export interface Subject {
  /** For the names of the tests. */
  name: string;
  /** Whether what it needs is permitted; its tests are ignored otherwise. */
  permitted: boolean;
  /** Makes the transport. */
  transport: () => Transport;
  /** An address to listen on, another one each time. */
  freshAddress: () => string;
  /** What `remote` of an accepted channel begins with. */
  acceptedRemote: string;
  /** Whether the runtime's HTTP server accepts: an upgrade whose client leaves just then never completes there (Deno 2.9.6). */
  upgradesNatively?: boolean;
}

/** Enough turns for the kernel and the runtime to move what can be moved. */
const SETTLING_TURNS = 40;

/** Declares the tests. */
export function testTransport(subject: Subject): void {
  const test = (
    what: string,
    body: (transport: Transport) => Promise<void>,
    options: { sanitizeOps?: boolean } = {},
  ): void =>
    Deno.test({
      ...options,
      name: `${subject.name}: ${what}`,
      ignore: !subject.permitted,
      fn: () => body(subject.transport()),
    });
  const connected = (what: string, body: (near: Pipe, far: Pipe) => Promise<void>): void =>
    test(what, async (transport) => {
      const acceptor = await Acceptor.on(transport, subject.freshAddress());
      const near = pipeOf(await transport.dial(acceptor.address, dialOptions()));
      const far = pipeOf(await acceptor.next());
      try {
        await body(near, far);
      } finally {
        await closeBoth(near, far);
        await acceptor.end();
      }
      assertEquals(acceptor.errors, []);
    });

  connected("both ends have a name for the other one", (near, far) => {
    assertStringIncludes(near.channel.remote, "://");
    assertStringIncludes(far.channel.remote, subject.acceptedRemote);
    return Promise.resolve();
  });

  connected("bytes arrive in order", async (near, far) => {
    const sent = new Uint8Array(1000).map((_, i) => i);
    for (let at = 0; at < sent.length; at += 10) await near.send(sent.subarray(at, at + 10));
    assertEquals(await gather(far, sent.length), sent);
  });

  connected("what was sent may be changed once it is sent", async (near, far) => {
    const bytes = new Uint8Array(100).fill(1);
    await near.send(bytes);
    bytes.fill(2);
    await near.send(bytes);
    bytes.fill(3);
    const received = await gather(far, 200);
    assertEquals(received, new Uint8Array(200).fill(1).fill(2, 100));
  });

  connected("large transfers run both ways at once", async (near, far) => {
    const seed = crypto.getRandomValues(new Uint32Array(1))[0]!;
    console.log(`chunk sizes from seed ${seed}`);
    const total = 12 * 1024 * 1024;
    await Promise.all([
      sendRandom(near, total, seed),
      sendRandom(far, total, seed + 1),
      receiveRandom(near, total, seed + 1),
      receiveRandom(far, total, seed),
    ]);
  });

  for (const sender of ["dialler", "acceptor"] as const) {
    connected(
      `a ${sender} that is not read from is held back, and goes on when it is`,
      async (...ends) => {
        const [near, far] = sender === "dialler" ? ends : ends.toReversed() as [Pipe, Pipe];
        if (near.channel.kind === "messages") {
          const chunk = new Uint8Array(64 * 1024);
          let sent = 0;
          for (; !near.channel.congested; sent += chunk.length) {
            assert(sent < 64 * 1024 * 1024, "nothing held the sender back");
            near.channel.send(chunk);
          }
          const sending = near.send(new Uint8Array(1));
          await gather(far, sent + 1);
          await sending;
          assertEquals(near.channel.congested, false);
          return;
        }
        const chunk = new Uint8Array(256 * 1024);
        let sent = 0, pending: Promise<void> | undefined;
        while (pending === undefined) {
          assert(sent < 64 * 1024 * 1024, "nothing held the sender back");
          const sending = near.send(chunk);
          const settled = await Promise.race([sending.then(() => true), turns(SETTLING_TURNS)]);
          sent += chunk.length;
          if (settled !== true) pending = sending;
        }
        await gather(far, sent);
        await pending;
      },
    );
  }

  for (const closer of ["dialler", "acceptor"] as const) {
    connected(
      `what was sent before the ${closer} closes arrives, then the end`,
      async (near, far) => {
        const [mine, other] = closer === "dialler" ? [near, far] : [far, near];
        await mine.send(new Uint8Array(5000).fill(7));
        mine.channel.close();
        assertEquals(await gather(other, 5000), new Uint8Array(5000).fill(7));
        assertEquals(await other.receive(), null);
        await other.ended;
      },
    );
  }

  connected("closing ends a pending read and may be repeated", async (near, far) => {
    const reading = near.receive(), otherReading = far.receive();
    near.channel.close();
    near.channel.close();
    assertEquals(await reading, null);
    assertEquals(await otherReading, null);
    near.channel.close();
    far.channel.close();
    far.channel.close();
  });

  connected("closing ends a pending write", async (near) => {
    if (near.channel.kind === "messages") return;
    const chunk = new Uint8Array(1024 * 1024);
    const writing = (async () => {
      for (;;) await near.send(chunk);
    })();
    const rejected = assertRejects(() => writing);
    await turns(SETTLING_TURNS);
    near.channel.close();
    await rejected;
  });

  connected(
    "sending after the other end has closed ends in a failure or in nothing",
    async (near, far) => {
      far.channel.close();
      await assertRejects(async () => {
        for (;;) {
          await near.send(new Uint8Array(1000));
          await turns(1);
        }
      });
    },
  );

  test("a dial to nobody is refused, with the address and advice", async (transport) => {
    const acceptor = await Acceptor.on(transport, subject.freshAddress());
    const { address } = acceptor;
    await acceptor.end();
    const error = await assertRejects(
      () => transport.dial(address, dialOptions()),
      InternodeError,
      address.href,
    );
    assertEquals([error.code, error.outcome, error.host], ["Unreachable", "notSent", address.href]);
  });

  test(
    "a dial that is aborted before, during or just after it began ends with the reason",
    async (transport) => {
      const acceptor = await Acceptor.on(transport, subject.freshAddress());
      const reason = new Error("changed my mind");
      const before = dialOptions({ signal: AbortSignal.abort(reason) });
      assertEquals(await assertRejects(() => transport.dial(acceptor.address, before)), reason);
      for (let turnsBefore = 0; turnsBefore < 6; turnsBefore++) {
        const controller = new AbortController();
        const dialling = transport.dial(acceptor.address, dialOptions(controller));
        const outcome = dialling.then((channel) => channel, (error: unknown) => error);
        await turns(turnsBefore);
        controller.abort(reason);
        const end = await outcome;
        // It may have come about before the abort, and is the caller's then.
        if (end !== reason) (end as Channel).close();
      }
      // A later dial is not disturbed, and every accepted channel ends by itself.
      const last = pipeOf(await transport.dial(acceptor.address, dialOptions()));
      await last.send(new Uint8Array([42]));
      for (;;) {
        const far = pipeOf(await acceptor.next());
        const first = await far.receive();
        if (first === null) {
          far.channel.close();
          continue;
        }
        assertEquals(first, new Uint8Array([42]));
        await closeBoth(last, far);
        break;
      }
      await acceptor.end();
    },
    { sanitizeOps: subject.upgradesNatively !== true },
  );

  test("after the listener has closed, connections live on and dials are refused", async (transport) => {
    const acceptor = await Acceptor.on(transport, subject.freshAddress());
    const near = pipeOf(await transport.dial(acceptor.address, dialOptions()));
    const far = pipeOf(await acceptor.next());
    await acceptor.listener.close();
    await acceptor.listener.close();
    await assertRejects(
      () => transport.dial(acceptor.address, dialOptions()),
      InternodeError,
      acceptor.address.href,
    );
    await near.send(new Uint8Array([1, 2, 3]));
    assertEquals(await gather(far, 3), new Uint8Array([1, 2, 3]));
    await far.send(new Uint8Array([4]));
    assertEquals(await gather(near, 1), new Uint8Array([4]));
    await closeBoth(near, far);
    await acceptor.listener.finished;
    const again = await Acceptor.on(transport, acceptor.address.href);
    await again.end();
  });

  test("two cannot listen on one address", async (transport) => {
    const acceptor = await Acceptor.on(transport, subject.freshAddress());
    const { address } = acceptor;
    await assertRejects(() => Acceptor.on(transport, address.href), InternodeError, address.href);
    const near = pipeOf(await transport.dial(address, dialOptions()));
    // A transport may have looked who lives there, so a channel that ends at once is not this one.
    await near.send(new Uint8Array([1]));
    for (;;) {
      const far = pipeOf(await acceptor.next());
      const first = await far.receive();
      far.channel.close();
      await drained(far);
      if (first !== null) break;
    }
    near.channel.close();
    await drained(near);
    await acceptor.end();
  });

  test("a hundred dials at once each get a connection of their own", async (transport) => {
    const acceptor = await Acceptor.on(transport, subject.freshAddress());
    const serving = (async () => {
      for (let i = 0; i < 100; i++) void echoOnce(await acceptor.next());
    })();
    await Promise.all(Array.from({ length: 100 }, async (_, i) => {
      const pipe = pipeOf(await transport.dial(acceptor.address, dialOptions()));
      await pipe.send(new Uint8Array([i, i]));
      assertEquals(await gather(pipe, 2), new Uint8Array([i, i]));
      pipe.channel.close();
      await drained(pipe);
    }));
    await serving;
    await acceptor.end();
    assertEquals(acceptor.errors, []);
  });
}

/** Receives exactly so many bytes. */
export async function gather(pipe: Pipe, count: number): Promise<Uint8Array> {
  const all = new Uint8Array(count);
  for (let at = 0; at < count;) {
    const chunk = await pipe.receive();
    assert(chunk !== null, `the channel ended after ${at} of ${count} bytes`);
    assert(at + chunk.length <= count, `more than ${count} bytes came`);
    all.set(chunk, at);
    at += chunk.length;
  }
  return all;
}

/** Closes both ends and waits until each knows. */
export async function closeBoth(near: Pipe, far: Pipe): Promise<void> {
  near.channel.close();
  far.channel.close();
  await Promise.all([drained(near), drained(far)]);
}

/** Waits for the end of a channel, whatever still comes. */
export async function drained(pipe: Pipe): Promise<void> {
  while (await pipe.receive() !== null);
  await pipe.ended;
}

async function echoOnce(channel: Channel): Promise<void> {
  const pipe = pipeOf(channel);
  await pipe.send(new Uint8Array(await gather(pipe, 2)));
  await drained(pipe);
  channel.close();
}

/** A small generator of numbers from 0 to 2³² − 1 (xorshift). */
function numbers(seed: number): () => number {
  let state = (seed >>> 0) || 1;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return state >>>= 0;
  };
}

/** Bytes that only their place and the seed decide. */
function fill(chunk: Uint8Array, at: number, seed: number): void {
  for (let i = 0; i < chunk.length; i++) {
    const place = at + i;
    chunk[i] = (place ^ place >>> 8 ^ place >>> 16) + seed;
  }
}

async function sendRandom(pipe: Pipe, total: number, seed: number): Promise<void> {
  const next = numbers(seed);
  for (let at = 0; at < total;) {
    // Mostly small ones, now and then one of 1 MiB.
    const size = Math.min(total - at, 1 + next() % (1 << (next() % 21)));
    const chunk = new Uint8Array(size);
    fill(chunk, at, seed);
    await pipe.send(chunk);
    at += size;
  }
}

async function receiveRandom(pipe: Pipe, total: number, seed: number): Promise<void> {
  for (let at = 0; at < total;) {
    const chunk = await pipe.receive();
    assert(chunk !== null, `the channel ended after ${at} of ${total} bytes`);
    const expected = new Uint8Array(chunk.length);
    fill(expected, at, seed);
    for (let i = 0; i < chunk.length; i++) {
      if (chunk[i] !== expected[i]) throw new Error(`byte ${at + i} is ${chunk[i]} (seed ${seed})`);
    }
    at += chunk.length;
  }
}
