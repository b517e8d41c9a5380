import { assert, assertEquals } from "@std/assert";
import {
  type Authorization,
  authorizationOf,
  authorizeToken,
  authorizeTokenNow,
} from "../../../lib/transport/channel/authorization.ts";
import { NO_VERDICTS } from "../../support/foreign/no_verdicts.ts";

function fate(authorization: Authorization): unknown {
  return "reason" in authorization ? authorization.status : { name: authorization.name };
}

Deno.test("authorize: null accepts every peer, a name only that peer, a text none, at once or by a promise", async () => {
  const cases: readonly (readonly [said: string | null | { name: string }, wanted: unknown])[] = [
    [null, { name: undefined }],
    [{ name: "tcp://a:1" }, { name: "tcp://a:1" }],
    ["no", 401],
    ["", 401],
  ];
  for (const [said, wanted] of cases) {
    assertEquals(fate(authorizationOf(said)), wanted);
    assertEquals(fate(authorizeTokenNow(() => said, null)), wanted);
    assertEquals(fate(await authorizeToken(() => said, null, undefined)), wanted);
    assertEquals(fate(await authorizeToken(() => Promise.resolve(said), null, undefined)), wanted);
  }
  assertEquals(fate(await authorizeToken(undefined, null, undefined)), { name: undefined });
  assertEquals(fate(authorizeTokenNow(undefined, null)), { name: undefined });
});

Deno.test("authorize: an invalid result accepts nobody", async () => {
  for (const [what, rule] of [...NO_VERDICTS, ["false", () => false] as const]) {
    const authorization = await authorizeToken(rule as () => null, null, undefined);
    assertEquals(fate(authorization), 503, what);
    assert("reason" in authorization && authorization.cause !== undefined, what);
    assertEquals(fate(authorizeTokenNow(rule as () => null, null)), 503, what);
  }
});

Deno.test("authorize: where an answer is wanted at once, a promise is none", () => {
  assertEquals(
    fate(authorizeTokenNow((() => Promise.resolve(null)) as unknown as () => null, null)),
    503,
  );
});
