import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { VirtualClock } from "@internode/grid/testing";
import { InternodeError } from "../../../lib/errors.ts";
import { mtlsTransport } from "../../../lib/transport/mtls/mtls_transport.ts";
import type { MtlsFileConfig, MtlsTexts } from "../../../lib/transport/certificates/mtls_config.ts";
import {
  MtlsCredentials,
  type MtlsCredentialsOptions,
} from "../../../lib/transport/certificates/mtls_credentials.ts";
import { inTime } from "../../support/asking.ts";
import { QuietLogger } from "../../support/log/quiet.ts";
import { systemClock } from "../../../lib/runtime/system_clock.ts";
import { Acceptor, dialOptions, turns } from "../../support/channels/acceptor.ts";
import { closeBoth } from "../../support/channels/channel_conformance.ts";
import { pipeOf } from "../../support/channels/channel_pipe.ts";
import { authority, clientConfig, grounds, hostConfig } from "../mtls/mtls_ground.ts";
import { FILES } from "../../support/permitted.ts";
import {
  configOf,
  TestAuthority,
  type TestCertificate,
} from "../../support/certificates/test_authority.ts";
import { crlOf, crlPem } from "../../support/certificates/test_crl.ts";

const DAY_MS = 86_400_000;
const first = await authority.node("first"), second = await authority.node("second");
const expired = await authority.node("expired", { fromDays: -9, toDays: -1 });
const early = await authority.node("early", { fromDays: 1 });
const goneAuthority = (await authority.authority("gone", { fromDays: -9, toDays: -1 })).cert;

/** What of new certificates is of no use, and why. */
const MISTAKES: readonly [texts: MtlsTexts, reason: string][] = [
  [{ ...configOf(first, authority), key: second.key }, "key is not the key of cert"],
  [configOf(expired, authority), "has expired on"],
  [configOf(early, authority), "is not valid before"],
  [{ ...second, ca: "nothing" }, "ca contains no certificate"],
  [{ ...second, ca: [] }, "ca contains no authority"],
  [{ ...second, ca: goneAuthority }, "all authorities in ca have expired"],
  [
    { ...second, cert: second.cert.slice(0, 200), ca: authority.cert },
    "cert contains no certificate",
  ],
  [{ ...second, key: second.key.slice(0, 100), ca: authority.cert }, "key cannot be read"],
];

function atNow(): VirtualClock {
  return new VirtualClock({ epochMs: Date.now() });
}

Deno.test("texts are replaced as a whole or not at all", async () => {
  await using credentials = new MtlsCredentials(configOf(first, authority), {
    logger: new QuietLogger(),
  });
  let changes = 0;
  const end = credentials.onChange(() => changes++);
  for (const [texts, reason] of MISTAKES) {
    const error = assertThrows(() => credentials.replace(texts), InternodeError, reason);
    assertEquals(error.code, "InvalidArgument");
    assertEquals([credentials.current.subject, changes], ["CN=first", 0]);
  }
  credentials.replace(configOf(first, authority));
  assertEquals(changes, 0);
  credentials.replace(configOf(second, authority));
  assertEquals([credentials.current.subject, changes], ["CN=second", 1]);
  // The rest stays as it was given.
  assertEquals(credentials.current.handshakeTimeoutMs, 10_000);
  assertEquals(await credentials.reload(), false);
  end();
  credentials.replace(configOf(first, authority));
  assertEquals([credentials.current.subject, changes], ["CN=first", 1]);
});

Deno.test("options out of range are named, and so are certificates that are no good from the start", () => {
  for (
    const [options, name] of [
      [{ settleMs: 0 }, "settleMs"],
      [{ pollIntervalMs: NaN }, "pollIntervalMs"],
      [{ warnBeforeExpiryMs: -1 }, "warnBeforeExpiryMs"],
    ] as const
  ) {
    assertThrows(
      () => new MtlsCredentials(configOf(first, authority), options),
      InternodeError,
      name,
    );
  }
  for (const [texts, reason] of MISTAKES) {
    assertThrows(() => new MtlsCredentials(texts), InternodeError, reason);
  }
});

