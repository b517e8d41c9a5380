/**
 * Floods a victim until it is told to stop, on one connection after the other.
 *
 * @module
 */

import { sharedSecret } from "@internode/grid";
import type { FloodRow, Stage } from "./flood_rows.ts";
import { GREEDY, RawPeer } from "../scene/raw_peer.ts";
import { openBare } from "../../support/network/raw_socket.ts";
import type { Scene } from "../scene/scene.ts";

/** What was sent. */
export interface Flood {
  readonly connections: number;
  readonly bytes: number;
}

/** What bytes are sent on. */
interface Conduit {
  raw(bytes: Uint8Array): Promise<void>;
  /** Whatever comes; `null` at the end. */
  read(): Promise<unknown>;
  close(): void;
}

/** One that floods. */
export class Flooder {
  readonly #scene: Scene;
  readonly #row: FloodRow;
  readonly #flooding: Promise<void>;
  #isOver = false;
  #current: Conduit | null = null;
  #connections = 0;
  #bytes = 0;

  /** Begins. */
  constructor(scene: Scene, row: FloodRow) {
    this.#scene = scene;
    this.#row = row;
    this.#flooding = this.#flood();
  }

  /** Ends it, and says what it was. */
  async stop(): Promise<Flood> {
    this.#isOver = true;
    this.#current?.close();
    await this.#flooding;
    return { connections: this.#connections, bytes: this.#bytes };
  }

  async #flood(): Promise<void> {
    const { bytes: make, first, stage = "peer" } = this.#row, { ground } = this.#scene;
    const bytes = make(ground);
    while (!this.#isOver) {
      this.#connections++;
      let reading: Promise<void> | undefined;
      try {
        const conduit = this.#current = await openTo(this.#scene, stage);
        if (first !== undefined) await conduit.raw(first(ground));
        reading = readAll(conduit);
        do {
          await conduit.raw(bytes);
          this.#bytes += bytes.length;
        } while (bytes.length > 0 && !this.#isOver);
      } catch {
        // It was cut off.
      }
      this.#current?.close();
      this.#current = null;
      await reading;
    }
  }
}

/** Who reads no answers is soon held back, and floods no more. */
async function readAll(conduit: Conduit): Promise<void> {
  try {
    while (await conduit.read() !== null);
  } catch {
    // It was cut off.
  }
}

async function openTo(scene: Scene, stage: Stage): Promise<Conduit> {
  const { victim, hostile, secret, tls } = scene.cast;
  if (stage === "peer") return (await scene.peer({ hello: GREEDY })).socket;
  if (stage === "upgraded") {
    const token = secret === null
      ? undefined
      : sharedSecret(secret).token(hostile, victim, Date.now());
    return (await RawPeer.connect({ url: victim, tls: tls.get(hostile), token })).socket;
  }
  const bare = await openBare({ url: victim.replace(/^(?:wss?|tls):/, "tcp:") });
  const buffer = new Uint8Array(4096);
  return {
    read: () => bare.read(buffer),
    raw: async (bytes) => {
      for (let at = 0; at < bytes.length;) {
        at += await bare.write(bytes.subarray(at) as Uint8Array<ArrayBuffer>);
      }
    },
    close: () => {
      try {
        bare.close();
      } catch {
        // It has closed itself.
      }
    },
  };
}
