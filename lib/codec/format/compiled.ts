/**
 * What every codec of this folder is made of: one function that writes, one
 * that reads.
 *
 * @module
 */

import { type InternodeError, invalidArgument } from "../../errors.ts";
import { isOwnError } from "../../foreign/own_error.ts";
import type { ByteReader } from "../../wire/byte_reader.ts";
import type { ByteWriter } from "../../wire/byte_writer.ts";
import type { Codec } from "./codec.ts";
import type { DescribePart, Description } from "../description/description.ts";
import { headOf, NIL } from "./format.ts";
import { UNKNOWN_BYTES } from "./memory_cost.ts";
import { atEdge, Problem } from "./problem.ts";

/** Writes one value as MessagePack; throws a {@linkcode Problem}. `depth` says how many containers are around it. */
export type Write<T> = (value: T, writer: ByteWriter, depth: number) => void;

/** Reads one MessagePack value; throws a {@linkcode Problem}. `depth` says how many containers are around it. */
export type Read<T> = (reader: ByteReader, depth: number) => T;

/** A function that is made when it is first asked for. */
export class Later<F> {
  readonly #make: () => F;
  #made: F | null = null;

  /** @param make Makes it; called once. */
  constructor(make: () => F) {
    this.#make = make;
  }

  /** Gives it. */
  get(): F {
    return this.#made ??= this.#make();
  }
}

/** What a {@linkcode CompiledCodec} is made from. */
export interface CompiledInit<T> {
  /** Writes a value. */
  write: Write<T> | Later<Write<T>>;
  /** Reads a value. */
  read: Read<T> | Later<Read<T>>;
  /** See `Codec.optional`. Default: `false`. */
  optional?: boolean;
  /** See `Codec.nullable`. Default: `false`. */
  nullable?: boolean;
  /** How much memory a value takes beside what it counts itself; see `memory_cost.ts`. Default: 0. */
  fixedBytes?: number;
  /** Why it can be no part of another value, if it cannot. */
  unfitAsPart?: string;
  /** What it adds presence to; records, which see to that themselves, use it instead. */
  inner?: CompiledCodec<unknown>;
  /** Says what it carries. */
  describe: (part: DescribePart) => Description;
  /** What its author says of it. */
  docs?: string | undefined;
  /** Whether it may contain itself. Default: `false`. */
  isLazy?: boolean;
}

/**
 * A codec whose two functions other codecs can call directly: containers
 * hold `write` and `read` of their parts, so that failures inside cost no
 * error object per level and V8 sees one target per call site. They ask for
 * them as late as they can, as many contracts only ever go one way in a
 * process, and what is generated takes a fifth of a millisecond each.
 */
export class CompiledCodec<T> implements Codec<T> {
  /** Whether `undefined` stands for an absent payload or a field left out. */
  readonly optional: boolean;
  /** Whether `null` stands for a null payload. */
  readonly nullable: boolean;
  /** How much memory a value takes beside what it counts itself; see `memory_cost.ts`. */
  readonly fixedBytes: number;
  /** Why it can be no part of another value, if it cannot. */
  readonly unfitAsPart: string | undefined;
  /** What it adds presence to, if it is optional. */
  readonly inner: CompiledCodec<unknown> | undefined;
  /** What its author says of it. */
  readonly docs: string | undefined;
  /** Whether it may contain itself, so that its description must have an end. */
  readonly isLazy: boolean;

  /** Writes a value as part of another. */
  write: Write<T>;
  /** Reads a value as part of another. */
  read: Read<T>;

  readonly #init: CompiledInit<T>;

  /** @param init The two functions, and what is special. */
  constructor(init: CompiledInit<T>) {
    this.#init = init;
    this.write = init.write instanceof Later
      ? (value, writer, depth) => this.finalWrite()(value, writer, depth)
      : init.write;
    this.read = init.read instanceof Later
      ? (reader, depth) => this.finalRead()(reader, depth)
      : init.read;
    this.optional = init.optional ?? false;
    this.nullable = init.nullable ?? false;
    this.fixedBytes = init.fixedBytes ?? 0;
    this.unfitAsPart = init.unfitAsPart;
    this.inner = init.inner;
    this.docs = init.docs;
    this.isLazy = init.isLazy ?? false;
  }

