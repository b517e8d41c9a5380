/**
 * Clients of a service whose replicas Kubernetes names.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import {
  client,
  connect,
  implement,
  listen,
  method,
  serve,
  type Server,
  service,
} from "@internode/grid/call";
import * as t from "@internode/grid/codec";
import { inTime } from "../../support/asking.ts";
import { podIn, slice } from "../../support/kubernetes/slices.ts";
import { type Scene, sceneTest } from "./scene.ts";

const Cache = service("cache", {
  get: method({ request: t.string(), response: t.string(), idempotent: true }),
});

/** A pod, with a slice of its own, as each listens at another port of this machine. */
class Pod implements AsyncDisposable {
  readonly name: string;
  readonly #server: Server;
  readonly #slow: PromiseWithResolvers<void>;

  private constructor(name: string, server: Server, slow: PromiseWithResolvers<void>) {
    this.name = name;
    this.#server = server;
    this.#slow = slow;
  }

  static async start(name: string): Promise<Pod> {
    const slow = Promise.withResolvers<void>();
    const handlers = implement(Cache, {
      get: async (key) => {
        if (key === "slow") await slow.promise;
        return name;
      },
    });
    return new Pod(name, serve(await listen("tcp://127.0.0.1:0", handlers)), slow);
  }

  /** Puts it into the list, in a state. */
  list({ server }: Scene, conditions: Record<string, boolean>): void {
    const ports = [{ name: "grid", port: Number(/\d+$/.exec(this.#server.address)![0]) }];
    server.put(slice(this.name, [podIn("127.0.0.1", conditions)], { ports }));
  }

  /** Answers what is slow. */
  answer(): void {
    this.#slow.resolve();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#server.close();
  }
}

const READY = { ready: true, serving: true, terminating: false };
const ENDING = { ready: false, serving: true, terminating: true };

sceneTest("clients follow pods that come, end and go, and no call fails", async (scene) => {
  await using a = await Pod.start("a");
  await using b = await Pod.start("b");
  a.list(scene, READY);
  b.list(scene, { ready: false, serving: false, terminating: false });
  await using connection = await connect(scene.resolver(), { logger: scene.logger });
  const cache = client(Cache, connection);
  const until = (names: string): Promise<void> =>
    inTime(async () => {
      const seen = new Set<string>();
      while ([...seen].sort().join() !== names) {
        seen.clear();
        for (let i = 0; i < 20; i++) seen.add(await cache.get("key"));
      }
    });
  await until("a");
  b.list(scene, READY);
  await until("a,b");

  a.list(scene, ENDING);
  await until("b");
  // The only one that is left ends, too, and answers meanwhile.
  b.list(scene, ENDING);
  scene.server.remove("a");
  await until("b");
  const slow = cache.get("slow");
  await using c = await Pod.start("c");
  c.list(scene, READY);
  await until("c");
  b.answer();
  assertEquals(await slow, "b", "what runs on a pod that was taken out ends well");

  const { lists, watches } = scene.server;
  assertEquals([lists.length, watches.length], [1, 1], "one watch tells of all that");

  // Without the API server all goes on.
  await scene.server[Symbol.asyncDispose]();
  await scene.logger.heard("the last 1 stay in use");
  await until("c");
  assertEquals(connection.replicas.length, 1);
});
