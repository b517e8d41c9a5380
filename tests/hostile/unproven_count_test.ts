/**
 * One count and one time limit for unproven connections, on both faces and over
 * every transport, at every stage.
 *
 * @module
 */

import { assert, assertEquals } from "@std/assert";
import { Manager, sharedSecret, systemTransports } from "@internode/grid";
import {
  connect,
  constantResolver,
  HandlerMap,
  listen,
  makeMethodKey,
  mtlsTransports,
  parseNetEndpoint,
  serve,
} from "@internode/grid/call";
import type { HandshakeLimits } from "../../lib/transport/channel/listener_limiter.ts";
import type { MtlsConfig } from "../../lib/transport/certificates/mtls_config.ts";
import { QuietLogger } from "../support/log/quiet.ts";
import { moduleFolder } from "../support/module_folder.ts";
import { FILES, NET } from "../support/permitted.ts";
import { testBeside } from "../support/beside.ts";
import { configOf, TestAuthority } from "../support/certificates/test_authority.ts";
import { utf8 } from "../support/session/raw_frames.ts";
import {
  after,
  close,
  knock,
  overheard,
  recordedHello,
  type Target,
  through,
  tokenOf,
  upgraded,
  write,
} from "./attacks/failing_handshakes.ts";
import { nodeOf } from "./scene/grounds.ts";
import { OWN_SERVERS } from "../support/network/own_server.ts";
import { upgradeRequest } from "../support/network/raw_socket.ts";
import { pause } from "./scene/scene.ts";

type Bare = Awaited<ReturnType<typeof knock>>;

const SECRET = "a secret of the counted listeners", WINDOWS = Deno.build.os === "windows";
const folder = moduleFolder();
let sockets = 0;

interface Options extends HandshakeLimits {
  readonly handshakeTimeoutMs?: number;
}

/** An open listener, and how a member connects to it. */
interface OpenTarget extends AsyncDisposable {
  readonly target: Target;
  readonly log: QuietLogger;
  /** Settles once a member has come in. */
  member(): Promise<void>;
}

/** A transport and a face. */
interface Kind {
  readonly scheme: "tcp" | "unix" | "tls" | "ws" | "wss";
  readonly isMutual: boolean;
  readonly face: "node" | "server";
}

const KINDS: readonly Kind[] = (["node", "server"] as const).flatMap((face) => [
  ...(["tcp", "unix", "tls", "ws", "wss"] as const).map((scheme) => ({
    scheme,
    isMutual: false,
    face,
  })),
  ...(["unix", "tls", "wss"] as const).map((scheme) => ({ scheme, isMutual: true, face })),
]).filter(({ scheme }) => scheme !== "unix" || !WINDOWS);

function nameOf({ scheme, isMutual, face }: Kind): string {
  return `a ${face} at ${scheme}${isMutual ? " with mutual TLS" : ""}`;
}

/** A host, and one that dials it. */
function hostsOn(scheme: Kind["scheme"]): readonly [string, string] {
  if (scheme !== "unix") return nodeOf(scheme);
  return nodeOf(scheme, () => `${folder}/${++sockets}.sock`);
}

