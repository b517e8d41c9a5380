/**
 * What the audits of a listener and a server are told.
 *
 * @module
 */

import {
  type AuditEvent,
  HandlerMap,
  listen,
  makeMethodKey,
  mtlsTransports,
  serve,
  type ServeOptions,
  type ServiceListenOptions,
} from "@internode/grid/call";
import { InternodeError, sharedSecret, systemTransports } from "@internode/grid";
import { assert, assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { QuietLogger } from "../../support/log/quiet.ts";
import { openBare, upgradeRequest } from "../../support/network/raw_socket.ts";
import { certificates } from "../../support/certificates/certificates.ts";
import { moduleFolder } from "../../support/module_folder.ts";
import { FILES, NET } from "../../support/permitted.ts";
import { configOf, TestAuthority } from "../../support/certificates/test_authority.ts";
import { SimulatedService } from "../../support/simulation/simulated_service.ts";

const EMPTY = new Uint8Array(0);
const auth = sharedSecret("a secret of more than 16 bytes");
const authority = await TestAuthority.root("authority");
const node = await authority.node("localhost");

Deno.test("a server's audit receives who called what without being served, and why", async () => {
  const service = new SimulatedService(), events: AuditEvent[] = [];
  await service.run(async () => {
    const handlers = new HandlerMap().set("vault", "open", (bytes) => bytes, {
      allow: () => false,
    });
    const audit = (event: AuditEvent): void => void events.push(event);
    const to = await service.connectTo(1, () => handlers, { name: "burglar" }, { audit });
    const keys = [makeMethodKey("vault", "open"), makeMethodKey("vault", "missing")];
    for (const key of keys) {
      const call = service.clock.complete(to.call(key, EMPTY, { retry: false, timeoutMs: 500 }));
      await assertRejects(() => call, InternodeError);
    }
    const [refused, missing] = events.filter((event) => event.event === "call_refused");
    assertEquals([refused?.code, refused?.caller], ["PermissionDenied", "burglar"]);
    assertStringIncludes(refused!.handler, "open");
    assertEquals([missing?.code, missing?.caller], ["UnknownHandler", "burglar"]);
  });
});

Deno.test("a server's audit learns the name of a client without the secret", async () => {
  const service = new SimulatedService(), events: AuditEvent[] = [];
  await service.run(async () => {
    const audit = (event: AuditEvent): void => void events.push(event);
    await service.start(0, new HandlerMap(), { auth, audit });
    service.list(0);
    const wrong = sharedSecret("another secret of 16 bytes");
    await service.connect({ name: "burglar", auth: wrong });
    await service.clock.runUntil(() => events.length > 0, 60_000, "a refusal");
    const [event] = events;
    assert(event?.event === "connection_refused");
    assertEquals([event.code, event.caller], ["Unauthenticated", "burglar"]);
    assertStringIncludes(event.reason, "secret");
  });
});

const folder = moduleFolder();

const HTTP = new TextEncoder().encode("GET / HTTP/1.1\r\n\r\n");

interface Door {
  readonly says: Uint8Array<ArrayBuffer>;
  /** Whose audit is told. */
  readonly told: "listen" | "serve";
  readonly listening?: ServiceListenOptions;
  readonly serving?: ServeOptions;
}

const DOORS: Readonly<Record<string, Door>> = {
  "tcp": { says: HTTP, told: "serve" },
  "unix": { says: HTTP, told: "serve" },
  "tls": { says: HTTP, told: "listen" },
  "ws": { says: HTTP, told: "listen" },
  "wss": { says: HTTP, told: "listen" },
  "ws with a forged token": {
    says: upgradeRequest({ token: "forged" }),
    told: "serve",
    serving: { auth },
  },
  "ws with a token that authorize refuses": {
    says: upgradeRequest({ token: "forged" }),
    told: "listen",
    listening: { authorize: () => "no" },
  },
  "tls with certificates": {
    says: HTTP,
    told: "listen",
    listening: { transports: mtlsTransports(configOf(node, authority)) },
  },
};

for (const [name, { says, told, listening, serving }] of Object.entries(DOORS)) {
  Deno.test({
    name: `over ${name}, the audit of ${told} receives unproven peers and their addresses`,
    ignore: !NET || !FILES,
    fn: async () => {
      const events = { listen: [] as AuditEvent[], serve: [] as AuditEvent[] };
      const logger = new QuietLogger(), stop = new AbortController();
      const scheme = name.split(" ")[0]!;
      const address = scheme === "unix" ? `unix://${folder}/s` : `${scheme}://127.0.0.1:0`;
      const listener = await listen(address, new HandlerMap(), {
        logger,
        audit: (event) => void events.listen.push(event),
        transports: systemTransports(certificates()),
        ...listening,
      });
      const served = serve(listener, {
        logger,
        audit: (event) => void events.serve.push(event),
        signal: stop.signal,
        ...serving,
      }).finished;
      const url = listener.address.replace(/^(tls|wss?)/, "tcp").replace(/\/internode$/, "");
      const conn = await openBare({ url });
      await conn.write(says);
      await conn.read(new Uint8Array(4_096)).catch(() => null);
      while (events[told].length === 0) await new Promise((resolve) => setImmediate(resolve));
      conn.close();
      stop.abort();
      await served;
      assertEquals(events.listen.length + events.serve.length, 1);
      const [event] = events[told];
      assert(event?.event === "connection_refused");
      assertEquals(event.local, listener.address);
      assert(event.remote !== undefined && event.remote !== "");
    },
  });
}
