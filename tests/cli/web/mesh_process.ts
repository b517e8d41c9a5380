/**
 * Processes of a mesh, which can be frozen, killed and started again.
 *
 * @module
 */

import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import process from "node:process";
import { freePorts } from "../../../tools/network/free_ports.ts";
import { commandHere } from "../../../tools/processes/command_here.ts";
import { killChild } from "../../support/kill_child.ts";

/** The nodes of a mesh. */
export class MeshProcesses implements AsyncDisposable {
  /** Their URLs. */
  readonly hosts: readonly string[];
  readonly #children: ChildProcess[] = [];

  private constructor(count: number) {
    this.hosts = freePorts(count).map((port) => `tcp://127.0.0.1:${port}`);
  }

  /** Starts nodes; resolves when all listen. */
  static async start(count: number): Promise<MeshProcesses> {
    const mesh = new MeshProcesses(count);
    try {
      await Promise.all(mesh.hosts.map((_, at) => mesh.run(at)));
    } catch (error) {
      await mesh[Symbol.asyncDispose]();
      throw error;
    }
    return mesh;
  }

  /** Starts a node, for the first time or again; resolves when it listens. */
  async run(at: number): Promise<void> {
    const [program, ...args] = commandHere(new URL("mesh_node.ts", import.meta.url));
    const child = spawn(program, [...args, this.hosts[at]!, ...this.hosts], {
      stdio: ["pipe", "pipe", "inherit"],
    });
    this.#children[at] = child;
    const ended = once(child, "exit").then(() => {
      throw new Error(`Node ${at} ended before it listened.`);
    });
    ended.catch(() => {});
    await Promise.race([once(child.stdout, "data"), ended]);
  }

  /** Stops a process without ending it. */
  freeze(at: number): void {
    process.kill(this.#children[at]!.pid!, "SIGSTOP");
  }

  /** Lets it go on. */
  thaw(at: number): void {
    process.kill(this.#children[at]!.pid!, "SIGCONT");
  }

  /** Ends a process at once. */
  async kill(at: number): Promise<void> {
    await killChild(this.#children[at] ?? null);
  }

  /** Ends all. */
  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.hosts.map((_, at) => this.kill(at)));
  }
}
