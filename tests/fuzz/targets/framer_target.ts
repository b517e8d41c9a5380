/**
 * Streams of bytes through the receive ring and the batch reader.
 *
 * @module
 */

import { InternodeError } from "../../../lib/errors.ts";
import { crc32 } from "../../../lib/runtime/checksum.ts";
import type { SeededRandom } from "../../../lib/testing/time/seeded_random.ts";
import { BatchReader } from "../../../lib/wire/batch_reader.ts";
import { holdsGoodbye } from "../../../lib/wire/goodbye.ts";
import { MAX_BATCH_BYTES } from "../../../lib/wire/limits.ts";
import { ReceiveRing } from "../../../lib/wire/receive_ring.ts";
import { joined } from "../../support/session/raw_frames.ts";
import { frame, type Framing, goodbyeIn } from "./batch_twin.ts";
import { damage, EDGE_WORDS } from "../making/byte_mutator.ts";
import { type FuzzCase, type Recorder, type Setup, step } from "../fuzz_case.ts";
import { type FuzzTarget, must } from "../fuzz_target.ts";
import { sameBytes } from "../same_value.ts";
import type { Tally } from "../tally.ts";

/** A ring holds one batch, and grows by doubling. */
const MAX_RING_BYTES = 4 * (MAX_BATCH_BYTES + 8);

/** Valid and damaged streams, in pieces of any size, against a naive twin. */
export class FramerTarget implements FuzzTarget {
  readonly name = "framer";

  play(random: SeededRandom, recorder: Recorder, tally: Tally): void {
    const setup = recorder.setup = {
      openAfter: random.pick([0, 0, 1, 2, 3]),
      checksums: random.chance(0.5),
      ringBytes: random.pick([1, 16, 100, 8192]),
      maxIdleBytes: random.pick([16, 1000, 262_144]),
    };
    const stream = makeStream(random, setup.openAfter, setup.checksums);
    const steps = [];
    const largest = random.pick([1, 7, 30, 500, 70_000, stream.length]);
    for (let at = 0; at < stream.length;) {
      const next = Math.min(
        stream.length,
        at + random.int(1, Math.max(largest, stream.length >> 9)),
      );
      steps.push(recorder.note(step("bytes", { bytes: stream.subarray(at, next) })));
      at = next;
    }
    this.replay({ setup, steps }, tally);
  }

  replay({ setup, steps }: FuzzCase, tally: Tally): void {
    const stream = joined(...steps.map(({ bytes }) => bytes ?? new Uint8Array(0)));
    const openAfter = Number(setup["openAfter"]), checksums = setup["checksums"] === true;
    const expected = frame(stream, { openAfter, checksums });
    const reading = new Reading(setup, openAfter, checksums);
    for (const { bytes } of steps) if (bytes !== null) reading.feed(bytes);
    reading.compare(expected, stream);
    tally.frames.framer += Math.max(1, expected.envelopes);
    const open = expected.batches.length >= openAfter ? "open" : "handshake";
    const kind = checksums ? "checksums" : "no checksums";
    const end = expected.broken ? "broken" : expected.left > 0 ? "cut off" : "whole";
    tally.add("framer: how streams end", `${open}, ${kind}, ${end}`);
  }
}

/** The real reader at work. */
class Reading {
  readonly #reader: BatchReader;
  readonly #openAfter: number;
  readonly #checksums: boolean;
  readonly #found: Uint8Array[] = [];
  #broken = false;

  constructor(setup: Setup, openAfter: number, checksums: boolean) {
    this.#reader = new BatchReader(
      new ReceiveRing(Number(setup["ringBytes"]), Number(setup["maxIdleBytes"])),
    );
    this.#openAfter = openAfter;
    this.#checksums = checksums;
    if (openAfter === 0) this.#open();
  }

  feed(bytes: Uint8Array): void {
    const { ring } = this.#reader;
    for (let at = 0; at < bytes.length && !this.#broken;) {
      const space = this.#reader.space();
      must(space.length > 0, "there is no room for the next read");
      const count = Math.min(space.length, bytes.length - at);
      space.set(bytes.subarray(at, at + count));
      this.#reader.commit(count);
      at += count;
      this.#take();
      must(
        ring.head >= 0 && ring.head <= ring.tail && ring.tail <= ring.bytes.length &&
          ring.bytes.length <= MAX_RING_BYTES && this.#reader.wanted <= MAX_BATCH_BYTES + 8,
        () => `the ring stands at ${ring.head} to ${ring.tail} of ${ring.bytes.length} bytes`,
      );
    }
  }

  #take(): void {
    const reader = this.#reader;
    try {
      while (reader.next()) {
        const { ring, start, end } = reader;
        const batch = ring.bytes.slice(start, end);
        must(
          holdsGoodbye(ring.view, start, end) === goodbyeIn(batch),
          () => `a goodbye is overlooked or imagined in ${batch.toHex()}`,
        );
        this.#found.push(batch);
        if (this.#found.length === this.#openAfter) this.#open();
      }
    } catch (error) {
      if (!(error instanceof InternodeError) || error.code !== "ProtocolError") throw error;
      this.#broken = true;
    }
  }

  #open(): void {
    this.#reader.open(this.#checksums ? crc32 : null);
  }

  compare(expected: Framing, stream: Uint8Array): void {
    const found = this.#found, { batches, broken, left } = expected;
    must(
      this.#broken === broken && found.length === batches.length,
      () => `${found.length} batches, broken: ${this.#broken}; not ${batches.length}, ${broken}`,
    );
    batches.forEach(([start, end], index) => {
      const isSame = sameBytes(found[index]!, stream.subarray(start, end));
      must(isSame, () => `batch ${index} has other bytes than were sent`);
    });
    if (!broken) must(this.#reader.ring.length === left, "another number of bytes is left unread");
  }
}

function makeStream(
  random: SeededRandom,
  openAfter: number,
  checksums: boolean,
): Uint8Array<ArrayBuffer> {
  if (random.chance(0.04)) return random.bytes(random.int(1, 300));
  const parts: Uint8Array[] = [];
  let running = 0;
  const count = random.int(1, random.pick([3, 30, 120])), large = random.chance(0.02);
  for (let index = 0; index < count; index++) {
    const length = random.int(16, random.pick(large ? [70_000, 300_000] : [16, 40, 200, 1_200]));
    const part = new Uint8Array(8 + (index < openAfter ? Math.min(length, 4096) : length));
    const view = new DataView(part.buffer), frames = part.subarray(8);
    frames.set(random.bytes(Math.min(frames.length, 64)));
    view.setUint32(0, frames.length, true);
    if (random.chance(0.2)) part[8] = 4;
    if (random.chance(0.5)) view.setUint32(12, random.pick([0, frames.length - 16]), true);
    if (index >= openAfter && checksums) {
      running = crc32(frames, running);
      view.setUint32(4, running, true);
    }
    if (random.chance(0.004)) view.setUint32(0, random.pick(EDGE_WORDS), true);
    if (random.chance(0.004)) view.setUint32(4, 0, true);
    parts.push(part);
    // A batch again, or none where one should be: only a checksum can tell.
    if (random.chance(0.003)) parts.push(part);
    if (random.chance(0.003)) parts.pop();
  }
  if (random.chance(0.1)) parts.push(random.bytes(random.int(1, 23)));
  const stream = joined(...parts);
  return random.chance(0.25) ? damage(stream, random) : stream;
}
