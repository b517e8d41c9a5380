/** Tokens in calls. */

import { contextKey, InternodeError, Manager, type ManagerOptions, single } from "@internode/grid";
import { bearer, bearerToken, jwt, type JwtOptions, tokenClaims } from "@internode/grid/auth";
import * as t from "@internode/grid/codec";
import { assert, assertEquals, assertThrows } from "@std/assert";
import { exportJWK, generateKeyPair, type JWTPayload, SignJWT } from "jose";
import { FOREIGN_WAYS } from "../support/foreign/foreign_ways.ts";
import { QuietLogger } from "../support/log/quiet.ts";

const whoami = single("whoami", { request: t.nothing(), response: t.string() });
const ISSUER = "https://login.example", AUDIENCE = "cache";
const BASE = { issuer: ISSUER, audience: AUDIENCE };
let count = 0;

type Interceptors = NonNullable<ManagerOptions["interceptors"]>;

/** Calls a node with these interceptors; what its handler says of the caller, or the error. */
async function ask(
  interceptors: Interceptors,
  metadata: Readonly<Record<string, string>> = {},
  log = new QuietLogger(),
): Promise<string> {
  const local = `memory://auth-${++count}`;
  await using grid = new Manager({ local, hosts: [local], logger: log, interceptors });
  grid.handle(whoami, (_request, { values }) => `${values.get(tokenClaims)?.["sub"]}`);
  await grid.listen();
  return await grid.connection(local).request(whoami, undefined, { metadata, timeoutMs: 5_000 })
    .catch((error: InternodeError) => `${error.code} ${error.outcome}: ${error.message}`);
}

const REFUSED = "Unauthenticated notExecuted";

Deno.test("a call needs a token that is accepted, and its handler knows whose it is", async () => {
  const users = new Map([["good+/=", { sub: "ada" }]]);
  const server = [bearerToken({ verify: (token) => users.get(token) })];
  assertEquals(await ask({ client: [bearer("good+/=")], server }), "ada");
  assertEquals(await ask({ client: [bearer(() => Promise.resolve("good+/="))], server }), "ada");
  assertEquals(await ask({ server }, { authorization: "bearer  good+/=" }), "ada");
  const odd = [
    {},
    { authorization: "" },
    { authorization: "Basic good+/=" },
    {
      authorization: "Bearer",
    },
    { authorization: "Bearer a b" },
    { authorization: "Bearer bad" },
  ];
  for (const metadata of odd) {
    const answer = await ask({ server }, metadata as Record<string, string>);
    assert(answer.startsWith(REFUSED), answer);
  }
});

Deno.test("only a clear yes accepts a token, and no token is told or logged", async () => {
  const verdicts: (() => unknown)[] = [
    () => true,
    () => "yes",
    () => null,
    () => undefined,
    () => false,
    ...FOREIGN_WAYS.map(([, act]) => act),
  ];
  for (const verify of verdicts) {
    const log = new QuietLogger();
    const answer = await ask(
      { client: [bearer("very-secret")], server: [bearerToken({ verify: verify as never })] },
      {},
      log,
    );
    assert(answer.startsWith(REFUSED), answer);
    assert(!answer.includes("very-secret"));
    assert(
      log.all.every(({ message, fields }) =>
        !`${message} ${fields["reason"]}`.includes("very-secret")
      ),
    );
  }
  const denies = bearerToken({
    verify: () => {
      throw new InternodeError("PermissionDenied", "not this one");
    },
  });
  const answer = await ask({ client: [bearer("known")], server: [denies] });
  assert(answer.startsWith("PermissionDenied notExecuted"), answer);
});

Deno.test("claims can have a key of their own", async () => {
  const user = contextKey<{ name: string }>("user"), local = `memory://auth-${++count}`;
  const check = bearerToken({ verify: (name) => ({ name }), claims: user });
  const interceptors = { client: [bearer("bob")], server: [check] };
  await using grid = new Manager({ local, hosts: [local], interceptors });
  grid.handle(whoami, (_request, { values }) => values.get(user)?.name ?? "nobody");
  await grid.listen();
  assertEquals(await grid.connection(local).request(whoami, undefined), "bob");
});