async function open({ scheme, isMutual, face }: Kind, options: Options): Promise<OpenTarget> {
  const [local, dialler] = hostsOn(scheme), hosts = [local, dialler];
  const authority = await TestAuthority.root("authority");
  const ip = { type: "ip" as const, value: "127.0.0.1" };
  const uris = hosts.map((value) => ({ type: "uri" as const, value }));
  const identity = await authority.node("member", { names: isMutual ? [ip, ...uris] : [ip] });
  const mutual: MtlsConfig = configOf(identity, authority);
  const auth = isMutual ? undefined : sharedSecret(SECRET), log = new QuietLogger();
  const { cert, key } = identity;
  const transports = isMutual
    ? mtlsTransports(mutual)
    : systemTransports({ cert, key, caCerts: [authority.cert] });
  const secured = isMutual ? { tls: mutual } : { transports };
  const stack = new AsyncDisposableStack();
  const common = { auth, graceMs: 0, logger: log, ...options };
  const target: Target = {
    name: nameOf({ scheme, isMutual, face }),
    url: local,
    isService: face === "server",
    tls: isMutual ? mutual : /^(tls|wss)$/.test(scheme) ? "server" : "none",
    dialler,
    secret: isMutual ? null : SECRET,
    authority: authority.cert,
    strange: mutual,
  };
  const member = face === "node"
    ? async (): Promise<void> => {
      const logger = new QuietLogger();
      await using node = new Manager({ local: dialler, hosts, auth, logger, ...secured });
      node.connect();
      await node.waitForConnect({ timeoutMs: 5_000 });
    }
    : async (): Promise<void> => {
      const resolver = constantResolver(parseNetEndpoint(local, { transports }));
      await using client = await connect(resolver, { auth, logger: new QuietLogger() });
      await client.call(makeMethodKey("a", "echo"), new Uint8Array(1));
    };
  if (face === "node") {
    const node = stack.use(new Manager({ local, hosts, ...common, ...secured }));
    await node.listen();
  } else {
    const handlers = new HandlerMap().set("a", "echo", (bytes) => bytes);
    const listener = await listen(local, handlers, { transports, logger: log, ...options });
    const stop = new AbortController();
    const serving = serve(listener, { ...common, signal: stop.signal }).finished;
    stack.defer(async () => {
      stop.abort();
      await serving;
    });
  }
  return { target, log, member, [Symbol.asyncDispose]: () => stack.disposeAsync() };
}

/** How far unproven peers can get at a listener. */
function stagesOf({ scheme, isMutual }: Kind): ((target: Target) => Promise<Bare>)[] {
  const isTls = isMutual || scheme === "tls" || scheme === "wss";
  const stages = [knock];
  if (!isMutual) {
    // It has heard the acceptor's proof, and has shown none of its own.
    stages.push(async (target) => {
      const bare = await upgraded(target);
      return await after(bare, () => overheard(target, bare));
    });
  }
  if (isTls) {
    stages.push(async (target) => {
      const bare = await knock(target);
      await write(bare, await recordedHello(target));
      return bare;
    }, secured);
  }
  if (scheme === "ws" || scheme === "wss") {
    stages.push(async (target) => {
      const bare = await secured(target);
      await write(bare, utf8("GET /internode HTTP/1.1\r\n"));
      return bare;
    }, upgraded);
  }
  return stages;
}

async function secured(target: Target): Promise<Bare> {
  const bare = await through(target);
  if ("handshake" in bare) await (bare as Deno.TlsConn).handshake();
  return bare;
}

/** Settles when the other side has ended it. */
async function ending(bare: Bare): Promise<void> {
  const buffer = new Uint8Array(4_096);
  while (await bare.read(buffer).catch(() => null) !== null);
}

for (const kind of KINDS) {
  const ignore = !NET || !FILES;
  Deno.test({
    name: `${nameOf(kind)}: unproven connections are counted together, at whatever stage they are`,
    ignore,
  }, async () => {
    const stages = stagesOf(kind), maxUnproven = 4;
    await using opened = await open(kind, { maxUnproven });
    const { target, log } = opened, inside: Bare[] = [], ends: Promise<void>[] = [];
    for (let i = 0; i < maxUnproven; i++) {
      const bare = await stages[i % stages.length]!(target);
      inside.push(bare);
      ends.push(ending(bare));
    }
    let hasEnded = false;
    for (const end of ends) end.then(() => hasEnded = true);
    for (let i = 0; i < 3; i++) {
      const surplus = await knock(target);
      await ending(surplus);
      close(surplus);
    }
    assert(!hasEnded, "one that was there was ended");
    const [told] = log.shown;
    assertEquals(log.shown.length, 1, JSON.stringify(log.shown));
    assertEquals([told!.level, told!.fields["event"]], ["warn", "listener_overloaded"]);
    close(inside.shift()!);
    await opened.member();
    // Who has proven itself is not counted any more.
    await opened.member();
    inside.forEach(close);
    await Promise.all(ends);
  });

  Deno.test({
    name: `${
      nameOf(kind)
    }: maxUnprovenPerAddress limits the connections of one address, but not those over Unix sockets`,
    ignore,
  }, async () => {
    await using opened = await open(kind, { maxUnprovenPerAddress: 2 });
    const { target, log } = opened, unproven: Bare[] = [];
    for (let i = 0; i < 2; i++) unproven.push(await knock(target));
    const third = await knock(target);
    if (kind.scheme === "unix") {
      unproven.push(third);
      await opened.member();
    } else {
      await ending(third);
      close(third);
      assertEquals(log.of("listener_overloaded").length, 1);
      assert(log.shown[0]!.message.includes("maxUnprovenPerAddress"), log.shown[0]!.message);
      close(unproven.shift()!);
      await opened.member();
    }
    unproven.forEach(close);
  });
}

