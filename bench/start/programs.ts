/**
 * Programs that import this library, as texts.
 *
 * @module
 */

/** Prints what the process holds; what comes before it is what is measured. */
const TELL = `
const used = (globalThis.Deno ?? globalThis.process).memoryUsage();
console.log(JSON.stringify([used.rss, used.heapUsed]));
`;

/** Two nodes in this process, at the ports that it is told, and one request over TCP. */
const ONE_REQUEST = `
const echo = single("bench.echo");
const ports = globalThis.Deno?.args ?? globalThis.process.argv.slice(2);
const hosts = ports.map((port) => "tcp://127.0.0.1:" + port);
const nodes = hosts.map((local) => new Manager({ local, hosts }));
nodes[1].handle(echo, (request) => request);
await Promise.all(nodes.map((node) => node.listen()));
await nodes[0].connection(hosts[1]).request(echo, new Uint8Array(64));
await Promise.all(nodes.map((node) => node.close()));
`;

/** What a program imports, by the path of the module, and does. */
export interface Program {
  /** From the root of the repository on. */
  readonly imports: readonly (readonly [names: string, path: string])[];
  /** What comes after. */
  readonly body: string;
}

/** The program that the others are compared with. */
export const NONE: Program = { imports: [], body: "" };

/** The others, by name. */
export const PROGRAMS: Readonly<Record<string, Program>> = {
  grid: { imports: [["", "mod.ts"]], body: "" },
  call: { imports: [["", "call.ts"]], body: "" },
  codec: { imports: [["", "lib/codec/mod.ts"]], body: "" },
  patterns: { imports: [["", "lib/patterns/mod.ts"]], body: "" },
  request: {
    imports: [["{ Manager, single }", "mod.ts"]],
    body: ONE_REQUEST,
  },
};

/**
 * A program's text.
 *
 * @param root Where the modules are: a URL of a folder.
 * @param program What it does.
 * @param isCompiled Whether the modules were compiled to JavaScript.
 */
export function textOf(root: string, { imports, body }: Program, isCompiled: boolean): string {
  const lines = imports.map(([names, path]) => {
    const target = isCompiled ? path.replace(/\.ts$/, ".js") : path;
    return `import ${names === "" ? "" : `${names} from `}"${root}${target}";\n`;
  });
  return lines.join("") + body + TELL;
}
