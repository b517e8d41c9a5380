/**
 * Somebody with a certificate, but without the secret, who carries the words of
 * a client and a server to and fro.
 *
 * @module
 */

import {
  connect,
  constantResolver,
  HandlerMap,
  listen,
  makeMethodKey,
  mtls,
  mtlsTransports,
  serve,
  tcp,
} from "@internode/grid/call";
import { type Authenticator, InternodeError, sharedSecret } from "@internode/grid";
import { assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { parseHostAddress } from "../../../lib/runtime/host_address.ts";
import { mtlsTransport } from "../../../lib/transport/mtls/mtls_transport.ts";
import { tcpTransport } from "../../../lib/transport/tcp/tcp.ts";
import type { ByteChannel } from "../../../lib/transport/channel/transport.ts";
import { QuietLogger } from "../../support/log/quiet.ts";
import { Acceptor, dialOptions } from "../../support/channels/acceptor.ts";
import { closeBoth } from "../../support/channels/channel_conformance.ts";
import { pipeOf } from "../../support/channels/channel_pipe.ts";
import {
  authority,
  clientConfig,
  grounds,
  hostConfig,
  on,
  webSocketGround,
} from "../../transport/mtls/mtls_ground.ts";
import { NET } from "../../support/permitted.ts";
import { configOf } from "../../support/certificates/test_authority.ts";

const echo = makeMethodKey("test", "echo");
const auth = sharedSecret("a secret of more than 16 bytes");

for (const ground of [...grounds, webSocketGround]) {
  Deno.test({
    name: `mtls over ${ground.name}: both ends know the same of what they have shown`,
    ignore: ground.ignore,
    fn: async () => {
      const acceptor = await Acceptor.on(on(hostConfig, ground), ground.url());
      const near = await on(clientConfig, ground).dial(acceptor.address, dialOptions());
      const far = await acceptor.next();
      assertEquals(near.binding, far.binding);
      const hashes = [far.identity!, near.identity!].map(({ fingerprint }) =>
        fingerprint.replaceAll(":", "").toLowerCase()
      );
      assertEquals(near.binding?.toHex(), hashes.join(""));
      await closeBoth(pipeOf(near), pipeOf(far));
      await acceptor.end();
    },
  });
}

/** Carries bytes from one end to the other until one of them ends. */
async function carry(from: ByteChannel, to: ByteChannel): Promise<void> {
  const buffer = new Uint8Array(16_384);
  try {
    for (let count = await from.read(buffer); count !== null; count = await from.read(buffer)) {
      for (let at = 0; at < count;) at += await to.write(buffer.slice(at, count));
    }
  } catch {
    // The other direction has ended.
  }
  from.close();
  to.close();
}

/** Calls a server through somebody in between who has a certificate for its name. */
async function callThrough(auth: Authenticator | undefined): Promise<Uint8Array> {
  const logger = new QuietLogger(), stop = new AbortController();
  const handlers = new HandlerMap().set("test", "echo", (bytes) => bytes);
  const listener = await listen("tls://127.0.0.1:0", handlers, {
    transports: mtlsTransports(hostConfig),
    logger,
  });
  const serving = serve(listener, { auth, signal: stop.signal, graceMs: 0, logger }).finished;
  // Such as one that was stolen from another machine of the service.
  const stolen = configOf(await authority.node("host.example"), authority, {
    serverName: "host.example",
  });
  const between = mtlsTransport(stolen, tcpTransport());
  const acceptor = await Acceptor.on(between, "tcp://127.0.0.1:0");
  const carrying = (async () => {
    const near = await acceptor.next() as ByteChannel;
    const address = parseHostAddress(listener.address.replace("tls:", "tcp:"));
    const far = await between.dial(address, dialOptions()) as ByteChannel;
    await Promise.all([carry(near, far), carry(far, near)]);
  })();
  const at = acceptor.address.href.replace("tcp://", "");
  const to = await connect(constantResolver(mtls(clientConfig, tcp(at))), { auth, logger });
  try {
    return await to.call(echo, new Uint8Array(3), { retry: false, timeoutMs: 500 });
  } finally {
    await to.close({ graceMs: 0 });
    stop.abort();
    await serving;
    await carrying;
    await acceptor.end();
  }
}

Deno.test({
  name: "a proof that is carried from one TLS connection to another is wrong there",
  ignore: !NET,
  fn: async () => {
    const error = await assertRejects(() => callThrough(auth), InternodeError);
    assertStringIncludes(error.message, "proof of the shared secret is wrong");
    // Where there is no secret, nobody notices.
    assertEquals((await callThrough(undefined)).length, 3);
  },
});
