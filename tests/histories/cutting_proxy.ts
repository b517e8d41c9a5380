/**
 * A proxy between real sockets that cuts connections in the middle of what they carry.
 *
 * @module
 */

import type { SeededRandom } from "@internode/grid/testing";
import { type HostAddress, parseHostAddress } from "../../lib/runtime/host_address.ts";

/** After how many bytes a connection is cut, at least and at most. */
const CUT_BYTES = [1, 6_000] as const;

/** Stands before a host; bytes go through until so many have, then both ends are gone. */
export class CuttingProxy {
  /** Where it listens. */
  readonly address: HostAddress;
  /** How many connections it has cut. */
  cuts = 0;
  /** Whether it cuts any more. */
  cutting = true;
  /** Whether anybody has come. */
  isUsed = false;
  readonly #listener: Deno.Listener;
  readonly #target: HostAddress;
  readonly #random: SeededRandom;
  readonly #conns = new Set<Deno.Conn>();
  readonly #pumps = new Set<Promise<void>>();
  readonly #accepting: Promise<void>;

  /**
   * @param target Where bytes go.
   * @param at Where it listens; a port of 0 is chosen by the system.
   */
  constructor(target: HostAddress, at: HostAddress, random: SeededRandom) {
    this.#target = target;
    this.#random = random;
    this.#listener = listenAt(at);
    const port = at.scheme === "unix" ? "" : (this.#listener.addr as Deno.NetAddr).port;
    this.address = at.scheme === "unix"
      ? at
      : parseHostAddress(`${at.scheme}://${at.hostname}:${port}`);
    this.#accepting = this.#accept();
  }

  /** Ends it, and all that goes through it. */
  async close(): Promise<void> {
    this.#listener.close();
    await this.#accepting;
    for (const conn of this.#conns) this.#end(conn);
    await Promise.all(this.#pumps);
  }

  async #accept(): Promise<void> {
    try {
      for await (const conn of this.#listener) this.#start(this.#join(conn));
    } catch {
      // It was closed.
    }
  }

  #start(work: Promise<void>): void {
    this.#pumps.add(work);
    work.then(() => this.#pumps.delete(work));
  }

  async #join(near: Deno.Conn): Promise<void> {
    this.isUsed = true;
    this.#conns.add(near);
    let far: Deno.Conn;
    try {
      far = await dialAt(this.#target);
    } catch {
      return this.#end(near);
    }
    this.#conns.add(far);
    let leftBytes = this.#random.int(...CUT_BYTES);
    /** Whether so many bytes may still pass. */
    const take = (bytes: number): boolean => {
      leftBytes -= bytes;
      return !this.cutting || leftBytes > 0;
    };
    await Promise.all([this.#pump(near, far, take), this.#pump(far, near, take)]);
  }

  async #pump(from: Deno.Conn, to: Deno.Conn, take: (bytes: number) => boolean): Promise<void> {
    const buffer = new Uint8Array(16 * 1024);
    try {
      for (;;) {
        const count = await from.read(buffer);
        if (count === null) break;
        if (!take(count)) {
          this.cuts++;
          // Some of it arrives still.
          await to.write(buffer.subarray(0, this.#random.int(0, count)));
          break;
        }
        for (let at = 0; at < count;) at += await to.write(buffer.subarray(at, count));
      }
    } catch {
      // The other pump has ended both, or one end has gone.
    }
    this.#end(from);
    this.#end(to);
  }

  #end(conn: Deno.Conn): void {
    if (this.#conns.delete(conn)) conn.close();
  }
}

function listenAt({ scheme, hostname, port, path }: HostAddress): Deno.Listener {
  return scheme === "unix"
    ? Deno.listen({ transport: "unix", path })
    : Deno.listen({ hostname, port });
}

function dialAt({ scheme, hostname, port, path }: HostAddress): Promise<Deno.Conn> {
  return scheme === "unix"
    ? Deno.connect({ transport: "unix", path })
    : Deno.connect({ hostname, port });
}
