import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { InternodeError } from "../../lib/errors.ts";
import { parseHostAddress } from "../../lib/runtime/host_address.ts";
import { memoryTransport } from "../../lib/transport/memory/memory.ts";
import {
  memory,
  NetEndpoint,
  parseNetEndpoint,
  tcp,
  unix,
  ws,
} from "../../lib/transport/net_endpoint.ts";
import type { DialOptions, Transport } from "../../lib/transport/channel/transport.ts";
import { tcpTransport } from "../../lib/transport/tcp/tcp.ts";
import { webSocketTransport } from "../../lib/transport/websocket/web_socket.ts";
import { Acceptor } from "../support/channels/acceptor.ts";
import { closeBoth } from "../support/channels/channel_conformance.ts";
import { pipeOf } from "../support/channels/channel_pipe.ts";
import { NET } from "../support/permitted.ts";

const made: readonly (readonly [string, NetEndpoint, string])[] = [
  ['tcp("10.0.0.1:9000")', tcp("10.0.0.1:9000"), "tcp://10.0.0.1:9000"],
  ['tcp(":80")', tcp(":80"), "tcp://:80"],
  ['tcp("Db.Example:https")', tcp("Db.Example:https"), "tcp://db.example:443"],
  ['tcp("[2001:DB8::1]:9000")', tcp("[2001:DB8::1]:9000"), "tcp://[2001:db8::1]:9000"],
  ['tcp("[fe80::1%lo]:53")', tcp("[fe80::1%lo]:53"), "tcp://[fe80::1%lo]:53"],
  ['unix("/run/Cache 1.sock")', unix("/run/Cache 1.sock"), "unix:///run/Cache 1.sock"],
  ['unix("cache.sock")', unix("cache.sock"), "unix://cache.sock"],
  ['memory("a")', memory("a"), "memory://a"],
  ['ws("ws://A")', ws("ws://A"), "ws://a:80/internode"],
  ['ws("ws://a/")', ws("ws://a/"), "ws://a:80/"],
  ['ws("wss://a/b c")', ws("wss://a/b%20c"), "wss://a:443/b%20c"],
  ['ws("ws://a:1/x/../y?z=/1")', ws("ws://a:1/x/../y?z=/1"), "ws://a:1/y?z=/1"],
  ['ws("ws://a?z")', ws("ws://a?z"), "ws://a:80/?z"],
  ['ws("ws://[::1%lo]:1/ä")', ws("ws://[::1%lo]:1/ä"), "ws://[::1%lo]:1/%C3%A4"],
  ['parseNetEndpoint("tls://a:1/")', parseNetEndpoint("tls://a:1/"), "tls://a:1"],
  ['parseNetEndpoint("unix:///a?b#c")', parseNetEndpoint("unix:///a?b#c"), "unix:///a?b#c"],
];

for (const [what, endpoint, address] of made) {
  Deno.test(`${what} is ${address}, and is read back`, () => {
    assertEquals(endpoint.address, address);
    assertEquals(`${endpoint}`, address);
    assertEquals(`${endpoint.net}://`, address.slice(0, endpoint.net.length + 3));
    const again = parseNetEndpoint(`${endpoint}`);
    assertEquals([again.address, again.net, again.path], [address, endpoint.net, endpoint.path]);
    assertEquals(again.host, endpoint.host);
  });
}

Deno.test("an endpoint shows its host, and only a WebSocket one has a path", () => {
  assertEquals(tcp(":80").host, parseHostAddress("tcp://:80"));
  assertEquals(tcp(":80").path, "");
  const endpoint = ws("ws://a/b");
  assertEquals([endpoint.host, endpoint.path], [parseHostAddress("ws://a:80"), "/b"]);
  assertEquals(new NetEndpoint(parseHostAddress("wss://a:1")).address, "wss://a:1/internode");
});

