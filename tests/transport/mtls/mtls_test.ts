import {
  assert,
  assertEquals,
  assertRejects,
  assertStringIncludes,
  assertThrows,
} from "@std/assert";
import { InternodeError } from "../../../lib/errors.ts";
import type { Endpoint } from "../../../lib/transport/channel/endpoint.ts";
import { type HostAddress, parseHostAddress } from "../../../lib/runtime/host_address.ts";
import { memoryTransport } from "../../../lib/transport/memory/memory.ts";
import { mtls } from "../../../lib/transport/mtls/mtls.ts";
import { mtlsTransport } from "../../../lib/transport/mtls/mtls_transport.ts";
import { tcpTransport } from "../../../lib/transport/tcp/tcp.ts";
import type { ByteChannel, Channel, Transport } from "../../../lib/transport/channel/transport.ts";
import { unixTransport } from "../../../lib/transport/unix/unix.ts";
import { Acceptor, dialOptions, told, turns } from "../../support/channels/acceptor.ts";
import { closeBoth } from "../../support/channels/channel_conformance.ts";
import { pipeOf } from "../../support/channels/channel_pipe.ts";
import {
  authority,
  client,
  clientConfig,
  grounds,
  hostConfig,
  on,
  refusal,
  stillServes,
} from "./mtls_ground.ts";
import { NET } from "../../support/permitted.ts";
import { configOf } from "../../support/certificates/test_authority.ts";

