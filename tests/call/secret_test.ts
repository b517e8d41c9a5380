import {
  client,
  connect,
  constantResolver,
  implement,
  listen,
  method,
  parseNetEndpoint,
  serve,
  service,
} from "@internode/grid/call";
import { type Authenticator, InternodeError, sharedSecret } from "@internode/grid";
import * as t from "@internode/grid/codec";
import { assert, assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { QuietLogger } from "../grid/quiet.ts";
import { NET } from "../net/permitted.ts";

const OLD = "an old secret of thirty-two bytes", NEW = "a new secret of just as many bytes";

const Greeter = service("greeter", {
  greet: method({ request: t.string(), response: t.string(), idempotent: true }),
});

type Call = (auth: Authenticator | undefined) => Promise<string>;

/** A server that has a secret or not, and clients of it. */
async function withServer(
  address: string,
  auth: Authenticator | undefined,
  body: (call: Call, log: QuietLogger) => Promise<void>,
): Promise<void> {
  const logger = new QuietLogger(), stop = new AbortController();
  const listener = await listen(address, implement(Greeter, { greet: (name) => `Hi, ${name}!` }));
  const serving = serve(listener, { auth, signal: stop.signal, logger });
  try {
    await body(async (auth) => {
      const resolver = constantResolver(parseNetEndpoint(listener.address));
      await using connection = await connect(resolver, { auth, logger: new QuietLogger() });
      return await client(Greeter, connection).greet("Ada", { timeoutMs: 300 });
    }, logger);
  } finally {
    stop.abort();
    await serving;
  }
}

for (const [address, ignore] of [["memory://secret", false], ["ws://127.0.0.1:0", !NET]] as const) {
  const { scheme } = /^(?<scheme>\w+):/.exec(address)!.groups!;

  Deno.test(
    { name: `${scheme}: clients with the server's secret are served`, ignore },
    () =>
      withServer(address, sharedSecret([OLD, NEW]), async (call) => {
        for (const secrets of [[OLD], [OLD, NEW], [NEW, OLD]]) {
          assertEquals(await call(sharedSecret(secrets)), "Hi, Ada!");
        }
      }),
  );

  Deno.test({ name: `${scheme}: others are not, and both sides learn why`, ignore }, async () => {
    for (
      const [server, stranger, inHandshake, atUpgrade] of [
        [
          sharedSecret(OLD),
          sharedSecret(NEW),
          "proof of the shared secret is wrong",
          "token's signature is wrong",
        ],
        [sharedSecret(OLD), undefined, "asks for a shared secret", "carries no token"],
        [undefined, sharedSecret(NEW), "asks for a shared secret", "asks for a shared secret"],
      ] as const
    ) {
      const why = scheme === "ws" ? atUpgrade : inHandshake;
      await withServer(address, server, async (call, log) => {
        const error = await assertRejects(() => call(stranger), InternodeError);
        assertStringIncludes(error.message, why);
        assert(log.has(why), log.lines.join("\n"));
        assertEquals(await call(server), "Hi, Ada!");
      });
    }
  });
}
