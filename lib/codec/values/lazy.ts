/**
 * Values that contain values of their own kind.
 *
 * @module
 */

import { DEFAULT_MAX_ITEMS, type ItemCount } from "../../wire/item_count.ts";
import type { Description } from "../description/description.ts";
import type { Codec } from "../format/codec.ts";
import { asPart, CompiledCodec } from "../format/compiled.ts";
import {
  checkLimit,
  countItems,
  type DepthOptions,
  maxDepthOf,
  tooDeep,
  tooMany,
} from "../format/limits.ts";
import { takeMemory } from "../format/memory_cost.ts";
import { func, optionsOf } from "../../foreign/option_checks.ts";

/** What bounds {@linkcode lazy} values. */
export interface LazyOptions extends DepthOptions {
  /** The most items that a message with such values may have in all, these values among them, in both directions. Default: 1,000,000. */
  maxItems?: number;
}

/**
 * A codec that is looked up at its first use, so that it can contain itself.
 * This is where typed values can nest without end, and so where depth is
 * limited, in both directions. Each such value counts as an item of its message.
 *
 * @param codec Gives the codec; called once.
 * @param options How deep values may be nested, how many items a message may have.
 * @returns The codec. Annotate the type of a codec that contains itself: TypeScript cannot infer it.
 * @throws {InternodeError} `InvalidArgument` for a limit out of range.
 *
 * @example
 * ```ts
 * import { assert } from "@std/assert";
 * import * as t from "@internode/grid/codec";
 *
 * interface Folder {
 *   name: string;
 *   folders: Folder[];
 * }
 * const Folder: t.Codec<Folder> = t.record({
 *   name: t.string(),
 *   folders: t.list(t.lazy(() => Folder)),
 * });
 * const root = { name: "/", folders: [{ name: "etc", folders: [] }] };
 * assert(t.fromBytes(Folder, t.toBytes(Folder, root)).folders[0]?.name === "etc");
 * ```
 */
export function lazy<T>(codec: () => Codec<T>, options: LazyOptions = {}): Codec<T> {
  const maxDepth = maxDepthOf(optionsOf("lazy", options));
  const maxItems = checkLimit("maxItems", options.maxItems, DEFAULT_MAX_ITEMS);
  func("codec", codec);
  let part: CompiledCodec<T> | undefined;
  return new CompiledCodec<T>({
    isLazy: true,
    describe(describePart): Description {
      part ??= asPart(codec(), "lazy()");
      // Whoever describes it gives it its number, and a reference where it comes again.
      return { type: "lazy", id: 0, value: describePart(part), maxDepth, maxItems };
    },
    write(value, writer, depth): void {
      if (depth >= maxDepth) tooDeep(maxDepth);
      countOne(writer, maxItems);
      part ??= asPart(codec(), "lazy()");
      part.write(value, writer, depth);
    },
    read(reader, depth): T {
      if (depth >= maxDepth) tooDeep(maxDepth);
      countOne(reader, maxItems);
      part ??= asPart(codec(), "lazy()");
      takeMemory(reader, part.fixedBytes);
      return part.read(reader, depth);
    },
  });
}

function countOne(message: ItemCount, maxItems: number): void {
  if (message.items >= maxItems) tooMany(message.items + 1, maxItems);
  countItems(message, 1, maxItems);
}
