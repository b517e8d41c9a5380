/**
 * The grid of the drill: five real nodes with mutual TLS, and an operator's
 * desk with a context file.
 *
 * @module
 */

import { freePorts } from "../../../tools/network/free_ports.ts";
import { commandHere } from "../../../tools/processes/command_here.ts";
import { ToldProcess } from "../../../tools/processes/told_process.ts";
import { TestAuthority } from "../../support/certificates/test_authority.ts";
import type { DrillFault, DrillSetup } from "./drill_contracts.ts";

const NODES = 5;
const TIMEOUT_MS = 1_500;
/** Where the page has the context; as long as the name of a temporary folder. */
const FOLDER = "/etc/operators/shared/internode";
const NODE = new URL("drill_node.ts", import.meta.url);
const PROGRAM = new URL("../../../lib/cli/bin.ts", import.meta.url);

/** What may differ from a good node. */
export interface NodeOptions {
  /** When its certificate ends, in days from now. Default: 90. */
  readonly certificateDays?: number;
  readonly isOld?: boolean;
}

/** What a command has come to. */
export interface Printed {
  readonly status: number;
  /** What it has printed, with the hosts as the page calls them. */
  readonly out: string;
}

/** Five nodes in processes of their own. */
export class DrillGrid implements AsyncDisposable {
  readonly #folder: string;
  readonly #authority: TestAuthority;
  readonly #hosts: readonly string[];
  readonly #nodes: ToldProcess[] = [];

  private constructor(folder: string, authority: TestAuthority, hosts: readonly string[]) {
    this.#folder = folder;
    this.#authority = authority;
    this.#hosts = hosts;
  }

  /** Resolves when all nodes are connected with each other. */
  static async start(): Promise<DrillGrid> {
    const folder = await Deno.makeTempDir({ prefix: "internode-" });
    const hosts = freePorts(NODES).map((port) => `tls://127.0.0.1:${port}`);
    const grid = new DrillGrid(folder, await TestAuthority.root("Example authority"), hosts);
    try {
      await grid.#writeContext();
      await Promise.all(hosts.map((_, at) => grid.#startNode(at, {})));
      await grid.ready();
      return grid;
    } catch (error) {
      await grid[Symbol.asyncDispose]();
      throw error;
    }
  }

  /** What the page calls the node, as long as its real URL where ports have five digits. */
  static nameOf(node: number): string {
    return `tls://10.0.10.${node + 10}:9000`;
  }

  /** Resolves when all nodes are connected with each other. */
  async ready(): Promise<void> {
    await Promise.all(this.#nodes.map((node) => node.ask("ready")));
  }

  /** Has something go wrong at a node from now on. */
  async goWrong(node: number, fault: DrillFault): Promise<void> {
    await this.#nodes[node - 1]!.ask("goWrong", fault);
  }

  /** Stops a node's process, or lets it go on. */
  signal(node: number, signal: "SIGSTOP" | "SIGCONT"): void {
    Deno.kill(this.#nodes[node - 1]!.pid, signal);
  }

  /** Ends a node, and starts another one in its place. */
  async restart(node: number, options: NodeOptions): Promise<void> {
    await this.#nodes[node - 1]!.end();
    await this.#startNode(node - 1, options);
    await this.ready();
  }

  /** Runs a command line as an operator would. */
  async run(line: string): Promise<Printed> {
    const [program, ...args] = commandHere(PROGRAM, { deno: ["-A", "--no-check"] });
    const given = this.#told(line).split(" ").slice(1);
    const { code, stdout, stderr } = await new Deno.Command(program, {
      args: [...args, ...given],
      env: { XDG_CONFIG_HOME: this.#folder, INTERNODE_CONTEXT: "prod", NO_COLOR: "1" },
      stdin: "null",
    }).output();
    const decoder = new TextDecoder();
    const text = decoder.decode(stdout) + decoder.decode(stderr);
    return { status: code, out: this.#shown(text) };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const node of this.#nodes) node.kill();
    await Promise.all(this.#nodes.map((node) => node.end()));
    await Deno.remove(this.#folder, { recursive: true });
  }

  /** The command line of the page, with the real hosts. */
  #told(line: string): string {
    return this.#hosts.reduce(
      (text, host, at) => text.replaceAll(DrillGrid.nameOf(at + 1), host),
      line,
    );
  }

  #shown(text: string): string {
    return this.#hosts.reduce(
      (shown, host, at) => shown.replaceAll(host, DrillGrid.nameOf(at + 1)),
      text.replaceAll(this.#folder, FOLDER),
    );
  }

  async #startNode(
    at: number,
    { certificateDays = 90, isOld = false }: NodeOptions,
  ): Promise<void> {
    const local = this.#hosts[at]!, name = `node-${at + 1}`;
    const { cert, key } = await this.#authority.node(name, {
      names: [{ type: "uri", value: local }],
      toDays: certificateDays,
    });
    const tls = {
      certFile: await this.#write(`${name}.pem`, cert),
      keyFile: await this.#write(`${name}.key`, key),
      caFile: `${this.#folder}/ca.pem`,
    };
    const setup: DrillSetup = { local, hosts: this.#hosts, tls, isOld };
    const command = commandHere(NODE, { deno: ["-A", "--no-check"] });
    this.#nodes[at] = new ToldProcess([...command, JSON.stringify(setup)], { what: name });
  }

  async #writeContext(): Promise<void> {
    await Deno.mkdir(`${this.#folder}/internode`);
    const { cert, key } = await this.#authority.node("desk.ops", { toDays: 90 });
    await this.#write("ca.pem", this.#authority.cert);
    const certFile = await this.#write("desk.pem", cert);
    const keyFile = await this.#write("desk.key", key);
    const context = {
      hosts: this.#hosts,
      tls: { certFile, keyFile, caFile: `${this.#folder}/ca.pem` },
      timeoutMs: TIMEOUT_MS,
    };
    await this.#write("internode/prod.json", JSON.stringify(context));
  }

  async #write(name: string, text: string): Promise<string> {
    const path = `${this.#folder}/${name}`;
    await Deno.writeTextFile(path, text);
    return path;
  }
}
