import { assert, assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { InternodeError } from "../../../lib/errors.ts";
import type { MtlsConfig } from "../../../lib/transport/certificates/mtls_config.ts";
import type { ByteChannel } from "../../../lib/transport/channel/transport.ts";
import { ChannelDuplex } from "../../../lib/transport/tls/channel_duplex.ts";
import { TlsInbox } from "../../../lib/transport/tls/tls_channel.ts";
import { dialTls, type OpenTls } from "../../../lib/transport/tls/tls_open.ts";
import { Acceptor, dialOptions, told } from "../../support/channels/acceptor.ts";
import { closeBoth, gather } from "../../support/channels/channel_conformance.ts";
import { pipeOf } from "../../support/channels/channel_pipe.ts";
import { authority, clientConfig, type Ground, grounds, hostConfig, on } from "./mtls_ground.ts";
import { configOf, TestAuthority } from "../../support/certificates/test_authority.ts";

const stranger = await TestAuthority.root("stranger");
const strangerConfig: MtlsConfig = configOf(await stranger.node("client.example"), authority, {
  serverName: "host.example",
});
const HELLO = new TextEncoder().encode("hello before the verdict");

/** Dials, and is given the channel before the host has said whether it trusts this side. */
async function dialEarly(config: MtlsConfig, ground: Ground, at: Acceptor): Promise<ByteChannel> {
  const options = { ...dialOptions(), early: true };
  return await on(config, ground).dial(at.address, options) as ByteChannel;
}

/** Says TLS to a listener, with that certificate, and nothing else. */
async function tlsTo(acceptor: Acceptor, ground: Ground, config: MtlsConfig): Promise<OpenTls> {
  const channel = await ground.inner().dial(acceptor.address, dialOptions()) as ByteChannel;
  const inbox = new TlsInbox(), duplex = new ChannelDuplex(channel, Infinity, inbox.hasRoom);
  const { cert, key, ca } = config as MtlsConfig & { ca: string };
  const options = { cert, key, ca, rejectUnauthorized: false, ALPNProtocols: ["internode/1"] };
  return await dialTls({ duplex, inbox, remote: channel.remote }, options);
}

for (const ground of grounds) {
  const test = (what: string, fn: () => Promise<void>): void =>
    Deno.test({ name: `mtls over ${ground.name}: ${what}`, ignore: ground.ignore, fn });

  test("what is written behind this side's verdict arrives behind it", async () => {
    const acceptor = await Acceptor.on(on(hostConfig, ground), ground.url());
    const near = pipeOf(await dialEarly(clientConfig, ground, acceptor));
    await near.send(HELLO);
    const far = pipeOf(await acceptor.next());
    assertEquals(await gather(far, HELLO.length), HELLO);
    await far.send(new Uint8Array([9]));
    assertEquals(await gather(near, 1), new Uint8Array([9]));
    await closeBoth(near, far);
    await acceptor.end();
  });

  test("a host that refuses the dialler is given nothing to read, and the dialler's reads and writes fail as its dial would have", async () => {
    const acceptor = await Acceptor.on(on(hostConfig, ground), ground.url());
    const channel = await dialEarly(strangerConfig, ground, acceptor);
    await channel.write(HELLO).catch(() => {});
    for (const use of [() => channel.read(new Uint8Array(9)), () => channel.write(HELLO)]) {
      const error = await assertRejects(use, InternodeError);
      assertEquals([error.code, error.origin], ["Unauthenticated", "local"]);
      assertStringIncludes(error.message, `${acceptor.address.href} does not trust this side`);
      assertStringIncludes(error.message, "is not signed by a trusted authority");
    }
    await told(acceptor, 1);
    channel.close();
    // None was accepted: the next one is that of the good client.
    const near = pipeOf(await dialEarly(clientConfig, ground, acceptor));
    await near.send(new Uint8Array([5]));
    const far = pipeOf(await acceptor.next());
    assertEquals(await gather(far, 1), new Uint8Array([5]));
    await closeBoth(near, far);
    await acceptor.end();
  });

  test("a host that the dialler does not trust gets no channel to write to", async () => {
    const config = configOf(await stranger.node("host.example"), authority);
    const acceptor = await Acceptor.on(on(config, ground), ground.url());
    const error = await assertRejects(
      () => dialEarly(clientConfig, ground, acceptor),
      InternodeError,
    );
    assertEquals(error.code, "Unauthenticated");
    await told(acceptor, 1);
    await acceptor.end();
  });

  test("a host that says nothing after TLS ends the reads in the time of the handshake", async () => {
    const watched = new Watched(true);
    const acceptor = await Acceptor.on(on(hostConfig, watched.over(ground)), ground.url());
    const config = { ...clientConfig, handshakeTimeoutMs: 200 };
    const channel = await dialEarly(config, ground, acceptor);
    const error = await assertRejects(() => channel.read(new Uint8Array(9)), InternodeError);
    assertEquals(error.code, "Unreachable");
    assertStringIncludes(error.message, "200 ms");
    channel.close();
    await acceptor.end();
    watched.end();
  });

  test("closing an early channel ends its pending read", async () => {
    const watched = new Watched(true);
    const acceptor = await Acceptor.on(on(hostConfig, watched.over(ground)), ground.url());
    const channel = await dialEarly(clientConfig, ground, acceptor);
    const reading = assertRejects(() => channel.read(new Uint8Array(9)));
    channel.close();
    await reading;
    await acceptor.end();
    watched.end();
  });

  test("a refused client that stays and sends on is ended after 64 KiB", async () => {
    const watched = new Watched();
    const acceptor = await Acceptor.on(on(hostConfig, watched.over(ground)), ground.url());
    const { channel, socket } = await tlsTo(acceptor, ground, strangerConfig);
    const trusts = new Uint8Array([1, 0, 0]), flood = new Uint8Array(16 * 1024);
    await channel.write(trusts);
    const sending = (async () => {
      for (;;) await channel.write(flood);
    })().catch(() => {});
    await told(acceptor, 1);
    await sending;
    const { readBytes } = watched;
    assert(readBytes > 16 * 1024 && readBytes <= 68 * 1024, `${readBytes}`);
    socket.destroy();
    await acceptor.end();
  });
}

/** Counts what a listener reads. A silent one is let write until the TLS handshake is done, and never after it. */
class Watched {
  readBytes = 0;
  readonly #isSilent: boolean;
  readonly #channels: ByteChannel[] = [];

  constructor(isSilent = false) {
    this.#isSilent = isSilent;
  }

  over(ground: Ground): Ground {
    const inner = ground.inner();
    return {
      ...ground,
      inner: () => ({
        dial: (address, options) => inner.dial(address, options),
        listen: (address, options) =>
          inner.listen(address, {
            ...options,
            accept: (channel, name, slot) =>
              options.accept(this.#watched(channel as ByteChannel), name, slot),
          }),
      }),
    };
  }

  end(): void {
    for (const channel of this.#channels) channel.close();
  }

  #watched(channel: ByteChannel): ByteChannel {
    this.#channels.push(channel);
    let writes = 0;
    const { kind, remote, integrity, ended } = channel;
    return {
      kind,
      remote,
      integrity,
      ended,
      write: (bytes) =>
        this.#isSilent && ++writes > 1 ? new Promise(() => {}) : channel.write(bytes),
      read: async (into) => {
        const count = await channel.read(into);
        this.readBytes += count ?? 0;
        return count;
      },
      close: () => channel.close(),
    };
  }
}
