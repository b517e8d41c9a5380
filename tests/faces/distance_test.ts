/** One connection over a long distance: bulk fills the path, and small requests beside it do not wait. @module */

import { assert } from "@std/assert";
import { type Manager, sharedSecret, single, stream } from "@internode/grid";
import type { SimulatedCluster } from "@internode/grid/testing";
import { simulatedGrid, withPair } from "../support/simulation/simulated_grid.ts";

const KIB = 1024;
/** 1 Gbit/s. */
const BYTES_PER_MS = 125_000;
const IN_FLIGHT = 64;

const upload = stream("upload", { inputCapacity: 16, outputCapacity: 0 });
const echo = single("echo");
const small = single("small");

/** What is measured of the bulk and of the requests beside it. */
interface Figures {
  bulkBytes: number;
  readonly smallMs: number[];
}

type Bulk = (grid: SimulatedCluster<Manager>, figures: Figures, isOver: () => boolean) => unknown;

/** Messages of a stream, as fast as it takes them. */
const streamOf = (size: number): Bulk => async (grid, _figures, isOver) => {
  const call = grid.node(0).connection(grid.hosts[1]!).stream(upload, new Uint8Array());
  const message = new Uint8Array(size);
  while (!isOver()) await call.send(message);
  call.end();
  await call.finished;
};

/** So many requests at a time, whose answers are as large. */
const echoes = (size: number): Bulk => (grid, figures, isOver) => {
  const connection = grid.node(0).connection(grid.hosts[1]!), message = new Uint8Array(size);
  return Promise.all(Array.from({ length: IN_FLIGHT }, async () => {
    while (!isOver()) {
      const { length } = await connection.request(echo, message);
      figures.bulkBytes += length;
    }
  }));
};

/** Small requests, one every 7 ms, until it is over. */
async function askBeside(
  grid: SimulatedCluster<Manager>,
  figures: Figures,
  isOver: () => boolean,
): Promise<void> {
  const connection = grid.node(0).connection(grid.hosts[1]!), asked: Promise<void>[] = [];
  const ask = async (): Promise<void> => {
    const startMs = grid.clock.elapsedMs;
    await connection.request(small, new Uint8Array(64));
    figures.smallMs.push(grid.clock.elapsedMs - startMs);
  };
  while (!isOver()) {
    asked.push(ask());
    await new Promise<void>((resolve) => void grid.clock.setTimer(7, resolve));
  }
  await Promise.all(asked);
}

/** Runs bulk for a while before it counts, and then for so many seconds. */
async function measure(
  tripMs: number,
  bulk: Bulk,
  { isBeside = false, jitterMs = 0, seconds = 2 } = {},
): Promise<Figures> {
  const figures: Figures = { bulkBytes: 0, smallMs: [] };
  const link = {
    latencyMinMs: tripMs / 2,
    latencyMaxMs: tripMs / 2 + jitterMs,
    bandwidthBytesPerMs: BYTES_PER_MS,
  };
  await withPair({
    link,
    bufferBytes: 256 * KIB * KIB,
    pieces: "whole",
    serve: (manager) => {
      manager.handle(upload, async (_initial, input) => {
        for await (const { length } of input) figures.bulkBytes += length;
      });
      manager.handle(echo, (bytes) => bytes, { lendRequest: true });
      manager.handle(small, (bytes) => bytes);
    },
  }, async (grid) => {
    let isDone = false;
    const isOver = (): boolean => isDone;
    const work = [bulk(grid, figures, isOver)];
    if (isBeside) work.push(askBeside(grid, figures, isOver));
    await grid.clock.advance(1_000 + 22 * tripMs);
    figures.bulkBytes = figures.smallMs.length = 0;
    await grid.clock.advance(seconds * 1_000);
    const { bulkBytes } = figures;
    isDone = true;
    await grid.clock.complete(Promise.all(work));
    figures.bulkBytes = bulkBytes / seconds;
  });
  return figures;
}

function assertFilled({ bulkBytes }: Figures, bytesPerMs = BYTES_PER_MS): void {
  assert(bulkBytes >= 0.9 * 1_000 * bytesPerMs, `${bulkBytes} of ${1_000 * bytesPerMs} B/s`);
}

for (const tripMs of [1, 5, 20, 100, 300]) {
  Deno.test(`a stream fills a path of ${tripMs} ms, and small requests beside it take little longer than that`, async () => {
    const size = tripMs === 20 ? 256 * KIB : 64 * KIB;
    const figures = await measure(tripMs, streamOf(size), { isBeside: true });
    assertFilled(figures);
    const times = figures.smallMs.sort((a, b) => a - b);
    const p99Ms = times[Math.ceil(0.99 * times.length) - 1]!;
    assert(times.length > 200 && p99Ms <= 1.2 * tripMs + 5, `${p99Ms} ms of ${times.length}`);
  });

  Deno.test(`${IN_FLIGHT} requests at a time of 64 KiB are all under way over ${tripMs} ms`, async () => {
    const figures = await measure(tripMs, echoes(64 * KIB));
    assertFilled(figures, Math.min(BYTES_PER_MS, IN_FLIGHT * 64 * KIB / (tripMs + 1.1)));
  });
}

Deno.test("small messages of a stream do not wait for credit over a distance", async () => {
  // 50,000 messages a round trip, where the contract allows 16.
  const figures = await measure(100, async (grid, _figures, isOver) => {
    const call = grid.node(0).connection(grid.hosts[1]!).stream(upload, new Uint8Array());
    const message = new Uint8Array(64), sends: Promise<unknown>[] = [];
    while (!isOver()) {
      for (let count = 0; count < 500; count++) sends.push(call.send(message));
      await new Promise<void>((resolve) => void grid.clock.setTimer(1, resolve));
      await Promise.all(sends.splice(0));
    }
    call.end();
    await call.finished;
  }, { seconds: 1 });
  const messages = figures.bulkBytes / 64;
  assert(messages > 20_000, `${messages} a second, where 160 would be sent by the capacity alone`);
});

Deno.test("jitter does not keep a stream from filling its path", async () => {
  const figures = await measure(100, streamOf(64 * KIB), { jitterMs: 10 });
  assertFilled(figures);
});

for (const secret of [undefined, "a secret of many bytes"]) {
  const trips = 3;
  Deno.test(`the first answer comes ${trips} round trips after the dial ${secret === undefined ? "without" : "with"} a secret`, async () => {
    for (const channels of ["bytes", "messages"] as const) {
      const grid = simulatedGrid({
        channels,
        link: { latencyMinMs: 50, latencyMaxMs: 50 },
        options: () => (secret === undefined ? {} : { auth: sharedSecret(secret) }),
        serve: (manager) => manager.handle(small, (bytes) => bytes),
      });
      await grid.run(async () => {
        const startMs = grid.clock.elapsedMs;
        await grid.start();
        // Made before there is a connection, so that it leaves as soon as it may: one for the dial, one for the hellos and the acceptor's proof, one for the call and the dialler's.
        await grid.node(0).connection(grid.hosts[1]!).request(small, new Uint8Array(1));
        const passed = (grid.clock.elapsedMs - startMs) / 100;
        assert(passed >= trips && passed < trips + 0.1, `${passed} round trips (${channels})`);
      });
      await grid.close();
    }
  });
}
