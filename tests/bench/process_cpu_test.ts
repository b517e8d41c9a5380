/** Processor time of a process. @module */

import { assertEquals, assertGreater } from "@std/assert";
import { processCpuMs } from "../../bench/support/process_cpu.ts";
import { FILES } from "../support/permitted.ts";

const ignore = !FILES || Deno.build.os !== "linux";

Deno.test({
  name: "what a process does shows in its time",
  ignore,
  fn() {
    const before = processCpuMs(Deno.pid);
    assertGreater(before, 0);
    let after = before;
    // Ends as soon as the least that can be told apart has been worked off.
    while (after === before) after = processCpuMs(Deno.pid);
    assertGreater(after, before);
  },
});

Deno.test({
  name: "a process that is not there has none",
  ignore,
  fn: () => assertEquals(processCpuMs(2 ** 31 - 1), NaN),
});
