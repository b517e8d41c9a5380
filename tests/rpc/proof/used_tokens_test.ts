import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { MAX_TOKENS_PER_NAME, UsedTokens } from "../../../lib/rpc/proof/used_tokens.ts";
import type { TokenClaim } from "../../../lib/session/frames/authenticator.ts";

const NOW = 1_700_000_000_000;
const LIFETIME_MS = 330_000;

function claim(id: string, issuedMs = NOW, name = "ws://a:1"): TokenClaim {
  return { name, id, issuedMs, expiresMs: issuedMs + LIFETIME_MS };
}

Deno.test("a token is good once, each for itself", () => {
  const used = new UsedTokens();
  assertEquals(used.use(claim("1"), NOW), null);
  assertStringIncludes(used.use(claim("1"), NOW)!, "the token of ws://a:1 was used already");
  assertEquals(used.use(claim("2"), NOW), null);
  // Nonces of different peers have nothing to do with each other.
  assertEquals(used.use(claim("1", NOW, "ws://b:1"), NOW), null);
  // Not in the order in which they were made.
  assertEquals(used.use(claim("3", NOW - 1_000), NOW), null);
  for (const id of ["1", "2"]) assert(used.use(claim(id), NOW + 100_000) !== null);
});

Deno.test("expired tokens are forgotten, and are of no use even if the clock goes back", () => {
  const used = new UsedTokens();
  for (let i = 0; i < 100; i++) assertEquals(used.use(claim(`${i}`, NOW + i), NOW), null);
  assertEquals(used.size, 100);
  const laterMs = NOW + LIFETIME_MS + 1_000;
  assertEquals(used.use(claim("new", laterMs), laterMs), null);
  assertEquals(used.size, 1);
  for (let i = 0; i < 100; i++) {
    assertStringIncludes(used.use(claim(`${i}`, NOW + i), NOW)!, "no longer remembered");
  }
  assertEquals(used.use(claim("after", NOW + 100), NOW + 100), null);
});

Deno.test("what is remembered of a name is bounded, and what is forgotten stays used", () => {
  const used = new UsedTokens(), count = 3 * MAX_TOKENS_PER_NAME;
  for (let i = 0; i < count; i++) assertEquals(used.use(claim(`${i}`, NOW + i), NOW), null);
  assertEquals(used.size, MAX_TOKENS_PER_NAME);
  for (let i = 0; i < count; i++) assert(used.use(claim(`${i}`, NOW + i), NOW) !== null);
  assertEquals(used.size, MAX_TOKENS_PER_NAME);
  assertEquals(used.use(claim("next", NOW + count), NOW), null);
  assertEquals(used.use(claim("other", NOW, "ws://b:1"), NOW), null);
});

Deno.test("the one issued first is forgotten first, not the one that came first", () => {
  const used = new UsedTokens();
  // From a clock that was ahead; forgetting it would shut out all that follow.
  assertEquals(used.use(claim("ahead", NOW + 300_000), NOW), null);
  for (let i = 0; i < 2 * MAX_TOKENS_PER_NAME; i++) {
    assertEquals(used.use(claim(`${i}`, NOW + i), NOW), null, `${i}`);
  }
  assert(used.use(claim("ahead", NOW + 300_000), NOW) !== null);
});
