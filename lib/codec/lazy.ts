/**
 * Values that contain values of their own kind.
 *
 * @module
 */

import type { Codec } from "./codec.ts";
import { asPart, CompiledCodec } from "./compiled.ts";
import { type DepthOptions, maxDepthOf, tooDeep } from "./limits.ts";

/**
 * A codec that is looked up at its first use, so that it can contain itself.
 * This is where typed values can nest without end, and so where depth is
 * limited, in both directions.
 *
 * @param codec Gives the codec; called once.
 * @param options How deep values may be nested.
 * @returns The codec. Annotate the type of a codec that contains itself: TypeScript cannot infer it.
 * @throws {InternodeError} `InvalidArgument` for a depth that is not a whole number from 1 to 1,000.
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
export function lazy<T>(codec: () => Codec<T>, options: DepthOptions = {}): Codec<T> {
  const maxDepth = maxDepthOf(options);
  let part: CompiledCodec<T> | undefined;
  return new CompiledCodec<T>({
    write(value, writer, depth): void {
      if (depth >= maxDepth) tooDeep(maxDepth);
      part ??= asPart(codec(), "lazy()");
      part.write(value, writer, depth);
    },
    read(reader, depth): T {
      if (depth >= maxDepth) tooDeep(maxDepth);
      part ??= asPart(codec(), "lazy()");
      return part.read(reader, depth);
    },
  });
}
