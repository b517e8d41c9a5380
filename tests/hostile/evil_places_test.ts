/** Evil texts in places that only one transport, certificates or resolvers have. */

import { Manager, single } from "@internode/grid";
import { etcdResolver } from "@internode/grid/etcd";
import { dnsResolver, fileResolver, parseNetEndpoint, type Resolver } from "@internode/grid/call";
import { assert } from "@std/assert";
import { dials } from "../../lib/grid/dialler.ts";
import { until } from "../conformance/world.ts";
import { freePorts } from "../../tools/network/free_ports.ts";
import { FakeEtcd } from "../discovery/etcd/fake_etcd.ts";
import { OWN_SERVERS } from "../support/network/own_server.ts";
import { QuietLogger } from "../support/log/quiet.ts";
import { FILES, NET } from "../support/permitted.ts";
import { configOf, TestAuthority } from "../support/certificates/test_authority.ts";
import { joined, utf8 } from "../support/session/raw_frames.ts";
import { EVIL, judgeError, judgeLines, judgeText, NAMED } from "./attacks/evil_texts.ts";
import { maskedFrame, openBare, upgradeRequest } from "../support/network/raw_socket.ts";

const echo = single("echo");

/** Two hosts, of which the first dials the second. */
function pair(scheme: string): [dialler: string, acceptor: string] {
  for (;;) {
    const [one, other] = freePorts(2).map((port) => `${scheme}://127.0.0.1:${port}`);
    if (dials(one!, other!)) return [one!, other!];
  }
}

function isNamed({ all }: QuietLogger): boolean {
  return all.some(({ message }) => NAMED.test(message));
}

/** A close frame with a reason of at most 123 bytes. */
const close = maskedFrame(8, joined(new Uint8Array([0x0f, 0xa0]), utf8(EVIL)));

async function closeOddly(url: string): Promise<void> {
  const bare = await openBare({ url: url.replace("ws:", "tcp:") });
  await bare.write(upgradeRequest({}));
  await bare.read(new Uint8Array(4_096));
  await bare.write(close);
  while (await bare.read(new Uint8Array(4_096)).catch(() => null) !== null);
  bare.close();
}

Deno.test("ws: the reason in a close frame is logged as plain text", { ignore: !NET }, async () => {
  const [other, local] = pair("ws"), logger = new QuietLogger();
  await using node = new Manager({ local, hosts: [local, other], logger });
  await node.listen();
  await closeOddly(local);
  await until(() => isNamed(logger), "the close is told");
  judgeLines("listen()", logger.all);
});

for (const kind of OWN_SERVERS) {
  Deno.test(`ws: the reason in a close frame is logged as plain text, in ${kind.name}`, {
    ignore: !NET,
  }, async () => {
    const [other, local] = pair("ws"), logger = new QuietLogger();
    const node = new Manager({ local, hosts: [local, other], logger });
    const { host, port } = new URL(local);
    await using _server = await kind.start({ port: Number(port), grid: () => node });
    node.connect();
    const bare = await openBare({ url: local.replace("ws:", "tcp:") });
    await bare.write(utf8(
      new TextDecoder().decode(upgradeRequest({})).replace("Host: test", `Host: ${host}`),
    ));
    await bare.read(new Uint8Array(4_096));
    await bare.write(close);
    await until(() => isNamed(logger), "the close is told");
    bare.close();
    await node.close({ graceMs: 0 });
    judgeLines(kind.name, logger.all);
  });
}

for (
  const [what, answer] of [
    ["the body of a refusal", `HTTP/1.1 401 x\r\nContent-Length: 90\r\n\r\n${EVIL.repeat(3)}`],
    [
      "the reason phrase and fields of an answer",
      `HTTP/1.1 302 ${EVIL.slice(7)}\r\nX: ${EVIL}\r\n\r\n`,
    ],
    ["an answer that is no HTTP", EVIL],
    ["a chunked refusal", `HTTP/1.1 503 x\r\nTransfer-Encoding: chunked\r\n\r\n20\r\n${EVIL}`],
  ] as const
) {
  Deno.test(`ws: ${what} is logged as plain text`, { ignore: !NET }, async () => {
    const [local, evil] = pair("ws"), logger = new QuietLogger();
    const { port } = new URL(evil);
    using listener = Deno.listen({ hostname: "127.0.0.1", port: Number(port) });
    const answering = (async () => {
      for await (const conn of listener) {
        await conn.read(new Uint8Array(4_096));
        await conn.write(utf8(answer)).catch(() => {});
        conn.close();
      }
    })();
    const node = new Manager({ local, hosts: [local, evil], logger });
    node.connect();
    const error = await node.connection(evil)
      .request(echo, new Uint8Array(1), { timeoutMs: 300, waitForReady: true })
      .catch((error) => error);
    await node.close({ graceMs: 0 });
    listener.close();
    await answering;
    judgeError(what, error);
    judgeLines(what, logger.all);
    assert(logger.all.length > 0);
  });
}

