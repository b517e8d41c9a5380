/**
 * Asks codecs what they carry.
 *
 * @module
 */

import { guard, tell } from "../../foreign/guard.ts";
import { withMethods } from "../../foreign/option_checks.ts";
import type { Codec } from "../format/codec.ts";
import { CompiledCodec } from "../format/compiled.ts";
import type { Description } from "../description/description.ts";
import { readDescription } from "../description/read_description.ts";

/** Parts beyond so many are described as `custom`: two codecs in each other can have parts without end. */
const MAX_PARTS = 10_000;
/** How deep parts are followed; those within are `custom`. */
const MAX_DEPTH = 200;

/**
 * Says what a codec carries, as a plain value that JSON can hold: the kind of
 * value, its limits, its parts, and the docs given by `documented()`. It is read
 * by the JSON Schemas, pages, comparisons and command lines of
 * `@internode/grid/reflection`.
 *
 * A codec without a method `describe` is described as `custom`, and so are
 * parts beyond the first 10,000 and those more than 200 levels deep.
 *
 * @param codec Any codec.
 * @returns The description, the caller's own.
 * @throws {InternodeError} `InvalidArgument` for what is no codec.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import * as t from "@internode/grid/codec";
 *
 * const Page = t.record({
 *   size: t.documented(t.uint(), "How many items."),
 *   after: t.optional(t.string({ maxBytes: 64 })),
 * });
 * assertEquals(t.describe(Page), {
 *   type: "record",
 *   fields: [
 *     { name: "size", value: { type: "uint", docs: "How many items." } },
 *     { name: "after", optional: true, value: { type: "string", maxBytes: 64 } },
 *   ],
 * });
 * ```
 */
// deno-lint-ignore no-explicit-any -- codecs of any type are meant
export function describe(codec: Codec<any>): Description {
  withMethods("codec", codec, "encode", "decode");
  return new Describer().describe(codec);
}

/** Describes one codec with all its parts. */
class Describer {
  readonly #ids = new Map<object, number>();
  #parts = 0;
  #depth = 0;

  describe(codec: object): Description {
    if (++this.#parts > MAX_PARTS || this.#depth >= MAX_DEPTH) return { type: "custom" };
    this.#depth++;
    try {
      return codec instanceof CompiledCodec
        ? this.#compiled(codec)
        : this.#foreign(codec as Codec<unknown>);
    } finally {
      this.#depth--;
    }
  }

  #compiled(codec: CompiledCodec<unknown>): Description {
    const { docs } = codec, said = docs === undefined ? {} : { docs };
    const known = this.#ids.get(codec);
    if (known !== undefined) return { type: "ref", id: known, ...said };
    const id = this.#ids.size + 1;
    if (codec.isLazy) this.#ids.set(codec, id);
    const description = codec.describe((part) => this.describe(part));
    return description.type === "lazy"
      ? { ...description, id, ...said }
      : { ...description, ...said };
  }

  /** A user's codec, whose method may do anything. */
  #foreign(codec: Codec<unknown>): Description {
    const described = guard((): Description => {
      const { describe } = codec;
      if (typeof describe !== "function") return { type: "custom" };
      const described: unknown = describe.call(codec, (part) => this.describe(part));
      // One that is async by mistake: a promise describes nothing, and must not reject unheard.
      tell(() => described, () => {});
      return readDescription(described);
    }, (): Description => ({ type: "custom" }));
    return flagged(flagged(described, codec, "nullable"), codec, "optional");
  }
}

/** What a codec says by its flags, where its description does not say it. */
function flagged(
  described: Description,
  codec: Codec<unknown>,
  flag: "nullable" | "optional",
): Description {
  const isMissing = guard(
    () =>
      codec[flag] === true && described.type !== flag && described.type !== "nothing" &&
      !(flag === "nullable" && described.type === "optional" &&
        described.value.type === "nullable"),
    () => false,
  );
  return isMissing ? { type: flag, value: described } : described;
}
