/**
 * The floor of what moves one way: a raw transfer over the transport itself.
 * One end writes as fast as it can, the other reads and drops what comes.
 * Nobody frames, checks or keeps anything.
 *
 * @module
 */

import type { ByteChannel, Channel } from "@internode/grid";
import { dialFloor, type FloorHost, serveChannels, writeAll } from "../rpc/floor.ts";

/** Where the bytes go: to the process that serves the floor, or from it. */
export type Direction = "in" | "out";

/** What is sent in one write, and what a read asks for: the best of these is the floor. */
export const CHUNK_SIZES: readonly number[] = [65_536, 262_144, 1_048_576];

/** Whoever takes says so each time it has so many, so that the other end knows when all has come. */
const CONFIRMED_BYTES = 4 * 1024 * 1024;
/** The first message: a direction, and the size of a write. */
const ORDER_BYTES = 5;

/** Gives or takes, as each that connects asks. */
export function serveOneWay(host: FloorHost): Promise<AsyncDisposable> {
  return serveChannels(host, serve);
}

async function serve(channel: Channel): Promise<void> {
  if (channel.kind === "messages") return await serveMessages(channel);
  const order = new Uint8Array(ORDER_BYTES);
  for (let count = 0; count < ORDER_BYTES;) {
    count += await channel.read(order.subarray(count)) ?? ORDER_BYTES;
  }
  const { direction, chunkBytes } = readOrder(order);
  if (direction === "out") {
    const chunk = new Uint8Array(chunkBytes);
    for (;;) await writeAll(channel, chunk);
  }
  const buffer = new Uint8Array(chunkBytes), one = new Uint8Array(1);
  let confirmed = 0;
  for (let taken = 0;;) {
    const count = await channel.read(buffer);
    if (count === null) return;
    taken += count;
    for (; taken - confirmed >= CONFIRMED_BYTES; confirmed += CONFIRMED_BYTES) {
      await channel.write(one);
    }
  }
}

function serveMessages(channel: Channel & { kind: "messages" }): Promise<void> {
  let order: ReturnType<typeof readOrder> | null = null, chunk = new Uint8Array(0);
  let unconfirmed = 0;
  const give = (): void => {
    while (!channel.congested) channel.send(chunk);
  };
  return new Promise((resolve) =>
    channel.start({
      onMessage(bytes): void {
        // Over TLS the first bytes may come with the order.
        let taken = bytes.length;
        if (order === null) {
          order = readOrder(bytes);
          taken -= ORDER_BYTES;
          chunk = new Uint8Array(order.chunkBytes);
          if (order.direction === "out") give();
        }
        for (unconfirmed += taken; unconfirmed >= CONFIRMED_BYTES;) {
          unconfirmed -= CONFIRMED_BYTES;
          channel.send(new Uint8Array(1));
        }
      },
      onDrain(): void {
        if (order?.direction === "out") give();
      },
      onClose: () => resolve(),
    })
  );
}

/** How many bytes a second move in that direction, for so many seconds. */
export async function measureOneWay(
  host: FloorHost,
  direction: Direction,
  chunkBytes: number,
  seconds: number,
): Promise<number> {
  const channel = await dialFloor(host);
  try {
    const order = orderOf(direction, chunkBytes);
    if (channel.kind === "messages") {
      return await measureMessages(channel, order, direction, chunkBytes, seconds);
    }
    await writeAll(channel, order);
    return direction === "out"
      ? await take(channel, chunkBytes, seconds)
      : await give(channel, chunkBytes, seconds);
  } finally {
    channel.close();
  }
}

async function take(channel: ByteChannel, chunkBytes: number, seconds: number): Promise<number> {
  const buffer = new Uint8Array(chunkBytes);
  const startMs = performance.now(), endMs = startMs + seconds * 1000;
  let taken = 0, nowMs = startMs;
  for (; nowMs < endMs; nowMs = performance.now()) taken += await channel.read(buffer) ?? 0;
  return taken / (nowMs - startMs) * 1000;
}

async function give(channel: ByteChannel, chunkBytes: number, seconds: number): Promise<number> {
  const chunk = new Uint8Array(chunkBytes), confirmations = new Uint8Array(1024);
  const startMs = performance.now(), endMs = startMs + seconds * 1000;
  let given = 0, over = false;
  const write = async (): Promise<void> => {
    // Whole confirmed pieces, or the last would never be confirmed.
    for (; !over || given % CONFIRMED_BYTES !== 0; given += chunkBytes) {
      await writeAll(channel, chunk);
      over ||= performance.now() >= endMs;
    }
  };
  const writing = write();
  let confirmed = 0;
  while (!over || confirmed < given) {
    confirmed += (await channel.read(confirmations) ?? 0) * CONFIRMED_BYTES;
  }
  await writing;
  return confirmed / (performance.now() - startMs) * 1000;
}

function measureMessages(
  channel: Channel & { kind: "messages" },
  order: Uint8Array<ArrayBuffer>,
  direction: Direction,
  chunkBytes: number,
  seconds: number,
): Promise<number> {
  const chunk = new Uint8Array(chunkBytes);
  const startMs = performance.now(), endMs = startMs + seconds * 1000;
  let given = 0, moved = 0;
  return new Promise((resolve, reject) => {
    const give = (): void => {
      if (direction === "out") return;
      const isOver = (): boolean => performance.now() >= endMs;
      while (!channel.congested && (!isOver() || given % CONFIRMED_BYTES !== 0)) {
        channel.send(chunk);
        given += chunkBytes;
      }
    };
    channel.start({
      onMessage(bytes): void {
        moved += direction === "out" ? bytes.length : bytes.length * CONFIRMED_BYTES;
        const nowMs = performance.now();
        if (nowMs < endMs || (direction === "in" && moved < given)) return;
        resolve(moved / (nowMs - startMs) * 1000);
      },
      onDrain: give,
      onClose: (reason) => reject(new Error(reason)),
    });
    channel.send(order);
    give();
  });
}

function orderOf(direction: Direction, chunkBytes: number): Uint8Array<ArrayBuffer> {
  const order = new Uint8Array(ORDER_BYTES);
  order[0] = direction === "out" ? 1 : 0;
  new DataView(order.buffer).setUint32(1, chunkBytes, true);
  return order;
}

function readOrder(order: Uint8Array): { direction: Direction; chunkBytes: number } {
  const view = new DataView(order.buffer, order.byteOffset, ORDER_BYTES);
  return { direction: order[0] === 1 ? "out" : "in", chunkBytes: view.getUint32(1, true) };
}
