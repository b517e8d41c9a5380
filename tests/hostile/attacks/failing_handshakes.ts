/**
 * Every way in which a handshake comes to nothing.
 *
 * @module
 */

import { sharedSecret } from "@internode/grid";
import { parseHostAddress } from "../../../lib/runtime/host_address.ts";
import type { MtlsConfig } from "../../../lib/transport/certificates/mtls_config.ts";
import { encodeHello, FEATURE_SEAL } from "../../../lib/session/frames/hello.ts";
import { FrameType } from "../../../lib/wire/frame.ts";
import { joined, rawFrame, u32, utf8 } from "../../support/session/raw_frames.ts";
import { peerHello } from "../../support/session/scripted_peer.ts";
import { maskedFrame, openBare, upgradeRequest } from "../../support/network/raw_socket.ts";

type Bare = Awaited<ReturnType<typeof openBare>>;

/** Somewhere to knock. */
export interface Target {
  readonly name: string;
  readonly url: string;
  /** What stands around it: nothing, TLS, or mutual TLS with what lets one through. */
  readonly tls: "none" | "server" | MtlsConfig;
  /** Whether clients of a service come here. Default: nodes do. */
  readonly isService?: boolean;
  /** The name of a host that may come in. */
  readonly dialler: string;
  /** `null`: certificates say who comes. */
  readonly secret: string | null;
  /** Who has signed its certificate. */
  readonly authority: string;
  /** Certificates that it does not believe. */
  readonly strange: MtlsConfig;
}

/** One way to fail. */
export interface Failure {
  readonly name: string;
  /** Fails once; settles when the connection is over. */
  readonly act: (target: Target) => Promise<void>;
  /** Where it makes sense. */
  readonly on: (target: Target) => boolean;
  /** What it breaks: TLS, the upgrade to WebSocket, or our own handshake. */
  readonly layer: "tls" | "upgrade" | "own";
  /** Whether it takes as long as a handshake may. */
  readonly isSlow?: boolean;
}

const isTls = ({ tls }: Target): boolean => tls !== "none";
const isMutual = ({ tls }: Target): boolean => typeof tls === "object";
const isWebSocket = ({ url }: Target): boolean => url.startsWith("ws");
const hasSecret = ({ secret }: Target): boolean => secret !== null;
const always = (): boolean => true;

/** ClientHellos, recorded once, by what they say is spoken within. */
const clientHellos = new Map<string, Uint8Array<ArrayBuffer>>();

/** The ClientHello of a client that a target would let through. */
export async function recordedHello({ url, tls }: Target): Promise<Uint8Array<ArrayBuffer>> {
  const protocol = tls === "server" && url.startsWith("wss") ? "http/1.1" : "internode/1";
  const known = clientHellos.get(protocol);
  if (known !== undefined) return known;
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = listener.addr;
  const dialling = (async () => {
    using conn = await Deno.connectTls({
      hostname: "127.0.0.1",
      port,
      alpnProtocols: [protocol],
    });
    await conn.handshake().catch(() => {});
  })();
  const bytes = new Uint8Array(4096);
  {
    using conn = await listener.accept();
    const count = await conn.read(bytes);
    clientHellos.set(protocol, bytes.slice(0, count!));
  }
  await dialling;
  return clientHellos.get(protocol)!;
}

/** A bare connection to a target. */
export function knock({ url }: Target): Promise<Bare> {
  return openBare({ url: url.replace(/^wss?|^tls/, "tcp").replace(/(:\d+)\/.*/, "$1") });
}

/**
 * A connection whose TLS is done, if there is any.
 *
 * @param bare One that has knocked already, where there is no mutual TLS. Default: a new one.
 */
export async function through({ url, tls, authority }: Target, bare?: Bare): Promise<Bare> {
  if (bare !== undefined && tls === "none") return bare;
  if (tls !== "server") {
    const path = parseHostAddress(url.replace(/(:\d+)\/.*/, "$1"));
    return openBare({ url: path.href, tls: typeof tls === "object" ? tls : undefined });
  }
  const { hostname, port } = parseHostAddress(url.replace(/(:\d+)\/.*/, "$1"));
  const caCerts = [authority];
  if (bare !== undefined) return await Deno.startTls(bare as Deno.TcpConn, { hostname, caCerts });
  return await Deno.connectTls({ hostname, port, caCerts });
}

