/**
 * What the nodes of the drill can do, and what they are told.
 *
 * @module
 */

import { type MtlsFileConfig, single } from "@internode/grid";
import * as t from "@internode/grid/codec";

/** What a node of the drill is made from. */
export interface DrillSetup {
  readonly local: string;
  readonly hosts: readonly string[];
  readonly tls: MtlsFileConfig;
  /** Whether it runs the contract of the release before. */
  readonly isOld: boolean;
}

/** What goes wrong at a node from now on. */
export type DrillFault = "none" | "readHangs" | "writeIsSlow";

/** How many calls of `disk.write` run at a node, and how many wait. */
export const WRITES = { concurrency: 2, queue: 1 };

/** Reads a block. */
export const read = single("disk.read", {
  docs: "Reads a block.",
  request: t.record({ block: t.uint() }),
  response: t.bytes(),
});

/** Writes a block. */
export const write = single("disk.write", {
  docs: "Writes a block.",
  request: t.record({ block: t.uint(), data: t.bytes(), checksum: t.uint() }),
  response: t.nothing(),
});

/** The same as the release before has it, which knows no checksum. */
export const oldWrite = single("disk.write", {
  docs: "Writes a block.",
  request: t.record({ block: t.uint(), data: t.bytes() }),
  response: t.nothing(),
});

/** Locks a key. */
export const lock = single("lock.take", {
  docs: "Locks a key.",
  request: t.record({ key: t.string() }),
  response: t.boolean(),
});