const refused: readonly (readonly [string, () => unknown, string])[] = [
  [
    "tcp of a URL",
    () => tcp("tcp://a:1"),
    'tcp takes an address without "tcp://", not "tcp://a:1"; parseNetEndpoint reads whole URLs.',
  ],
  [
    "unix of a URL",
    () => unix("unix:///a"),
    'unix takes a path without "unix://", not "unix:///a"; parseNetEndpoint reads whole URLs.',
  ],
  [
    "memory of a URL",
    () => memory("memory://a"),
    'memory takes a name without "memory://", not "memory://a"; parseNetEndpoint reads whole URLs.',
  ],
  [
    "ws of no URL",
    () => ws("a:80"),
    'ws takes a URL that begins with ws:// or wss://, not "a:80".',
  ],
  [
    "tcp without a port",
    () => tcp("a"),
    'Host "tcp://a" is not valid: the port is missing: it must end in "host:port" or "[ipv6]:port".',
  ],
  [
    "tcp with an unknown service",
    () => tcp("a:htpps"),
    'Host "tcp://a:htpps" is not valid: "htpps" is not a well-known service: write the port number.',
  ],
  [
    "an empty path",
    () => unix(""),
    'Host "unix://" is not valid: nothing follows "unix://".',
  ],
  [
    "an empty text",
    () => parseNetEndpoint(""),
    'Host "" is not valid: it must look like "tcp://10.0.0.1:9000" or "unix:///run/grid.sock".',
  ],
  [
    "another scheme",
    () => parseNetEndpoint("http://a/b"),
    'Host "http://a/b" is not valid: "http" is not one of tcp, tls, ws, wss, unix, memory.',
  ],
  [
    "a path of TCP",
    () => parseNetEndpoint("tcp://a:1/b"),
    'Host "tcp://a:1/b" is not valid: a host has no path, query or fragment.',
  ],
  [
    "a bad host with a path",
    () => parseNetEndpoint("ws://a:b:c/d"),
    'Host "ws://a:b:c" is not valid: it has several ":"; an IPv6 address must be in brackets: "[::1]:9000".',
  ],
  [
    "a path without a host",
    () => parseNetEndpoint("ws:///b"),
    'Host "ws://" is not valid: the port is missing: it must end in "host:port" or "[ipv6]:port".',
  ],
  [
    "a fragment",
    () => parseNetEndpoint("ws://a/b#c"),
    'Endpoint "ws://a/b#c" is not valid: a request path has no "#".',
  ],
  [
    "a blank in a request path",
    () => parseNetEndpoint("ws://a/b c"),
    'Endpoint "ws://a/b c" is not valid: its path contains a space or ' +
    "a control character or an invisible one, such as a byte order mark (U+FEFF).",
  ],
  [
    "a line's end in a request path",
    () => parseNetEndpoint("ws://a/b\n"),
    'Endpoint "ws://a/b\\n" is not valid: its path contains a space or ' +
    "a control character or an invisible one, such as a byte order mark (U+FEFF).",
  ],
];

for (const [what, make, message] of refused) {
  Deno.test(`${what} is refused`, () => {
    const error = assertThrows(make, InternodeError);
    assertEquals(error.message, message);
    assertEquals([error.code, error.origin], ["InvalidArgument", "caller"]);
  });
}

Deno.test("what is dialled has the request path, and a token for each attempt", async () => {
  const dialled: [string, DialOptions][] = [];
  const transport: Transport = {
    dial(address, options) {
      dialled.push([address.href, options]);
      return Promise.reject(new Error("not today"));
    },
    listen: () => Promise.reject(new Error("not today")),
  };
  const { signal } = new AbortController();
  let made = 0;
  const token = (): string => `token ${++made}`;
  const endpoint = ws("ws://a/b", { transports: { ws: transport }, token });
  for (let i = 0; i < 2; i++) await assertRejects(() => endpoint.dial(signal), Error, "not today");
  const fixed = ws("ws://a", { transports: { ws: transport }, token: "always" });
  await assertRejects(() => fixed.dial(signal), Error, "not today");
  assertEquals(dialled, [
    ["ws://a:80", { signal, path: "/b", token: "token 1", early: false }],
    ["ws://a:80", { signal, path: "/b", token: "token 2", early: false }],
    ["ws://a:80", { signal, path: "/internode", token: "always", early: false }],
  ]);
});

Deno.test("without a transport for it an endpoint can never be reached", async () => {
  const endpoint = tcp("a:1", { transports: { memory: memoryTransport() } });
  const message = "There is no transport for tcp://a:1; there are: memory.";
  const error = await assertRejects(
    () => endpoint.dial(new AbortController().signal),
    InternodeError,
    message,
  );
  assertEquals([error.code, error.host], ["InvalidArgument", "tcp://a:1"]);
  assertThrows(() => endpoint.transport, InternodeError, message);
});

Deno.test("an aborted dial rejects with the signal's reason", async () => {
  const reason = new Error("too late");
  for (const endpoint of [memory("nobody"), tcp("127.0.0.1:1"), ws("ws://127.0.0.1:1")]) {
    const rejected = await assertRejects(() => endpoint.dial(AbortSignal.abort(reason)));
    assert(rejected === reason, endpoint.address);
  }
});

Deno.test({ name: "endpoints dial what listens there", ignore: !NET }, async () => {
  const transports = { tcp: tcpTransport(), ws: webSocketTransport(), memory: memoryTransport() };
  for (const text of ["tcp://:0", "ws://127.0.0.1:0", "memory://a"]) {
    const { host, transport } = parseNetEndpoint(text, { transports });
    const acceptor = await Acceptor.on(transport, host.href);
    const endpoint = parseNetEndpoint(acceptor.address.href, { transports });
    const near = pipeOf(await endpoint.dial(new AbortController().signal));
    const far = pipeOf(await acceptor.next());
    await near.send(new Uint8Array([1, 2, 3]));
    assertEquals(await far.receive(), new Uint8Array([1, 2, 3]));
    await closeBoth(near, far);
    await acceptor.end();
  }
});
