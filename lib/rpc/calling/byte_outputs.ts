/**
 * The outputs of a stream of raw bytes as a byte stream of the platform.
 *
 * @module
 */

import { InternodeError } from "../../errors.ts";
import { shown } from "../../foreign/text_of.ts";
import { isBytes, plainBytes } from "../../foreign/plain_bytes.ts";

/** Where the bytes come from. */
export interface ByteSource {
  /** The messages. */
  readonly outputs: AsyncIterator<unknown>;
  /** Whether each message belongs to its reader: nobody else has it, or reads it later. */
  readonly ownsOutputs: boolean;
  /** From now on a message is used up before the next is asked for; absent where that is of no use. */
  lendOutputs?(): void;
}

/**
 * Makes a byte stream. A read with a buffer (`mode: "byob"`) fills it from one
 * message, and the next read gets the rest of that message. Other reads get a
 * whole message as a chunk, which belongs to the reader. Empty messages are
 * skipped, as a byte stream has no such chunks.
 */
export function byteStreamOf(
  source: ByteSource,
  cancel: (reason: unknown) => void,
): ReadableStream<Uint8Array<ArrayBuffer>> {
  let rest: Uint8Array<ArrayBuffer> = NONE;
  return new ReadableStream({
    type: "bytes",
    async pull(controller): Promise<void> {
      if (controller.byobRequest !== null) source.lendOutputs?.();
      while (rest.length === 0) {
        const { done, value } = await source.outputs.next();
        if (done === true) return close(controller);
        rest = bytesOf(value);
      }
      const taken = rest, request = controller.byobRequest, view = request?.view ?? null;
      if (request === null || view === null) {
        rest = NONE;
        return controller.enqueue(ownedBy(source, taken));
      }
      const count = Math.min(taken.length, view.byteLength);
      const target = new Uint8Array(view.buffer, view.byteOffset, count);
      target.set(taken.subarray(0, count));
      rest = taken.subarray(count);
      request.respond(count);
    },
    cancel(reason): void {
      cancel(reason);
      // Unread messages go back at once; what interceptors hold hears of it by the cancelled stream.
      if (source.lendOutputs !== undefined) void source.outputs.return?.();
    },
  });
}

function close(controller: ReadableByteStreamController): void {
  controller.close();
  // Else a read with a buffer would wait for ever.
  controller.byobRequest?.respond(0);
}

/** An interceptor may have put anything in their place. */
function bytesOf(value: unknown): Uint8Array<ArrayBuffer> {
  if (isBytes(value)) return plainBytes(value);
  throw new InternodeError(
    "InvalidPayload",
    `A Uint8Array was expected, not ${shown(value)}.`,
    { origin: "caller", outcome: "executed" },
  );
}

/** The stream takes the whole buffer, so nothing else may be in it. */
function ownedBy(
  { ownsOutputs }: ByteSource,
  bytes: Uint8Array<ArrayBuffer>,
): Uint8Array<ArrayBuffer> {
  return ownsOutputs && bytes.length === bytes.buffer.byteLength ? bytes : bytes.slice();
}

const NONE = new Uint8Array(0);