Deno.test("new connections use what is new, in both directions, and old ones stay", async () => {
  const ground = grounds[0]!;
  if (ground.ignore) return;
  const later = await TestAuthority.root("later");
  const host = await later.node("host.example"), client = await later.node("client.example");
  await using hostCredentials = new MtlsCredentials(hostConfig);
  await using clientCredentials = new MtlsCredentials(clientConfig);
  const acceptor = await Acceptor.on(
    mtlsTransport(hostCredentials, ground.inner()),
    ground.url(),
  );
  const transport = mtlsTransport(clientCredentials, ground.inner());
  const meet = async () => {
    const near = await transport.dial(acceptor.address, dialOptions());
    return { near, far: await acceptor.next() };
  };
  const old = await meet();
  assertEquals(old.far.identity?.subject, "CN=client.example");
  const both = [authority.cert, later.cert];
  hostCredentials.replace({ ...hostConfig, ca: both });
  clientCredentials.replace({ ...clientConfig, ca: both });
  hostCredentials.replace({ ...host, ca: both });
  const half = await meet();
  assertEquals(half.near.identity?.fingerprint === old.near.identity?.fingerprint, false);
  assertEquals(half.far.identity?.fingerprint, old.far.identity?.fingerprint);
  clientCredentials.replace({ ...client, ca: later.cert });
  hostCredentials.replace({ ...host, ca: later.cert });
  const whole = await meet();
  assertEquals(whole.near.identity?.fingerprint, half.near.identity?.fingerprint);
  assertEquals(whole.far.identity?.fingerprint === old.far.identity?.fingerprint, false);
  const before = mtlsTransport(clientConfig, ground.inner());
  await assertRejects(() => before.dial(acceptor.address, dialOptions()), InternodeError);
  for (const { near, far } of [old, half, whole]) await closeBoth(pipeOf(near), pipeOf(far));
  await acceptor.end();
});

/** Three files, and credentials that watch them. */
class Folder implements AsyncDisposable {
  readonly path = Deno.makeTempDirSync({ prefix: "internode-" });
  readonly logger = new QuietLogger();
  readonly credentials: MtlsCredentials;

  constructor(options: MtlsCredentialsOptions = {}) {
    this.write(first);
    Deno.writeTextFileSync(`${this.path}/ca.pem`, authority.cert);
    this.credentials = new MtlsCredentials(this.files, {
      settleMs: 20,
      pollIntervalMs: 100,
      logger: this.logger,
      ...options,
    });
  }

  get files(): MtlsFileConfig {
    const { path } = this;
    return { certFile: `${path}/node.pem`, keyFile: `${path}/node.key`, caFile: `${path}/ca.pem` };
  }

  get subject(): string {
    return this.credentials.current.subject;
  }

  write({ cert, key }: TestCertificate): void {
    Deno.writeTextFileSync(`${this.path}/node.pem`, cert);
    Deno.writeTextFileSync(`${this.path}/node.key`, key);
  }

  /** Does something that changes them. */
  async changed(act: () => void): Promise<void> {
    await inTime(() =>
      new Promise<void>((resolve) => {
        const end = this.credentials.onChange(() => {
          end();
          resolve();
        });
        act();
      })
    );
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.credentials.close();
    Deno.removeSync(this.path, { recursive: true });
  }
}

function fileTest(name: string, body: (folder: Folder) => Promise<void>): void {
  Deno.test({
    name,
    ignore: !FILES,
    fn: async () => {
      await using folder = new Folder();
      await body(folder);
    },
  });
}

fileTest("files that change are read again, in place or renamed into place", async (folder) => {
  await folder.changed(() => folder.write(second));
  assertEquals(folder.subject, "CN=second");
  await folder.changed(() => {
    Deno.writeTextFileSync(`${folder.path}/new`, `${authority.cert}\n${goneAuthority}`);
    Deno.renameSync(`${folder.path}/new`, `${folder.path}/ca.pem`);
  });
  assertEquals(folder.credentials.current.authorities.length, 2);
  assert(folder.logger.has('"CN=gone" in ca expired on'));
  assertEquals(folder.logger.lines.length, 1);
});