Deno.test("tls: the subject of a certificate is logged as plain text, whichever side refuses", {
  ignore: !NET,
}, async () => {
  const authority = await TestAuthority.root(`root ${EVIL}`),
    other = await TestAuthority.root(EVIL);
  for (const from of [authority, other]) {
    const [local, evil] = pair("tls"), logger = new QuietLogger(), evilLogger = new QuietLogger();
    const named = [{ type: "uri" as const, value: local }, {
      type: "ip" as const,
      value: "127.0.0.1",
    }];
    const good = configOf(await authority.node("good", { names: named }), authority);
    const bad = configOf(
      await from.node(EVIL, { names: [{ type: "ip", value: "127.0.0.1" }] }),
      authority,
    );
    await using node = new Manager({
      local: evil,
      hosts: [local, evil],
      tls: bad,
      logger: evilLogger,
    });
    await using victim = new Manager({ local, hosts: [local, evil], tls: good, logger });
    await node.listen();
    victim.connect();
    const refused = (kept: QuietLogger) => kept.of("connection_refused").length > 0;
    await until(() => refused(logger) || logger.of("peer_up").length > 0, "it is told").catch(
      () => {},
    );
    assert(logger.all.length > 0);
    judgeLines("who has dialled", logger.all);
    judgeLines("who was dialled", evilLogger.all);
  }
});

function etcdOf(logger: QuietLogger, url: string): Resolver {
  return etcdResolver({ urls: url, prefix: "evil", logger, requestTimeoutMs: 1_000 });
}

/** Asks once, and judges what is told. */
async function judgeResolver(
  where: string,
  resolver: Resolver,
  logger: QuietLogger,
): Promise<void> {
  const signal = AbortSignal.timeout(500);
  try {
    await resolver.resolve(null, signal);
  } catch (error) {
    assert(error instanceof Error);
    judgeText(where, error.message);
    // A lookup of the user's own fails with what that has thrown, as it is.
    if (!(error.cause instanceof Error) || error.cause.message !== EVIL) judgeError(where, error);
  }
  judgeLines(where, logger.all);
}

Deno.test("discovery: texts of a registry, DNS and files are logged as plain text", {
  ignore: !NET || !FILES,
}, async () => {
  const base64 = (text: string): string => utf8(text).toBase64();
  const kvs = [{ key: base64(`evil/${EVIL}`), value: base64(`tcp://${EVIL}:1`) }];
  const more = [...kvs, { key: base64("evil/1"), value: base64("tcp://10.0.0.1:1") }];
  const answers: [string, () => Response][] = [
    ["a bad value in etcd", () => Response.json({ header: { revision: "1" }, kvs })],
    ["a bad value among good ones", () => Response.json({ header: { revision: "1" }, kvs: more })],
    ["an error of etcd", () => Response.json({ code: 8, message: EVIL }, { status: 429 })],
    ["no etcd", () => new Response(EVIL, { status: 404 })],
    ["no JSON", () => new Response(EVIL)],
    ["no Base64", () => Response.json({ header: {}, kvs: [{ key: EVIL, value: EVIL }] })],
  ];
  for (const [where, answer] of answers) {
    await using etcd = new FakeEtcd((path, fake) => path === "watch" ? fake.never() : answer());
    const logger = new QuietLogger();
    await judgeResolver(where, etcdOf(logger, etcd.url), logger);
  }
  const ownFailure = new Error(EVIL);
  const lookups: [string, () => unknown][] = [
    ["a record of DNS", () => [EVIL]],
    ["a bad record among good ones", () => [EVIL, "10.0.0.1"]],
    ["a failing lookup", () => {
      throw ownFailure;
    }],
  ];
  for (const [where, lookup] of lookups) {
    const logger = new QuietLogger();
    const resolveDns = (): Promise<never> => Promise.try(lookup) as Promise<never>;
    const name = "evil.example";
    await judgeResolver(
      where,
      dnsResolver(name, { port: 80, type: "A", resolveDns, logger }),
      logger,
    );
  }
  const path = await Deno.makeTempFile();
  const lines = `tcp://10.0.0.1:1\n\ufefftcp://b:1\ntcp://a\u202eb:1\n${
    EVIL.replace(/[\r\n]+/, "")
  }`;
  for (const text of [lines, EVIL]) {
    await Deno.writeTextFile(path, `${text}\n`);
    const logger = new QuietLogger();
    await judgeResolver("a file", fileResolver({ path, logger }), logger);
  }
  await Deno.remove(path);
  judgeError(
    "an endpoint",
    (() => {
      try {
        return parseNetEndpoint(`ws://a/${EVIL}`);
      } catch (error) {
        return error;
      }
    })(),
  );
});
