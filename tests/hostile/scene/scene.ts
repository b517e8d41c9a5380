/**
 * A victim, a neighbour that it must go on serving, and whoever attacks it.
 *
 * @module
 */

import { assert, assertEquals } from "@std/assert";
import { sharedSecret } from "@internode/grid";
import type { ManagerOptions } from "@internode/grid";
import { MemoryProcess } from "../../../bench/support/memory_process.ts";
import { type Cast, castOn, type Ground } from "./grounds.ts";
import type { Service } from "./neighbour.ts";
import { RUNTIME } from "../../support/permitted.ts";
import { FrameType } from "../../../lib/wire/frame.ts";
import { GREEDY, idOf, RawPeer, type RawPeerInit, request } from "./raw_peer.ts";
import type { Damage, VictimConfig } from "./victim.ts";

const MIB = 1024 * 1024;
/** What no attack may cost: engines other than Deno's give garbage back later, and a socket of Node's takes more. */
export const MAX_GROWTH_BYTES = (RUNTIME === "deno" ? 32 : 64) * MIB;

/** V8 lets the memory of young objects grow by tens of MiB, and takes it back, when it likes: small, it says nothing of attacks. */
const ENGINE = RUNTIME === "bun" ? [] : ["--max-semi-space-size=1"];

/** So many looks at the victim in a row must show the same. */
const QUIET_LOOKS = 4;
const LOOK_EACH_MS = 10;
/** No attack takes so long, in milliseconds. */
const ATTACK_MS = 8_000;

/** One line of the table of what attacks cost. */
export interface Figure {
  readonly ground: string;
  readonly attack: string;
  readonly damage: Damage;
  readonly service: Service;
}

/** How an attack ends. */
export interface Attack {
  readonly name: string;
  /** Does it; the victim is looked at when it is done. */
  readonly act: (scene: Scene) => Promise<void>;
  /** Where it makes sense. Default: everywhere. */
  readonly on?: (ground: Ground) => boolean;
  /** What the victim must have logged. Default: nothing is asked for. */
  readonly logs?: RegExp;
  /** What it may cost at most, in bytes. Default: 32 MiB. */
  readonly maxGrowthBytes?: number;
}

/** Victim and neighbour on a ground. */
export class Scene implements AsyncDisposable {
  readonly ground: Ground;
  readonly cast: Cast;
  readonly victim: MemoryProcess;
  readonly neighbour: MemoryProcess;
  /** Where the victim's server of the call face listens. */
  service = "";
  readonly figures: Figure[] = [];

  private constructor(ground: Ground, cast: Cast, options: Partial<ManagerOptions>) {
    this.ground = ground;
    this.cast = cast;
    const hosts = [cast.victim, cast.hostile, cast.neighbour];
    const config = (local: string): VictimConfig => ({
      local,
      hosts,
      secret: cast.secret,
      tls: cast.tls.get(local),
      service: cast.service,
      options,
    });
    const victim = JSON.stringify(config(cast.victim));
    this.victim = new MemoryProcess(new URL("./victim.ts", import.meta.url), [victim], ENGINE);
    this.neighbour = new MemoryProcess(new URL("./neighbour.ts", import.meta.url), [
      JSON.stringify(config(cast.neighbour)),
    ]);
  }

  /** Sets one up; the neighbour is served already. */
  static async open(ground: Ground, options: Partial<ManagerOptions> = {}): Promise<Scene> {
    const scene = new Scene(ground, await castOn(ground), options);
    scene.service = await scene.victim.ask("service");
    await scene.#warmUp();
    for (let calls = 0; calls < 20;) {
      await pause(20);
      calls = (await scene.neighbour.ask<Service>("served")).calls;
    }
    return scene;
  }

