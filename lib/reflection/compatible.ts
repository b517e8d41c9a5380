/**
 * Contracts that are compared with a stored snapshot, as a test.
 *
 * @module
 */

import { InternodeError, invalidArgument } from "../errors.ts";
import { flag, func, invalidOption, optionsOf } from "../foreign/option_checks.ts";
import { shown } from "../foreign/text_of.ts";
import { errorKind } from "../runtime/platform/error_kind.ts";
import { breaking } from "./breaking.ts";
import { changesText, type ContractChange } from "./change.ts";
import { type ContractSet, snapshot } from "./snapshot.ts";

/**
 * Checks that nodes with these contracts and nodes with those of a snapshot
 * understand each other, by the rules of {@linkcode breaking}. For tests: the
 * snapshot is that of the version which runs now.
 *
 * @param contracts The contracts.
 * @param stored The text of a snapshot, made by `snapshot`.
 * @returns The compatible changes since then.
 * @throws {InternodeError} `InvalidArgument` if a change breaks; the message has all changes, one on each line. Also for what are no contracts or no snapshot.
 *
 * @example
 * ```ts
 * import { assertThrows } from "@std/assert";
 * import { single } from "@internode/grid";
 * import * as t from "@internode/grid/codec";
 * import { assertCompatible, snapshot } from "@internode/grid/reflection";
 *
 * const stored = snapshot([single("free", { response: t.uint() })]);
 * assertCompatible([single("free", { response: t.uint() }), single("used")], stored);
 * assertThrows(
 *   () => assertCompatible([single("free", { response: t.string() })], stored),
 *   "breaking: free response: old handlers send uint, and new callers take string",
 * );
 * ```
 */
export function assertCompatible(contracts: ContractSet, stored: string): ContractChange[] {
  const changes = breaking(stored, contracts);
  if (changes.every((change) => change.compatible)) return changes;
  throw new InternodeError(
    "InvalidArgument",
    `The contracts have changed in ways that nodes of the stored version do not understand. Give what has changed a new name, and serve both as long as such nodes run.\n${
      changesText(changes)
    }`,
    { origin: "caller" },
  );
}

/** How {@linkcode checkSnapshot} reads and writes the snapshot. */
export interface SnapshotOptions {
  /** Reads the file, such as `() => Deno.readTextFile(path)`; what it throws or rejects with is taken for a file that is not there if its name or code says so (`NotFound`, `ENOENT`), and thrown otherwise. */
  read: () => string | Promise<string>;
  /** Writes the file, such as `(text) => Deno.writeTextFile(path, text)`; called with `update` alone. */
  write: (text: string) => void | Promise<void>;
  /** Whether the file is written, such as `Deno.args.includes("--update")`. Compatible changes alone are written. Default: `false`. */
  update?: boolean | undefined;
  /** Whether changes that break are written too, once no node of the stored version runs any more. Default: `false`. */
  allowBreaking?: boolean | undefined;
}

/**
 * Compares contracts with a snapshot in a file, and keeps it up to date: as a
 * test without `update` it fails if a change breaks, if there is no snapshot, and
 * if the snapshot lacks compatible changes, as later ones could not be compared
 * with them.
 *
 * @param contracts The contracts.
 * @param options How the file is read and written, and whether it is.
 * @returns What has changed since the snapshot.
 * @throws {InternodeError} `InvalidArgument`, saying what to do; see {@linkcode assertCompatible}.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { single } from "@internode/grid";
 * import { checkSnapshot } from "@internode/grid/reflection";
 *
 * const path = `${await Deno.makeTempDir()}/contracts.json`; // yours lies beside the test
 * async function check(update: boolean): Promise<number> {
 *   const changes = await checkSnapshot([single("echo")], {
 *     read: () => Deno.readTextFile(path),
 *     write: (text) => Deno.writeTextFile(path, text),
 *     update, // in a test: Deno.args.includes("--update"), by `deno test -A -- --update`
 *   });
 *   return changes.length;
 * }
 * await check(true); // once
 * assertEquals(await check(false), 0); // as a test, from then on
 * ```
 */
export async function checkSnapshot(
  contracts: ContractSet,
  options: SnapshotOptions,
): Promise<ContractChange[]> {
  const { read, write } = optionsOf("checkSnapshot", options);
  func("read", read), func("write", write);
  const update = flag("update", options.update, false);
  const allowBreaking = flag("allowBreaking", options.allowBreaking, false);
  const text = snapshot(contracts), stored = await readStored(read);
  if (stored === undefined) {
    if (!update) {
      throw invalidArgument(
        "There is no snapshot of the contracts yet. Run this once with update, and keep the file.",
      );
    }
    await write(text);
    return [];
  }
  const changes = update && allowBreaking
    ? breaking(stored, contracts)
    : assertCompatible(contracts, stored);
  if (update) {
    if (stored !== text) await write(text);
    return changes;
  }
  if (changes.length === 0) return changes;
  throw invalidArgument(
    `The snapshot of the contracts lacks changes, all of them compatible. Run this with update, and keep the file.\n${
      changesText(changes)
    }`,
  );
}

async function readStored(read: SnapshotOptions["read"]): Promise<string | undefined> {
  let text: unknown;
  try {
    text = await read();
  } catch (error) {
    if (errorKind(error) === "notFound") return undefined;
    throw error;
  }
  if (typeof text === "string") return text;
  throw invalidOption("read", `must give the text of the file, not ${shown(text)}`);
}