for (const ground of grounds) {
  const test = (what: string, fn: () => Promise<void>): void =>
    Deno.test({ name: `mtls over ${ground.name}: ${what}`, ignore: ground.ignore, fn });

  test("both ends know who the other is", async () => {
    const acceptor = await Acceptor.on(on(hostConfig, ground), ground.url());
    const near = await on(clientConfig, ground).dial(acceptor.address, dialOptions());
    const far = await acceptor.next();
    assertEquals([near.kind, far.kind], ["bytes", "bytes"]);
    assertEquals([(near as ByteChannel).integrity, (far as ByteChannel).integrity], [true, true]);
    assertEquals(near.identity?.subject, "CN=host.example");
    assertEquals(near.identity?.sans, { dns: ["host.example"], ip: [], uri: [] });
    assertEquals(far.identity?.sans, {
      dns: ["client.example"],
      ip: ["2001:db8::1"],
      uri: ["spiffe://example/client"],
    });
    assertEquals(/^[0-9A-F]{2}(:[0-9A-F]{2}){31}$/.test(far.identity!.fingerprint), true);
    await closeBoth(pipeOf(near), pipeOf(far));
    await acceptor.end();
  });

  test("a chain through an authority in between is believed", async () => {
    const between = await authority.authority("between");
    const chained = configOf(await between.node("host.example"), authority);
    const acceptor = await Acceptor.on(on(chained, ground), ground.url());
    await stillServes(acceptor, ground);
    await acceptor.end();
  });

  test("TLS 1.2 works where both sides allow it", async () => {
    const config = { ...hostConfig, minVersion: "1.2" } as const;
    const acceptor = await Acceptor.on(on(config, ground), ground.url());
    await stillServes(acceptor, ground);
    await acceptor.end();
  });

  test("clients that are silent, slow or talk nonsense are cut off, others served", async () => {
    const config = { ...hostConfig, handshakeTimeoutMs: 150 };
    const acceptor = await Acceptor.on(on(config, ground), ground.url());
    const silent = await connectTo(acceptor.address), slow = await connectTo(acceptor.address);
    const nonsense = await connectTo(acceptor.address);
    await slow.write(new Uint8Array([22, 3, 1, 0, 200]));
    await nonsense.write(new TextEncoder().encode("GET / HTTP/1.1\r\n\r\n"));
    await stillServes(acceptor, ground);
    for (const conn of [silent, slow, nonsense]) {
      await readToEnd(conn);
      conn.close();
    }
    const heard = (await told(acceptor, 3)).filter(({ message }) =>
      message.startsWith("Closed the connection from ") &&
      message.endsWith(": its handshake took more than 150 ms.")
    );
    assertEquals(heard.map(({ code }) => code), ["Disconnected", "Disconnected"]);
    await stillServes(acceptor, ground);
    await acceptor.end();
  });

  test("a silent host does not hold a dialler", async () => {
    const acceptor = await Acceptor.on(ground.inner(), ground.url());
    const transport = on({ ...clientConfig, handshakeTimeoutMs: 50 }, ground);
    const dialling = transport.dial(acceptor.address, dialOptions());
    const error = await assertRejects(() => dialling, InternodeError, "took more than 50 ms");
    assertEquals([error.code, error.origin], ["Unreachable", "network"]);
    const silent = pipeOf(await acceptor.next());
    while (await silent.receive() !== null);
    silent.channel.close();
    await acceptor.end();
  });

  test("a host that speaks no TLS is unreachable, with advice", async () => {
    const acceptor = await Acceptor.on(ground.inner(), ground.url());
    const dialling = on(clientConfig, ground).dial(acceptor.address, dialOptions());
    const outcome = assertRejects(() => dialling, InternodeError, "listens there with mutual TLS");
    const far = pipeOf(await acceptor.next());
    await far.send(new TextEncoder().encode("220 ready\r\n"));
    assertEquals((await outcome).code, "Unreachable");
    far.channel.close();
    await acceptor.end();
  });

  test("only so many handshakes are under way", async () => {
    const acceptor = await Acceptor.on(
      on({ ...hostConfig, maxHandshakes: 1 }, ground),
      ground.url(),
    );
    const first = await connectTo(acceptor.address), second = await connectTo(acceptor.address);
    await readToEnd(second);
    assertEquals((await told(acceptor, 1))[0]!.code, "Overloaded");
    first.close();
    await told(acceptor, 2);
    await stillServes(acceptor, ground);
    second.close();
    await acceptor.end();
  });

  test("closing the listener ends the handshakes under way", async () => {
    const acceptor = await Acceptor.on(on(hostConfig, ground), ground.url());
    const silent = await connectTo(acceptor.address);
    await turns(20);
    await acceptor.end();
    await readToEnd(silent);
    silent.close();
    assertEquals(acceptor.errors, []);
  });

  test("what is not read stays with the sender", async () => {
    const counter = new CountingTransport(ground.inner());
    const acceptor = await Acceptor.on(mtlsTransport(hostConfig, counter), ground.url());
    const near = await on(clientConfig, ground).dial(acceptor.address, dialOptions());
    const far = await acceptor.next();
    const flood = (async () => {
      for (;;) await (near as ByteChannel).write(new Uint8Array(256 * 1024));
    })();
    const stopped = assertRejects(() => flood);
    let before = -1;
    while (counter.bytesRead !== before) {
      before = counter.bytesRead;
      await turns(100);
    }
    assert(before < 192 * 1024, `${before} bytes were read though nobody wanted them`);
    near.close();
    far.close();
    await stopped;
    await acceptor.end();
  });
}

Deno.test({
  name: "mtls: a client without a certificate is refused with the reason",
  ignore: !NET,
}, async () => {
  const ground = grounds[0]!;
  const acceptor = await Acceptor.on(on(hostConfig, ground), ground.url());
  const { hostname, port } = acceptor.address;
  const bare = await Deno.connectTls({
    hostname,
    port,
    caCerts: [authority.cert],
    alpnProtocols: ["internode/1"],
    unsafelyDisableHostnameVerification: true,
  });
  // What it says, and what it would like the application to hear.
  await bare.write(new Uint8Array([1, 0, 0, 9, 9, 9]));
  const answer = await readToEnd(bare);
  assertEquals(new TextDecoder().decode(answer.subarray(3)), "no certificate was shown");
  assertEquals([...answer.subarray(0, 3)], [2, answer.length - 3, 0]);
  bare.close();
  assertStringIncludes((await told(acceptor, 1))[0]!.message, "no certificate was shown");
  await stillServes(acceptor, ground);
  await acceptor.end();
});

