/**
 * One end of a WebSocket connection, and the bare connection at its other end.
 *
 * @module
 */

import { assert } from "@std/assert";
import { ConnChannel } from "../../../lib/transport/tcp/conn_channel.ts";
import { FramedChannel } from "../../../lib/transport/websocket/framed_channel.ts";
import { networkAddress } from "../../../lib/runtime/host_address.ts";
import type { ReaderRole } from "../../../lib/transport/websocket/web_socket_reader.ts";
import { clientFrames, type RawFrame, serverFrames } from "./raw_web_socket.ts";

/** A channel, what it has told, and the bare connection at its other end. */
export class Pair {
  readonly channel: FramedChannel;
  readonly conn: Deno.Conn;
  readonly messages: Uint8Array[] = [];
  readonly ended: Promise<string>;
  drains = 0;
  readonly #role: ReaderRole;
  #tellEnd!: (reason: string) => void;

  static async make(closeTimeoutMs?: number, role: ReaderRole = "client"): Promise<Pair> {
    using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    const { port } = listener.addr;
    const [far, near] = await Promise.all([
      listener.accept(),
      Deno.connect({ hostname: "127.0.0.1", port }),
    ]);
    near.setNoDelay(true);
    return new Pair(near, far, networkAddress("ws", "127.0.0.1", port).href, role, closeTimeoutMs);
  }

  private constructor(
    near: Deno.Conn,
    far: Deno.Conn,
    href: string,
    role: ReaderRole,
    closeTimeoutMs?: number,
  ) {
    const channel = new ConnChannel(near, href, false);
    this.channel = new FramedChannel(channel, href, { role, closeTimeoutMs });
    this.#role = role;
    this.conn = far;
    this.ended = new Promise((resolve) => this.#tellEnd = resolve);
  }

  start(): this {
    let over = false;
    this.channel.start({
      onMessage: (bytes) => {
        assert(!over, "a message came after the end");
        this.messages.push(bytes);
      },
      onDrain: () => this.drains++,
      onClose: (reason) => {
        assert(!over, "onClose was called twice");
        over = true;
        this.#tellEnd(reason);
      },
    });
    return this;
  }

  async say(...frames: Uint8Array<ArrayBuffer>[]): Promise<void> {
    for (const frame of frames) {
      for (let at = 0; at < frame.length;) at += await this.conn.write(frame.subarray(at));
    }
  }

  /** What has come, once a frame of that kind has. */
  async hear(opcode: number): Promise<RawFrame[]> {
    let bytes = new Uint8Array(0);
    const buffer = new Uint8Array(65_536);
    for (;;) {
      const count = await this.conn.read(buffer);
      assert(count !== null, "it has left");
      const longer = new Uint8Array(bytes.length + count);
      longer.set(bytes);
      longer.set(buffer.subarray(0, count), bytes.length);
      bytes = longer;
      const frames = this.#role === "client" ? clientFrames(bytes) : serverFrames(bytes);
      if (frames.at(-1)?.opcode === opcode) return frames;
    }
  }
}

/** Bytes that differ by place and seed. */
export function bytesOf(length: number, seed = 1): Uint8Array<ArrayBuffer> {
  return new Uint8Array(length).map((_, i) => i * 7 + seed);
}

/** Ends a pair from the far end. */
export async function end(pair: Pair): Promise<string> {
  pair.conn.close();
  return await pair.ended;
}
