import { type Authenticator, Manager, type MtlsFileConfig, sharedSecret } from "@internode/grid";
import { implement, listen, serve } from "@internode/grid/call";
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { dials } from "../../lib/grid/dialler.ts";
import { freePorts } from "../../tools/network/free_ports.ts";
import { DNSMASQ, TestNameServer } from "../discovery/dns/name_server.ts";
import { certificates } from "../support/certificates/certificates.ts";
import { AccountFolder } from "../support/kubernetes/account_folder.ts";
import { ScriptedApiServer } from "../support/kubernetes/scripted_api_server.ts";
import { slice } from "../support/kubernetes/slices.ts";
import { QuietLogger } from "../support/log/quiet.ts";
import { FILES, NET, RUN } from "../support/permitted.ts";
import { TestAuthority } from "../support/certificates/test_authority.ts";
import { greet, Greeter } from "./contracts.ts";
import type { Job, Report } from "./job.ts";

const ignore = !NET || !FILES || !RUN || Deno.build.os === "windows";
const WORKER = new URL("worker.ts", import.meta.url).pathname;
const SECRET = "the secret that a variable holds";

/** What a process may do: each kind of permission and what it is for. */
type Flag = "net" | "read" | "write" | "env" | "ffi";
type Permissions = { readonly [F in Flag]?: readonly string[] };

/** What a process is started with beside its permissions, and whether it may say things of its own accord. */
interface RunOptions {
  readonly more?: readonly string[];
  readonly mayMoan?: boolean;
  readonly env?: Readonly<Record<string, string>>;
}

/** Runs a job in a process that may do this and no more, and that may say this much of its own accord. */
async function run(
  job: Job,
  permissions: Permissions,
  { more = [], mayMoan = false, env = {} }: RunOptions = {},
): Promise<Report> {
  const flags = Object.entries(permissions).filter(([, scopes]) => scopes.length > 0)
    .map(([flag, scopes]) => `--allow-${flag}=${scopes.join(",")}`);
  const { stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "--no-prompt", "--no-check", ...more, ...flags, WORKER, JSON.stringify(job)],
    env: { ...env, SECRET, NO_COLOR: "1" },
    stdin: "null",
  }).output();
  const [said, heard] = [stdout, stderr].map((bytes) => new TextDecoder().decode(bytes));
  if (!mayMoan) assertEquals(heard, "", "nothing is asked for, and nothing goes wrong unseen");
  return JSON.parse(said!);
}

/** It works with these permissions, and with each of them taken away it says what is missing. */
async function assertNarrow(
  job: Job,
  permissions: Permissions,
  options: RunOptions = {},
): Promise<void> {
  const report = await run(job, permissions, options);
  assert("said" in report, JSON.stringify(report));
  assertEquals(report.said, job.kind === "grid" ? "Hello, node!" : "Hello, client!");
  const withouts = Object.entries(permissions).flatMap(([flag, scopes]) =>
    scopes.map((scope) => async () => {
      const left = scopes.filter((other) => other !== scope);
      const report = await run(job, { ...permissions, [flag]: left }, options);
      const what = `without --allow-${flag}=${scope}: ${JSON.stringify(report)}`;
      assert("isOurs" in report && report.isOurs, what);
      const told = job.kind === "client"
        ? [report.message, ...report.warnings].join("\n")
        : report.message;
      assertStringIncludes(told, `--allow-${flag}`, what);
      assertStringIncludes(told, scope.replace(/^unix:/, ""), what);
    })
  );
  // Clients wait, and are not in each other's way.
  if (job.kind === "client") await Promise.all(withouts.map((without) => without()));
  else for (const without of withouts) await without();
}

