import { Manager, MtlsCredentials, single, stream } from "@internode/grid";
import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import * as t from "@internode/grid/codec";
import { InternodeError } from "../../lib/errors.ts";
import { parseHostAddress } from "../../lib/runtime/host_address.ts";
import { systemClock } from "../../lib/runtime/system_clock.ts";
import { pause } from "../support/pause.ts";
import { mtlsTransport } from "../../lib/transport/mtls/mtls_transport.ts";
import { tcpTransport } from "../../lib/transport/tcp/tcp.ts";
import { freePorts } from "../../tools/network/free_ports.ts";
import { inTime } from "../support/asking.ts";
import { dialOptions, turns } from "../support/channels/acceptor.ts";
import { FILES, NET } from "../support/permitted.ts";
import { configOf, TestAuthority } from "../support/certificates/test_authority.ts";
import { QuietLogger } from "../support/log/quiet.ts";

const echo = single("echo", { request: t.string(), response: t.string() });
const numbers = stream("numbers", {
  initial: t.uint(),
  output: t.uint(),
  inputCapacity: 0,
  outputCapacity: 4,
});
/** Goes on for as long as its inputs do. */
const mirror = stream("mirror", {
  initial: t.nothing(),
  input: t.uint(),
  output: t.uint(),
  inputCapacity: 4,
  outputCapacity: 4,
});

/** How far calls and streams of each of twelve connections are apart, in milliseconds. */
const CALL_EACH_MS = 8, STREAM_EACH_MS = 40, LOOK_EACH_MS = 5;

/** A node whose certificates are files. */
class RotatingNode {
  readonly host: string;
  readonly path: string;
  readonly logger = new QuietLogger();
  readonly credentials: MtlsCredentials;
  readonly manager: Manager;

  constructor(host: string, hosts: readonly string[], path: string) {
    this.host = host;
    this.path = path;
    this.credentials = new MtlsCredentials({
      certFile: `${path}/node.pem`,
      keyFile: `${path}/node.key`,
      caFile: `${path}/ca.pem`,
    }, { settleMs: 50, pollIntervalMs: 1_000, logger: this.logger });
    this.manager = new Manager({
      local: host,
      hosts,
      tls: this.credentials,
      // Renewals after a change are spread over a tenth of it.
      maxConnectionAgeMs: 1_500,
      renewalGraceMs: 60_000,
      logger: this.logger,
    });
    this.manager.handle(echo, (text) => text);
    this.manager.handle(numbers, async function* (many) {
      for (let value = 0; value < many; value++) yield await Promise.resolve(value);
    });
    this.manager.handle(mirror, async function* (_initial, input) {
      for await (const value of input) yield value;
    });
  }
}

function identity(path: string, { cert, key }: { cert: string; key: string }): void {
  for (const [name, text] of [["node.pem", cert], ["node.key", key]] as const) {
    Deno.writeTextFileSync(`${path}/${name}.new`, text);
    Deno.renameSync(`${path}/${name}.new`, `${path}/${name}`);
  }
}