async function signed(
  key: CryptoKey | Uint8Array,
  alg: string,
  claims: JWTPayload = {},
  header: { kid?: string } = {},
): Promise<string> {
  const now = Math.floor(Date.now() / 1_000);
  const all = { iss: ISSUER, aud: AUDIENCE, exp: now + 60, sub: "ada", ...claims };
  return await new SignJWT(all).setProtectedHeader({ alg, ...header }).sign(key);
}

Deno.test("a JSON Web Token must be signed by the issuer, for this audience, and not be over", async () => {
  const { publicKey, privateKey } = await generateKeyPair("ES256");
  const other = await generateKeyPair("ES256"), secret = new Uint8Array(32).fill(7);
  const now = Math.floor(Date.now() / 1_000);
  const jwk = await exportJWK(publicKey) as Record<string, unknown>;
  const none = `${btoa('{"alg":"none"}').replaceAll("=", "")}.${
    btoa(`{"iss":"${ISSUER}","aud":"${AUDIENCE}","exp":${now + 60}}`).replaceAll("=", "")
  }.`;
  const answer = async (token: string, options: Partial<JwtOptions> = {}): Promise<string> => {
    const key = "secret" in options || "jwks" in options ? {} : { key: publicKey };
    return await ask({ client: [bearer(token)], server: [jwt({ ...BASE, ...key, ...options })] });
  };
  const good = await signed(privateKey, "ES256");
  assertEquals(await answer(good), "ada");
  assertEquals(await answer(good, { key: jwk }), "ada");
  assertEquals(await answer(good, { jwks: { keys: [jwk] } }), "ada");
  assertEquals(await answer(await signed(secret, "HS256"), { secret }), "ada");
  assertEquals(await answer(good, { issuer: ["https://a.example", ISSUER] }), "ada");
  const late = await signed(privateKey, "ES256", { exp: now - 3 });
  assertEquals(await answer(late), "ada", "clocks may differ");
  const bad: readonly (readonly [string, string, Partial<JwtOptions>?])[] = [
    [await signed(other.privateKey, "ES256"), "not signed by a key"],
    [await signed(privateKey, "ES256", { iss: "https://evil.example" }), "claim"],
    [await signed(privateKey, "ES256", { aud: "another" }), "claim"],
    [await signed(privateKey, "ES256", { exp: now - 60 }), "expired"],
    [await signed(privateKey, "ES256", { exp: undefined } as never), "claim"],
    [await signed(privateKey, "ES256", { nbf: now + 60 }), "claim"],
    [late, "expired", { toleranceMs: 0 }],
    [good, "not signed by a key", { algorithms: ["RS256"] }],
    [await signed(secret, "HS256"), "not signed by a key"],
    [await signed(secret, "HS512"), "not signed by a key", { secret }],
    [none, "not"],
    ["abc", "no signed JSON Web Token"],
    [`${good}A`, "not signed by a key"],
    [good.slice(0, 40), "no signed JSON Web Token"],
  ];
  for (const [token, text, options] of bad) {
    const told = await answer(token, options);
    assert(told.startsWith(REFUSED) && told.includes(text), `${text}: ${told}`);
    assert(!told.includes(token), told);
  }
});

