import { assert, assertEquals } from "@std/assert";
import {
  type Admission,
  admissionOf,
  admit,
  admitNow,
} from "../../../lib/transport/channel/admission.ts";
import { NO_VERDICTS } from "../../support/foreign/no_verdicts.ts";

function fate(admission: Admission): unknown {
  return "reason" in admission ? admission.status : { name: admission.name };
}

Deno.test("authorize: null lets anyone in, a name its peer, a text nobody, at once or later", async () => {
  const cases: readonly (readonly [said: string | null | { name: string }, wanted: unknown])[] = [
    [null, { name: undefined }],
    [{ name: "tcp://a:1" }, { name: "tcp://a:1" }],
    ["no", 401],
    ["", 401],
  ];
  for (const [said, wanted] of cases) {
    assertEquals(fate(admissionOf(said)), wanted);
    assertEquals(fate(admitNow(() => said, null)), wanted);
    assertEquals(fate(await admit(() => said, null, undefined)), wanted);
    assertEquals(fate(await admit(() => Promise.resolve(said), null, undefined)), wanted);
  }
  assertEquals(fate(await admit(undefined, null, undefined)), { name: undefined });
  assertEquals(fate(admitNow(undefined, null)), { name: undefined });
});

Deno.test("authorize: what is no verdict lets nobody in", async () => {
  for (const [what, rule] of [...NO_VERDICTS, ["false", () => false] as const]) {
    const admission = await admit(rule as () => null, null, undefined);
    assertEquals(fate(admission), 503, what);
    assert("reason" in admission && admission.cause !== undefined, what);
    assertEquals(fate(admitNow(rule as () => null, null)), 503, what);
  }
});

Deno.test("authorize: where an answer is wanted at once, a promise is none", () => {
  assertEquals(fate(admitNow((() => Promise.resolve(null)) as unknown as () => null, null)), 503);
});