Deno.test({
  name: "one time limit covers everything before the proof, on both faces and over every transport",
  ignore: !NET || !FILES,
}, async () => {
  // Who had the time anew would take as much longer as it comes late.
  const handshakeTimeoutMs = 3_000, lateMs = 2_000;
  await Promise.all(KINDS.map(async (kind) => {
    await using opened = await open(kind, { handshakeTimeoutMs });
    const { target } = opened;
    // Whoever goes on late has no more time for that.
    const goesOn = async (): Promise<Bare> => {
      const bare = await knock(target);
      await pause(lateMs);
      return await upgraded(target, bare);
    };
    const took = async (go: (target: Target) => Promise<Bare>): Promise<number> => {
      const startMs = performance.now();
      const bare = await go(target);
      await ending(bare);
      close(bare);
      return performance.now() - startMs;
    };
    const late = kind.isMutual ? [] : [took(goesOn)];
    const stages = await Promise.all(stagesOf(kind).map(took)), tookMs = await Promise.all(late);
    const all = `${target.name}: ${stages.join(", ")} and ${tookMs.join(", ")} ms`;
    for (const ms of [...stages, ...tookMs]) assert(ms > handshakeTimeoutMs - 50, all);
    for (const ms of stages) assert(ms < 2 * handshakeTimeoutMs, all);
    // What else the machine does holds up all of them.
    for (const ms of tookMs) assert(ms < Math.max(...stages) + lateMs - 500, all);
  }));
});

/** The status that a request for WebSocket is answered with. */
async function statusAt(target: Target): Promise<string> {
  const bare = await knock(target), buffer = new Uint8Array(1_024);
  await write(bare, upgradeRequest({ token: tokenOf(target) }));
  const count = await bare.read(buffer);
  close(bare);
  return new TextDecoder().decode(buffer.subarray(0, count ?? 0)).slice(9, 12);
}

testBeside(
  "upgrade: who was upgraded counts until it has proven itself",
  2,
  OWN_SERVERS.flatMap((kind) =>
    [{ maxUnproven: 2 }, { maxUnprovenPerAddress: 2 }].map((limits) => ({ kind, limits }))
  ).map(({ kind, limits }) => ({
    name: `${kind.name}: ${Object.keys(limits)}`,
    ignore: !NET || !FILES,
    fn: async () => {
      const [local, dialler] = nodeOf("ws"), hosts = [local, dialler], log = new QuietLogger();
      const auth = sharedSecret(SECRET), port = Number(new URL(local).port);
      const common = { hosts, auth, logger: log };
      await using node = new Manager({ local, ...common, ...limits, handshakeTimeoutMs: 2_000 });
      node.connect();
      await using _server = await kind.start({ port, grid: () => node, tellsAddress: true });
      const target: Target = {
        name: "upgrade",
        url: local,
        tls: "none",
        dialler,
        secret: SECRET,
        authority: "",
        strange: { cert: "", key: "", ca: "" },
      };
      const unproven = [await upgraded(target), await upgraded(target)];
      for (let i = 0; i < 2; i++) assertEquals(await statusAt(target), "503");
      assertEquals(log.shown.map(({ fields }) => fields["event"]), ["listener_overloaded"]);
      assert(log.shown[0]!.message.includes(Object.keys(limits)[0]!), log.shown[0]!.message);
      // When their time is up, a member gets in.
      await using member = new Manager({ local: dialler, ...common });
      member.connect();
      await member.waitForConnect({ timeoutMs: 5_000 });
      // The runtime waits for them to say that they close.
      unproven.forEach(close);
    },
  })),
);
