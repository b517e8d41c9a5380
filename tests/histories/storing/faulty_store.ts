/**
 * The store of `examples/kv` with a fault that is put in on purpose.
 *
 * @module
 */

import { assert } from "@std/assert";
import type { StoreClass } from "./store_history.ts";

/** What each fault replaces in the source, and by what. */
export const FAULTS = {
  "a read asks one owner": [
    ["need: majorityOf(peers.length)", 'need: entry.version === "" ? 1 : majorityOf(peers.length)'],
  ],
  "a write needs one owner": [
    ["need: majorityOf(peers.length)", 'need: entry.version === "" ? majorityOf(peers.length) : 1'],
  ],
  "what only one has is read and not repaired": [["found[0]!.every(", "found[0]!.some("]],
  "keys are not handed over": [["of [...this.#entries.keys()]) await", "of []) await"]],
  "one node hands over for all": [[
    "majorityOf(Math.min(COPIES, peers.length)) + 1",
    "peers.length + 1",
  ]],
  "who had a key before is not asked": [[
    "ring.before.length > 0 ? [ring.hosts, ring.before] :",
    "false ? [] :",
  ]],
  "an older ring is not refused": [[
    "this.#adopt(ring) ? this.#keep(entry) : null",
    "(this.#adopt(ring), this.#keep(entry))",
  ]],
  "keys are forgotten before they have moved": [[
    "ring.before.length > 0 ? [] : this.#entries.keys()",
    "this.#entries.keys()",
  ]],
  "two writes have one id": [["`${this.#log.id}-${++this.#writes}`", '""']],
  "a write that is tried again is another one": [["entry ??= {", "entry = {"]],
  "entries are not on the disk": [["this.#disk?.save({ entry });", ""]],
  "rings are not on the disk": [["this.#disk?.save({ ring });", ""]],
  "an older entry replaces a newer one": [[
    "entry.version <= known.version",
    'entry.version === ""',
  ]],
} as const satisfies Record<string, readonly (readonly [string, string])[]>;

/** Those that take a few hundred histories to be noticed: too many for tests. */
export const RARE: ReadonlySet<string> = new Set<keyof typeof FAULTS>([
  "a write that is tried again is another one",
  "rings are not on the disk",
]);

/** The store with a fault, as a module in that folder. */
export async function faultyStore(fault: keyof typeof FAULTS, folder: string): Promise<StoreClass> {
  const original = new URL("../../../examples/kv/store.ts", import.meta.url);
  let source = await Deno.readTextFile(original);
  for (const [what, by] of FAULTS[fault]) {
    assert(source.split(what).length === 2, `"${what}" is not in ${original} once`);
    source = source.replace(what, () => by);
  }
  const contracts = new URL("contracts.ts", original).href;
  const file = `${folder}/${fault.replaceAll(" ", "_")}.ts`;
  await Deno.writeTextFile(file, source.replaceAll("./contracts.ts", contracts));
  return (await import(`file://${file}`)).KvStore;
}
