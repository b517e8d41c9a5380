import type { ByteReader } from "../../../lib/wire/byte_reader.ts";
import { TestStream } from "./calls.ts";

/** A stream of the caller that keeps its messages in the memory in which they came. */
export class TakingStream extends TestStream {
  readonly taken: Uint8Array[] = [];

  constructor(lends = true) {
    super();
    this.lends = lends;
  }

  override onMessage(kind: number, reader: ByteReader): void {
    const { position } = reader;
    this.taken.push(reader.takeBytes(reader.remaining));
    reader.position = position;
    super.onMessage(kind, reader);
  }
}