  /** Says what it carries, without its docs. */
  describe(part: DescribePart): Description {
    return this.#init.describe(part);
  }

  /** Gives the same codec with docs. What is generated is made once for both. */
  documented(docs: string): CompiledCodec<T> {
    return new CompiledCodec<T>({ ...this.#init, docs });
  }

  /** Gives `write` as it will stay, for what keeps it: it is made by now. */
  finalWrite(): Write<T> {
    const { write } = this.#init;
    return this.write = write instanceof Later ? write.get() : write;
  }

  /** Gives `read` as it will stay, for what keeps it: it is made by now. */
  finalRead(): Read<T> {
    const { read } = this.#init;
    return this.read = read instanceof Later ? read.get() : read;
  }

  /**
   * Appends a whole value; a failure leaves the writer where it was.
   *
   * @param value The value.
   * @param writer Where it goes.
   */
  encode(value: T, writer: ByteWriter): void {
    const { position, items, maxItems } = writer;
    try {
      this.write(value, writer, 0);
    } catch (error) {
      writer.position = position;
      writer.items = items;
      writer.maxItems = maxItems;
      throw atEdge(error, "encode");
    }
    if (writer.items === items) return;
    // The next value has its own; the reader, which decides, counts what is within other codecs too.
    writer.items = items;
    writer.maxItems = maxItems;
  }

  /**
   * Reads a whole value.
   *
   * @param reader Where it stands.
   * @returns The value.
   */
  decode(reader: ByteReader): T {
    try {
      return this.read(reader, 0);
    } catch (error) {
      throw atEdge(error, "decode");
    }
  }
}

/**
 * A codec as part of a container, whoever made it.
 *
 * @param codec Any codec.
 * @param place The container, with its article, for messages: `a list`.
 * @param mayBeOptional Whether the container can leave a part out.
 * @returns One that writes and reads exactly one MessagePack value.
 * @throws {InternodeError} `InvalidArgument` for what is no codec, or cannot stand there.
 */
export function asPart<T>(codec: Codec<T>, place: string, mayBeOptional = false): CompiledCodec<T> {
  if (typeof codec?.encode !== "function" || typeof codec.decode !== "function") {
    throw unfit(place, "a value that is not a codec");
  }
  if (codec.raw) throw unfit(place, "raw(), which has no bounds of its own; use bytes()");
  if (codec instanceof CompiledCodec && codec.unfitAsPart !== undefined) {
    throw unfit(place, codec.unfitAsPart);
  }
  if (codec.optional && !mayBeOptional) {
    throw unfit(place, "optional(), but only records can omit a part; use nullable()");
  }
  return codec instanceof CompiledCodec ? codec : adopt(codec);
}

function unfit(place: string, what: string): InternodeError {
  return invalidArgument(`The codec of ${place} is invalid: it contains ${what}.`);
}

/** A user's own codec: it never sees `null` or `undefined` where its flags promise so. */
function adopt<T>(codec: Codec<T>): CompiledCodec<T> {
  const nullable = codec.nullable ?? false;
  return new CompiledCodec<T>({
    optional: codec.optional ?? false,
    nullable,
    fixedBytes: UNKNOWN_BYTES,
    describe: (part) => part(codec),
    write(value, writer): void {
      if (nullable && value === null) {
        writer.ensure(1);
        writer.bytes[writer.position++] = NIL;
        return;
      }
      try {
        codec.encode(value, writer);
      } catch (error) {
        throw asProblem(error);
      }
    },
    read(reader): T {
      if (nullable && headOf(reader) === NIL) {
        reader.position++;
        return null as T;
      }
      try {
        return codec.decode(reader);
      } catch (error) {
        throw asProblem(error);
      }
    },
  });
}

function asProblem(error: unknown): unknown {
  if (!isOwnError(error) || error.code !== "InvalidPayload") return error;
  return new Problem(`does not fit: ${error.message.replace(/\.$/, "")}`);
}
