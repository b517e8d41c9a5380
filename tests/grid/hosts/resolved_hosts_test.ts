/** Grids whose hosts come from each resolver, over real sockets: they form, grow and shrink, by names that are no addresses. */

import { assert, assertEquals } from "@std/assert";
import { type HostsChange, Manager, single } from "@internode/grid";
import {
  directoryResolver,
  dnsResolver,
  etcdResolver,
  fileResolver,
  register,
  type Registration,
  type Resolver,
  tcp,
  unix,
  withAttributes,
} from "@internode/grid/discovery";
import * as t from "@internode/grid/codec";
import { systemClock } from "../../../lib/runtime/system_clock.ts";
import { pause } from "../../support/pause.ts";
import { freePorts } from "../../../tools/network/free_ports.ts";
import { DNSMASQ, TestNameServer } from "../../discovery/dns/name_server.ts";
import { ETCD, EtcdServer } from "../../discovery/etcd/etcd_server.ts";
import { inTime } from "../../support/asking.ts";
import { QuietLogger } from "../../support/log/quiet.ts";
import { FILES, NET } from "../../support/permitted.ts";

/** Real processes and files on a machine that may be busy. */
const LIMIT_MS = 60_000;
const logger = new QuietLogger();
const who = single("who", { request: t.nothing(), response: t.string() });

/** Where hosts are listed. */
interface Source extends AsyncDisposable {
  /** The URL by which all know a host. */
  nameOf(nth: number): string;
  /** Where it listens. */
  listenOf(nth: number): string;
  resolver(): Resolver;
  /** Lists a host that listens at an address. */
  join(nth: number, address: string): Promise<void>;
  leave(nth: number): Promise<void>;
}

/** A grid of real managers in this process. */
class Grid implements AsyncDisposable {
  readonly nodes = new Map<number, Manager>();
  /** Who has ever left, as the nodes saw it. */
  readonly left: string[] = [];
  readonly #source: Source;

  constructor(source: Source) {
    this.#source = source;
  }

  async start(nth: number): Promise<void> {
    const source = this.#source, local = source.nameOf(nth);
    const node = new Manager({
      local,
      listen: source.listenOf(nth),
      hosts: source.resolver(),
      logger,
    });
    node.handle(who, () => local);
    node.onHostsChange(({ left }: HostsChange) => void this.left.push(...left));
    this.nodes.set(nth, node);
    const { address } = await node.listen();
    await source.join(nth, address);
  }

