/**
 * Nodes and a server for the command line, with contexts that lead to them.
 *
 * @module
 */

import { freePorts } from "../../tools/network/free_ports.ts";
import type { CertifiedName } from "../../examples/certs/certified_name.ts";
import { TestAuthority, type TestCertificate } from "../support/certificates/test_authority.ts";
import { internode, type InternodeEnded, type InternodeOptions, NodeProcess } from "./processes.ts";

const SECRET = "a secret of these tests alone";

/** Nodes, and how the command line reaches them. */
export class World implements AsyncDisposable {
  readonly folder: string;
  readonly #stack = new AsyncDisposableStack();
  /** Two nodes of a grid, the second of which calls the first, and has an older contract. */
  grid!: readonly [NodeProcess, NodeProcess];
  server!: NodeProcess;
  /** A node with mutual TLS, whose certificate ends soon. */
  tls!: NodeProcess;

  constructor(folder: string) {
    this.folder = folder;
    this.#stack.defer(() => Deno.remove(folder, { recursive: true }));
  }

  static async start(): Promise<World> {
    const world = new World(await Deno.makeTempDir({ prefix: "internode-cli-" }));
    try {
      await world.#startAll();
      return world;
    } catch (error) {
      await world[Symbol.asyncDispose]();
      throw error;
    }
  }

  async #startAll(): Promise<void> {
    const [a, b, c, d] = freePorts(4);
    const hosts = [`tcp://127.0.0.1:${a}`, `tcp://127.0.0.1:${b}`], tls = `tls://localhost:${d}`;
    const authority = await TestAuthority.root("authority");
    const write = async (name: string, { cert, key }: TestCertificate) => {
      await Deno.writeTextFile(`${this.folder}/${name}.pem`, cert);
      await Deno.writeTextFile(`${this.folder}/${name}.key`, key);
    };
    const names: CertifiedName[] = [{ type: "dns", value: "localhost" }];
    await write("node", await authority.node("node", { names, toDays: 3 }));
    await write("ops", await authority.node("ops.example"));
    await write("ca", authority);
    await Deno.writeTextFile(`${this.folder}/secret`, `${SECRET}\n`);
    await this.#context("grid", { hosts, name: "ops", secretFile: "secret" });
    await this.#context("server", { hosts: [`tcp://127.0.0.1:${c}`], name: "ops" });
    const files = { certFile: "ops.pem", keyFile: "ops.key", caFile: "ca.pem" };
    await this.#context("tls", { hosts: [tls], tls: files });
    const [first, second, server, proven] = await Promise.all([
      NodeProcess.start({ kind: "grid", local: hosts[0]!, hosts, secret: SECRET }),
      NodeProcess.start({
        kind: "grid",
        local: hosts[1]!,
        hosts,
        secret: SECRET,
        peer: hosts[0]!,
        isOld: true,
      }),
      NodeProcess.start({ kind: "server", local: `tcp://127.0.0.1:${c}` }),
      NodeProcess.start({
        kind: "grid",
        local: tls,
        tls: {
          certFile: `${this.folder}/node.pem`,
          keyFile: `${this.folder}/node.key`,
          caFile: `${this.folder}/ca.pem`,
        },
      }),
    ]);
    for (const each of [first, second, server, proven]) this.#stack.use(each);
    this.grid = [first, second];
    this.server = server;
    this.tls = proven;
  }

  async #context(name: string, context: object): Promise<void> {
    await Deno.mkdir(`${this.folder}/internode`, { recursive: true });
    const text = JSON.stringify(context).replaceAll(/"(secret|[a-z]+\.(?:pem|key))"/g, '"../$1"');
    await Deno.writeTextFile(`${this.folder}/internode/${name}.json`, text);
  }

  /** Runs a command in a context. */
  run(
    context: "grid" | "server" | "tls",
    line: string | readonly string[],
    options: InternodeOptions = {},
  ): Promise<InternodeEnded> {
    const args = typeof line === "string" ? line.split(" ") : line;
    const env = {
      XDG_CONFIG_HOME: this.folder,
      INTERNODE_CONTEXT: context,
      ...options.env,
    };
    return internode(args, { ...options, env });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#stack.disposeAsync();
  }
}
