/** The checker of the replicated store finds faults that are put into its source on purpose. */

import { assert, assertEquals } from "@std/assert";
import { checkRegisters, type Operation } from "../../../examples/kv/run/register_check.ts";
import { FILES, RUNTIME } from "../../support/permitted.ts";
import { FAULTS, faultyStore, RARE } from "./faulty_store.ts";
import { playStore } from "./store_history.ts";

/** After so many good histories a fault counts as not found. */
const SEEDS = 60;
const ignore = !FILES || RUNTIME !== "deno";

for (const fault of Object.keys(FAULTS) as (keyof typeof FAULTS)[]) {
  if (RARE.has(fault)) continue;
  Deno.test({
    name: `a store with the fault "${fault}" is found`,
    ignore,
    async fn() {
      const folder = await Deno.makeTempDir();
      try {
        const Store = await faultyStore(fault, folder);
        let isFound = false;
        for (let seed = 0; seed < SEEDS && !isFound; seed++) {
          isFound = await playStore(seed, Store).then(() => false, () => true);
        }
        assert(isFound);
      } finally {
        await Deno.remove(folder, { recursive: true });
      }
    },
  });
}

/** What was done with a key, each as kind, value, begin and end. */
function faultsOf(...done: readonly (readonly ["get" | "set", string | null, number, number])[]) {
  return checkRegisters(
    done.map(([kind, value, begin, end]): Operation => ({ kind, key: "k", value, begin, end })),
  ).length;
}

Deno.test("the checker of registers knows what one after the other could have done", () => {
  assertEquals(faultsOf(), 0);
  assertEquals(faultsOf(["set", "a", 1, 2], ["get", "a", 3, 4]), 0);
  assertEquals(faultsOf(["set", "a", 1, 4], ["get", null, 2, 3], ["get", "a", 5, 6]), 0);
  // Two at a time may come in any order.
  assertEquals(faultsOf(["set", "a", 1, 4], ["set", "b", 2, 3], ["get", "a", 5, 6]), 0);
  assertEquals(faultsOf(["set", "a", 1, 4], ["set", "b", 2, 3], ["get", "b", 5, 6]), 0);
  // What has not ended may come late, or never.
  assertEquals(faultsOf(["set", "a", 1, Infinity], ["get", null, 2, 3], ["get", "a", 4, 5]), 0);
  assertEquals(faultsOf(["set", "a", 1, Infinity], ["set", "b", 2, 3], ["get", "a", 4, 5]), 0);
  assertEquals(faultsOf(["set", "a", 1, Infinity], ["get", null, 2, 3]), 0);
});

Deno.test("the checker of registers knows what they could not", () => {
  // Of nowhere, before it was written, not there yet, replaced, back again.
  assertEquals(faultsOf(["get", "a", 1, 2]), 1);
  assert(faultsOf(["get", "a", 1, 2], ["set", "a", 3, 4]) > 0);
  assert(faultsOf(["set", "a", 1, 2], ["get", null, 3, 4]) > 0);
  assert(faultsOf(["set", "a", 1, 2], ["set", "b", 3, 4], ["get", "a", 5, 6]) > 0);
  assert(faultsOf(["set", "a", 1, 6], ["get", "a", 2, 3], ["get", null, 4, 5]) > 0);
  assert(
    faultsOf(
      ["set", "a", 1, 8],
      ["set", "b", 2, 9],
      ["get", "a", 3, 4],
      ["get", "b", 5, 6],
      ["get", "a", 10, 11],
    ) > 0,
  );
  assert(
    faultsOf(["set", "a", 1, Infinity], ["get", "a", 2, 3], ["set", "b", 4, 5], [
      "get",
      "a",
      6,
      7,
    ]) >
      0,
  );
});
