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
import { readIdentity } from "../../examples/certs/identity_folder.ts";
import { type FloorHost, serveFloor } from "./floor.ts";
import { freePorts } from "../../tools/network/free_ports.ts";
import { writeIdentities } from "./identities.ts";
import type { RpcOptions } from "./options.ts";
import { reachedBy, serveBench, serveEcho } from "./server.ts";

/** Two connected nodes: this process's, and the one that serves. */
export interface RpcPeer extends AsyncDisposable {
  /** The connection to the node that serves. */
  readonly connection: Connection;
  /** The client of the service that the other process has too. */
  readonly service: ServiceConnection;
  /** The id of the other process; for `memory` that of this one. */
  readonly pid: number;
  /** Where the raw echo is. */
  readonly floor: FloorHost;
}

/** Starts the other process (for `memory`: another node in this one) and connects to it. */
export async function startPeer(options: RpcOptions): Promise<RpcPeer> {
  const folder = await Deno.makeTempDir({ prefix: "internode-bench-" });
  const [local, host, floor, service] = addresses(options.transport, folder);
  const hosts = [local!, host!], { spinUs = 0 } = options;
  const stack = new AsyncDisposableStack();
  stack.defer(() => Deno.remove(folder, { recursive: true }));
  const isMtls = MTLS.includes(options.transport);
  const folders = { client: `${folder}/client`, server: `${folder}/server` };
  if (isMtls) {
    await writeIdentities({ [folders.client]: [local!], [folders.server]: [host!, service!] });
  }
  const identity = isMtls ? await readIdentity(folders.client) : null;
  const reached = reachedBy(options.transport, identity);
  const own = identity === null ? reached : { tls: identity };
  const manager = new Manager({ local: local!, hosts, spinUs, ...own });
  let pid = Deno.pid;
  if (options.transport === "memory") {
    const other = stack.use(new Manager({ local: host!, hosts }));
    serveBench(other, options.inflight);
    await other.listen();
    stack.use(await serveFloor({ href: floor!, identity }));
    stack.use(await serveEcho(service!, {}, 0));
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
        isMtls ? folders.server : "",
        String(spinUs),
        options.transport,
      ],
      stdin: "piped",
      stdout: "piped",
    }).spawn();
    pid = child.pid;
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
    service: stack.use(
      await connect(constantResolver(parseNetEndpoint(service!, reached)), { spinUs }),
    ),
    pid,
    floor: { href: floor!, identity },
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  };
}

const MTLS: readonly RpcOptions["transport"][] = ["tls", "wss", "unix-mtls"];

function serverPath(): string {
  return new URL("./server.ts", import.meta.url).href;
}

function addresses(transport: RpcOptions["transport"], folder: string): string[] {
  const names = ["client", "server", "floor", "service"];
  if (transport === "memory") return names.map((name) => `memory://bench-${name}`);
  if (transport === "unix" || transport === "unix-mtls") {
    return names.map((name) => `unix://${folder}/${name}.sock`);
  }
  return freePorts(names.length).map((port) =>
    `${transport === "ws-native" ? "ws" : transport}://127.0.0.1:${port}`
  );
}
