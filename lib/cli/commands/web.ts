/**
 * The live page.
 *
 * @module
 */

import { counted, messageOf } from "../../foreign/text_of.ts";
import { base64UrlOf } from "../../runtime/base64.ts";
import { type HostAddress, parseHostAddress } from "../../runtime/host_address.ts";
import { isExposed } from "../../runtime/loopback.ts";
import type { TcpListener } from "../../runtime/platform/socket.ts";
import { systemRandom } from "../../runtime/system_random.ts";
import { thisPlatform } from "../../runtime/this_platform.ts";
import { readHosts } from "../../transport/websocket/allowed_hosts.ts";
import { type Command, command } from "../arguments/command.ts";
import { flag, text, texts } from "../arguments/option.ts";
import { UsageError } from "../arguments/usage_error.ts";
import { LiveMesh, MAX_NODES } from "../web/live_mesh.ts";
import { WebServer } from "../web/web_server.ts";
import { OK } from "../world/exit_status.ts";
import { HOST_OPTIONS, HOSTS, withTools } from "./host_command.ts";

/** How many random bytes a token has. */
const TOKEN_BYTES = 24;
/** Addresses that stand for all interfaces; a browser needs one of them. */
const ALL_INTERFACES = new Set(["", "0.0.0.0", "::"]);

/** `internode web`. */
export const webCommand: Command = command({
  name: "web",
  about: "Serves a page that shows hosts live, until Ctrl-C.",
  details:
    "It shows the mesh, charts of the last minutes, handlers, calls in flight, and calls as they end. Where other machines reach it, it takes the token that is in the URL which is printed. It is served without TLS: over a network, use a tunnel (ssh -L) or a proxy.",
  operands: [HOSTS],
  options: {
    listen: text("where to serve it; port 0 for any that is free", "HOST:PORT", "127.0.0.1:8080"),
    peers: flag("asks the peers that nodes name, too, as they come and go"),
    token: flag("asks for a token on this machine, too, which others may use"),
    "allow-host": texts("another name of this machine in URLs, may be given again", "NAME"),
    ...HOST_OPTIONS,
  },
  examples: [
    { line: "web --context prod", about: "All hosts of a context" },
    { line: "web --peers tcp://10.0.0.1:9000", about: "A node, and all of its grid" },
    {
      line: "web --listen 0.0.0.0:8080 --allow-host ops.example --context prod",
      about: "For browsers of other machines, with a token",
    },
  ],
  run({ operands, options }, world) {
    const address = addressOf(options.listen), { hostname } = address;
    const allowHosts = readHosts(options["allow-host"]);
    const token = options.token || isExposed(address)
      ? base64UrlOf(systemRandom.bytes(TOKEN_BYTES))
      : null;
    // Peers are looked for as long as the page is served, and not before.
    const given = { ...options, peers: false };
    return withTools(operands, given, world, async ({ hosts, tools }) => {
      const { clock, printer, signal } = world;
      if (hosts.length > MAX_NODES) {
        throw new UsageError(`The page shows ${MAX_NODES} hosts at most, and not ${hosts.length}.`);
      }
      const listener = await listen(address), { port } = listener.addr;
      const { name } = tools, connect = (host: string) => tools.connect(host);
      const mesh = new LiveMesh({ hosts, peers: options.peers, name, connect, clock });
      const rules = { hostname, allowHosts, token };
      const server = new WebServer({ listener, rules, mesh, clock });
      try {
        const url = urlOf(hostname, port, token);
        if (options.json) await printer.jsonLine({ url });
        else {
          await printer.print(`${url}\n`);
          await printer.note(`Shows ${counted(hosts.length, "host")}; Ctrl-C ends it.`);
        }
        await new Promise<void>((resolve) => {
          if (signal.aborted) return resolve();
          signal.addEventListener("abort", () => resolve(), { once: true });
        });
        return OK;
      } finally {
        server.close();
        await mesh.close();
      }
    });
  },
});

function addressOf(given: string): HostAddress {
  try {
    return parseHostAddress(`tcp://${given}`);
  } catch {
    throw new UsageError(
      "--listen must be a host and a port, such as 127.0.0.1:8080, [::1]:8080, or :8080 for all interfaces.",
    );
  }
}

async function listen({ hostname, port }: HostAddress): Promise<TcpListener> {
  try {
    return await thisPlatform().listenTcp(hostname || "0.0.0.0", port, false);
  } catch (error) {
    throw new UsageError(
      `Port ${port} cannot be served: ${messageOf(error)}. Choose another one with --listen.`,
    );
  }
}

function urlOf(hostname: string, port: number, token: string | null): string {
  const name = ALL_INTERFACES.has(hostname) ? "localhost" : hostname;
  const shown = name.includes(":") ? `[${name}]` : name;
  // Behind the number sign browsers send it to nobody.
  return `http://${shown}:${port}/${token === null ? "" : `#token=${token}`}`;
}