  /** Waits until all nodes list the nodes that there are and no others, and have called each of them. */
  async meet(): Promise<void> {
    const names = [...this.nodes.keys()].map((nth) => this.#source.nameOf(nth)).sort();
    await Promise.all([...this.nodes.values()].map(async (node) => {
      await untilHosts(node, names);
      for (const name of names) {
        const options = { waitForReady: true, timeoutMs: LIMIT_MS };
        assertEquals(await node.connection(name).request(who, undefined, options), name);
      }
      assertEquals(
        node.connections().map(({ host }) => host).sort(),
        names.filter((name) => name !== node.local),
      );
    }));
  }

  async stop(nth: number): Promise<void> {
    await this.#source.leave(nth);
    const name = this.#source.nameOf(nth), node = this.nodes.get(nth)!;
    this.nodes.delete(nth);
    const rest = [...this.nodes.keys()].map((nth) => this.#source.nameOf(nth)).sort();
    await Promise.all([...this.nodes.values()].map((node) => untilHosts(node, rest)));
    await node.close();
    assert(this.left.includes(name));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([...this.nodes.values()].map((node) => node.close({ graceMs: 0 })));
    await this.#source[Symbol.asyncDispose]();
  }
}

/** Waits until a node lists these. */
function untilHosts(node: Manager, names: readonly string[]): Promise<void> {
  return inTime(() =>
    new Promise((resolve) => {
      const check = (): void => {
        if ([...node.hosts].sort().join() === names.join()) {
          end();
          resolve();
        }
      };
      const end = node.onHostsChange(check);
      check();
    }), LIMIT_MS);
}

/** Lets others have the processor: who called or asked without a pause would take all of it. */
function nextMillisecond(): Promise<void> {
  return pause(systemClock, 1);
}

/** Calls from one host to another one after the other, and gives what has failed in the end. */
function keepCalling(from: Manager, to: string): { stop(): Promise<readonly unknown[]> } {
  const failures: unknown[] = [];
  let isOver = false, calls = 0;
  const running = (async () => {
    while (!isOver) {
      await from.connection(to).request(who, undefined).then(
        () => calls++,
        (error) => failures.push(error),
      );
      await nextMillisecond();
    }
  })();
  return {
    async stop() {
      isOver = true;
      await running;
      assert(calls > 0);
      return failures;
    },
  };
}

function gridTest(
  name: string,
  { note, ignore }: { readonly note: string; readonly ignore: boolean },
  open: () => Promise<Source>,
): void {
  Deno.test(`hosts from ${name}: a grid forms, grows and shrinks${note}`, { ignore }, async () => {
    await using grid = new Grid(await open());
    for (const nth of [0, 1, 2]) await grid.start(nth);
    await grid.meet();
    const [first, , third] = [...grid.nodes.values()];
    const calling = keepCalling(first!, third!.local);
    await grid.start(3);
    await grid.meet();
    await grid.stop(1);
    await grid.meet();
    await grid.start(1);
    await grid.meet();
    await grid.stop(3);
    await grid.meet();
    assertEquals(await calling.stop(), []);
  });
}

const LOCAL = { note: "", ignore: !NET || !FILES };

gridTest("a file", LOCAL, async () => {
  const folder = await Deno.makeTempDir(), path = `${folder}/hosts`;
  const listed = new Map<number, string>();
  const write = async (): Promise<void> => {
    const lines = [...listed].map(([nth, address]) =>
      JSON.stringify({ address, name: `tcp://node-${nth}.test:9000` })
    );
    await Deno.writeTextFile(`${path}.new`, lines.map((line) => `${line}\n`).join(""));
    await Deno.rename(`${path}.new`, path);
  };
  return {
    nameOf: (nth) => `tcp://node-${nth}.test:9000`,
    listenOf: () => "tcp://127.0.0.1:0",
    resolver: () => fileResolver({ path, settleMs: 20, logger }),
    async join(nth, address) {
      listed.set(nth, address);
      await write();
    },
    async leave(nth) {
      listed.delete(nth);
      await write();
    },
    [Symbol.asyncDispose]: () => Deno.remove(folder, { recursive: true }),
  };
});

gridTest("a directory", LOCAL, async () => {
  const folder = await Deno.makeTempDir();
  const makeEndpoint = (path: string) =>
    withAttributes(unix(path), { name: `unix:///grid/${path.slice(folder.length + 1)}` });
  return {
    nameOf: (nth) => `unix:///grid/${nth}.sock`,
    // What is listed is what is there: a host joins by listening.
    listenOf: (nth) => `unix://${folder}/${nth}.sock`,
    resolver: () => directoryResolver({ path: folder, pollIntervalMs: 100, makeEndpoint, logger }),
    join: () => Promise.resolve(),
    leave: (nth) => Deno.remove(`${folder}/${nth}.sock`),
    [Symbol.asyncDispose]: () => Deno.remove(folder, { recursive: true }),
  };
});

gridTest("DNS", DNSMASQ, async () => {
  const folder = await Deno.makeTempDir();
  const server = new TestNameServer(`${folder}/hosts`);
  const listed = new Set<number>();
  const write = (): Promise<void> =>
    server.setHosts(...[...listed].map((nth) => `127.0.0.${nth + 2} grid.test`));
  const port = freePorts(1)[0]!;
  await write();
  await server.start();
  return {
    nameOf: (nth) => `tcp://node-${nth}.test:${port}`,
    listenOf: (nth) => `tcp://127.0.0.${nth + 2}:${port}`,
    resolver: () =>
      dnsResolver("grid.test.", {
        port,
        intervalMs: 50,
        timeoutMs: 2_000,
        nameServer: { ipAddr: "127.0.0.1", port: server.port },
        makeEndpoint: (address) => {
          const nth = Number(/^127\.0\.0\.(\d+):/.exec(address)![1]) - 2;
          return withAttributes(tcp(address), { name: `tcp://node-${nth}.test:${port}` });
        },
        logger,
      }),
    async join(nth) {
      listed.add(nth);
      await write();
    },
    async leave(nth) {
      listed.delete(nth);
      await write();
    },
    async [Symbol.asyncDispose]() {
      await server[Symbol.asyncDispose]();
      await Deno.remove(folder, { recursive: true });
    },
  };
});

/** Hosts that register themselves. */
function etcdSource(
  etcd: EtcdServer,
  login: { readonly user?: string; readonly password?: () => string } = {},
): Source & { readonly registrations: ReadonlyMap<number, Registration> } {
  const options = { urls: etcd.url, prefix: "grids/shop", logger, ...login };
  const registrations = new Map<number, Registration>();
  return {
    registrations,
    nameOf: (nth) => `tcp://node-${nth}.test:9000`,
    listenOf: () => "tcp://127.0.0.1:0",
    resolver: () => etcdResolver({ ...options, refreshMs: 1_000 }),
    async join(nth, address) {
      const record = { name: `tcp://node-${nth}.test:9000`, address, zone: "a" };
      const ttl = { ttlSeconds: 5, startTimeoutMs: LIMIT_MS };
      registrations.set(nth, await register(record, { ...options, ...ttl }));
    },
    async leave(nth) {
      await registrations.get(nth)!.close();
      registrations.delete(nth);
    },
    async [Symbol.asyncDispose]() {
      await Promise.all([...registrations.values()].map((registration) => registration.close()));
      await etcd[Symbol.asyncDispose]();
    },
  };
}

gridTest("etcd", ETCD, async () => etcdSource(await EtcdServer.start()));

/** Waits until all registrations are in etcd. */
async function untilRegistered(
  etcd: EtcdServer,
  registrations: ReadonlyMap<number, Registration>,
  login: () => Promise<string | undefined> = () => Promise.resolve(undefined),
): Promise<void> {
  await inTime(async (signal) => {
    for (const { key, value } of registrations.values()) {
      for (let found = ""; found !== value; signal.throwIfAborted()) {
        await nextMillisecond();
        const { kvs } = await etcd.ask("kv/range", { key: btoa(key) }, await login());
        found = kvs === undefined ? "" : atob((kvs as { value: string }[])[0]!.value);
      }
    }
  }, LIMIT_MS);
}

Deno.test(
  `hosts from etcd: it is killed, compacted and loses its data, and no host leaves${ETCD.note}`,
  {
    ignore: ETCD.ignore,
  },
  async () => {
    const etcd = await EtcdServer.start(), source = etcdSource(etcd);
    await using grid = new Grid(source);
    for (const nth of [0, 1, 2, 3]) await grid.start(nth);
    await grid.meet();
    const nodes = [...grid.nodes.values()];
    const calling = nodes.map((node, at) => keepCalling(node, nodes[(at + 1) % 4]!.local));

    await etcd.kill();
    await etcd.start();
    await untilRegistered(etcd, source.registrations);
    await etcd.compact();
    await untilRegistered(etcd, source.registrations);
    await etcd.kill();
    await etcd.wipe();
    await etcd.start();
    await untilRegistered(etcd, source.registrations);
    // It is watched as before.
    await grid.start(4);
    await grid.meet();
    assertEquals([grid.left, ...await Promise.all(calling.map((each) => each.stop()))], [
      [],
      [],
      [],
      [],
      [],
    ]);
  },
);

Deno.test(`hosts from etcd: its password is changed, and no host leaves${ETCD.note}`, {
  ignore: ETCD.ignore,
}, async () => {
  const etcd = await EtcdServer.start();
  await etcd.enableUsers("old");
  let password = "old";
  const source = etcdSource(etcd, { user: "root", password: () => password });
  await using grid = new Grid(source);
  for (const nth of [0, 1, 2]) await grid.start(nth);
  await grid.meet();
  const [first, second] = [...grid.nodes.values()];
  const calling = keepCalling(first!, second!.local);
  const token = await etcd.login("old");
  await etcd.ask("auth/user/changepw", { name: "root", password: "new" }, token);
  // For longer than a lease lasts: one that nobody keeps alive ends meanwhile.
  const { ID } = await etcd.ask("lease/grant", { TTL: "7" });
  await inTime(async (signal) => {
    while (JSON.stringify(await etcd.ask("lease/leases", {})).includes(String(ID))) {
      signal.throwIfAborted();
      await nextMillisecond();
    }
  }, LIMIT_MS);
  password = "new";
  await untilRegistered(etcd, source.registrations, () => etcd.login("new"));
  await grid.start(3);
  await grid.meet();
  assertEquals([grid.left, await calling.stop()], [[], []]);
});
