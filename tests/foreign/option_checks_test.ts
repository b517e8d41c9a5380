import { assertEquals, assertThrows } from "@std/assert";
import { InternodeError } from "../../lib/errors.ts";
import { knownOptionsOf, type NamesOf, strayName } from "../../lib/foreign/option_checks.ts";

interface Options {
  readonly shared?: boolean;
  readonly max?: number;
  readonly timeoutMs?: number;
}
const NAMES: NamesOf<Options> = { shared: true, max: true, timeoutMs: true };

Deno.test("options with the names that there are pass, also those that are left out", () => {
  for (const given of [{}, { shared: true }, { max: 1, timeoutMs: 2 }, { share: undefined }]) {
    assertEquals(strayName(given as Options, NAMES), null);
    assertEquals(knownOptionsOf<Options>("lease", given as Options, NAMES), given);
  }
});

for (
  const [given, told] of [
    [{ share: true }, 'no "share" (is shared meant?)'],
    [{ shared: true, timeoutMS: 1 }, 'no "timeoutMS" (is timeoutMs meant?)'],
    [{ maximum: 1 }, 'no "maximum" (is max meant?)'],
    [{ timeout: 1 }, 'no "timeout" (is timeoutMs meant?)'],
    [{ wait: true }, 'no "wait" (there are: shared, max, timeoutMs)'],
    [{ toString: 1 }, 'no "toString" (there are: shared, max, timeoutMs)'],
    [{ "a\nb": 1 }, 'no "a\\nb" (there are: shared, max, timeoutMs)'],
  ] as const
) {
  Deno.test(`options with ${Object.keys(given).at(-1)} are refused: ${told}`, () => {
    const error = assertThrows(
      () => knownOptionsOf<Options>("lease", given as unknown as Options, NAMES),
      InternodeError,
    );
    assertEquals([error.code, error.message], [
      "InvalidArgument",
      `The options of lease have ${told}.`,
    ]);
  });
}

Deno.test("options whose names cannot be read are left to those who read their values", () => {
  const given = new Proxy({}, {
    ownKeys() {
      throw new Error("no");
    },
  });
  assertEquals(strayName<Options>(given, NAMES), null);
});