fileTest(
  "half of a new pair leaves the old one in use, with an error, until the other half comes",
  async (folder) => {
    let changes = 0;
    folder.credentials.onChange(() => changes++);
    Deno.writeTextFileSync(`${folder.path}/node.pem`, second.cert);
    await folder.logger.heard("the old ones stay in use");
    assert(folder.logger.has("key is not the key of cert"));
    assertEquals([folder.subject, changes], ["CN=first", 0]);
    await folder.changed(() => Deno.writeTextFileSync(`${folder.path}/node.key`, second.key));
    assertEquals([folder.subject, changes], ["CN=second", 1]);
    // What goes on is told once.
    assertEquals(folder.logger.lines.length, 1);
  },
);

fileTest(
  "a file that is missing leaves the old ones in use, with an error that names it",
  async (folder) => {
    Deno.removeSync(`${folder.path}/ca.pem`);
    await folder.logger.heard(`${folder.path}/ca.pem`);
    assertEquals(folder.subject, "CN=first");
    await folder.changed(() => {
      Deno.writeTextFileSync(`${folder.path}/ca.pem`, authority.cert);
      folder.write(second);
    });
    assertEquals(folder.subject, "CN=second");
  },
);

fileTest("reload reads at once, and rejects with what is wrong", async (folder) => {
  const { credentials } = folder;
  assertEquals(await credentials.reload(), false);
  for (const [{ cert, key, ca }, reason] of MISTAKES) {
    if (typeof ca !== "string") continue;
    folder.write({ cert, key });
    Deno.writeTextFileSync(`${folder.path}/ca.pem`, ca);
    await assertRejects(() => credentials.reload(), InternodeError, reason);
    assertEquals(folder.subject, "CN=first");
  }
  Deno.writeTextFileSync(`${folder.path}/ca.pem`, authority.cert);
  folder.write(second);
  assertEquals(await credentials.reload(), true);
  assertEquals(folder.subject, "CN=second");
});

Deno.test({
  name: "texts given in the place of files hold until these change",
  ignore: !FILES,
  fn: async () => {
    let looks = 0;
    const clock = { ...systemClock, now: () => (looks++, systemClock.now()) };
    await using folder = new Folder({ clock, pollIntervalMs: 10, settleMs: 5 });
    folder.credentials.replace(configOf(second, authority));
    const fromNow = looks;
    await inTime(async () => {
      while (looks < fromNow + 3) await turns(1);
    });
    assertEquals(folder.subject, "CN=second");
    const third = await authority.node("third");
    await folder.changed(() => folder.write(third));
    assertEquals(folder.subject, "CN=third");
  },
});

fileTest(
  "once closed, nothing is read by itself, and what was read last stays good",
  async (folder) => {
    await folder.credentials.close();
    folder.write(second);
    assertEquals(folder.subject, "CN=first");
    assertEquals(await folder.credentials.reload(), true);
    assertEquals(folder.subject, "CN=second");
    await folder.credentials.close();
  },
);

Deno.test({ name: "files that cannot be read are named from the start", ignore: !FILES }, () => {
  for (const certFile of ["/nowhere/node.pem", "/", ""]) {
    const files = { certFile, keyFile: "/nowhere/node.key", caFile: ["/nowhere/ca.pem"] };
    assertThrows(() => new MtlsCredentials(files), InternodeError, certFile || "certFile");
  }
});

Deno.test("a certificate that expires soon warns once a day, and one that has expired is an error", async () => {
  const clock = atNow(), lines: string[] = [];
  // The authority expires some time too.
  const note = (line: string): void => void (line.includes("CN=") && lines.push(line));
  const logger = {
    warn: (message: string) => note(`warn ${message}`),
    error: (message: string) => note(`error ${message}`),
  };
  const node = await authority.node("node", { toDays: 20 });
  await using credentials = new MtlsCredentials(configOf(node, authority), { clock, logger });
  await clock.advance(5.9 * DAY_MS);
  assertEquals(lines, []);
  await clock.advance(0.2 * DAY_MS);
  assertEquals(lines.length, 1);
  assert(lines[0]!.startsWith('warn The certificate "CN=node"'), lines[0]);
  assert(lines[0]!.includes("expires in 14 days, on 20"), lines[0]);
  await clock.advance(13 * DAY_MS);
  assertEquals(lines.length, 14);
  assert(lines[13]!.includes("expires in 24 hours"), lines[13]);
  await clock.advance(2 * DAY_MS);
  assertEquals(lines.slice(14).map((line) => line.slice(0, 5)), ["error", "error"]);
  // Another one is looked at from then on.
  const next = await authority.node("next", { toDays: 29 });
  lines.length = 0;
  credentials.replace(configOf(next, authority));
  await clock.advance(1.5 * DAY_MS);
  assertEquals(
    lines.map((line) => line.slice(0, 27)),
    Array(2).fill('warn The certificate "CN=ne'),
  );
  await credentials.close();
  assertEquals(clock.pendingEvents, 0);
});