Deno.test({
  name: "all certificates of a cluster change under load, the authority too, and no call fails",
  ignore: !NET || !FILES,
  fn: async () => {
    const folder = Deno.makeTempDirSync({ prefix: "internode-" });
    const before = await TestAuthority.root("before"), after = await TestAuthority.root("after");
    const [a, b, c] = freePorts(3);
    const hosts = [
      `tls://127.0.0.1:${a}`,
      `tls://127.0.0.1:${b}`,
      `wss://127.0.0.1:${c}`,
      Deno.build.os === "windows" ? `wss://127.0.0.2:${c}` : `unix://${folder}/node.sock`,
    ];
    const paths = hosts.map((_, index) => `${folder}/${index}`);
    const issue = (authority: TestAuthority, host: string) =>
      authority.node(host, { names: [{ type: "uri", value: host }] });
    for (const [index, path] of paths.entries()) {
      Deno.mkdirSync(path);
      Deno.writeTextFileSync(`${path}/ca.pem`, before.cert);
      identity(path, await issue(before, hosts[index]!));
    }
    const nodes = hosts.map((host, index) => new RotatingNode(host, hosts, paths[index]!));
    const all = nodes.flatMap(({ manager }) => manager.connections());
    const failures: unknown[] = [];
    let calls = 0, streams = 0, running = true;
    const fail = (error: unknown): void => void failures.push(error);
    const loads: Promise<void>[] = [];
    try {
      await Promise.all(nodes.map(({ manager }) => manager.listen()));
      await Promise.all(nodes.map(({ manager }) => manager.waitForConnect()));
      for (const connection of all) {
        loads.push(
          (async () => {
            while (running) {
              const text = `${calls++}`;
              assertEquals(await connection.request(echo, text), text);
              await pause(systemClock, CALL_EACH_MS);
            }
          })().catch(fail),
        );
        loads.push(
          (async () => {
            while (running) {
              const counted = await Array.fromAsync(connection.stream(numbers, 50));
              assertEquals(counted.length, 50);
              streams++;
              await pause(systemClock, STREAM_EACH_MS);
            }
          })().catch(fail),
        );
        // One that lasts through all of it.
        loads.push(
          (async () => {
            const mirrored = connection.stream(mirror, undefined);
            let count = 0;
            await mirrored.send(0);
            for await (const value of mirrored) {
              assertEquals(value, count++);
              if (running) await mirrored.send(count);
              else mirrored.end();
              await pause(systemClock, CALL_EACH_MS);
            }
            assert(count > 10);
          })().catch(fail),
        );
      }
      /** Changes files, and waits until every connection is one that was made after that. */
      const rotate = async (change: (path: string, index: number) => Promise<void> | void) => {
        const renewals = all.map((connection) => connection.stats().renewals);
        const changed = nodes.map(({ credentials }) =>
          new Promise<void>((resolve) => {
            const end = credentials.onChange(() => {
              end();
              resolve();
            });
          })
        );
        for (const [index, path] of paths.entries()) await change(path, index);
        await inTime(() => Promise.all(changed));
        await inTime(async () => {
          // The second one at the latest began after the change.
          while (!all.every((connection, i) => connection.stats().renewals >= renewals[i]! + 2)) {
            await pause(systemClock, LOOK_EACH_MS);
          }
        });
      };
      await rotate((path) => Deno.writeTextFileSync(`${path}/ca.pem`, before.cert + after.cert));
      const old = all.map((connection) => connection.identity!.fingerprint);
      await rotate(async (path, index) => identity(path, await issue(after, hosts[index]!)));
      for (const [index, connection] of all.entries()) {
        assert(connection.identity!.fingerprint !== old[index]);
      }
      await rotate((path) => Deno.writeTextFileSync(`${path}/ca.pem`, after.cert));
      running = false;
      await inTime(() => Promise.all(loads));
      assertEquals(failures.map(String), []);
      assert(calls > 500 && streams > 50, `${calls} calls, ${streams} streams`);
      for (const connection of all) {
        const { state, reconnects } = connection.stats();
        assertEquals([state, reconnects], ["connected", 0]);
      }
      assertEquals(nodes.flatMap(({ logger }) => logger.lines), []);
      // Nobody gets in with what was good before.
      const stranger = mtlsTransport(
        configOf(await issue(before, hosts[0]!), after),
        tcpTransport(),
      );
      const error = await assertRejects(
        () => stranger.dial(parseHostAddress(hosts[1]!), dialOptions()),
        InternodeError,
        "is not signed by a trusted authority",
      );
      assertEquals(error.code, "Unauthenticated");
    } finally {
      running = false;
      await Promise.all(nodes.map(({ manager }) => manager.close({ graceMs: 100 })));
      await Promise.all(nodes.map(({ credentials }) => credentials.close()));
      Deno.removeSync(folder, { recursive: true });
    }
    console.log(`      ${calls} calls and ${streams} streams, none failed`);
  },
});

Deno.test({
  name: "a manager watches the files that it is given, and closes what it has made",
  ignore: !NET || !FILES,
  fn: async () => {
    const folder = Deno.makeTempDirSync({ prefix: "internode-" });
    const authority = await TestAuthority.root("authority");
    const hosts = freePorts(2).map((port) => `tls://127.0.0.1:${port}`);
    const certFile = `${folder}/node.pem`, keyFile = `${folder}/node.key`;
    const caFile = `${folder}/ca.pem`;
    const names = hosts.map((value) => ({ type: "uri" as const, value }));
    const shared = await authority.node("both", { names });
    identity(folder, shared);
    Deno.writeTextFileSync(caFile, authority.cert);
    const tls = { certFile, keyFile, caFile }, logger = new QuietLogger();
    try {
      for (const bad of [[hosts[0]!, hosts[0]!], [hosts[1]!], ["tcp://127.0.0.1:1"]]) {
        assertThrows(() => new Manager({ local: hosts[0]!, hosts: bad, tls }), InternodeError);
      }
      assertThrows(
        () => new Manager({ local: hosts[0]!, hosts, tls: { ...tls, keyFile: caFile } }),
        InternodeError,
        "key cannot be read",
      );
      const managers = hosts.map((local) => new Manager({ local, hosts, tls, logger }));
      await Promise.all(managers.map((manager) => manager.listen()));
      await managers[0]!.waitForConnect();
      identity(folder, await TestAuthority.root("nobody"));
      // A key that does not fit anything.
      Deno.writeTextFileSync(keyFile, "no key");
      await inTime(async () => {
        while (!logger.has("the old ones stay in use")) await turns(20);
      });
      assert(logger.has("key cannot be read"));
      await Promise.all(managers.map((manager) => manager.close()));
    } finally {
      Deno.removeSync(folder, { recursive: true });
    }
  },
});
