/** Functions that are given to gather may do whatever they like. @module */

import { gather } from "@internode/grid/patterns";
import { assert, assertEquals } from "@std/assert";

Deno.test("whatever functions and targets do is the failure of that host", async () => {
  const odd = [{ host: "throws" }, { host: "undefined" }, { host: "then" }, { host: "plain" }];
  const { results } = await gather(odd, ({ host }): unknown => {
    if (host === "throws") throw new Error("odd");
    if (host === "undefined") return Promise.reject(undefined);
    if (host === "plain") return 1;
    return { then: (_: unknown, no: (thrown: unknown) => void) => no("as a text") };
  });
  assertEquals(Object.fromEntries(results.map(({ host, ok }) => [host, ok])), {
    throws: false,
    undefined: false,
    then: false,
    plain: true,
  });
  for (const result of results) if (!result.ok) assert(result.error !== undefined);
});

Deno.test("a listener of the signal that throws is logged, and nobody else's trouble", async () => {
  const lines: unknown[] = [], { error } = console;
  console.error = (line: unknown) => lines.push(line);
  try {
    const quorum = gather([{ host: "a" }, { host: "b" }], ({ host }, { signal }) => {
      signal.addEventListener("abort", () => {
        throw new Error("odd");
      });
      return host === "a" ? host : new Promise<string>(() => {});
    }, { need: 1 });
    assertEquals((await quorum).values, ["a"]);
    assertEquals((await quorum.finished).length, 2);
  } finally {
    console.error = error;
  }
  assertEquals(lines.length, 2, `${lines}`);
});