Deno.test("keys are read once, again for an unknown one after a while, and not by everybody at a time", async () => {
  const first = await generateKeyPair("ES256"), second = await generateKeyPair("ES256");
  const jwkOf = async ({ publicKey }: CryptoKeyPair, kid: string) =>
    ({ ...await exportJWK(publicKey), kid, alg: "ES256" }) as Record<string, unknown>;
  let keys = [await jwkOf(first, "1")], reads = 0, fails = false;
  const check = jwt({
    ...BASE,
    jwks: async () => {
      reads++;
      await Promise.resolve();
      if (fails) throw new Error("no keys today");
      return { keys };
    },
  });
  const local = `memory://auth-${++count}`;
  let now = 0;
  const { systemClock } = await import("../../lib/runtime/system_clock.ts");
  const clock = { ...systemClock, now: () => systemClock.now() + now };
  await using grid = new Manager({
    local,
    hosts: [local],
    clock,
    logger: new QuietLogger(),
    interceptors: { server: [check] },
  });
  grid.handle(whoami, (_request, { values }) => `${values.get(tokenClaims)?.["sub"]}`);
  await grid.listen();
  const asked = async (token: string): Promise<string> =>
    await grid.connection(local).request(whoami, undefined, {
      metadata: { authorization: `Bearer ${token}` },
    }).catch((error: InternodeError) => error.code);
  const one = await signed(first.privateKey, "ES256", {}, { kid: "1" });
  const two = await signed(second.privateKey, "ES256", {}, { kid: "2" });
  assertEquals(await Promise.all([one, one, one].map(asked)), ["ada", "ada", "ada"]);
  assertEquals([await asked(two), reads], ["Unauthenticated", 1]);
  keys = [...keys, await jwkOf(second, "2")];
  assertEquals([await asked(two), reads], ["Unauthenticated", 1], "not so soon");
  now += 31_000;
  assertEquals(await Promise.all([two, two, one].map(asked)), ["ada", "ada", "ada"]);
  assertEquals(reads, 2);
  fails = true;
  now += 601_000;
  assertEquals([await asked(one), await asked(one), reads], ["ada", "ada", 3], "old ones will do");
  now += 3_600_000;
  assertEquals([await asked(one), await asked(one), reads], [
    "Unauthenticated",
    "Unauthenticated",
    4,
  ]);
  fails = false;
  now += 1_001;
  assertEquals([await asked(one), reads], ["ada", 5]);
});

Deno.test("options that make no sense are refused", async () => {
  const { publicKey, privateKey } = await generateKeyPair("ES256", { extractable: true });
  const odd: readonly (readonly [unknown, string])[] = [
    [{}, "issuer"],
    [{ ...BASE }, "key"],
    [{ ...BASE, issuer: [], key: publicKey }, "issuer"],
    [{ ...BASE, audience: [""], key: publicKey }, "audience"],
    [{ ...BASE, key: publicKey, secret: new Uint8Array(32) }, "key"],
    [{ ...BASE, key: privateKey }, "key"],
    [{ ...BASE, key: await exportJWK(privateKey) }, "key"],
    [{ ...BASE, key: { kty: "oct", k: "AAAA" } }, "key"],
    [{ ...BASE, key: "text" }, "key"],
    [{ ...BASE, secret: new Uint8Array(31) }, "secret"],
    [{ ...BASE, key: publicKey, algorithms: ["HS256"] }, "algorithms"],
    [{ ...BASE, key: publicKey, algorithms: ["none"] }, "algorithms"],
    [{ ...BASE, key: publicKey, algorithms: [] }, "algorithms"],
    [{ ...BASE, secret: new Uint8Array(32), algorithms: ["ES256"] }, "algorithms"],
    [{ ...BASE, jwks: "http://login.example/keys" }, "jwks"],
    [{ ...BASE, jwks: "nonsense" }, "jwks"],
    [{ ...BASE, jwks: {} }, "jwks"],
    [{ ...BASE, key: publicKey, toleranceMs: -1 }, "toleranceMs"],
    [{ ...BASE, key: publicKey, claims: {} }, "claims"],
  ];
  for (const [options, named] of odd) {
    assertThrows(() => jwt(options as JwtOptions), InternodeError, `Option ${named} `);
  }
  jwt({ ...BASE, jwks: "http://127.0.0.1:9/keys" });
  for (const token of ["", "a b", 5, "a\n"]) {
    const error = assertThrows(() => bearer(token as string), InternodeError);
    assert(error.code === "InvalidArgument");
  }
  assertThrows(() => bearerToken({ verify: 1 as never }), InternodeError, "Option verify");
});
