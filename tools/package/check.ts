/**
 * Checks the package for npm as its users get it: `deno task check:npm`. What
 * is packed is linted, installed in fresh folders, compiled with a strict
 * program, and run on Node, Bun and Deno. What JSR serves to Node and Bun, the
 * same sources without types, is run as well.
 *
 * @module
 */

import type { Server } from "@internode/grid";
import { admin } from "@internode/grid/admin";
import { implement, listen, method, serve, service } from "@internode/grid/call";
import * as t from "@internode/grid/codec";
import { CommandLine, readLine } from "../command_line/command_line.ts";
import { PINNED } from "../runtimes/pinned.ts";
import { Stages } from "./stages.ts";
import { freePorts } from "../network/free_ports.ts";

const ROOT = decodeURIComponent(new URL("../../", import.meta.url).pathname);
const NPX = ["npx", "-y"] as const;
const NODE = PINNED.node;
const BUN = PINNED.bun;
const PUBLINT = "publint@0.3.25";
const ARE_THE_TYPES_WRONG = "@arethetypeswrong/cli@0.18.5";
/** What a user's program needs beside the package. */
const COMPANIONS = ["@opentelemetry/api@1.9.1", "jose@6.2.18"];
const COMPILER = ["typescript@5.9.3", "@types/node@24.19.4"];
/** The user's programs: all of the package in memory, and nodes on a network. */
const PROGRAMS = ["program", "sockets"];
/** What they print. */
const PRINTED = { program: /^101 blue [0-9a-f]+\n$/, sockets: /^Hello two Hello one 2 200000\n$/ };

const INSTALL = ["npm", "install", "--no-audit", "--no-fund"] as const;

/** The command that runs a program with arguments. */
type Run = (program: string, ...args: readonly string[]) => readonly [string, ...string[]];

const stages = new Stages();

/** Builds and packs, and gives the path of the tarball. */
async function pack(kind: string, folder: string): Promise<string> {
  const stripped = kind === "stripped" ? ["--stripped"] : [];
  const build = ["run", "-A", "tools/package/main.ts", "--out", `${folder}/${kind}`, ...stripped];
  await stages.run({ name: `${kind}: build`, command: [Deno.execPath(), ...build], cwd: ROOT });
  const told = await stages.run({
    name: `${kind}: npm pack`,
    command: ["npm", "pack", "--json"],
    cwd: `${folder}/${kind}`,
  });
  const [{ filename }] = JSON.parse(told) as [{ filename: string }];
  return `${folder}/${kind}/${filename}`;
}

async function lint(tarball: string, cwd: string): Promise<void> {
  const linters = [
    [PUBLINT, "run", tarball, "--strict"],
    // Only for importers of ES modules: there is nothing for require() or older resolution.
    [ARE_THE_TYPES_WRONG, tarball, "--profile", "esm-only", "--no-emoji"],
  ] as const;
  for (const linter of linters) {
    await stages.group(async () => {
      await stages.run({ name: linter[0], command: [...NPX, ...linter], cwd });
    });
  }
}

/** A user's folder with nothing but the programs in it. */
async function userFolder(folder: string): Promise<string> {
  await Deno.mkdir(folder);
  const strict = `${ROOT}tests/strict_user`;
  for (const name of PROGRAMS) await Deno.copyFile(`${strict}/${name}.ts`, `${folder}/${name}.ts`);
  const { compilerOptions } = JSON.parse(await Deno.readTextFile(`${strict}/deno.json`));
  const options = {
    ...compilerOptions,
    module: "NodeNext",
    target: "ES2022",
    lib: ["ES2022"],
    types: ["node"],
    declaration: true,
    outDir: "out",
  };
  const files = PROGRAMS.map((name) => `${name}.ts`);
  await write(`${folder}/tsconfig.json`, { compilerOptions: options, files });
  await write(`${folder}/package.json`, { name: "user", private: true, type: "module" });
  return folder;
}

/** A server for the command line to look at. */
async function openShop(): Promise<Server> {
  const shop = service("shop", { echo: method({ request: t.string(), response: t.string() }) });
  const handlers = implement(shop, { echo: (text) => text });
  const server = serve(await listen("tcp://127.0.0.1:0", handlers));
  server.handle(admin);
  return server;
}

async function write(path: string, value: unknown): Promise<void> {
  await Deno.writeTextFile(path, JSON.stringify(value, null, 2));
}

/** Where nodes are reached by TCP and by mutual TLS, and the folders of the latter's certificates. */
interface Network {
  readonly tcp: readonly string[];
  readonly tls: readonly string[];
  /** A server with admin, for the command line. */
  readonly server: string;
}

async function makeNetwork(folder: string, server: string): Promise<Network> {
  const [a, b, c, d] = freePorts(4);
  const hosts = [`tls://127.0.0.1:${c}`, `tls://127.0.0.1:${d}`];
  const out = `${folder}/certificates`;
  const make = ["examples/certs/main.ts", "--out", out, "--hosts", hosts.join(",")];
  const command = [Deno.execPath(), "run", "-A", ...make] as const;
  await stages.run({ name: "certificates", command, cwd: ROOT });
  const folders = [c, d].map((port) => `${out}/tls-127.0.0.1-${port}`);
  const tcp = [`tcp://127.0.0.1:${a}`, `tcp://127.0.0.1:${b}`];
  return { tcp, tls: [...hosts, ...folders], server };
}

