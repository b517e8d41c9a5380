import { assert, assertEquals } from "@std/assert";
import process from "node:process";
import { thisPlatform } from "../../lib/runtime/this_platform.ts";

Deno.test("the runtime says its name, version, process and memory, without a permission", () => {
  const { runtime, processId, memory } = thisPlatform();
  const { deno, bun, node } = process.versions as Record<string, string | undefined>;
  const [name, version] = deno !== undefined
    ? ["deno", deno]
    : bun !== undefined
    ? ["bun", bun]
    : ["node", node];
  assertEquals<unknown>([runtime.name, runtime.version, processId], [name, version, process.pid]);
  const { residentBytes, heapUsedBytes, heapTotalBytes, externalBytes } = memory();
  for (const bytes of [residentBytes, heapUsedBytes, heapTotalBytes, externalBytes]) {
    assert(Number.isSafeInteger(bytes) && bytes >= 0, `${bytes}`);
  }
  assert(residentBytes > heapUsedBytes && heapUsedBytes > 0);
});
