/**
 * A node in a network of its own, which others reach through a forwarded port:
 * what a container with a mapped port is.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import { Manager } from "@internode/grid";
import { dials } from "../../lib/grid/dialler.ts";
import { ToldProcess } from "../../tools/processes/told_process.ts";
import { configOf, TestAuthority } from "../support/certificates/test_authority.ts";
import { QuietLogger } from "../support/log/quiet.ts";
import { NET, RUN } from "../support/permitted.ts";
import { type ForwardedSetup, whoAmI } from "./forwarded_node.ts";

/** Where the node within listens; its name says another port. */
const INNER_PORT = 9_000;
const PROGRAM = new URL("forwarded_node.ts", import.meta.url).pathname;

async function ip(...args: string[]): Promise<void> {
  const { success, stderr } = await new Deno.Command("ip", { args, stdout: "null" }).output();
  if (!success) throw new Error(`ip ${args.join(" ")}: ${new TextDecoder().decode(stderr)}`);
}

/** A network namespace that is joined to this one by a cable. */
class Namespace implements AsyncDisposable {
  /** The address of this side of the cable. */
  readonly outer: string;
  /** The address of the other side. */
  readonly inner: string;
  readonly #name: string;

  private constructor(name: string, net: number) {
    this.#name = name;
    this.outer = `10.213.${net}.1`;
    this.inner = `10.213.${net}.2`;
  }

  static async open(): Promise<Namespace> {
    const net = Deno.pid % 256, name = `internode-${net}`;
    const space = new Namespace(name, net), [near, far] = [`in${net}a`, `in${net}b`];
    await ip("netns", "add", name);
    try {
      // The cable of a run before goes with its namespace, some time after that was given up.
      await ip("link", "del", near).catch(() => {});
      await ip("link", "add", near, "type", "veth", "peer", "name", far, "netns", name);
      await ip("addr", "add", `${space.outer}/30`, "dev", near);
      await ip("link", "set", near, "up");
      await ip("-n", name, "addr", "add", `${space.inner}/30`, "dev", far);
      await ip("-n", name, "link", "set", far, "up");
      await ip("-n", name, "link", "set", "lo", "up");
      return space;
    } catch (error) {
      await space[Symbol.asyncDispose]();
      throw error;
    }
  }

  /** Starts a node within. */
  start(setup: ForwardedSetup): ToldProcess {
    const run = [Deno.execPath(), "run", "--quiet", "--allow-net", "--no-prompt", PROGRAM];
    const command = ["ip", "netns", "exec", this.#name, ...run, JSON.stringify(setup)] as const;
    return new ToldProcess(command, { what: setup.local });
  }

  [Symbol.asyncDispose](): Promise<void> {
    return ip("netns", "del", this.#name);
  }
}

/** Passes connections to a port of this machine on to another address. */
class Forwarder implements AsyncDisposable {
  readonly port: number;
  readonly #listener: Deno.TcpListener;
  readonly #done: Promise<void>;

  constructor(hostname: string, port: number) {
    this.#listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    this.port = this.#listener.addr.port;
    this.#done = this.#serve(hostname, port);
  }

  async #serve(hostname: string, port: number): Promise<void> {
    const running: Promise<unknown>[] = [];
    for await (const near of this.#listener) {
      const pass = async (): Promise<void> => {
        let far: Deno.TcpConn;
        try {
          far = await Deno.connect({ hostname, port });
        } catch {
          return near.close(); // it does not listen yet
        }
        await Promise.allSettled([
          near.readable.pipeTo(far.writable),
          far.readable.pipeTo(near.writable),
        ]);
      };
      running.push(pass());
    }
    await Promise.all(running);
  }

  [Symbol.asyncDispose](): Promise<void> {
    this.#listener.close();
    return this.#done;
  }
}

/** Whether this process may make network namespaces. */
async function mayOpenNamespaces(): Promise<boolean> {
  if (!NET || !RUN || Deno.build.os !== "linux") return false;
  try {
    await (await Namespace.open())[Symbol.asyncDispose]();
    return true;
  } catch {
    return false;
  }
}

/** Two names of which the first dials the second, or the second the first. */
function namesWhere(outerDials: boolean): [string, string] {
  const inner = "tls://inner.example:7000";
  for (let at = 0;; at++) {
    const outer = `tls://outer-${at}.example:7000`;
    if (dials(outer, inner) === outerDials) return [outer, inner];
  }
}

const may = await mayOpenNamespaces();

for (const outerDials of [true, false]) {
  Deno.test({
    name: `a node behind a forwarded port, which listens on all interfaces of its own network, ${
      outerDials ? "is dialled" : "dials"
    } under its own name by mutual TLS${may ? "" : " (SKIPPED: takes `ip` and root)"}`,
    ignore: !may,
    async fn() {
      const authority = await TestAuthority.root("authority");
      const configFor = async (name: string) =>
        configOf(await authority.node(name, { names: [{ type: "uri", value: name }] }), authority);
      const [outer, inner] = namesWhere(outerDials);
      await using space = await Namespace.open();
      await using forwarder = new Forwarder(space.inner, INNER_PORT);
      const mapped = { name: inner, address: `tls://127.0.0.1:${forwarder.port}` };
      await using node = new Manager({
        local: outer,
        listen: "tls://0.0.0.0:0",
        hosts: [{ name: outer }, mapped],
        tls: await configFor(outer),
        logger: new QuietLogger(),
      });
      node.handle(whoAmI, (_, { caller }) => caller);
      const { port } = new URL((await node.listen()).address.replace("tls:", "http:"));
      await using within = space.start({
        local: inner,
        listen: `tls://0.0.0.0:${INNER_PORT}`,
        hosts: [{ name: outer, address: `tls://${space.outer}:${port}` }, { name: inner }],
        tls: await configFor(inner),
      });
      const options = { waitForReady: true, timeoutMs: 20_000 };
      assertEquals(await node.connection(inner).request(whoAmI, null, options), outer);
      assertEquals(await within.ask("call", outer), inner);
      assertEquals(node.connection(inner).identity?.sans.uri, [inner]);
      await node.close();
      assertEquals(await within.end(), 0);
    },
  });
}
