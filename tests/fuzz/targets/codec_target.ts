/**
 * Values and hostile bytes through codecs.
 *
 * @module
 */

import { fromBytes, toBytes } from "../../../lib/codec/mod.ts";
import { InternodeError } from "../../../lib/errors.ts";
import type { SeededRandom } from "../../../lib/testing/time/seeded_random.ts";
import { ByteReader } from "../../../lib/wire/byte_reader.ts";
import { ByteWriter } from "../../../lib/wire/byte_writer.ts";
import { type FuzzCase, type Recorder, type Step, step } from "../fuzz_case.ts";
import { type FuzzTarget, must } from "../fuzz_target.ts";
import { hostile } from "../making/message_pack_mutator.ts";
import { leastBytes, sameValue } from "../same_value.ts";
import { HAND_MADE_COUNT, type Schema, schema } from "../making/schema.ts";
import { gist, type Tally } from "../tally.ts";

const VALUES = 5;
const MUTANTS = 30;
/** So many contracts by chance in all: the runtime keeps what `new Function` has made for good. */
const GENERATED = 100;
/** No message of this target takes nearly as long, unless reading it takes more than a few passes. */
const MAX_DECODE_MS = 2_000;

/** Round trips of values, and of whatever a decoder makes of damaged bytes. */
export class CodecTarget implements FuzzTarget {
  readonly name = "codec";

  play(random: SeededRandom, recorder: Recorder, tally: Tally): void {
    const schemaSeed = random.chance(0.4)
      ? random.int(0, HAND_MADE_COUNT - 1)
      : HAND_MADE_COUNT + random.seed % 1_000_000 * GENERATED + random.int(0, GENERATED - 1);
    recorder.setup = { schemaSeed };
    const made = schema(schemaSeed);
    for (let value = 0; value < VALUES; value++) {
      const seed = random.int(0, 2 ** 31);
      act(made, recorder.note(step("value", { a: seed })), tally);
      act(
        made,
        recorder.note(step("misfit", { a: random.int(0, HAND_MADE_COUNT + 20), b: seed })),
        tally,
      );
      const good = toBytes(made.codec, made.make(seed));
      for (let mutant = 0; mutant < MUTANTS; mutant++) {
        act(made, recorder.note(step("decode", { bytes: hostile(good, random) })), tally);
      }
    }
  }

  replay({ setup, steps }: FuzzCase, tally: Tally): void {
    const made = schema(Number(setup["schemaSeed"]));
    for (const taken of steps) act(made, taken, tally);
  }
}

function act(made: Schema, { op, a, b, bytes }: Step, tally: Tally): void {
  tally.frames.codec++;
  if (op === "value") roundTrip(made, made.make(a));
  else if (op === "misfit") tally.add("codec: misfits", misfit(made, a, b));
  else if (bytes !== null) tally.add(`codec: ${made.name}`, decode(made, bytes));
  must(
    Object.keys(Object.prototype).length + Object.keys(Array.prototype).length === 0 &&
      !("polluted" in {}),
    "a prototype was changed",
  );
}

function roundTrip({ codec, losesSign }: Schema, value: unknown): void {
  const bytes = toBytes(codec, value);
  must(
    sameValue(fromBytes(codec, bytes), value, losesSign),
    () => `a value is lost: ${bytes.toHex()}`,
  );
}

/** A value of another contract: it is refused, or it fits this one as well. */
function misfit(made: Schema, otherSeed: number, valueSeed: number): string {
  const value = schema(otherSeed).make(valueSeed);
  const writer = new ByteWriter(8);
  writer.append(new Uint8Array(3));
  try {
    made.codec.encode(value, writer);
  } catch (error) {
    mustBeRefusal(error);
    must(writer.position === 3, "a refused value has left something in the writer");
    return "refused";
  }
  const bytes = writer.bytes.slice(3, writer.position);
  roundTrip(made, fromBytes(made.codec, bytes));
  return "fit all the same";
}

function decode({ codec, losesSign }: Schema, bytes: Uint8Array): string {
  const startMs = performance.now();
  const alone = attempt(() => fromBytes(codec, bytes));
  const ms = performance.now() - startMs;
  must(ms < MAX_DECODE_MS, () => `${bytes.length} bytes took ${ms} ms`);
  compareWithin(codec, bytes, alone);
  if (alone.error !== null) return gist(withoutPlace(alone.error));
  const { value } = alone;
  must(!hasProtoKey(value), "a key is __proto__");
  must(leastBytes(value) <= bytes.length, () => `${bytes.length} bytes became more`);
  const again = attempt(() => fromBytes(codec, toBytes(codec, value)));
  must(
    again.error === null && sameValue(again.value, value, losesSign),
    () => `what was read is not what is read when written again: ${again.error ?? bytes.toHex()}`,
  );
  return "read";
}

/** What is wrong, whatever it is about. */
function withoutPlace(message: string): string {
  const at = message.search(/(?:is|has|must|does|begins|stands|bytes follow) /);
  return message.slice(at).replace(/"(?:[^"\\]|\\.)*"?/gs, '"…"');
}

/** Only a map may have such a key: whoever copies an object that does would give the copy a prototype. */
function hasProtoKey(value: unknown): boolean {
  if (typeof value !== "object" || value === null || value instanceof Uint8Array) return false;
  if (Object.hasOwn(value, "__proto__")) return true;
  return (value instanceof Map ? [...value.values()] : Object.values(value)).some(hasProtoKey);
}

interface Attempt {
  readonly value: unknown;
  readonly error: string | null;
}

function attempt(run: () => unknown): Attempt {
  try {
    return { value: run(), error: null };
  } catch (error) {
    mustBeRefusal(error);
    return { value: undefined, error: (error as Error).message };
  }
}

function mustBeRefusal(error: unknown): void {
  if (!(error instanceof InternodeError) || error.code !== "InvalidPayload") throw error;
}

const reader = new ByteReader();
let around = new Uint8Array(1 << 16).fill(0x90);

/** The bytes around a message are none of its business. */
function compareWithin(codec: Schema["codec"], bytes: Uint8Array, alone: Attempt): void {
  const start = 7, end = start + bytes.length;
  if (around.length < end + 16) around = new Uint8Array(2 * end).fill(0x90);
  around.set(bytes, start);
  reader.reset(around, start, end);
  const within = attempt(() => codec.decode(reader));
  around.fill(0x90, start, end);
  must(
    reader.position >= start && reader.position <= end,
    () => `the reader stands at ${reader.position - start} of ${bytes.length} bytes`,
  );
  // Alone, bytes after the value are refused as well.
  if (within.error !== null || alone.error === null) {
    must(
      within.error === alone.error && sameValue(within.value, alone.value),
      () => `alone: ${alone.error}, within other bytes: ${within.error}, ${bytes.toHex()}`,
    );
  }
}