/** Runs the programs in a user's folder: in memory, over TCP and by mutual TLS. */
async function runPrograms(name: string, cwd: string, { tcp, tls }: Network, run: Run) {
  const tries: [string, keyof typeof PRINTED, readonly string[]][] = [
    ["memory", "program", []],
    ["TCP", "sockets", tcp],
    ["mutual TLS", "sockets", tls],
  ];
  for (const [how, program, args] of tries) {
    await stages.group(async () => {
      const command = run(program, ...args), prints = PRINTED[program];
      await stages.run({ name: `${name}: ${how}`, command, cwd, prints });
    });
  }
}

/** The program that comes with the package, in a user's folder. */
const PROGRAM = "node_modules/@internode/grid/lib/cli/bin.js";

/**
 * Runs the command line: it reads a file, and asks a server of this process.
 *
 * @param runtime The command that runs a module.
 */
async function runCommandLine(
  name: string,
  cwd: string,
  { tls, server }: Network,
  runtime: readonly [string, ...string[]],
) {
  const tries: [string, readonly string[], RegExp][] = [
    ["its version", ["version"], /^\d+\.\d+\.\d+\n$/],
    ["certificates", ["certs", "--within", "1m", "--json", `${tls[2]}/cert.pem`], /"whose": "own"/],
    ["a server", ["top", "--once", "--json", "--every", "10ms", server], /"phase": "open"/],
    ["calls", ["call", server, "shop.echo", '"hi"'], /^"hi"\n$/],
  ];
  for (const [what, args, prints] of tries) {
    await stages.group(async () => {
      const command = [...runtime, PROGRAM, ...args] as const;
      await stages.run({ name: `${name}: command line, ${what}`, command, cwd, prints });
    });
  }
}

/** A tarball with its name in what is printed. */
interface Packed {
  readonly kind: string;
  readonly tarball: string;
}

/** Installs the package with npm, compiles the programs and runs them on Node and on Deno. */
async function compiled({ kind, tarball }: Packed, cwd: string, network: Network) {
  const packages = [tarball, ...COMPANIONS, ...COMPILER];
  await stages.run({ name: `${kind}: npm install`, command: [...INSTALL, ...packages], cwd });
  const compile = ["npx", "tsc", "-p", "."] as const;
  await stages.run({ name: `${kind}: tsc`, command: compile, cwd, seconds: 120 });
  const node: Run = (name, ...args) => [...NPX, NODE, `out/${name}.js`, ...args];
  await runPrograms(`${kind} on ${NODE}`, cwd, network, node);
  await runCommandLine(`${kind} on ${NODE}`, cwd, network, [...NPX, NODE]);
  const deno: Run = (name, ...args) => [Deno.execPath(), "run", "-A", `out/${name}.js`, ...args];
  await runPrograms(`${kind} on Deno`, cwd, network, deno);
  await runCommandLine(`${kind} on Deno`, cwd, network, [Deno.execPath(), "run", "-A"]);
}

/** Installs the package with npm and runs the programs on Node as they are, as it strips types, too. */
async function uncompiled({ kind, tarball }: Packed, cwd: string, network: Network) {
  const command = [...INSTALL, tarball, ...COMPANIONS] as const;
  await stages.run({ name: `${kind}: npm install`, command, cwd });
  const node: Run = (name, ...args) => [...NPX, NODE, `${name}.ts`, ...args];
  await runPrograms(`${kind} on ${NODE}`, cwd, network, node);
  await runCommandLine(`${kind} on ${NODE}`, cwd, network, [...NPX, NODE]);
}

/** Installs the package with Bun, which runs the programs as they are. */
async function onBun({ kind, tarball }: Packed, cwd: string, network: Network) {
  const command = [...NPX, BUN, "add", tarball, ...COMPANIONS] as const;
  await stages.run({ name: `${kind}: bun add`, command, cwd });
  const bun: Run = (name, ...args) => [...NPX, BUN, `${name}.ts`, ...args];
  await runPrograms(`${kind} on ${BUN}`, cwd, network, bun);
  await runCommandLine(`${kind} on ${BUN}`, cwd, network, [...NPX, BUN]);
}

async function check(folder: string): Promise<void> {
  await using server = await openShop();
  const network = await makeNetwork(folder, server.address);
  for (const kind of ["package", "stripped"]) {
    await stages.group(async () => {
      const packed = { kind, tarball: await pack(kind, folder) };
      if (kind === "package") await lint(packed.tarball, folder);
      const [forNode, forBun] = [
        await userFolder(`${folder}/${kind}-node`),
        await userFolder(`${folder}/${kind}-bun`),
      ];
      const onNode = kind === "package" ? compiled : uncompiled;
      await stages.group(() => onNode(packed, forNode, network));
      await stages.group(() => onBun(packed, forBun, network));
    });
  }
}

async function main(): Promise<number> {
  readLine(new CommandLine("deno task check:npm", "Checks the package for npm.", {}));
  const folder = await Deno.realPath(await Deno.makeTempDir({ prefix: "internode-npm-" }));
  try {
    await stages.group(() => check(folder));
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
  const { failed } = stages;
  console.log(failed.length === 0 ? "The package is good." : `Failed: ${failed.join("; ")}`);
  return failed.length === 0 ? 0 : 1;
}

if (import.meta.main) Deno.exit(await main());
