import { assert, assertEquals, assertRejects } from "@std/assert";
import { InternodeError } from "../../lib/errors.ts";
import { parseHostAddress } from "../../lib/runtime/host_address.ts";
import {
  dialledHost,
  hostHeader,
  isLinkLocal,
  listenOnHost,
  namedHost,
  remoteHost,
} from "../../lib/runtime/socket_host.ts";
import { tcpTransport } from "../../lib/transport/tcp/tcp.ts";
import { tlsTransport } from "../../lib/transport/tls/tls.ts";
import type { Transport } from "../../lib/transport/channel/transport.ts";
import { webSocketTransport } from "../../lib/transport/websocket/web_socket.ts";
import { Acceptor, dialOptions } from "../support/channels/acceptor.ts";
import { certificates } from "../support/certificates/certificates.ts";
import { closeBoth } from "../support/channels/channel_conformance.ts";
import { pipeOf } from "../support/channels/channel_pipe.ts";
import { LINK_LOCAL } from "../support/network/link_local.ts";
import { FILES, NET } from "../support/permitted.ts";

Deno.test("addresses of one network only are told from others", () => {
  for (const host of ["fe80::1", "FE80::1%lo", "fe9f::", "feaa::1", "febf:1::"]) {
    assertEquals(isLinkLocal(host), true, host);
  }
  for (const host of ["fec0::1", "fe8::1", "::1", "fe80", "fe80.example", "2001:db8::fe80"]) {
    assertEquals(isLinkLocal(host), false, host);
  }
});

Deno.test("what is dialled, and what the other end is called", () => {
  const cases: readonly (readonly [string, string, string])[] = [
    ["a.example", "a.example", "a.example"],
    ["", "127.0.0.1", "localhost"],
    ["fe80::1%lo", "fe80::1%lo", "fe80::1"],
    ["::1%lo", "::1", "::1"],
    ["2001:db8::1%eth0", "2001:db8::1", "2001:db8::1"],
  ];
  for (const [host, dialled, named] of cases) {
    assertEquals([dialledHost(host), namedHost(host)], [dialled, named], host);
  }
  assertEquals(hostHeader(parseHostAddress("ws://[fe80::1%lo]:80")), "[fe80::1]");
  assertEquals(hostHeader(parseHostAddress("ws://:80")), "localhost");
  // A port that is the scheme's own is left out, and no other is.
  for (
    const [url, field] of [
      ["ws://node.example:80", "node.example"],
      ["ws://node.example:443", "node.example:443"],
      ["wss://node.example:443", "node.example"],
      ["wss://node.example:80", "node.example:80"],
      ["wss://[2001:db8::1]:443", "[2001:db8::1]"],
      ["wss://[2001:db8::1]:8443", "[2001:db8::1]:8443"],
    ] as const
  ) assertEquals(hostHeader(parseHostAddress(url)), field);
});

Deno.test("an IPv4 client of a listener for both shows as itself", () => {
  const remote = (hostname: string) =>
    remoteHost("tcp", { transport: "tcp", hostname, port: 1 }).href;
  assertEquals(remote("::ffff:10.0.0.1"), "tcp://10.0.0.1:1");
  assertEquals(remote("10.0.0.1"), "tcp://10.0.0.1:1");
  assertEquals(remote("::ffff:a00:1"), "tcp://[::ffff:a00:1]:1");
});

Deno.test("all interfaces are those of IPv4 alone where IPv6 is missing or apart", async () => {
  const asked: string[] = [];
  const listen = (host: string): string => {
    asked.push(host);
    if (host === "::") throw new Error("Address family not supported by protocol");
    return host;
  };
  assertEquals(await listenOnHost("", listen, false), "0.0.0.0");
  assertEquals(await listenOnHost("", listen, true), "0.0.0.0");
  assertEquals(await listenOnHost("::1%lo", listen, false), "::1");
  assertEquals(await listenOnHost("", (host) => host, false), "::");
  assertEquals(asked, ["::", "0.0.0.0", "0.0.0.0", "::1"]);
});

Deno.test("what would fail with IPv4 alike is not tried again", async () => {
  for (const kind of ["AddrInUse", "NotCapable", "PermissionDenied"] as const) {
    const asked: string[] = [];
    await assertRejects(() =>
      listenOnHost("", (host) => {
        asked.push(host);
        throw new Deno.errors[kind]("no");
      }, false), Deno.errors[kind]);
    assertEquals(asked, ["::"]);
  }
});

