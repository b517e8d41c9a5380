/**
 * A process that is told to be a node which runs a singleton when it may.
 *
 * @module
 */

import { Manager } from "@internode/grid";
import { type GridLeases, gridLeases } from "@internode/grid/patterns";
import { answerCommands } from "../../../tools/processes/answer_commands.ts";

/** What a node is made from. */
export interface LeaseSetup {
  readonly local: string;
  readonly hosts: readonly string[];
  readonly ttlMs: number;
}

class SingletonNode {
  readonly manager: Manager;
  readonly leases: GridLeases;
  /** Each run, by its token: resolves when it is over. */
  readonly #runs = new Map<number, Promise<void>>();
  #begun = Promise.withResolvers<number>();

  constructor({ local, hosts, ttlMs }: LeaseSetup) {
    this.manager = new Manager({ local, hosts });
    this.leases = gridLeases(this.manager, { ttlMs });
    this.leases.singleton("x", async ({ token, signal }) => {
      const over = Promise.withResolvers<void>();
      this.#runs.set(token, over.promise);
      this.#begun.resolve(token);
      await new Promise((stop) => signal.addEventListener("abort", stop));
      this.#begun = Promise.withResolvers();
      over.resolve();
    });
  }

  /** The token, once it runs. */
  running(): Promise<number> {
    return this.#begun.promise;
  }

  /** Resolves when that run is over. */
  stopped(token: number): Promise<void> | undefined {
    return this.#runs.get(token);
  }
}

if (import.meta.main) {
  let node: SingletonNode | null = null;
  await answerCommands({
    start: async (setup: LeaseSetup) => {
      node = new SingletonNode(setup);
      await node.manager.listen();
    },
    running: () => node!.running(),
    stopped: (token: number) => node!.stopped(token),
    voting: () => node!.leases.untilVoting(),
  });
}
