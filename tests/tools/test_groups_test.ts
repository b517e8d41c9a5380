/** Which test files are given permissions. @module */

import { assertEquals } from "@std/assert";
import { TestGroups } from "../../tools/tests/test_groups.ts";

const TEXTS: Readonly<Record<string, string>> = {
  "tests/support/permitted.ts": 'const state = Deno.permissions.querySync({ name: "net" }).state;',
  "tests/support/server.ts":
    'import { NET } from "./permitted.ts";\nimport "../../lib/platform.ts";',
  "tests/support/round.ts": 'import "./round.ts";\nexport { value } from "./value.ts";',
  "tests/support/value.ts": 'import { platform } from "../../lib/platform.ts";',
  // The library asks for itself.
  "lib/platform.ts": 'if (Deno.permissions.querySync({ name: "ffi" }).state) throw 0;',

  "tests/grid/asks_test.ts": 'if (Deno.permissions.querySync({ name: "run" }).state) throw 0;',
  "tests/grid/server_test.ts":
    'import {\n  a,\n  type B,\n} from "../support/value.ts";\nimport { serve } from "../support/server.ts";',
  "tests/grid/late_test.ts": 'const { serve } = await import("../support/server.ts");',
  "tests/grid/round_test.ts": 'import { value } from "../support/round.ts";',
  "tests/grid/texts_test.ts": 'check(`\nimport "./gone.ts";\n`);',
  "tests/wire/frame_test.ts": 'import { NET } from "../support/permitted.ts";',
  "tests/hostile/floods_test.ts": 'import { value } from "../support/value.ts";',
};

Deno.test("whoever reaches a module of tests that asks for permissions is given some", () => {
  const groups = new TestGroups((path) => TEXTS[path] ?? null);
  const found = Object.fromEntries(
    Object.keys(TEXTS).filter((path) => path.endsWith("_test.ts")).map((path) => [
      path,
      groups.groupOf(path),
    ]),
  );
  assertEquals(found, {
    "tests/grid/asks_test.ts": "together",
    "tests/grid/server_test.ts": "together",
    "tests/grid/late_test.ts": "together",
    "tests/grid/round_test.ts": "bare",
    "tests/grid/texts_test.ts": "bare",
    "tests/wire/frame_test.ts": "bare",
    "tests/hostile/floods_test.ts": "alone",
  });
});
