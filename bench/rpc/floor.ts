/**
 * The floor: what the transport itself can do with bytes that nobody frames,
 * parses or looks at.
 *
 * @module
 */

import { type ByteChannel, type Channel, systemTransports, type Transport } from "@internode/grid";
import { parseHostAddress } from "../../lib/runtime/host_address.ts";
import type { NodeIdentity } from "./identity.ts";
import { nodeTls } from "./node_tls.ts";

/** Where a raw echo is. */
export interface FloorHost {
  /** Its URL. */
  readonly href: string;
  /** By what each end proves itself; `null`: without TLS. */
  readonly identity: NodeIdentity | null;
}

const READ_BYTES = 256 * 1024;
const IN_FLIGHT_BYTES = 1024 * 1024;

function transportOf(scheme: string, identity: NodeIdentity | null): Transport {
  return identity === null ? systemTransports()[scheme]! : nodeTls(identity);
}

/** Sends everything back that comes, at that address. */
export function serveFloor(host: FloorHost): Promise<AsyncDisposable> {
  return serveChannels(host, echoAll);
}

/** Serves each that connects to that address, until it leaves. */
export async function serveChannels(
  { href, identity }: FloorHost,
  serve: (channel: Channel) => Promise<void>,
): Promise<AsyncDisposable> {
  const address = parseHostAddress(href);
  const channels = new Set<Channel>();
  const listener = await transportOf(address.scheme, identity).listen(address, {
    path: "/floor",
    accept: (channel) => {
      channels.add(channel);
      serve(channel).catch(() => {}).finally(() => {
        channel.close();
        channels.delete(channel);
      });
    },
  });
  return {
    async [Symbol.asyncDispose](): Promise<void> {
      for (const channel of channels) channel.close();
      await listener.close();
    },
  };
}

async function echoAll(channel: Channel): Promise<void> {
  if (channel.kind === "messages") {
    await new Promise<void>((resolve) => {
      channel.start({
        onMessage: (bytes) => channel.send(bytes),
        onDrain: () => {},
        onClose: () => resolve(),
      });
    });
    return;
  }
  const buffer = new Uint8Array(READ_BYTES);
  for (let count = await channel.read(buffer); count !== null; count = await channel.read(buffer)) {
    let sent = 0;
    while (sent < count) sent += await channel.write(buffer.subarray(sent, count));
  }
}

/** Connects to a raw echo. */
export async function dialFloor({ href, identity }: FloorHost): Promise<Channel> {
  const address = parseHostAddress(href);
  const { signal } = new AbortController();
  return await transportOf(address.scheme, identity).dial(address, { signal, path: "/floor" });
}

/** Writes all of it: a channel may take a part at a time. */
export async function writeAll(
  channel: ByteChannel,
  bytes: Uint8Array<ArrayBuffer>,
): Promise<void> {
  let written = await channel.write(bytes);
  while (written < bytes.length) written += await channel.write(bytes.subarray(written));
}

/** How many bytes a second come back, with 1 MiB in flight in writes of 256 KiB if nothing else is said. */
export async function measureFloor(
  host: FloorHost,
  seconds: number,
  inFlightBytes: number = IN_FLIGHT_BYTES,
  writeBytes: number = READ_BYTES,
): Promise<number> {
  const channel = await dialFloor(host);
  const chunk = new Uint8Array(writeBytes);
  const startMs = performance.now(), endMs = startMs + seconds * 1000;
  let sent = 0, received = 0;
  if (channel.kind === "messages") {
    await new Promise<void>((resolve) => {
      channel.start({
        onMessage: (bytes) => {
          received += bytes.length;
          if (performance.now() >= endMs) {
            if (received === sent) resolve();
            return;
          }
          for (; sent - received < inFlightBytes; sent += chunk.length) channel.send(chunk);
        },
        onDrain: () => {},
        onClose: () => resolve(),
      });
      for (; sent < inFlightBytes; sent += chunk.length) channel.send(chunk);
    });
  } else {
    let wake: () => void = () => {};
    const write = async (): Promise<void> => {
      // At least once, also where the machine stands still for all of the time.
      do {
        while (sent - received >= inFlightBytes) {
          await new Promise<void>((resolve) => wake = resolve);
        }
        sent += chunk.length;
        await writeAll(channel, chunk);
      } while (performance.now() < endMs);
    };
    const writing = write();
    const buffer = new Uint8Array(READ_BYTES);
    while (performance.now() < endMs || received < sent) {
      received += await channel.read(buffer) ?? 0;
      wake();
    }
    await writing;
  }
  const elapsed = (performance.now() - startMs) / 1000;
  channel.close();
  return received / elapsed;
}

/** The round trips of single messages, in microseconds, sorted. */
export async function measureRoundTrips(
  host: FloorHost,
  size: number,
  seconds: number,
): Promise<Float64Array> {
  const channel = await dialFloor(host);
  const message = new Uint8Array(size);
  const times: number[] = [];
  const endMs = performance.now() + seconds * 1000;
  if (channel.kind === "messages") {
    await new Promise<void>((resolve) => {
      let startMs = performance.now(), received = 0;
      channel.start({
        onMessage: (bytes) => {
          received += bytes.length;
          if (received < size) return;
          received = 0;
          const nowMs = performance.now();
          times.push((nowMs - startMs) * 1000);
          if (nowMs >= endMs) return resolve();
          startMs = nowMs;
          channel.send(message);
        },
        onDrain: () => {},
        onClose: () => resolve(),
      });
      channel.send(message);
    });
  } else {
    const buffer = new Uint8Array(READ_BYTES);
    do {
      const startMs = performance.now();
      await writeAll(channel, message);
      for (let received = 0; received < size;) received += await channel.read(buffer) ?? 0;
      times.push((performance.now() - startMs) * 1000);
    } while (performance.now() < endMs);
  }
  channel.close();
  return Float64Array.from(times).sort();
}
