/**
 * The processes of the bench of overload.
 *
 * @module
 */

import { freePorts } from "../../tools/network/free_ports.ts";
import { commandHere } from "../../tools/processes/command_here.ts";
import { ToldProcess } from "../../tools/processes/told_process.ts";
import type { LimitKind, WorkKind } from "./work.ts";

/** A server, and clients that are connected. */
export class Cast implements AsyncDisposable {
  /** Serves. */
  readonly server: ToldProcess;
  /** Call it. */
  readonly clients: readonly ToldProcess[];

  private constructor(server: ToldProcess, clients: readonly ToldProcess[]) {
    this.server = server;
    this.clients = clients;
  }

  /**
   * Starts them.
   *
   * @param count How many clients.
   * @param connections How many connections each of them has.
   */
  static async of(
    kind: WorkKind,
    limit: LimitKind,
    count: number,
    connections: number,
  ): Promise<Cast> {
    const address = `tcp://127.0.0.1:${freePorts(1)[0]!}`;
    const here = (name: string) => commandHere(new URL(name, import.meta.url));
    await using stack = new AsyncDisposableStack();
    const server = new ToldProcess([...here("./server.ts"), kind, limit, address]);
    stack.use(server);
    await server.ask("held");
    const clients = Array.from(
      { length: count },
      () => stack.use(new ToldProcess([...here("./client.ts"), address, String(connections)])),
    );
    await Promise.all(clients.map((one) => one.ask("warm")));
    stack.move();
    return new Cast(server, clients);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const process of [...this.clients, this.server]) await process[Symbol.asyncDispose]();
  }
}