  /** What any busy server has been through: its heap has the size that it keeps. */
  async #warmUp(): Promise<void> {
    using peer = await this.peer();
    await peer.send(peer.name("echo"));
    for (let round = 1; round <= 20; round++) {
      const frames = Array.from(
        { length: 500 },
        (_, slot) => request(slot, { id: idOf(slot, round), payload: new Uint8Array(64) }),
      );
      await peer.send(...frames);
      for (let i = 0; i < frames.length; i++) await peer.expect(FrameType.response);
    }
  }

  /** A hostile peer, once its handshake is done. */
  peer(init: Partial<RawPeerInit> = {}): Promise<RawPeer> {
    const { victim, hostile, secret, tls } = this.cast;
    const auth = secret === null ? null : sharedSecret(secret);
    return RawPeer.open({ url: victim, name: hostile, auth, tls: tls.get(hostile), ...init });
  }

  /** A hostile client of the victim's server of the call face. */
  client(init: Partial<RawPeerInit> = {}): Promise<RawPeer> {
    const { victim, hostile, secret, tls } = this.cast;
    const config = tls.get(hostile);
    return RawPeer.open({
      url: this.service.replace(/\/internode$/, ""),
      name: hostile,
      auth: secret === null ? null : sharedSecret(secret),
      tls: config === undefined ? undefined : { ...config, serverName: victim },
      hello: { ...GREEDY, peerName: "" },
      token: secret === null ? undefined : sharedSecret(secret).token(hostile, "", Date.now()),
      path: "/internode",
      ...init,
    });
  }

  /** Waits until the victim has taken what it takes: its memory and its counts stand still. */
  async quiet(): Promise<void> {
    for (let before = "", same = 0; same < QUIET_LOOKS;) {
      const now = JSON.stringify(await this.victim.ask("standing"));
      same = now === before ? same + 1 : 0;
      before = now;
      await pause(LOOK_EACH_MS);
    }
  }

  /** Waits until the victim has logged it, or should have: a peer may see the end of its connection first. */
  async #logged(line: RegExp): Promise<void> {
    for (let look = 0; look < ATTACK_MS / LOOK_EACH_MS; look++) {
      if ((await this.victim.ask<string[]>("log")).some((text) => line.test(text))) return;
      await pause(LOOK_EACH_MS);
    }
  }

  /** Attacks, and judges what came of it. */
  async suffer({ name, act, logs, maxGrowthBytes = MAX_GROWTH_BYTES }: Attack): Promise<Damage> {
    await this.victim.ask("begin");
    await this.neighbour.ask("begin");
    await within(ATTACK_MS, act(this), `${this.ground.name}, ${name}`);
    if (logs !== undefined) await this.#logged(logs);
    const damage = await this.victim.ask<Damage>("damage");
    const service = await this.neighbour.ask<Service>("served");
    this.figures.push({ ground: this.ground.name, attack: name, damage, service });
    const where = `${this.ground.name}, ${name}`;
    assert(
      damage.peakBytes < maxGrowthBytes,
      `${where}: resident memory grew by ${mib(damage.peakBytes)} MiB`,
    );
    const seen = damage.log.join("\n");
    if (logs !== undefined) {
      assert(damage.log.some((line) => logs.test(line)), `${where}: logged ${seen}`);
    }
    assertEquals(service.failures, [], `${where}: the neighbour's calls; logged ${seen}`);
    assert(service.calls > 0, `${where}: the neighbour was not served`);
    return damage;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.neighbour[Symbol.asyncDispose]();
    await this.victim[Symbol.asyncDispose]();
  }
}

/** Prints what attacks cost, in MiB and milliseconds. */
export function printFigures(figures: readonly Figure[]): void {
  for (const { ground, attack, damage, service } of figures) {
    const { peakBytes, peakUsedBytes, heldBytes, heldUsedBytes } = damage;
    const { calls, p99Ms, slowestMs } = service;
    console.log(
      `${ground.padEnd(21)}| ${attack.padEnd(68)}| resident +${mib(peakBytes).padStart(6)} MiB, ` +
        `after ${mib(heldBytes).padStart(6)} | in use +${mib(peakUsedBytes).padStart(6)}, ` +
        `after ${mib(heldUsedBytes).padStart(6)} | neighbour ${String(calls).padStart(4)} calls, ` +
        `p99 ${p99Ms.toFixed(1)} ms, slowest ${slowestMs.toFixed(1)}`,
    );
  }
}

function mib(bytes: number): string {
  return (bytes / MIB).toFixed(1);
}

/** Gives up on what takes too long, in real time. */
async function within(limitMs: number, work: Promise<void>, what: string): Promise<void> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const over = new Promise<never>((_resolve, reject) => {
    // deno-lint-ignore internode/no-sleep -- what hangs must fail
    timer = setTimeout(() => reject(new Error(`${what}: not over within ${limitMs} ms`)), limitMs);
  });
  await Promise.race([work, over]).finally(() => clearTimeout(timer));
}

/** Lets time pass: between two looks at something, or what a slow peer takes. */
export function pause(delayMs: number): Promise<void> {
  // deno-lint-ignore internode/no-sleep -- other processes have to get on, in real time
  return new Promise((resolve) => setTimeout(resolve, delayMs));
}
