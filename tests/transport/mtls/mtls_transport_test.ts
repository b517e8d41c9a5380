import { mtlsTransport, mtlsTransports } from "../../../lib/transport/mtls/mtls_transport.ts";
import { tcpTransport } from "../../../lib/transport/tcp/tcp.ts";
import { unixTransport } from "../../../lib/transport/unix/unix.ts";
import { testTransport } from "../../support/channels/channel_conformance.ts";
import { FILES, NET } from "../../support/permitted.ts";
import { configOf, TestAuthority } from "../../support/certificates/test_authority.ts";

const authority = await TestAuthority.root("authority");
const config = configOf(
  await authority.node("node", {
    names: [{ type: "dns", value: "node.example" }, { type: "ip", value: "127.0.0.1" }],
  }),
  authority,
);

testTransport({
  name: "mtls over tcp",
  permitted: NET,
  transport: () => mtlsTransport(config, tcpTransport()),
  freshAddress: () => "tls://127.0.0.1:0",
  acceptedRemote: "tls://127.0.0.1:",
});

testTransport({
  name: "wss over mtls",
  permitted: NET,
  transport: () => mtlsTransports(config)["wss"]!,
  freshAddress: () => "wss://127.0.0.1:0",
  acceptedRemote: "wss://127.0.0.1:",
});

const sockets = NET && FILES && Deno.build.os !== "windows";
const folder = sockets ? Deno.makeTempDirSync({ prefix: "internode-" }) : "";
let made = 0;
if (sockets) globalThis.addEventListener("unload", () => Deno.removeSync(folder));

testTransport({
  name: "mtls over unix",
  permitted: sockets,
  transport: () => mtlsTransport({ ...config, serverName: "node.example" }, unixTransport()),
  freshAddress: () => `unix://${folder}/${++made}.sock`,
  acceptedRemote: "a client of unix://",
});
