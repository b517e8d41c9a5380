/** Certificates as `deno task certs` makes them, judged by the library that they are for. @module */

import { assert, assertEquals, assertMatch, assertNotEquals, assertRejects } from "@std/assert";
import { X509Certificate } from "node:crypto";
import { Authority } from "../../../examples/certs/authority.ts";
import { CertsError } from "../../../examples/certs/certs_error.ts";
import { readIdentity } from "../../../examples/certs/identity_folder.ts";
import { type Made, makeCertificates } from "../../../examples/certs/make_certificates.ts";
import { type CertsOptions, parseOptions } from "../../../examples/certs/options.ts";
import { validFor } from "../../../examples/certs/validity.ts";
import { readCertificate } from "../../../lib/transport/certificates/certificate_facts.ts";
import { judgePeer } from "../../../lib/transport/certificates/certificate_judge.ts";
import { parseHostAddress } from "../../../lib/runtime/host_address.ts";
import { expectedHost } from "../../../lib/transport/certificates/host_binding.ts";
import { checkMtlsConfig } from "../../../lib/transport/certificates/mtls_config.ts";
import { FILES, RUN } from "../../support/permitted.ts";

const MAIN = new URL("../../../examples/certs/main.ts", import.meta.url);
const DAY_MS = 86_400_000;
const HOSTS = ["tls://127.0.0.1:9000", "tls://node-2.example:9000", "unix:///run/3.sock"];

function testInFolder(name: string, body: (folder: string) => Promise<void>, ignore = !FILES) {
  Deno.test({
    name,
    ignore,
    async fn() {
      const folder = await Deno.makeTempDir();
      try {
        await body(folder);
      } finally {
        await Deno.remove(folder, { recursive: true });
      }
    },
  });
}

/** What the command line with these arguments makes. */
function make(out: string, args = ""): Promise<Made> {
  return makeCertificates(
    parseOptions(["--out", out, ...args.split(" ").filter(Boolean)]) as CertsOptions,
  );
}

type Files = Awaited<ReturnType<typeof readIdentity>>;

/** The files of all nodes, by their folders. */
async function readAll(out: string): Promise<Map<string, Files>> {
  const nodes = new Map<string, Files>();
  for await (const { name } of Deno.readDir(out)) {
    if (name !== "authority") nodes.set(name, await readIdentity(`${out}/${name}`));
  }
  return nodes;
}

/** Why one node refuses another that has dialled it, or that it has dialled by a URL; `null`: it does not. */
function refusal(
  viewer: Files,
  shown: Files,
  peer: "client" | "server" = "client",
  url: string | null = null,
): string | null {
  const { authorities } = checkMtlsConfig(viewer);
  const chain = [new X509Certificate(shown.cert)];
  const judgement = judgePeer({ chain, authorized: true, resumed: false }, {
    peer,
    authorities,
    host: url === null ? null : expectedHost(parseHostAddress(url)),
    nowMs: Date.now(),
  });
  return "refusal" in judgement ? judgement.refusal : null;
}

testInFolder(
  "each node gets a folder with its own certificate and key, and the authority's key is nowhere",
  async (folder) => {
    const out = `${folder}/certs`;
    const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
      args: [
        ...["run", "--no-prompt", `--allow-read=${folder}`, `--allow-write=${folder}`, MAIN.href],
        ...["--out", out, "--hosts", HOSTS.join(","), "--name", "reader.example", "--json"],
      ],
      env: { NO_COLOR: "1" },
      stdin: "null",
    }).output();
    assertEquals(code, 0, new TextDecoder().decode(stderr));
    const made: Made = JSON.parse(new TextDecoder().decode(stdout));
    assertEquals([made.authorities, made.caKey, made.others], [1, null, []]);
    assertEquals(made.certificates.map(({ title, names }) => [title, ...names]), [
      ["tls://127.0.0.1:9000", "127.0.0.1", "tls://127.0.0.1:9000"],
      ["tls://node-2.example:9000", "node-2.example", "tls://node-2.example:9000"],
      ["unix:///run/3.sock", "unix:///run/3.sock"],
      ["reader.example", "reader.example"],
    ]);
    assertEquals(Deno.readDirSync(out).map(({ name }) => name).toArray().sort(), [
      "authority",
      "reader.example",
      "tls-127.0.0.1-9000",
      "tls-node-2.example-9000",
      "unix-run-3.sock",
    ]);
    assertEquals([...Deno.readDirSync(`${out}/authority`)].map(({ name }) => name), ["ca.pem"]);
    for (const { cert, key, ca } of made.certificates) {
      const { authorities } = checkMtlsConfig({
        cert: await Deno.readTextFile(cert),
        key: await Deno.readTextFile(key),
        ca: await Deno.readTextFile(ca),
      });
      assertEquals(authorities.length, 1);
      if (Deno.build.os !== "windows") {
        assertEquals((await Deno.stat(key)).mode! & 0o777, 0o600);
        assertEquals((await Deno.stat(cert)).mode! & 0o777, 0o644);
      }
    }
  },
  !FILES || !RUN,
);

