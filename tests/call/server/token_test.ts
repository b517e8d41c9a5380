import {
  client,
  connect,
  constantResolver,
  implement,
  listen,
  method,
  serve,
  service,
  type ServiceListener,
  type ServiceListenOptions,
  ws,
} from "@internode/grid/call";
import { type Authenticator, InternodeError, sharedSecret } from "@internode/grid";
import * as t from "@internode/grid/codec";
import {
  assert,
  assertEquals,
  assertMatch,
  assertRejects,
  assertStringIncludes,
} from "@std/assert";
import { QuietLogger } from "../../support/log/quiet.ts";
import { openBare, upgradeRequest } from "../../support/network/raw_socket.ts";
import { turns } from "../../support/channels/acceptor.ts";
import { NET } from "../../support/permitted.ts";

const Greeter = service("greeter", {
  greet: method({ request: t.string(), response: t.string(), idempotent: true }),
});
const handlers = implement(Greeter, { greet: (name) => `Hi, ${name}!` });
const auth = sharedSecret("a secret of more than 16 bytes");
const LISTENED = "ws://127.0.0.1:0";

const test = (name: string, fn: () => Promise<void>): void =>
  Deno.test({ name: `tokens of services: ${name}`, ignore: !NET, fn });

/** A server with the secret. */
async function withServer(
  body: (listener: ServiceListener, log: QuietLogger) => Promise<void>,
  options: ServiceListenOptions = {},
  secret: Authenticator | null = auth,
): Promise<void> {
  const logger = new QuietLogger(), stop = new AbortController();
  const listener = await listen(LISTENED, handlers, { logger, ...options });
  const serving = serve(listener, {
    auth: secret ?? undefined,
    logger,
    signal: stop.signal,
    graceMs: 0,
  }).finished;
  try {
    await body(listener, logger);
  } finally {
    stop.abort();
    await serving;
  }
}

/** What a request with a token is answered with at once. */
async function answerTo(address: string, token: string | undefined): Promise<string> {
  const conn = await openBare({ url: hostOf(address) });
  await conn.write(upgradeRequest({ token }));
  const buffer = new Uint8Array(4096), count = await conn.read(buffer);
  conn.close();
  return new TextDecoder().decode(buffer.subarray(0, count ?? 0));
}

function hostOf(address: string): string {
  return address.replace(/\/internode$/, "");
}

function tokenOf(name = "client", to = "", made = auth): string {
  return made.token(name, to, Date.now());
}

function greet(
  address: string,
  options: { auth?: Authenticator; token?: string | (() => string); name?: string } = {},
): Promise<string> {
  const { token, ...others } = options;
  const resolver = constantResolver(ws(address, { token }));
  return (async () => {
    await using connection = await connect(resolver, { ...others, logger: new QuietLogger() });
    return await client(Greeter, connection).greet("Ada", { timeoutMs: 500 });
  })();
}

test("who has none, or a bad one, is refused before the upgrade", async () => {
  await withServer(async ({ address }, log) => {
    const stranger = sharedSecret("another secret of 16 bytes");
    const late = auth.token("client", "", Date.now() - 400_000);
    for (
      const [token, why] of [
        [undefined, /carries no token/],
        ["abc", /malformed/],
        [tokenOf("client", "", stranger), /signature is wrong/],
        [tokenOf("client", "ws://127.0.0.1:1"), /is meant for ws:\/\/127.0.0.1:1/],
        [late, /expired/],
        [tokenOf(""), /has no name/],
      ] as const
    ) {
      const answer = await answerTo(address, token);
      assertMatch(answer, /^HTTP\/1\.1 401 /);
      assertMatch(answer, why);
      assert(log.has("refused before its WebSocket upgrade"), log.lines.join("\n"));
    }
    assertEquals(await greet(address, { auth }), "Hi, Ada!");
    await assertRejects(() => greet(address), InternodeError, "status 401");
    await assertRejects(() => greet(address, { auth: stranger }), InternodeError, "status 401");
  });
});

test("each token is valid once", async () => {
  await withServer(async ({ address }) => {
    const token = tokenOf();
    assertMatch(await answerTo(address, token), /^HTTP\/1\.1 101 /);
    const again = await answerTo(address, token);
    assertMatch(again, /^HTTP\/1\.1 401 /);
    assertStringIncludes(again, "used already");
  });
});

test("clients without number may have one name, and come at once", async () => {
  await withServer(async ({ address }) => {
    for (let i = 0; i < 300; i++) {
      // Clocks that go behind one another.
      const token = auth.token("client", "", Date.now() - i * 500);
      assertMatch(await answerTo(address, token), /^HTTP\/1\.1 101 /);
    }
  });
});

test("one is good for the name that it bears", async () => {
  await withServer(async ({ address }) => {
    const call = (name: string): Promise<string> =>
      greet(address, { auth, name, token: () => tokenOf("client") });
    await assertRejects(
      () => call("other"),
      InternodeError,
      '"other" used the token of "client"',
    );
    assertEquals(await call("client"), "Hi, Ada!");
  });
});

Deno.test("tokens of services: one is none for a node", () => {
  const now = Date.now();
  const verdict = auth.checkToken(auth.token("client", "", now), "ws://127.0.0.1:1", now);
  assertEquals("refusal" in verdict && verdict.refusal.includes("a service's server"), true);
});

test("a request that comes before anybody serves waits for who does", async () => {
  for (const [secret, status] of [[auth, 401], [undefined, 101]] as const) {
    const listener = await listen(LISTENED, handlers, { logger: new QuietLogger() });
    let answer = "";
    const asking = answerTo(listener.address, undefined).then((text) => answer = text);
    await turns(20);
    assertEquals(answer, "");
    const stop = new AbortController(), logger = new QuietLogger();
    const serving =
      serve(listener, { auth: secret, logger, signal: stop.signal, graceMs: 0 }).finished;
    assertStringIncludes(await asking, `HTTP/1.1 ${status} `);
    stop.abort();
    await serving;
  }
});

test("whoever judges tokens of his own gets his own, and the secret is proven after the upgrade", async () => {
  const heard: (string | null)[] = [];
  const authorize = (token: string | null): string | null => {
    heard.push(token);
    return token === "friend" ? null : "no";
  };
  await withServer(async ({ address }) => {
    assertEquals(await greet(address, { auth, token: "friend" }), "Hi, Ada!");
    await assertRejects(() => greet(address, { token: "friend" }), InternodeError, "shared secret");
    await assertRejects(() => greet(address, { token: "foe" }), InternodeError, "status 401 (no)");
  }, { authorize });
  assertEquals(new Set(heard), new Set(["friend", "foe"]));
});

test("a server without a secret looks at none", async () => {
  await withServer(
    async ({ address }) => {
      assertMatch(await answerTo(address, "anything"), /^HTTP\/1\.1 101 /);
      assertEquals(await greet(address), "Hi, Ada!");
    },
    {},
    null,
  );
});

test("one that was overheard gets an upgrade at another server, and nothing more", async () => {
  const token = tokenOf();
  await withServer(async ({ address }) => {
    assertMatch(await answerTo(address, token), /^HTTP\/1\.1 101 /);
  });
  await withServer(async ({ address }, log) => {
    const stranger = sharedSecret("another secret of 16 bytes");
    await assertRejects(() => greet(address, { auth: stranger, token }), InternodeError);
    assert(log.has("proof of the shared secret is wrong"), log.lines.join("\n"));
    assertMatch(await answerTo(address, token), /^HTTP\/1\.1 401 /);
  });
});
