/**
 * Crowds at a listener: 2,000 unproven peers on each transport, each of which gets as far as
 * it can and stays there, cost less than 32 MiB. `INTERNODE_CROWDS=1` tries
 * every stage at every listener, which takes minutes.
 *
 * @module
 */

import { type Memory, MemoryProcess } from "../../bench/support/memory_process.ts";
import { pause } from "./scene/scene.ts";
import { FILES, NET, PROGRAMS } from "../support/permitted.ts";
import { configOf, TestAuthority } from "../support/certificates/test_authority.ts";
import type { ListenersConfig } from "./scene/listeners.ts";
import {
  after,
  close,
  hello,
  knock,
  recordedHello,
  say,
  type Target,
  through,
  upgraded,
  write,
} from "./attacks/failing_handshakes.ts";
import { utf8 } from "../support/session/raw_frames.ts";
import { nodeOf } from "./scene/grounds.ts";

const IS_FULL = FILES && Deno.env.has("INTERNODE_CROWDS");
const UNPROVEN = 2_000, AT_ONCE = 32;
/** What any server has been through that has begun to work, AT_ONCE at a time. */
const WARM_ROUNDS = 4;
/** How far the heap itself grows is chance: one of so many crowds must do. */
const ATTEMPTS = 3;
/** How long one may take before the next comes, in milliseconds. */
const PATIENCE_MS = 40;
const MOST_BYTES = 32 * 1024 * 1024;
/** Where the last stage is tried without being asked for all. */
const QUICK: ReadonlySet<string> = new Set([
  "a node at tcp",
  "a node at ws",
  "a node at tls",
  "a node at tls with mutual TLS",
  "a server at wss",
]);
/** None is cut off while the crowd gathers. */
const HANDSHAKE_TIMEOUT_MS = 60_000;
const SECRET = "a secret of the crowds at listeners";

type Bare = Awaited<ReturnType<typeof knock>>;

/** How far an unproven peer gets. */
interface Stage {
  readonly name: string;
  readonly go: (target: Target) => Promise<Bare>;
  readonly on: (target: Target) => boolean;
}

const isTls = ({ tls }: Target): boolean => tls !== "none";
const isWebSocket = ({ url }: Target): boolean => url.startsWith("ws");

const STAGES: readonly Stage[] = [
  { name: "connect and send nothing", on: () => true, go: knock },
  {
    name: "begin TLS",
    on: isTls,
    go: async (target) => {
      const bare = await knock(target);
      return await after(bare, async () => await write(bare, await recordedHello(target)));
    },
  },
  {
    name: "complete TLS",
    on: isTls,
    go: async (target) => {
      const bare = await through(target);
      return await after(bare, async () => {
        if ("handshake" in bare) await (bare as Deno.TlsConn).handshake();
      });
    },
  },
  {
    name: "send 7 KiB of a WebSocket request",
    on: isWebSocket,
    go: async (target) => {
      const bare = await through(target);
      const request = utf8(`GET /internode HTTP/1.1\r\nHost: ${"x".repeat(7_000)}`);
      return await after(bare, () => write(bare, request));
    },
  },
  { name: "complete the WebSocket upgrade", on: isWebSocket, go: upgraded },
  {
    name: "send a hello and no proof",
    on: ({ secret }) => secret !== null,
    go: async (target) => {
      const bare = await upgraded(target);
      return await after(bare, () => say(target, bare, hello(target)));
    },
  },
];

