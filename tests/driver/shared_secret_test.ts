import { assert, assertEquals, assertNotEquals, assertThrows } from "@std/assert";
import { InternodeError } from "../../lib/errors.ts";
import { sharedSecret } from "../../lib/driver/shared_secret.ts";
import type { TokenVerdict } from "../../lib/session/frames/authenticator.ts";

const OLD = "an old secret of thirty-two bytes";
const NEW = "a new secret of just as many bytes";
const TRANSCRIPT = new Uint8Array([1, 2, 3]);
const A = "ws://a.example:80", B = "ws://b.example:80";
const NOW = 1_700_000_000_000;
/** HMAC-SHA256, as OpenSSL computes it, over "internode proof 1\0acceptor\0" and the transcript. */
const VECTOR = "4626200294223dc9e019185cdf0c897f4d6b766f4786e3f7a32485b4bdb245b5";

function refusal(verdict: TokenVerdict): string {
  assert("refusal" in verdict, "the token was let in");
  return verdict.refusal;
}

/** For whom a token was let in; the reason if it was not. */
function nameIn(verdict: TokenVerdict): string {
  return "refusal" in verdict ? verdict.refusal : verdict.name;
}

Deno.test("a proof is valid for a peer with the secret, and only for its role and transcript", () => {
  const mine = sharedSecret(OLD), other = sharedSecret(new TextEncoder().encode(OLD));
  const proof = mine.prove("dialler", TRANSCRIPT);
  assertEquals(proof.length, 32);
  assert(other.verify("dialler", TRANSCRIPT, proof));
  assert(!other.verify("acceptor", TRANSCRIPT, proof));
  assert(!other.verify("dialler", new Uint8Array([1, 2, 4]), proof));
  assert(!other.verify("dialler", new Uint8Array(), proof));
  assert(!sharedSecret(NEW).verify("dialler", TRANSCRIPT, proof));
  for (let i = 0; i < proof.length; i++) {
    const changed = proof.slice();
    changed[i]! ^= 1;
    assert(!other.verify("dialler", TRANSCRIPT, changed));
  }
  for (const length of [0, 31, 33, 64]) {
    assert(!other.verify("dialler", TRANSCRIPT, new Uint8Array(length)));
  }
});

Deno.test("proofs are the same everywhere: a vector", () => {
  const proof = sharedSecret("0123456789abcdef").prove("acceptor", TRANSCRIPT);
  assertEquals(proof.toHex(), VECTOR);
});

Deno.test("secrets are changed by way of a list: the first proves, any is believed", () => {
  const before = sharedSecret([OLD, NEW]), after = sharedSecret([NEW, OLD]);
  const proof = after.prove("dialler", TRANSCRIPT);
  assert(before.verify("dialler", TRANSCRIPT, proof));
  assert(!sharedSecret(OLD).verify("dialler", TRANSCRIPT, proof));
  assert(sharedSecret(NEW).verify("dialler", TRANSCRIPT, proof));
  assertEquals(nameIn(before.checkToken(after.token(A, B, NOW), B, NOW)), A);
});

Deno.test("a secret given as bytes is kept as it was", () => {
  const bytes = new TextEncoder().encode(OLD);
  const auth = sharedSecret(bytes);
  bytes.fill(0);
  assert(sharedSecret(OLD).verify("dialler", TRANSCRIPT, auth.prove("dialler", TRANSCRIPT)));
});

Deno.test("short secrets, no secrets and senseless tolerances are refused", () => {
  for (const secret of ["", "fifteen bytes..", new Uint8Array(15), [OLD, "short"], []]) {
    const error = assertThrows(() => sharedSecret(secret), InternodeError);
    assertEquals([error.code, error.origin], ["InvalidArgument", "caller"]);
  }
  assertThrows(() => sharedSecret("short"), InternodeError, "32 random bytes");
  sharedSecret("sixteen bytes...");
  for (const maxClockSkewMs of [-1, NaN]) {
    assertThrows(() => sharedSecret(OLD, { maxClockSkewMs }), InternodeError, "maxClockSkewMs");
  }
});

