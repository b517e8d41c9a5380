/**
 * Streams of raw bytes that a server sends, on any face.
 *
 * @module
 */

import { stream } from "@internode/grid";
import { numbered } from "../support/session/calls.ts";
import type { Face, Ground } from "./ground.ts";

export const KIB = 1024;
export const NONE: Uint8Array<ArrayBuffer> = new Uint8Array(0);
/** What the server sends. */
export const out = stream("out", { inputCapacity: 0, outputCapacity: 16 });

/** Messages of these sizes, each with other bytes. */
export function messagesOf(sizes: readonly number[]): Uint8Array<ArrayBuffer>[] {
  return sizes.map((size, round) => numbered(size, round));
}

/** A server that sends these, and then what is asked for. */
export function sending(
  face: Face,
  messages: readonly Uint8Array[],
  after: () => unknown = () => {},
): Promise<Ground> {
  return face.start({
    handlers: (to) =>
      to.handle(out, async function* () {
        yield* messages;
        await after();
      }),
  });
}