testInFolder("a certificate says what it must, and no more", async (folder) => {
  await make(folder, `--hosts ${HOSTS[0]} --days 7 --keep-ca-key`);
  const { cert, key, ca } = await readIdentity(`${folder}/tls-127.0.0.1-9000`);
  const own = new X509Certificate(cert), authority = new X509Certificate(ca);
  const facts = readCertificate(own.raw);
  assertEquals([facts.version, facts.forServers, facts.forClients], [3, true, true]);
  assertEquals(facts.names, { dns: [], ip: ["127.0.0.1"], uri: ["tls://127.0.0.1:9000"] });
  assertEquals([own.ca, authority.ca], [false, true]);
  assertEquals(readCertificate(authority.raw).version, 3);
  assertMatch(own.serialNumber, /^[4-7][\dA-F]{31}$/);
  assertNotEquals(own.serialNumber, authority.serialNumber);
  assert(own.checkIssued(authority) && own.verify(authority.publicKey));
  const nowMs = Date.now();
  const near = (time: string, ms: number) => Math.abs(Date.parse(time) - ms) < 60_000;
  assert(near(own.validFrom, nowMs - 3_600_000) && near(own.validTo, nowMs + 7 * DAY_MS));
  assert(Date.parse(authority.validFrom) <= Date.parse(own.validFrom));
  assert(Date.parse(authority.validTo) > nowMs + 3_000 * DAY_MS);
  // ECDSA on P-256.
  assertEquals(own.publicKey.asymmetricKeyDetails?.namedCurve, "prime256v1");
  assertMatch(key, /^-----BEGIN PRIVATE KEY-----\n/);
  if (Deno.build.os === "windows") return;
  assertEquals((await Deno.stat(`${folder}/authority/ca.key`)).mode! & 0o777, 0o600);
});

testInFolder("all nodes trust each other, and nobody else does", async (folder) => {
  await make(`${folder}/one`, `--hosts ${HOSTS}`);
  await make(`${folder}/two`, `--hosts ${HOSTS}`);
  const nodes = [...await readAll(`${folder}/one`)];
  const strangers = [...await readAll(`${folder}/two`)];
  assertEquals([nodes.length, strangers.length], [3, 3]);
  for (const [, viewer] of nodes) {
    for (const [, shown] of nodes) assertEquals(refusal(viewer, shown), null);
    for (const [, shown] of strangers) {
      assertMatch(refusal(viewer, shown)!, /is not signed by a trusted authority/);
    }
  }
  const [[, viewer], [, shown]] = nodes as [[string, Files], [string, Files]];
  assertMatch(refusal(viewer, shown, "server", "tls://node-2.example:9001")!, /must have this one/);
  assertEquals(refusal(viewer, shown, "server", "tls://node-2.example:9000"), null);
  assertMatch(
    refusal(viewer, shown, "server", "tls://node-3.example:9000")!,
    /not for node-3\.example/,
  );
});

testInFolder("hosts at one address have nothing in common, unless told so", async (folder) => {
  const namesOf = ({ certificates }: Made) => certificates.map(({ names }) => names);
  await make(folder, "--keep-ca-key --hosts tls://127.0.0.1:1,tls://a.example:1");
  // The first one is made anew, as its address is no longer its own.
  const more = await make(folder, "--hosts tls://127.0.0.1:2");
  assertEquals(namesOf(more), [["tls://127.0.0.1:2"], ["tls://127.0.0.1:1"]]);
  assertEquals(more.others, ["tls://a.example:1"]);
  const third = await make(folder, "--hosts tls://127.0.0.1:3");
  assertEquals(namesOf(third)[0], ["tls://127.0.0.1:3"]);
  assertEquals(namesOf(await make(folder, "--share-names --hosts tls://127.0.0.1:4")), [
    ["127.0.0.1", "tls://127.0.0.1:4"],
  ]);
});

testInFolder(
  "certificates are renewed by the same authority, with the same names",
  async (folder) => {
    const first = await make(folder, `--keep-ca-key --name reader.example --hosts ${HOSTS}`);
    assertEquals(first.caKey, `${first.out}/authority/ca.key`);
    const before = await readAll(folder);
    const second = await make(folder, "--days 60");
    const after = await readAll(folder);
    const namesOf = ({ certificates }: Made) =>
      certificates.map(({ names }) => names.join()).sort();
    assertEquals(namesOf(second), namesOf(first));
    assertEquals([...after.keys()].sort(), [...before.keys()].sort());
    for (const [name, renewed] of after) {
      const former = before.get(name)!;
      assertEquals(renewed.ca, former.ca);
      assertNotEquals(renewed.key, former.key);
      const [then, now] = [former, renewed].map(({ cert }) => new X509Certificate(cert).validTo);
      assert(Date.parse(now!) > Date.parse(then!) + 29 * DAY_MS);
      for (const [one, other] of [[former, renewed], [renewed, former]] as const) {
        assertEquals(refusal(one, other), null);
      }
    }
  },
);

