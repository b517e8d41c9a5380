/**
 * What tests of mutual TLS stand on: who takes part, and over what.
 *
 * @module
 */

import { assertEquals, assertRejects } from "@std/assert";
import { InternodeError } from "../../../lib/errors.ts";
import type { MtlsConfig } from "../../../lib/transport/certificates/mtls_config.ts";
import { mtlsTransport } from "../../../lib/transport/mtls/mtls_transport.ts";
import { tcpTransport } from "../../../lib/transport/tcp/tcp.ts";
import type { Channel, Transport } from "../../../lib/transport/channel/transport.ts";
import { unixTransport } from "../../../lib/transport/unix/unix.ts";
import { webSocketOver } from "../../../lib/transport/websocket/web_socket.ts";
import { type Acceptor, dialOptions } from "../../support/channels/acceptor.ts";
import { closeBoth, gather } from "../../support/channels/channel_conformance.ts";
import { pipeOf } from "../../support/channels/channel_pipe.ts";
import { moduleFolder } from "../../support/module_folder.ts";
import { FILES, NET } from "../../support/permitted.ts";
import { configOf, TestAuthority } from "../../support/certificates/test_authority.ts";

/** The one that both sides believe. */
export const authority = await TestAuthority.root("authority");
const host = await authority.node("host.example");
/** What a good client shows. */
export const client = await authority.node("client.example", {
  names: [
    { type: "dns", value: "client.example" },
    { type: "ip", value: "2001:DB8::1" },
    { type: "uri", value: "spiffe://example/client" },
  ],
});

/** A good host. */
export const hostConfig = configOf(host, authority);
/** A good client that looks for the host. */
export const clientConfig = configOf(client, authority, { serverName: "host.example" });

const folder = moduleFolder();
let made = 0;

/** What mutual TLS goes over. */
export interface Ground {
  name: string;
  ignore: boolean;
  inner: () => Transport;
  url: () => string;
  /** What goes over mutual TLS in turn. */
  outer?: (secured: Transport) => Transport;
}

/** WebSocket over mutual TLS. */
export const webSocketGround: Ground = {
  name: "wss",
  ignore: !NET,
  inner: tcpTransport,
  url: () => "wss://127.0.0.1:0",
  outer: webSocketOver,
};

/** TCP and Unix sockets. */
export const grounds: readonly Ground[] = [
  { name: "tcp", ignore: !NET, inner: tcpTransport, url: () => "tcp://127.0.0.1:0" },
  {
    name: "unix",
    ignore: !NET || !FILES || Deno.build.os === "windows",
    inner: unixTransport,
    url: () => `unix://${folder}/${++made}.sock`,
  },
];

/** A transport of mutual TLS. */
export function on(config: MtlsConfig, { inner, outer }: Ground): Transport {
  const secured = mtlsTransport(config, inner());
  return outer === undefined ? secured : outer(secured);
}

/** How a dial is refused. */
export async function refusal(dialling: Promise<Channel>): Promise<InternodeError> {
  const error = await assertRejects(() => dialling, InternodeError);
  assertEquals(error.code, "Unauthenticated");
  return error;
}

/** A connection that both ends believe still comes about, and carries bytes. */
export async function stillServes(acceptor: Acceptor, ground: Ground): Promise<void> {
  const near = pipeOf(await on(clientConfig, ground).dial(acceptor.address, dialOptions()));
  const far = pipeOf(await acceptor.next());
  await near.send(new Uint8Array([1, 2, 3]));
  assertEquals(await gather(far, 3), new Uint8Array([1, 2, 3]));
  await closeBoth(near, far);
}
