import {
  HandlerMap,
  listen,
  mtlsTransports,
  serve,
  type ServeOptions,
  type ServiceListener,
} from "@internode/grid/call";
import { InternodeError, sharedSecret } from "@internode/grid";
import { assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { memoryTransport } from "../../../lib/transport/memory/memory.ts";
import type { Transport } from "../../../lib/transport/channel/transport.ts";
import { configOf, TestAuthority } from "../../support/certificates/test_authority.ts";
import { TestListener } from "./test_listener.ts";

const auth = sharedSecret("a secret of more than 16 bytes");
const EXPOSED = ["tcp://:9000", "tls://0.0.0.0:9000", "ws://node-1.example:80/a", "wss://[::]:443"];
const handlers = new HandlerMap();

/** Serves until it is told to stop, which it is at once if it serves. */
async function served(listener: ServiceListener, options: ServeOptions): Promise<void> {
  await serve(listener, { ...options, signal: AbortSignal.abort() }).finished;
}

/** A listener of the user's own. */
function ownListener(address: string, guarded?: boolean): TestListener {
  return Object.assign(new TestListener(handlers), { address, guarded });
}

/** What the library's listeners listen by here: nothing is bound. */
function nowhere(guarded?: boolean): Record<string, Transport> {
  const transport = { ...memoryTransport(), guarded };
  return { tcp: transport, tls: transport, ws: transport, wss: transport };
}

Deno.test("a server that asks for no proof takes no listener that other machines reach", async () => {
  for (const address of EXPOSED) {
    for (
      const listener of [
        ownListener(address),
        await listen(address, handlers, { transports: nowhere() }),
      ]
    ) {
      const error = await assertRejects(() => served(listener, {}), InternodeError);
      assertEquals([error.code, error.origin], ["InvalidArgument", "caller"]);
      assertEquals(error.host, listener.address);
      for (const way of ["auth", "mtlsTransports", "localhost", "allowUnauthenticated: true"]) {
        assertStringIncludes(error.message, way);
      }
      // It is closed, as after any end.
      await assertRejects(() => listener.accept());
    }
  }
});

Deno.test("it takes it with a secret, if it is guarded, or if told to", async () => {
  for (const address of EXPOSED) {
    await served(ownListener(address), { auth });
    await served(ownListener(address), { allowUnauthenticated: true });
    await served(ownListener(address, true), {});
    await served(await listen(address, handlers, { transports: nowhere(true) }), {});
  }
});

Deno.test("it takes what only this machine reaches, and addresses of one's own kinds", async () => {
  for (
    const address of [
      "tcp://127.0.0.1:9000",
      "ws://localhost:80/internode",
      "unix:///run/cache.sock",
      "memory://a",
      "carrier-pigeon://loft",
    ]
  ) {
    await served(ownListener(address), {});
  }
});

Deno.test("mutual TLS guards a listener, and so does an authorize function", async () => {
  const authority = await TestAuthority.root("authority");
  const config = configOf(await authority.node("node"), authority);
  const { tls, unix } = mtlsTransports(config);
  assertEquals([tls!.guarded, unix!.guarded], [true, true]);
  const authorize = () => null, transports = nowhere();
  for (const [address, guarded] of [[EXPOSED[0]!, false], [EXPOSED[2]!, true]] as const) {
    const listener = await listen(address, handlers, { transports, authorize });
    assertEquals(listener.guarded, guarded);
    await listener.close();
  }
});
