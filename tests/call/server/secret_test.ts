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
import { type Authenticator, InternodeError, type Secret, sharedSecret } from "@internode/grid";
import * as t from "@internode/grid/codec";
import { assert, assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { QuietLogger } from "../../support/log/quiet.ts";
import { NET } from "../../support/permitted.ts";

const OLD = "an old secret of thirty-two bytes", NEW = "a new secret of just as many bytes";
const OTHER = "another secret of thirty-two bytes";

const Greeter = service("greeter", {
  greet: method({ request: t.string(), response: t.string(), idempotent: true }),
});

/** Nobody who is let in waits so long, however busy the machine is. */
const ADMITTED_MS = 10_000;
/** Who is refused tries again for so long, and is then told why. */
const REFUSED_MS = 500;

type Call = (
  auth: Authenticator | undefined,
  options?: { name?: string | undefined; timeoutMs?: number },
) => Promise<string>;

/** A server that has a secret or not, and clients of it. */
async function withServer(
  address: string,
  auth: Authenticator | undefined,
  body: (call: Call, log: QuietLogger) => Promise<void>,
): Promise<void> {
  const logger = new QuietLogger(), stop = new AbortController();
  const listener = await listen(address, implement(Greeter, { greet: (name) => `Hi, ${name}!` }));
  const serving = serve(listener, { auth, signal: stop.signal, logger }).finished;
  try {
    await body(async (auth, { name, timeoutMs = ADMITTED_MS } = {}) => {
      const resolver = constantResolver(parseNetEndpoint(listener.address));
      await using connection = await connect(resolver, { auth, name, logger: new QuietLogger() });
      return await client(Greeter, connection).greet("Ada", { timeoutMs });
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
    await Promise.all((
      [
        [
          sharedSecret(OLD),
          sharedSecret(NEW),
          "proof of the shared secret is wrong",
          "token's signature is wrong",
        ],
        [sharedSecret(OLD), undefined, "requires a shared secret", "carries no token"],
        [undefined, sharedSecret(NEW), "requires a shared secret", "requires a shared secret"],
      ] as const
    ).map(async ([server, stranger, inHandshake, atUpgrade], i) => {
      const why = scheme === "ws" ? atUpgrade : inHandshake;
      const own = scheme === "memory" ? `${address}-${i}` : address;
      await withServer(own, server, async (call, log) => {
        const error = await assertRejects(
          () => call(stranger, { timeoutMs: REFUSED_MS }),
          InternodeError,
        );
        assertStringIncludes(error.message, why);
        assert(log.has(why), log.lines.join("\n"));
        assertEquals(await call(server), "Hi, Ada!");
      });
    }));
  });

  Deno.test(
    { name: `${scheme}: each client may have a secret of its own, by its name`, ignore },
    () => {
      const secrets: Record<string, Secret> = { ada: OLD, bob: [OTHER, NEW] };
      const server = sharedSecret({ byPeer: (peer) => secrets[peer] });
      return withServer(address, server, async (call) => {
        assertEquals(await call(sharedSecret(OLD), { name: "ada" }), "Hi, Ada!");
        for (const secret of [[OTHER], [OTHER, NEW], [NEW, OTHER]]) {
          assertEquals(await call(sharedSecret(secret), { name: "bob" }), "Hi, Ada!");
        }
        // Nobody comes in by the secret of another name, nor by one that is not known.
        const why = scheme === "ws" ? "signature is wrong" : "proof of the shared secret is wrong";
        const wrong = [[OTHER, "ada"], [OLD, "bob"], [OLD, "eve"], [OLD, ""]];
        await Promise.all(wrong.map(async ([secret, name]) => {
          const made = sharedSecret(secret!);
          const options = { name: name || undefined, timeoutMs: REFUSED_MS };
          const error = await assertRejects(() => call(made, options), InternodeError);
          assertStringIncludes(error.message, why);
        }));
      });
    },
  );
}
