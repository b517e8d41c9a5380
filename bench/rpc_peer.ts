/**
 * The node that measures, and its other process.
 *
 * @module
 */

import { type Connection, Manager } from "@internode/grid";
import {
  connect,
  constantResolver,
  parseNetEndpoint,
  type ServiceConnection,
} from "@internode/grid/call";
import { serveFloor } from "./floor.ts";
import { freePorts } from "./free_ports.ts";
import type { RpcOptions } from "./rpc_options.ts";
import { serveBench, serveEcho } from "./rpc_server.ts";

/** Two connected nodes: this process's, and the one that serves. */
export interface RpcPeer extends AsyncDisposable {
  /** The connection to the node that serves. */
  readonly connection: Connection;
  /** The client of the service that the other process has too. */
  readonly service: ServiceConnection;
  /** Where the raw echo is. */
  readonly floor: string;
}

/** Starts the other process (for `memory`: another node in this one) and connects to it. */
export async function startPeer(options: RpcOptions): Promise<RpcPeer> {
  const folder = await Deno.makeTempDir({ prefix: "internode-bench-" });
  const [local, host, floor, service] = addresses(options.transport, folder);
  const hosts = [local!, host!];
  const stack = new AsyncDisposableStack();
  stack.defer(() => Deno.remove(folder, { recursive: true }));
  const manager = new Manager({ local: local!, hosts });
  if (options.transport === "memory") {
    const other = stack.use(new Manager({ local: host!, hosts }));
    serveBench(other, options.inflight);
    await other.listen();
    stack.use(await serveFloor(floor!));
    stack.use(await serveEcho(service!));
  } else {
    const child = new Deno.Command(Deno.execPath(), {
      args: [
        "run",
        "-A",
        "--quiet",
        serverPath(),
        host!,
        hosts.join(),
        floor!,
        service!,
        String(options.inflight),
      ],
      stdin: "piped",
      stdout: "piped",
    }).spawn();
    stack.defer(async () => {
      await child.stdin.close();
      await child.status;
    });
    const reader = child.stdout.getReader();
    stack.defer(() => reader.cancel());
    if ((await reader.read()).done) throw new Error("the server of the bench did not start");
  }
  stack.use(manager);
  await manager.listen();
  await manager.waitForConnect({ timeoutMs: 10_000 });
  return {
    connection: manager.connection(host!),
    service: stack.use(await connect(constantResolver(parseNetEndpoint(service!)))),
    floor: floor!,
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  };
}

function serverPath(): string {
  return new URL("./rpc_server.ts", import.meta.url).href;
}

function addresses(transport: RpcOptions["transport"], folder: string): string[] {
  const names = ["client", "server", "floor", "service"];
  if (transport === "memory") return names.map((name) => `memory://bench-${name}`);
  if (transport === "unix") return names.map((name) => `unix://${folder}/${name}.sock`);
  return freePorts(names.length).map((port) => `${transport}://127.0.0.1:${port}`);
}
