import { assertEquals } from "@std/assert";
import { plainOptions } from "../../../lib/rpc/inspection/plain_options.ts";

class Secret {
  readonly key = "not to be seen";
  readonly length = 14;
}

Deno.test("of settings numbers and flags are shown, texts that are named, and no secret", () => {
  const settings = {
    timeoutMs: 5,
    forever: Infinity,
    on: true,
    off: false,
    path: "/grid",
    password: "not to be seen",
    names: ["a", "b"],
    keys: ["not to be seen"],
    none: undefined,
    nothing: null,
    auth: new Secret(),
    rule: () => "not to be seen",
    provider: { token: "not to be seen", refresh: () => {} },
    limits: { maxCalls: 7, path: "/inner", password: "not to be seen" },
    nested: { deeper: { token: "not to be seen" } },
    logger: {},
    clock: {},
    random: {},
  };
  assertEquals(plainOptions(settings, ["path", "names"]), {
    timeoutMs: 5,
    forever: Infinity,
    on: true,
    off: false,
    path: "/grid",
    password: true,
    names: ["a", "b"],
    keys: true,
    auth: true,
    rule: true,
    provider: true,
    limits: { maxCalls: 7, path: "/inner", password: true },
    nested: true,
  });
});