const HELLO = new TextEncoder().encode("hello");

/** Listens at one address and dials another one, whose port is the listener's. */
async function meet(transport: Transport, at: string, dialled: string): Promise<string> {
  const acceptor = await Acceptor.on(transport, at);
  try {
    const { port } = acceptor.address;
    const dialling = transport.dial(parseHostAddress(`${dialled}:${port}`), dialOptions());
    const far = pipeOf(await acceptor.next());
    // The acceptor's half of a TLS handshake happens as it reads.
    const received = far.receive();
    const near = pipeOf(await dialling);
    await near.send(HELLO);
    assertEquals(await received, HELLO);
    await closeBoth(near, far);
    return far.channel.remote;
  } finally {
    await acceptor.end();
  }
}

const withTls = FILES && NET;
const transports: Readonly<Record<string, (() => Transport) | false>> = {
  tcp: NET && tcpTransport,
  ws: NET && webSocketTransport,
  tls: withTls && (() => tlsTransport(certificates())),
  wss: withTls && (() => webSocketTransport(certificates())),
};

for (const [scheme, transport] of Object.entries(transports)) {
  Deno.test({
    name: `${scheme}: an empty host is all interfaces, and this machine`,
    ignore: transport === false,
  }, async () => {
    const make = transport as () => Transport;
    const acceptor = await Acceptor.on(make(), `${scheme}://:0`);
    assertEquals(acceptor.address.href, `${scheme}://:${acceptor.address.port}`);
    await acceptor.end();
    const remote = await meet(make(), `${scheme}://:0`, `${scheme}://`);
    assertEquals(remote.startsWith(`${scheme}://127.0.0.1:`), true, remote);
    await meet(make(), `${scheme}://127.0.0.1:0`, `${scheme}://`);
  });
}

for (const scheme of ["tcp", "ws"]) {
  const transport = transports[scheme]!;
  Deno.test({
    name: `${scheme}: a link-local address is reached by its zone`,
    ignore: transport === false || LINK_LOCAL === undefined,
  }, async () => {
    const { ip, zone } = LINK_LOCAL!, make = transport as () => Transport;
    const host = `${scheme}://[${ip}%${zone}]`;
    const acceptor = await Acceptor.on(make(), `${host}:0`);
    assertEquals(acceptor.address.href, `${host}:${acceptor.address.port}`);
    await acceptor.end();
    const remote = await meet(make(), `${host}:0`, host);
    assertEquals(remote.startsWith(`${scheme}://[${ip}]:`), true, remote);
  });

  Deno.test({
    name: `${scheme}: an address that needs no zone is reached with one, too`,
    ignore: transport === false || LINK_LOCAL === undefined,
  }, async () => {
    const make = transport as () => Transport;
    await meet(make(), `${scheme}://[::1%lo]:0`, `${scheme}://[::1%lo]`);
  });
}

Deno.test({
  name: "tcp: a link-local address without a zone can never be reached",
  ignore: LINK_LOCAL === undefined,
}, async () => {
  const address = parseHostAddress(`tcp://[${LINK_LOCAL!.ip}]:9000`);
  const advice = "A link-local address needs the network interface that it is on: " +
    `[${LINK_LOCAL!.ip}%eth0].`;
  const { signal } = new AbortController();
  const dialling = tcpTransport().dial(address, { signal, path: "/" });
  const error = await assertRejects(() => dialling, InternodeError, advice);
  assertEquals(error.code, "InvalidArgument");
  const refused = await assertRejects(
    () => Acceptor.on(tcpTransport(), address.href),
    InternodeError,
    advice,
  );
  assertEquals(refused.code, "InvalidArgument");
});

Deno.test({
  name: "tcp: of a zone that this machine has not, the error says so",
  ignore: LINK_LOCAL === undefined,
}, async () => {
  const address = parseHostAddress("tcp://[fe80::1%nowhere0]:9000");
  const { signal } = new AbortController();
  const error = await assertRejects(
    () => tcpTransport().dial(address, { signal, path: "/" }),
    InternodeError,
    "this machine must have a network interface nowhere0.",
  );
  assertEquals([error.code, error.host], ["Unreachable", "tcp://[fe80::1%nowhere0]:9000"]);
  const refused = await assertRejects(
    () => Acceptor.on(tcpTransport(), address.href),
    InternodeError,
    "this machine must have a network interface nowhere0.",
  );
  for (const { message } of [error, refused]) assert(!message.includes("DNS"), message);
});