Deno.test("a token names its dialler, is never the same twice, and fits a header", () => {
  const auth = sharedSecret(OLD);
  const token = auth.token(A, B, NOW);
  assert(/^[\w-]+$/.test(token), token);
  assertNotEquals(token, auth.token(A, B, NOW));
  assertEquals(nameIn(auth.checkToken(token, B, NOW)), A);
  const strange = "unix:///räume/\u{1f600}.sock";
  assertEquals(nameIn(auth.checkToken(auth.token(strange, B, NOW), B, NOW)), strange);
});

Deno.test("a token's nonce and time are the same however its text is written", () => {
  const auth = sharedSecret(OLD, { maxClockSkewMs: 1_000 });
  const token = auth.token(A, B, NOW);
  const claim = auth.checkToken(token, B, NOW);
  assert(!("refusal" in claim));
  const { id, ...rest } = claim;
  assert(/^[0-9a-f]{32}$/.test(id), id);
  assertEquals(rest, { name: A, issuedMs: NOW, expiresMs: NOW + 31_000 });
  const other = auth.checkToken(auth.token(A, B, NOW), B, NOW);
  assert("id" in other && other.id !== id);
  // Base64 has several texts for the same bytes.
  const texts = [` ${token}`, `${token.slice(0, 8)}\n${token.slice(8)}`];
  const pad = "=".repeat((4 - token.length % 4) % 4);
  if (pad !== "") texts.push(token + pad);
  for (const text of texts) assertEquals(auth.checkToken(text, B, NOW), claim);
});

Deno.test("a token is good between its two names only", () => {
  const auth = sharedSecret(OLD);
  const reason = refusal(auth.checkToken(auth.token(A, B, NOW), A, NOW));
  assert(reason.includes(A) && reason.includes(B), reason);
});

Deno.test("a token expires after 30 s and the tolerance, and may not come from the future", () => {
  const exact = sharedSecret(OLD, { maxClockSkewMs: 0 });
  const token = exact.token(A, B, NOW);
  assertEquals(nameIn(exact.checkToken(token, B, NOW + 30_000)), A);
  assert(refusal(exact.checkToken(token, B, NOW + 30_001)).includes("expired"));
  assertEquals(nameIn(exact.checkToken(token, B, NOW)), A);
  assert(refusal(exact.checkToken(token, B, NOW - 1)).includes("future"));

  const usual = sharedSecret(OLD);
  assertEquals(nameIn(usual.checkToken(token, B, NOW + 330_000)), A);
  assert(refusal(usual.checkToken(token, B, NOW + 330_001)).includes("expired"));
  assertEquals(nameIn(usual.checkToken(token, B, NOW - 300_000)), A);
  assert(refusal(usual.checkToken(token, B, NOW - 300_001)).includes("future"));
  const never = usual.token(A, B, NaN);
  assert(refusal(usual.checkToken(never, B, NOW)).includes("expired"));
});

Deno.test("missing, malformed and changed tokens are told apart from good ones", () => {
  const auth = sharedSecret(OLD);
  const token = auth.token(A, B, NOW);
  for (const missing of [null, ""]) {
    assert(refusal(auth.checkToken(missing, B, NOW)).includes("no token"));
  }
  for (const bad of ["x", "not base64 !", "a".repeat(5000), token.slice(0, 40), "\0", "ä"]) {
    assert(refusal(auth.checkToken(bad, B, NOW)).includes("malformed"), bad);
  }
  for (const wrong of [sharedSecret(NEW).token(A, B, NOW), token.slice(0, -4)]) {
    assert(refusal(auth.checkToken(wrong, B, NOW)).includes("signature"));
  }
  const bytes = Uint8Array.fromBase64(token, { alphabet: "base64url" });
  for (let i = 0; i < bytes.length; i++) {
    const changed = bytes.slice();
    changed[i]! ^= 0x10;
    refusal(auth.checkToken(changed.toBase64({ alphabet: "base64url" }), B, NOW));
  }
});

Deno.test("a token is no proof and a proof is no token", () => {
  const auth = sharedSecret(OLD);
  const bytes = Uint8Array.fromBase64(auth.token(A, B, NOW), { alphabet: "base64url" });
  const signed = bytes.subarray(0, -32), mac = bytes.subarray(-32);
  for (const role of ["dialler", "acceptor"] as const) {
    assert(!auth.verify(role, signed, mac));
    const forged = new Uint8Array(bytes);
    forged.set(auth.prove(role, signed), signed.length);
    refusal(auth.checkToken(forged.toBase64({ alphabet: "base64url" }), B, NOW));
  }
});