Deno.test({
  name: `${UNPROVEN} unproven peers at a listener take less than 32 MiB, however far they get`,
  ignore: !NET || !FILES || !PROGRAMS,
}, async (test) => {
  const authority = await TestAuthority.root("authority");
  const folder = await Deno.makeTempDir({ prefix: "internode-" });
  await using stack = new AsyncDisposableStack();
  stack.defer(() => Deno.remove(folder, { recursive: true }));
  const ips = [{ type: "ip" as const, value: "127.0.0.1" }];
  const secretNodes = ["tcp", "ws", "tls", "wss"].map((scheme) => nodeOf(scheme));
  const mutualNodes = ["tls", "wss"].map((scheme) => nodeOf(scheme));
  const uris = mutualNodes.flat().map((value) => ({ type: "uri" as const, value }));
  const mutual = configOf(
    await authority.node("member", { names: [...ips, ...uris] }),
    authority,
  );
  const config: ListenersConfig = {
    secret: SECRET,
    handshakeTimeoutMs: HANDSHAKE_TIMEOUT_MS,
    secretNodes,
    mutualNodes,
    mutual,
    services: [
      ...["tcp", "tls", "ws", "wss"].map((scheme) => `${scheme}://127.0.0.1:0`),
      ...(Deno.build.os === "windows" ? [] : [`unix://${folder}/listener.sock`]),
    ],
  };
  const common = { secret: SECRET, authority: authority.cert, strange: mutual };
  const tlsOf = (url: string): "server" | "none" => /^(tls|wss)/.test(url) ? "server" : "none";
  const all = (services: readonly string[]): Target[] => [
    ...secretNodes.map(([url, dialler]) => ({
      ...common,
      name: `a node at ${new URL(url).protocol.slice(0, -1)}`,
      url,
      dialler,
      tls: tlsOf(url),
    })),
    ...mutualNodes.map(([url, dialler]) => ({
      ...common,
      name: `a node at ${new URL(url).protocol.slice(0, -1)} with mutual TLS`,
      url,
      dialler,
      secret: null,
      tls: mutual,
    })),
    ...services.map((url) => ({
      ...common,
      name: `a server at ${new URL(url).protocol.slice(0, -1)}`,
      url,
      dialler: "tcp://a:1",
      isService: true,
      tls: tlsOf(url),
    })),
  ];
  const listed = all(config.services);
  for (const [i, { name: where }] of listed.entries()) {
    const stages = STAGES.filter(({ on }) => on(listed[i]!));
    for (const stage of IS_FULL ? stages : stages.slice(QUICK.has(where) ? -1 : stages.length)) {
      await test.step(`${where}: those who ${stage.name}`, async () => {
        let line = "";
        for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
          const { peakBytes, usedBytes } = await measure(config, stage, all, i);
          line = `${where}: ${UNPROVEN} who ${stage.name} take ${mib(peakBytes)} MiB, ` +
            `${mib(usedBytes)} of them in heap and buffers`;
          console.log(line);
          if (peakBytes < MOST_BYTES) return;
        }
        throw new Error(line);
      });
    }
  }
});

/** What a crowd takes at most, of a process of its own, as what is resident is given back late. */
async function measure(
  config: ListenersConfig,
  { go }: Stage,
  all: (services: readonly string[]) => Target[],
  index: number,
): Promise<{ peakBytes: number; usedBytes: number }> {
  let crowd: Crowd, figures: { peakBytes: number; usedBytes: number };
  {
    await using listeners = new MemoryProcess(new URL("./scene/listeners.ts", import.meta.url), [
      JSON.stringify(config),
    ]);
    const target = all(await listeners.ask<string[]>("services"))[index]!;
    for (let round = 0; round < WARM_ROUNDS; round++) {
      await (await gather(target, go, AT_ONCE)).leave();
    }
    const before = await listeners.ask("begin");
    crowd = await gather(target, go, UNPROVEN);
    const peakBytes = await listeners.ask<number>("peak");
    figures = { peakBytes, usedBytes: used(await listeners.ask("memory")) - used(before) };
  }
  await crowd.leave();
  return figures;
}

/** Those who have come. */
interface Crowd {
  /** They go, those too who still wait for the other side. */
  leave(): Promise<void>;
}

/** Many go there, and stay. Who has to wait is not waited for. */
async function gather(target: Target, go: Stage["go"], count: number): Promise<Crowd> {
  const here: Bare[] = [], all: Promise<void>[] = [];
  let left = count;
  const one = async (): Promise<void> => {
    while (left-- > 0) {
      const gone = go(target).then((bare) => void here.push(bare), () => {});
      all.push(gone);
      await Promise.race([gone, pause(PATIENCE_MS)]);
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, one));
  return {
    leave: async () => {
      here.forEach(close);
      await Promise.all(all);
      here.forEach(close);
    },
  };
}

function used({ heapBytes, bufferBytes }: Memory): number {
  return heapBytes + bufferBytes;
}

function mib(bytes: number): string {
  return (bytes / 1024 / 1024).toFixed(1);
}
