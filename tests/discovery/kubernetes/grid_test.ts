/**
 * Grids whose hosts are the pods of a StatefulSet.
 *
 * @module
 */

import { assertEquals, assertRejects } from "@std/assert";
import { InternodeError, Manager, sharedSecret, single } from "@internode/grid";
import * as t from "@internode/grid/codec";
import { freePorts } from "../../../tools/network/free_ports.ts";
import { inTime } from "../../support/asking.ts";
import { pod, slice } from "../../support/kubernetes/slices.ts";
import { type Scene, sceneTest } from "./scene.ts";

const who = single("who", { request: t.string(), response: t.string() });
const READY = { ready: true, serving: true, terminating: false };
const ENDING = { ready: false, serving: true, terminating: true };

/** A pod of the StatefulSet, which Kubernetes knows by name and address. */
class Pod {
  readonly hostname: string;
  readonly host: string;
  readonly manager: Manager;
  readonly #scene: Scene;
  readonly #port: number;

  constructor(scene: Scene, index: number, port: number) {
    this.#scene = scene;
    this.#port = port;
    this.hostname = `cache-${index}`;
    this.host = `tcp://${this.hostname}.cache.shop.svc:${port}`;
    this.manager = new Manager({
      local: this.host,
      listen: `tcp://127.0.0.1:${port}`,
      hosts: scene.resolver(),
      auth: sharedSecret("the secret of all pods"),
      logger: scene.logger,
    });
    this.manager.handle(who, (text, { caller }) => `${text} ${caller}, from ${this.host}`);
  }

  list(conditions: Record<string, boolean>): void {
    const { hostname } = this;
    const endpoint = pod("127.0.0.1", { conditions, hostname });
    const ports = [{ name: "grid", port: this.#port }];
    this.#scene.server.put(slice(hostname, [endpoint], { ports }));
  }
}

/** Resolves once these know each other and nobody else, and each has called each. */
async function meet(pods: readonly Pod[]): Promise<void> {
  const hosts = pods.map(({ host }) => host).sort();
  await inTime(async (signal) => {
    for (const { manager } of pods) {
      while ([...manager.hosts].sort().join() !== hosts.join()) {
        await new Promise<void>((resolve) => {
          const stop = manager.onHostsChange(() => {
            stop();
            resolve();
          });
        });
      }
      await manager.waitForConnect({ signal });
    }
  });
  for (const { manager, host } of pods) {
    for (const connection of manager.connections()) {
      const answer = await connection.request(who, "Hello", { waitForReady: true });
      assertEquals(answer, `Hello ${host}, from ${connection.host}`);
    }
  }
}

sceneTest("pods of a StatefulSet are a grid, which grows and shrinks with it", async (scene) => {
  const pods = freePorts(3).map((port, index) => new Pod(scene, index, port));
  const [first, second, third] = pods as [Pod, Pod, Pod];
  try {
    await Promise.all([first, second].map(({ manager }) => manager.listen()));
    first.list(READY);
    second.list(READY);
    await meet([first, second]);
    await third.manager.listen();
    third.list(READY);
    await meet(pods);

    const connection = second.manager.connection(first.host);
    first.list(ENDING);
    await meet([second, third]);
    const error = await assertRejects(() => connection.request(who, "Hello"), InternodeError);
    assertEquals([error.code, error.outcome], ["NotListed", "notSent"]);
  } finally {
    await Promise.all(pods.map(({ manager }) => manager.close()));
  }
});