/** Where our own handshake begins. */
export async function upgraded(target: Target, knocked?: Bare): Promise<Bare> {
  const bare = await through(target, knocked);
  if (!isWebSocket(target)) return bare;
  return await after(bare, async () => {
    await write(bare, upgradeRequest({ token: tokenOf(target), path: "/internode" }));
    await bare.read(new Uint8Array(4096));
  });
}

/** Gives a connection when something was done with it; closes it if that fails. */
export async function after(bare: Bare, act: () => Promise<void>): Promise<Bare> {
  try {
    await act();
    return bare;
  } catch (error) {
    close(bare);
    throw error;
  }
}

export function tokenOf({ secret, dialler, url, isService = false }: Target): string | undefined {
  const host = isService ? "" : url.replace(/(:\d+)\/.*/, "$1");
  return secret === null ? undefined : sharedSecret(secret).token(dialler, host, Date.now());
}

export async function write(bare: Bare, bytes: Uint8Array): Promise<void> {
  for (let at = 0; at < bytes.length;) {
    at += await bare.write(bytes.subarray(at) as Uint8Array<ArrayBuffer>);
  }
}

/** Sends a batch of ours in whatever goes around it. */
export function say(target: Target, bare: Bare, frames: Uint8Array): Promise<void> {
  return write(
    bare,
    isWebSocket(target) ? maskedFrame(2, frames) : joined(u32(frames.length, 0), frames),
  );
}

/** @param isSealed Whether it has a good seal, as one that was overheard. Default: `false`. */
export function hello({ dialler, secret }: Target, isSealed = false): Uint8Array {
  const words = peerHello({
    name: dialler,
    wallMs: Date.now(),
    nonce: crypto.getRandomValues(new Uint8Array(32)),
    authenticates: secret !== null,
    features: isSealed ? FEATURE_SEAL : 0,
  });
  const bytes = encodeHello(words);
  const payload = isSealed ? joined(bytes, sharedSecret(secret!).seal!(bytes, "")!) : bytes;
  return rawFrame(FrameType.hello, { payload });
}

/** Says a hello that was overheard, and hears the acceptor's hello and proof. */
export async function overheard(target: Target, bare: Bare): Promise<void> {
  await say(target, bare, hello(target, true));
  const buffer = new Uint8Array(4_096);
  // Its hello has more than 96 bytes, and its proof 48 with its head.
  for (let heard = 0; heard < 144;) {
    const count = await bare.read(buffer);
    if (count === null) throw new Error("a hello with a good seal got no proof");
    heard += count;
  }
}

export function close(bare: Bare): void {
  try {
    bare.close();
  } catch {
    // The other side was faster.
  }
}

/** Reads until the other side ends it. */
async function ending(bare: Bare): Promise<void> {
  const buffer = new Uint8Array(4096);
  while (await bare.read(buffer).catch(() => null) !== null);
  close(bare);
}

/** Hears why; who reads on is waited for. */
async function answer(bare: Bare): Promise<void> {
  await bare.read(new Uint8Array(4096));
}

/** Does something that the other side may interrupt. */
async function attempt(open: Promise<Bare>, act: (bare: Bare) => Promise<void>): Promise<void> {
  const bare = await open.catch(() => null);
  if (bare === null) return;
  await act(bare).catch(() => {});
  close(bare);
}

/** Shakes hands by TLS with what will not do. */
async function byTls(target: Target, { cert, key }: Partial<MtlsConfig>): Promise<void> {
  const { hostname, port } = parseHostAddress(target.url);
  const shown = cert === undefined ? {} : { cert: String(cert), key: String(key) };
  const conn = await Deno.connectTls({
    hostname,
    port,
    caCerts: [target.authority],
    alpnProtocols: ["internode/1"],
    ...shown,
  });
  await conn.handshake().catch(() => {});
  await ending(conn);
}