testInFolder(
  "one authority takes the place of another, and all nodes believe each other at each step",
  async (folder) => {
    // Not even the first authority's key is needed.
    await make(folder, `--hosts ${HOSTS}`);
    const first = await readAll(folder);
    let before = first;
    const authorities: number[] = [];
    for (const step of ["trust", "issue", "retire"]) {
      const made = await make(folder, `--rotate-ca ${step}`);
      const after = await readAll(folder);
      authorities.push(made.authorities);
      assertEquals(made.certificates.length, step === "issue" ? 3 : 0);
      // Some nodes have read their files anew and others have not.
      const all = [...before.values(), ...after.values()];
      for (const viewer of all) for (const shown of all) assertEquals(refusal(viewer, shown), null);
      for (const out of ["trust", "issue", "retire"].filter((other) => other !== next(step))) {
        await assertRejects(() => make(folder, `--rotate-ca ${out}`), CertsError, "--rotate-ca");
      }
      before = after;
    }
    assertEquals(authorities, [2, 2, 1]);
    for (const viewer of before.values()) {
      for (const shown of first.values()) {
        assertMatch(refusal(viewer, shown)!, /is not signed by/);
      }
    }
    assertEquals([...Deno.readDirSync(`${folder}/authority`)].map(({ name }) => name).sort(), [
      "ca.key",
      "ca.pem",
    ]);
  },
);

function next(step: string): string {
  return step === "trust" ? "issue" : step === "issue" ? "retire" : "trust";
}

testInFolder("what cannot be done is explained, and nothing is changed", async (folder) => {
  const refused = async (args: string, message: string) => {
    const before = await readAll(folder).catch(() => undefined);
    await assertRejects(() => make(folder, args), CertsError, message);
    assertEquals(await readAll(folder).catch(() => undefined), before);
  };
  await refused("", "holds no certificates. Say for whom");
  await refused("--rotate-ca trust", "holds no certificates. Say for whom");
  await refused("--name authority", "which is that of the authority");
  await refused("--hosts unix:///a/b,unix:///a-b", "which is that of unix:///a/b");
  await make(folder, "--hosts unix:///a/b");
  await refused("", "was not kept");
  await refused("--hosts unix:///a/b", "was not kept");
  await refused("--name unix-a-b", "which is that of unix:///a/b");
  const ca = `${folder}/authority/ca.pem`, text = await Deno.readTextFile(ca);
  await Deno.remove(ca);
  await refused("--name other.example", "is missing");
  await Deno.writeTextFile(ca, text);
  const { key } = await readIdentity(`${folder}/unix-a-b`);
  await Deno.writeTextFile(`${folder}/authority/ca.key`, key);
  await refused("", "the key is not that of the certificate");
  await Deno.writeTextFile(`${folder}/authority/ca.key`, "no key");
  await refused("", "ca.key cannot be used");
  const past = await Authority.createRoot("past", validFor(-0.01));
  await Deno.writeTextFile(ca, past.cert);
  await Deno.writeTextFile(`${folder}/authority/ca.key`, past.key);
  await refused("", "has expired on");
  await Deno.writeTextFile(`${folder}/unix-a-b/cert.pem`, "no certificate");
  await refused("", "cert.pem cannot be renewed");
});

testInFolder("a certificate does not outlast its authority", async (folder) => {
  await make(folder, "--keep-ca-key --name reader.example");
  const short = await Authority.createRoot("short", validFor(3));
  await Deno.writeTextFile(`${folder}/authority/ca.pem`, short.cert);
  await Deno.writeTextFile(`${folder}/authority/ca.key`, short.key);
  await make(folder, "--days 30");
  const { cert, ca } = await readIdentity(`${folder}/reader.example`);
  assertEquals(new X509Certificate(cert).validTo, new X509Certificate(ca).validTo);
});

testInFolder("the command says what it has made, or why it could not", async (folder) => {
  const run = async (...args: string[]) => {
    const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
      args: ["run", "--no-prompt", "--allow-read", "--allow-write", MAIN.href, ...args],
      env: { NO_COLOR: "1" },
      stdin: "null",
    }).output();
    const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
    return [code, text(stdout), text(stderr)] as const;
  };
  const [code, text] = await run("--out", folder, "--hosts", "tls://a.example:1");
  assertEquals(code, 0);
  assertMatch(text, /tls:\/\/a\.example:1\n {4}in .*\/tls-a\.example-1\n {4}for a\.example, /);
  assertMatch(text, /Its key is not kept/);
  assertMatch(text, /new Manager\(/);
  const [failed, nothing, why] = await run("--out", folder);
  assertEquals([failed, nothing, why.split("\n").length], [1, "", 2]);
  const [wrong, , usage] = await run("--out", folder, "--days", "x");
  assertEquals(wrong, 2);
  assertMatch(usage, /^--days must be .*\n\ndeno task certs --out DIR/);
}, !FILES || !RUN);