Deno.test({
  name: "mtls: a client that speaks another protocol inside TLS is refused",
  ignore: !NET,
}, async () => {
  const ground = grounds[0]!;
  const acceptor = await Acceptor.on(on(hostConfig, ground), ground.url());
  const { hostname, port } = acceptor.address;
  const other = await Deno.connectTls({
    hostname,
    port,
    caCerts: [authority.cert],
    cert: client.cert,
    key: client.key,
    unsafelyDisableHostnameVerification: true,
  });
  assertEquals((await readToEnd(other)).length, 0);
  other.close();
  assertStringIncludes(
    (await told(acceptor, 1))[0]!.message,
    "does not speak the Internode protocol",
  );
  await acceptor.end();
});

Deno.test({ name: "mtls: an endpoint is one of mutual TLS", ignore: !NET }, async () => {
  const ground = grounds[0]!;
  const acceptor = await Acceptor.on(on(hostConfig, ground), ground.url());
  const plain = endpointAt(acceptor.address, tcpTransport());
  const endpoint = mtls(clientConfig, plain);
  assertEquals(endpoint.address, `mtls://${plain.address}`);
  const near = await endpoint.dial(new AbortController().signal);
  assertEquals(near.identity?.subject, "CN=host.example");
  await closeBoth(pipeOf(near), pipeOf(await acceptor.next()));
  const nameless = mtls({ ...clientConfig, serverName: undefined }, plain);
  const error = await refusal(nameless.dial(new AbortController().signal));
  assertStringIncludes(error.message, `This side does not trust mtls://${plain.address}`);
  assertStringIncludes(error.message, "is for host.example, not for 127.0.0.1");
  const named = mtls({ ...clientConfig, serverName: (address) => address.slice(0, 3) }, plain);
  assertStringIncludes(
    (await refusal(named.dial(new AbortController().signal))).message,
    "not for tcp",
  );
  await told(acceptor, 2);
  await acceptor.end();
});

Deno.test("mtls: an address that names no host needs a name to look for", () => {
  const plain = endpointAt(parseHostAddress("unix:///run/a.sock"), unixTransport());
  const error = assertThrows(
    () => mtls({ ...clientConfig, serverName: undefined }, plain),
    InternodeError,
    "Give serverName",
  );
  assertEquals(error.code, "InvalidArgument");
  assertEquals(mtls(clientConfig, plain).address, "mtls://unix:///run/a.sock");
});

Deno.test("mtls: channels of messages are no ground for it", async () => {
  const inner = memoryTransport();
  const acceptor = await Acceptor.on(inner, "memory://a");
  const dialling = mtlsTransport(clientConfig, inner).dial(acceptor.address, dialOptions());
  const error = await assertRejects(() => dialling, InternodeError, "TCP or Unix sockets");
  assertEquals(error.code, "InvalidArgument");
  (await acceptor.next()).close();
  await acceptor.end();
});

function endpointAt(address: HostAddress, transport: Transport): Endpoint {
  return {
    address: address.href,
    dial: (signal) => transport.dial(address, dialOptions({ signal })),
  };
}

function connectTo({ hostname, port, path, scheme }: HostAddress): Promise<Deno.Conn> {
  return scheme === "unix"
    ? Deno.connect({ transport: "unix", path })
    : Deno.connect({ hostname, port });
}

async function readToEnd(conn: Deno.Conn): Promise<Uint8Array> {
  const all: number[] = [], into = new Uint8Array(4096);
  for (;;) {
    // The other end may have closed with something unread, which resets.
    const count = await conn.read(into).catch(() => null);
    if (count === null) return new Uint8Array(all);
    all.push(...into.subarray(0, count));
  }
}

/** Counts what is read from accepted channels. */
class CountingTransport implements Transport {
  bytesRead = 0;
  readonly #inner: Transport;
  readonly dial: Transport["dial"];

  constructor(inner: Transport) {
    this.#inner = inner;
    this.dial = inner.dial;
  }

  listen: Transport["listen"] = (address, options) => {
    const accept = (channel: Channel): void => {
      const { read } = channel as ByteChannel;
      (channel as ByteChannel).read = async (into) => {
        const count = await read.call(channel, into);
        this.bytesRead += count ?? 0;
        return count;
      };
      options.accept(channel);
    };
    return this.#inner.listen(address, { ...options, accept });
  };
}
