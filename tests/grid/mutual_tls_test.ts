import {
  InternodeError,
  type Logger,
  Manager,
  type ManagerOptions,
  type MtlsConfig,
  mtlsTransports,
  type PeerIdentity,
} from "@internode/grid";
import { assert, assertEquals, assertStringIncludes, assertThrows, fail } from "@std/assert";
import type { CertifiedName } from "../../examples/certs/certified_name.ts";
import { dials } from "../../lib/grid/dialler.ts";
import { parseHostAddress } from "../../lib/runtime/host_address.ts";
import { answer, count } from "../conformance/contracts.ts";
import { until } from "../conformance/world.ts";
import { freePorts } from "../../tools/network/free_ports.ts";
import { moduleFolder } from "../support/module_folder.ts";
import { FILES, NET } from "../support/permitted.ts";
import { configOf, TestAuthority } from "../support/certificates/test_authority.ts";
import { QuietLogger } from "../support/log/quiet.ts";

const authority = await TestAuthority.root("authority");
const stranger = await TestAuthority.root("stranger");

/** A configuration whose certificate bears the URL of a host, and perhaps the address of all. */
async function bearing(
  url: string,
  { from = authority, address = false } = {},
): Promise<MtlsConfig> {
  const names: CertifiedName[] = [{ type: "uri", value: url }];
  if (address) names.push({ type: "ip", value: "127.0.0.1" });
  return configOf(await from.node(url, { names }), authority);
}

/** Keeps everything, errors included. */
class FullLogger implements Logger {
  text = "";
  readonly #keep = (message: string, fields?: Readonly<Record<string, unknown>>): void => {
    this.text += `${message} ${fields?.["error"] ?? ""}\n`;
  };
  readonly debug = this.#keep;
  readonly info = this.#keep;
  readonly warn = this.#keep;
  readonly error = this.#keep;
}

interface Ground {
  readonly name: string;
  readonly ignore: boolean;
  hosts(count: number): string[];
}

const folder = moduleFolder();
let made = 0;

const GROUNDS: readonly Ground[] = [
  {
    name: "tls",
    ignore: !NET,
    hosts: (count) => freePorts(count).map((port) => `tls://127.0.0.1:${port}`),
  },
  {
    name: "unix",
    ignore: !NET || !FILES || Deno.build.os === "windows",
    hosts: (count) => Array.from({ length: count }, () => `unix://${folder}/${++made}.sock`),
  },
];

for (const { name, ignore, hosts: makeHosts } of GROUNDS) {
  Deno.test({ name: `${name}: managers know whom they talk to`, ignore }, async () => {
    const hosts = makeHosts(2);
    const [one, two] = hosts as [string, string];
    const first = new Manager({ local: one, hosts, tls: await bearing(one) });
    const second = new Manager({ local: two, hosts, tls: await bearing(two) });
    const seen: (PeerIdentity | undefined)[] = [];
    for (const node of [first, second]) {
      node.handle(answer, (question, { identity }) => {
        seen.push(identity);
        return `${question}!`;
      });
      node.handle(count, async function* (upTo, _input, { identity }) {
        seen.push(identity);
        for (let i = 0; i < upTo; i++) yield await Promise.resolve(i);
      });
    }
    try {
      await Promise.all([first.listen(), second.listen()]);
      await Promise.all([first.waitForConnect(), second.waitForConnect()]);
      for (const [from, to] of [[first, second], [second, first]] as const) {
        const connection = from.connection(to.local), text = "x".repeat(1024 * 1024);
        assertEquals(connection.identity?.sans.uri, [to.local]);
        assertEquals(await connection.request(answer, text), `${text}!`);
        const counted = await Array.fromAsync(connection.stream(count, 1_000));
        assertEquals(counted, Array.from({ length: 1_000 }, (_, i) => i));
        assertEquals(seen.splice(0).map((who) => who?.sans.uri), [[from.local], [from.local]]);
      }
    } finally {
      await Promise.all([first.close(), second.close()]);
    }
  });

  for (
    const [side, address] of [["dials", false], ["listens", false], ["dials", true], [
      "listens",
      true,
    ]] as const
  ) {
    const title = `${name}: a node that ${side} with another's certificate is refused, with the ` +
      "reason at both ends, and others are served meanwhile" +
      (address ? ", though it bears the address of both" : "");
    Deno.test({ name: title, ignore }, async () => {
      const [good, friend, host] = threeHosts(makeHosts, side);
      const hosts = [good, friend, host];
      const log = new FullLogger(), impostorLog = new FullLogger();
      const ran: string[] = [];
      const serve = (manager: Manager): Manager => {
        manager.handle(answer, (question, { caller }) => (ran.push(caller), question));
        return manager;
      };
      const node = serve(
        new Manager({ local: good, hosts, tls: await bearing(good), logger: log }),
      );
      const quiet = new QuietLogger();
      const other = serve(
        new Manager({ local: friend, hosts, tls: await bearing(friend), logger: quiet }),
      );
      // It has a certificate of the authority's, which is good for another host.
      const impostor = serve(
        new Manager({
          local: host,
          hosts: [good, host],
          tls: await bearing(friend, { address }),
          logger: impostorLog,
        }),
      );
      try {
        // The impostor comes late, so that the reason is told although its host counted as down before.
        await Promise.all([node.listen(), other.listen()]);
        await node.connection(friend).waitForConnect();
        await impostor.listen();
        const borne = address ? `127.0.0.1, ${friend}` : friend;
        const why = `certificate "CN=${friend}" is for ${borne}, not for `;
        await until(() => log.text.includes(why), "the node says whom it refuses");
        await until(() => impostorLog.text.includes(why), "the impostor learns why");
        assertStringIncludes(log.text, host);
        for (const [from, to] of [[node, host], [impostor, good]] as const) {
          await from.connection(to).request(answer, "x", { timeoutMs: 300 }).then(
            () => fail("a call has come through"),
            (error) => assert(error instanceof InternodeError),
          );
        }
        assertEquals(await node.connection(friend).request(answer, "x"), "x");
        assertEquals(await other.connection(good).request(answer, "y"), "y");
        assertEquals(ran, [good, friend]);
        assertEquals(node.connection(host).stats().messagesReceived, 0);
      } finally {
        await Promise.all([node.close(), other.close(), impostor.close()]);
      }
    });
  }

  Deno.test({
    name: `${name}: a peer of an unknown authority connects to nobody, and both log why`,
    ignore,
  }, async () => {
    const hosts = makeHosts(2);
    const [one, two] = hosts as [string, string];
    const hostLog = new FullLogger(), strangerLog = new FullLogger();
    const host = new Manager({ local: one, hosts, tls: await bearing(one), logger: hostLog });
    const tls = await bearing(two, { from: stranger });
    const other = new Manager({ local: two, hosts, tls, logger: strangerLog });
    try {
      await Promise.all([host.listen(), other.listen()]);
      const why = `certificate "CN=${two}" is not signed by a trusted authority`;
      await until(() => hostLog.text.includes(why), "the host has said whom it refuses");
      await until(() => strangerLog.text.includes(why), "the stranger has learned why");
      assertEquals(host.connections()[0]!.stats().bytesReceived, 0);
    } finally {
      await Promise.all([host.close(), other.close()]);
    }
  });
}