Deno.test("the last authority that expires soon is told of too, and others are not", async () => {
  const clock = atNow(), logger = new QuietLogger();
  const short = await authority.authority("short", { toDays: 3.5 });
  const ca = [short.cert, authority.cert];
  await using both = new MtlsCredentials({ ...first, ca }, { clock, logger });
  await clock.advance(DAY_MS);
  assertEquals(both.current.authorities.length, 2);
  assertEquals(logger.lines, []);
  await using alone = new MtlsCredentials({ ...first, ca: short.cert }, { clock, logger });
  assertEquals(alone.current.authorities.length, 1);
  assert(logger.has("The last of the authorities in ca expires in 2 days"), logger.lines.join());
});

fileTest(
  "lists of revoked certificates in files are read again, in PEM and DER",
  async (folder) => {
    const path = `${folder.path}/revoked.crl`;
    Deno.writeTextFileSync(path, await crlPem(authority, []));
    const config = { ...folder.files, crlFile: path };
    const options = { settleMs: 20, pollIntervalMs: 100, logger: folder.logger };
    await using credentials = new MtlsCredentials(config, options);
    const revoked = (): number => credentials.current.revocation.lists[0]!.size;
    const changed = (act: () => void): Promise<void> =>
      inTime(() =>
        new Promise<void>((resolve) => {
          const end = credentials.onChange(() => {
            end();
            resolve();
          });
          act();
        })
      );
    assertEquals(revoked(), 0);
    const text = await crlPem(authority, [first]), bytes = await crlOf(authority, [first, second]);
    await changed(() => Deno.writeTextFileSync(path, text));
    assertEquals(revoked(), 1);
    await changed(() => Deno.writeFileSync(path, bytes));
    assertEquals(revoked(), 2);
    // One that is no good leaves the old one in use.
    const stranger = await TestAuthority.root("stranger");
    Deno.writeFileSync(path, await crlOf(stranger, []));
    await folder.logger.heard("that was not signed by an authority in ca or cert");
    assertEquals(revoked(), 2);
    Deno.removeSync(path);
    await folder.logger.heard(path);
    assertEquals(revoked(), 2);
  },
);

Deno.test("a list that has expired is an error once a day, and at once", async () => {
  for (const expiredCrl of ["warn", "refuse"] as const) {
    const clock = atNow(), logger = new QuietLogger();
    const crl = await crlPem(authority, [], { nextDays: 3 });
    const config = { ...configOf(first, authority), crl, expiredCrl };
    const options = { clock, logger, warnBeforeExpiryMs: 0 };
    await using credentials = new MtlsCredentials(config, options);
    const told = (): number =>
      logger.lines.filter((line) => line.includes("has expired on")).length;
    await clock.advance(2.9 * DAY_MS);
    assertEquals(told(), 0);
    await clock.advance(0.2 * DAY_MS);
    assertEquals(told(), 1);
    assert(logger.has(expiredCrl === "warn" ? "are still trusted" : "no certificate of its"));
    await clock.advance(2 * DAY_MS);
    assertEquals(told(), 3);
    credentials.replace({ ...config, crl: await crlPem(authority, [], { nextDays: 20 }) });
    await clock.advance(5 * DAY_MS);
    assertEquals(told(), 3);
    // It may be away again, too.
    credentials.replace(configOf(first, authority));
    assertEquals(credentials.current.revocation.lists, []);
  }
});
