import { assert, assertNotEquals } from "@std/assert";
import { dials } from "../../lib/grid/dialler.ts";

Deno.test("of two hosts exactly one dials", () => {
  for (let a = 0; a < 40; a++) {
    for (let b = 0; b < a; b++) {
      const one = `tcp://10.0.0.${a}:9000`, two = `tcp://10.0.0.${b}:9000`;
      assertNotEquals(dials(one, two), dials(two, one));
    }
  }
});

for (
  const [kind, host] of [
    ["addresses", (index: number) => `tcp://10.0.0.${index}:9000`],
    ["ports", (index: number) => `ws://127.0.0.1:${9000 + index}`],
    ["names", (index: number) => `unix:///run/grid-${index}.sock`],
  ] as const
) {
  Deno.test(`dialling is spread evenly over hosts that differ by their ${kind}`, () => {
    const hosts = Array.from({ length: 64 }, (_, index) => host(index));
    const counts = hosts.map((one) => hosts.filter((two) => one !== two && dials(one, two)).length);
    // Each is a sum of 63 fair coins: the mean is 31.5, the standard deviation 4.
    for (const count of counts) assert(count >= 15 && count <= 48, `${counts}`);
    const spread = counts.reduce((sum, count) => sum + (count - 31.5) ** 2, 0) / counts.length;
    assert(spread < 32, `the variance is ${spread}, a fair coin's 16`);
  });
}