/** A node, one that it talks to, and one that dials the node or is dialled by it. */
function threeHosts(
  makeHosts: (count: number) => string[],
  side: "dials" | "listens",
): [good: string, friend: string, impostor: string] {
  const [friend, ...others] = makeHosts(3) as [string, string, string];
  const [dialler, dialled] = dials(others[0]!, others[1]!) ? others : others.toReversed();
  return side === "dials" ? [dialled!, friend, dialler!] : [dialler!, friend, dialled!];
}

Deno.test(
  { name: "a host's name or address is enough where no URL is borne", ignore: !NET },
  async () => {
    const [a, b] = freePorts(2) as [number, number];
    const hosts = [`tls://127.0.0.1:${a}`, `tls://localhost:${b}`];
    const byAddress = await authority.node("a", { names: [{ type: "ip", value: "127.0.0.1" }] });
    const byName = await authority.node("b", { names: [{ type: "dns", value: "localhost" }] });
    const first = new Manager({ local: hosts[0]!, hosts, tls: configOf(byAddress, authority) });
    const second = new Manager({ local: hosts[1]!, hosts, tls: configOf(byName, authority) });
    try {
      await Promise.all([first.listen(), second.listen()]);
      await Promise.all([first.waitForConnect(), second.waitForConnect()]);
      assertEquals(first.connections()[0]!.identity?.sans.dns, ["localhost"]);
      assertEquals(second.connections()[0]!.identity?.sans.ip, ["127.0.0.1"]);
    } finally {
      await Promise.all([first.close(), second.close()]);
    }
  },
);

function refused(options: Partial<ManagerOptions>): string {
  const error = assertThrows(() => {
    const local = "tls://a.example:1";
    new Manager({ local, hosts: [local], ...options });
  }, InternodeError);
  assertEquals([error.code, error.origin], ["InvalidArgument", "caller"]);
  return error.message;
}

Deno.test("with tls, all hosts are of kinds that can be mutual TLS", async () => {
  const local = "tls://a.example:1", tls = await bearing(local);
  for (const host of ["tcp://b.example:1", "ws://b.example", "memory://b"]) {
    const { href } = parseHostAddress(host);
    for (const options of [{ hosts: [local, host] }, { local: host, hosts: [host] }]) {
      const message = refused({ ...options, tls });
      assertStringIncludes(
        message,
        `${href} cannot be reached by mutual TLS (option tls)`,
      );
      assert(/hosts with these schemes can: tls:\/\/.*unix:\/\//.test(message), message);
    }
  }
  await new Manager({ local, hosts: [local, "unix:///run/b.sock"], tls }).close();
});

Deno.test("tls and transports exclude each other, and a bad configuration is told", async () => {
  const tls = await bearing("tls://a.example:1");
  const message = refused({ tls, transports: mtlsTransports(tls) });
  assertStringIncludes(message, "Option tls cannot be combined with option transports");
  assertStringIncludes(refused({ tls: { ...tls, ca: "" } }), "configuration of mutual TLS");
});

Deno.test("with tls, nobody comes in through a server of the user's own", async () => {
  const local = "tls://a.example:1";
  const manager = new Manager({ local, hosts: [local], tls: await bearing(local) });
  const response = manager.upgrade(
    new Request("http://a.example/internode", {
      headers: {
        connection: "upgrade",
        upgrade: "websocket",
        "sec-websocket-version": "13",
        "sec-websocket-key": "dGhlIHNhbXBsZSBub25jZQ==",
      },
    }),
  );
  assertEquals(response.status, 401);
  assertStringIncludes(await response.text(), "mutual TLS only");
  await manager.close();
});