/** All of them. */
export const FAILURES: readonly Failure[] = [
  {
    name: "a TLS hello, then the connection ends",
    layer: "tls",
    on: isTls,
    act: (target) =>
      attempt(knock(target), async (bare) => {
        await write(bare, await recordedHello(target));
        await bare.read(new Uint8Array(16));
      }),
  },
  {
    name: "a TLS hello, then bytes that are not a TLS record",
    layer: "tls",
    on: isTls,
    act: (target) =>
      attempt(knock(target), async (bare) => {
        await write(
          bare,
          joined(await recordedHello(target), new Uint8Array([23, 3, 3, 0, 2, 1, 2])),
        );
        await ending(bare);
      }),
  },
  {
    name: "a TLS hello, then silence",
    layer: "tls",
    on: isTls,
    isSlow: true,
    act: (target) =>
      attempt(knock(target), async (bare) => {
        await write(bare, await recordedHello(target));
        await ending(bare);
      }),
  },
  {
    name: "bytes that are not TLS",
    layer: "tls",
    on: isTls,
    act: (target) =>
      attempt(knock(target), async (bare) => {
        await write(bare, utf8("GET / HTTP/1.1\r\n\r\n"));
        await ending(bare);
      }),
  },
  { name: "no certificate", layer: "tls", on: isMutual, act: (target) => byTls(target, {}) },
  {
    name: "a certificate of an unknown authority",
    layer: "tls",
    on: isMutual,
    act: (target) => byTls(target, target.strange),
  },
  {
    name: "half a WebSocket request, then the connection ends",
    layer: "upgrade",
    on: isWebSocket,
    act: (target) =>
      attempt(through(target), (bare) => write(bare, utf8("GET /internode HTTP/1.1\r\nHost: "))),
  },
  {
    name: "half a WebSocket request, then silence",
    layer: "upgrade",
    on: isWebSocket,
    isSlow: true,
    act: (target) =>
      attempt(through(target), async (bare) => {
        await write(bare, utf8("GET /internode HTTP/1.1\r\nHost: "));
        await ending(bare);
      }),
  },
  {
    name: "an invalid WebSocket request",
    layer: "upgrade",
    on: isWebSocket,
    act: (target) =>
      attempt(through(target), async (bare) => {
        await write(bare, utf8("GET /internode HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n"));
        await bare.read(new Uint8Array(1024));
      }),
  },
  {
    name: "silence",
    layer: "own",
    on: always,
    isSlow: true,
    act: (target) => attempt(upgraded(target), ending),
  },
  {
    name: "no hello",
    layer: "own",
    on: always,
    act: (target) => attempt(upgraded(target), () => Promise.resolve()),
  },
  {
    name: "bytes that are not a hello",
    layer: "own",
    on: always,
    act: (target) =>
      attempt(upgraded(target), async (bare) => {
        await say(target, bare, rawFrame(FrameType.hello, { payload: new Uint8Array(40) }));
        await answer(bare);
      }),
  },
  {
    name: "a hello, then the connection ends before the proof",
    layer: "own",
    on: hasSecret,
    act: (target) =>
      attempt(upgraded(target), async (bare) => {
        await say(target, bare, hello(target));
        await bare.read(new Uint8Array(1024));
      }),
  },
  {
    name: "a hello that was overheard, then the connection ends before the proof",
    layer: "own",
    on: hasSecret,
    act: (target) => attempt(upgraded(target), (bare) => overheard(target, bare)),
  },
  {
    name: "a hello that was overheard, a wrong proof and 100 KB of calls behind it",
    layer: "own",
    on: hasSecret,
    act: (target) =>
      attempt(upgraded(target), async (bare) => {
        await overheard(target, bare);
        await say(target, bare, rawFrame(FrameType.proof, { payload: new Uint8Array(32) }));
        const call = rawFrame(FrameType.request, { payload: new Uint8Array(10_000) });
        for (let i = 0; i < 10; i++) await say(target, bare, call);
        await answer(bare);
      }),
  },
  {
    name: "a wrong proof",
    layer: "own",
    on: hasSecret,
    act: (target) =>
      attempt(upgraded(target), async (bare) => {
        await say(target, bare, hello(target));
        await bare.read(new Uint8Array(1024));
        await say(target, bare, rawFrame(FrameType.proof, { payload: new Uint8Array(32) }));
        await answer(bare);
      }),
  },
];