async function inFolder(body: (folder: string) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir({ prefix: "internode-" });
  try {
    await body(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/** Two hosts, of which the process under test is the first. */
function pickHosts(make: (port: number) => string, isDialler: boolean): [string, string] {
  for (;;) {
    const [a, b] = freePorts(2).map(make) as [string, string];
    if (dials(a, b) === isDialler) return [a, b];
  }
}

/** The other node of a grid, within this process, which may do everything. */
async function withPeer(
  [other, local]: readonly [string, string],
  options: { tls?: MtlsFileConfig | undefined; auth?: Authenticator | undefined },
  body: () => Promise<void>,
): Promise<void> {
  await using peer = new Manager({
    local,
    hosts: [local, other],
    logger: new QuietLogger(),
    ...options,
  });
  peer.handle(greet, (name) => `Hello, ${name}!`);
  await peer.listen();
  await body();
}

/** Certificates of two nodes, in files; the first one's paths are those that are given. */
async function writeCertificates(
  folder: string,
  hosts: readonly string[],
): Promise<MtlsFileConfig[]> {
  const authority = await TestAuthority.root("authority");
  await Deno.writeTextFile(`${folder}/authority.pem`, authority.cert);
  return await Promise.all(hosts.map(async (host, index) => {
    const names = [{ type: "uri", value: host }, { type: "ip", value: "127.0.0.1" }] as const;
    const { cert, key } = await authority.node(`node ${index}`, { names });
    const certFile = `${folder}/node-${index}.pem`, keyFile = `${folder}/node-${index}.key`;
    await Deno.writeTextFile(certFile, cert);
    await Deno.writeTextFile(keyFile, key);
    return { certFile, keyFile, caFile: `${folder}/authority.pem` };
  }));
}

function filesOf({ certFile, keyFile, caFile }: MtlsFileConfig): string[] {
  return [certFile, keyFile, caFile as string];
}

function authorityOf(host: string): string {
  return host.slice(host.indexOf("//") + 2);
}

function socketsOf(
  hosts: readonly string[],
): Required<Pick<Permissions, "net" | "read" | "write">> {
  const paths = hosts.map(authorityOf);
  return { net: paths.map((path) => `unix:${path}`), read: paths, write: paths };
}

for (const host of ["tcp://127.0.0.1", "ws://localhost"]) {
  Deno.test({ name: `permissions: a node on ${host} that dials`, ignore }, async () => {
    const hosts = pickHosts((port) => `${host}:${port}`, true);
    await withPeer(hosts, {}, () => {
      const [local, peer] = hosts;
      return assertNarrow({ kind: "grid", local, peer }, { net: hosts.map(authorityOf) });
    });
  });
}

Deno.test(
  { name: "permissions: a node that is dialled needs its own address", ignore },
  async () => {
    const hosts = pickHosts((port) => `tcp://localhost:${port}`, false);
    await withPeer(hosts, {}, () => {
      const [local, peer] = hosts;
      return assertNarrow({ kind: "grid", local, peer }, { net: [authorityOf(local)] });
    });
  },
);

Deno.test({ name: "permissions: the shared secret in a variable", ignore }, async () => {
  const hosts = pickHosts((port) => `tcp://127.0.0.1:${port}`, true);
  await withPeer(hosts, { auth: sharedSecret(SECRET) }, async () => {
    const [local, peer] = hosts, net = hosts.map(authorityOf);
    const job = { kind: "grid", local, peer, secretIn: "SECRET" } as const;
    const report = await run(job, { net, env: ["SECRET"] });
    assertEquals(report, { said: "Hello, node!" });
    const refused = await run(job, { net });
    assert("isOurs" in refused && refused.message.includes("SECRET"), JSON.stringify(refused));
  });
});

Deno.test(
  { name: "permissions: a node on Unix sockets", ignore },
  () =>
    inFolder(async (folder) => {
      const hosts = pickHosts((port) => `unix://${folder}/${port}.sock`, true);
      await withPeer(hosts, {}, () => {
        const [local, peer] = hosts;
        return assertNarrow({ kind: "grid", local, peer }, socketsOf(hosts));
      });
    }),
);

Deno.test(
  { name: "permissions: spinUs never prompts for FFI", ignore },
  async () => {
    const hosts = pickHosts((port) => `tcp://127.0.0.1:${port}`, true);
    await withPeer(hosts, {}, async () => {
      const [local, peer] = hosts, net = hosts.map(authorityOf);
      const job = { kind: "grid", local, peer, spinUs: 50 } as const;
      await assertNarrow(job, { net });
      // Where it is granted, nothing else is needed; for one library, as for all.
      const paths = ["libc.so.6", `/lib/${Deno.build.arch}-linux-gnu/libc.so.6`];
      for (const ffi of [paths, ["/nowhere.so"]]) {
        assertEquals(await run(job, { net, ffi }), { said: "Hello, node!" });
      }
    });
  },
);

for (const scheme of ["tls", "wss", "unix"]) {
  Deno.test(
    { name: `permissions: a node with mutual TLS on ${scheme}`, ignore },
    () =>
      inFolder(async (folder) => {
        const make = scheme === "unix"
          ? (port: number): string => `unix://${folder}/${port}.sock`
          : (port: number): string => `${scheme}://127.0.0.1:${port}`;
        const hosts = pickHosts(make, true);
        const [own, other] = await writeCertificates(folder, hosts);
        await withPeer(hosts, { tls: other }, () => {
          const [local, peer] = hosts, read = filesOf(own!);
          const permissions = scheme === "unix"
            ? { ...socketsOf(hosts), read: [...read, ...socketsOf(hosts).read] }
            : { net: hosts.map(authorityOf), read };
          return assertNarrow({ kind: "grid", local, peer, tls: own }, permissions);
        });
      }),
  );
}

Deno.test({ name: "permissions: a server and a client of its own", ignore }, async () => {
  const [port] = freePorts(1);
  for (const address of [`tcp://127.0.0.1:${port}`, `ws://127.0.0.1:${port}/greeter`]) {
    await assertNarrow({ kind: "serve", address }, { net: [`127.0.0.1:${port}`] });
  }
  const { said } = await run({ kind: "serve", address: "memory://greeter" }, {}) as {
    said: string;
  };
  assertEquals(said, "Hello, client!");
});

Deno.test(
  { name: "permissions: a server and a client with mutual TLS", ignore },
  () =>
    inFolder(async (folder) => {
      const [port] = freePorts(1), address = `tls://127.0.0.1:${port}`;
      const [tls] = await writeCertificates(folder, [address]);
      const permissions = { net: [`127.0.0.1:${port}`], read: filesOf(tls!) };
      await assertNarrow({ kind: "serve", address, tls }, permissions);
    }),
);

/** A server within this process, which may do everything. */
async function withServer(
  address: string,
  body: (address: string) => Promise<void>,
): Promise<void> {
  const stop = new AbortController(), logger = new QuietLogger();
  const listener = await listen(
    address,
    implement(Greeter, { greet: (name) => `Hello, ${name}!` }),
  );
  const serving = serve(listener, { signal: stop.signal, logger }).finished;
  try {
    await body(listener.address);
  } finally {
    stop.abort();
    await serving;
  }
}

Deno.test(
  { name: "permissions: a client whose servers a file lists", ignore },
  () =>
    inFolder((folder) =>
      withServer("tcp://127.0.0.1:0", async (address) => {
        const where = `${folder}/servers`;
        await Deno.writeTextFile(where, `${address}\n`);
        const permissions = { net: [authorityOf(address)], read: [where] };
        await assertNarrow({ kind: "client", finds: "file", where }, permissions);
      })
    ),
);

Deno.test(
  { name: "permissions: a client whose servers are in a folder", ignore },
  () =>
    inFolder((folder) =>
      withServer(`unix://${folder}/a.sock`, async () => {
        const socket = `${folder}/a.sock`;
        const permissions = { net: [`unix:${socket}`], read: [folder], write: [socket] };
        await assertNarrow({ kind: "client", finds: "directory", where: folder }, permissions);
      })
    ),
);

Deno.test(
  {
    name: `permissions: a client whose servers DNS tells of${DNSMASQ.note}`,
    ignore: ignore || DNSMASQ.ignore,
  },
  () =>
    inFolder(async (folder) => {
      await using names = new TestNameServer(`${folder}/hosts`);
      await names.setHosts("127.0.0.1 cache.test");
      await names.start();
      await withServer("tcp://127.0.0.1:0", async (address) => {
        const server = Number(address.slice(address.lastIndexOf(":") + 1));
        const permissions = { net: [`127.0.0.1:${server}`, `127.0.0.1:${names.port}`] };
        const ports = { server, dns: names.port };
        await assertNarrow(
          { kind: "client", finds: "dns", where: "cache.test.", ports },
          permissions,
        );
      });
    }),
);

Deno.test({ name: "permissions: a client whose servers Kubernetes tells of", ignore }, async () => {
  await using api = new ScriptedApiServer();
  await using account = await AccountFolder.create(certificates().caCerts![0]!, "token");
  await withServer("tcp://127.0.0.1:0", async (address) => {
    const { hostname, port } = new URL(api.url);
    const ports = [{ name: "calls", port: Number(/\d+$/.exec(address)![0]) }];
    api.put(slice("cache-a", ["127.0.0.1"], { ports }));
    const env = { KUBERNETES_SERVICE_HOST: hostname, KUBERNETES_SERVICE_PORT: port };
    await assertNarrow({ kind: "client", finds: "kubernetes", where: account.path }, {
      net: [authorityOf(address), `${hostname}:${port}`],
      read: [account.path],
      env: Object.keys(env),
    }, { env });
  });
});

Deno.test({ name: "permissions: workers, with one address or two", ignore }, async () => {
  const addresses = freePorts(2).map((port) => `tcp://127.0.0.1:${port}`);
  const shared = { kind: "workers", addresses: addresses.slice(0, 1) } as const;
  const each = { kind: "workers", addresses } as const;
  const net = addresses.map(authorityOf);
  // Their module, and all files that it imports.
  const read = [new URL("../..", import.meta.url).pathname];
  const said = { said: "Hello, client!" };
  assertEquals(await run(each, { net, read }), said);
  const more = ["--unstable-net"];
  assertEquals(await run(shared, { net: net.slice(0, 1), read }, { more }), said);

  const failing: [Promise<Report>, string][] = [
    [run(shared, { net, read }), "Start this program with that flag"],
    [run(each, { net: net.slice(0, 1), read }), "--allow-net"],
    // The runtime itself tells of a worker that it could not start.
    [run(each, { net }, { mayMoan: true }), "--allow-read"],
  ];
  for (const [running, told] of failing) {
    const report = await running;
    assert("isOurs" in report && report.isOurs, JSON.stringify(report));
    assertStringIncludes(report.message, told);
  }
});
