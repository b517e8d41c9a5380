/**
 * What the tests use of Deno, on Node and Bun, so that they are the same files
 * on each: tests that are registered, files, and sockets by this library's own.
 *
 * @module
 */

import { Buffer } from "node:buffer";
import * as fs from "node:fs";
import { connect as dial, createServer, type Socket as NetSocket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { connect as dialTls, type TLSSocket } from "node:tls";
import { inspect } from "node:util";
import { Command } from "./command.ts";
import { NodeSocket } from "../../lib/runtime/node/node_socket.ts";
import type { Socket } from "../../lib/runtime/platform/socket.ts";

/** A test that was registered. */
export interface RegisteredTest {
  readonly name: string;
  readonly ignore: boolean;
  run(): void | Promise<void>;
}

type Body = (context: { step: Step }) => void | Promise<void>;
type Step = (step: string | Definition, body?: Body) => Promise<boolean>;

interface Definition {
  name?: string;
  ignore?: boolean;
  fn?: Body;
}

/** All of them, in their order. */
export const registered: RegisteredTest[] = [];
/** What is to be done when all have run. */
export const atEnd: (() => void)[] = [];

const step: Step = async (given, body) => {
  const { fn = body, ignore = false } = typeof given === "string" ? {} : given;
  if (!ignore) await fn!({ step });
  return true;
};

function test(...given: (string | Definition | Body)[]): void {
  let definition: Definition = {};
  for (const part of given) {
    if (typeof part === "string") definition = { ...definition, name: part };
    else if (typeof part === "function") definition = { ...definition, fn: part };
    else definition = { ...definition, ...part };
  }
  // With fewer permissions only Deno can run a test.
  const { name, fn } = definition, ignore = definition.ignore || "permissions" in definition;
  if (fn === undefined) throw new TypeError("a test without a function");
  registered.push({ name: name ?? fn.name, ignore, run: () => fn({ step }) });
}

/** At once, as Deno's: a server that was told no host binds within the call. */
function listen({ port = 0, path }: { port?: number; path?: string }): unknown {
  const taken: Conn[] = [], waiting: ((conn: Conn) => void)[] = [];
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    const conn = connOf(socket), first = waiting.shift();
    if (first === undefined) taken.push(conn);
    else first(conn);
  });
  server.listen(path === undefined ? { port } : { path });
  const bound = server.address();
  const accept = (): Promise<Conn> => {
    const first = taken.shift();
    return first === undefined
      ? new Promise((resolve) => waiting.push(resolve))
      : Promise.resolve(first);
  };
  return {
    addr: typeof bound === "string" || bound === null
      ? { transport: "unix", path }
      : { transport: "tcp", hostname: "127.0.0.1", port: bound.port },
    accept,
    async *[Symbol.asyncIterator]() {
      const closed = new Promise<null>((resolve) => server.once("close", () => resolve(null)));
      for (;;) {
        const conn = await Promise.race([accept(), closed]);
        if (conn === null) return;
        yield conn;
      }
    },
    close: () => server.close(),
    [Symbol.dispose]: () => server.close(),
  };
}

type Conn = Socket & Disposable & { closeWrite(): Promise<void> };

/** What each connection stands for. */
const sockets = new WeakMap<object, NetSocket>();

/** A connection as the tests have it. */
function connOf(socket: NetSocket): Conn {
  const conn = new NodeSocket().take(socket, false, () => {
    const { remoteAddress: hostname = "", remotePort: port = 0 } = socket;
    const address = { transport: "tcp", hostname, port } as const;
    return { local: address, remote: address };
  });
  sockets.set(conn, socket);
  return Object.assign(conn, {
    closeWrite: () => new Promise<void>((resolve) => socket.end(resolve)),
    [Symbol.dispose]: () => conn.close(),
  });
}

interface ConnectOptions {
  hostname?: string;
  port: number;
  path?: string;
}

function connect({ path, hostname: host = "127.0.0.1", port }: ConnectOptions): Promise<Conn> {
  return new Promise((resolve, reject) => {
    const where = path === undefined ? { host, port } : { path };
    const socket = dial({ ...where, allowHalfOpen: true }, () => {
      socket.off("error", reject);
      resolve(connOf(socket));
    });
    socket.once("error", reject);
  });
}

interface ConnectTlsOptions extends ConnectOptions {
  caCerts?: string[];
  cert?: string;
  key?: string;
  alpnProtocols?: string[];
  unsafelyDisableHostnameVerification?: boolean;
}

type TlsConn = Conn & { handshake(): Promise<void> };

/** It is there when the connection is; the handshake may still fail. */
function connectTls(options: ConnectTlsOptions): Promise<TlsConn> {
  const { hostname: host = "127.0.0.1", port } = options;
  return new Promise((resolve, reject) => {
    const socket = dialTls({ host, port, ...tlsOptions(options) });
    const conn = tlsConnOf(socket);
    socket.once("error", reject);
    socket.once("connect", () => resolve(conn));
  });
}

function startTls(conn: Conn, options: Omit<ConnectTlsOptions, "port">): Promise<TlsConn> {
  const { hostname: host = "127.0.0.1" } = options;
  return Promise.resolve(
    tlsConnOf(dialTls({ host, socket: sockets.get(conn)!, ...tlsOptions(options) })),
  );
}

function tlsOptions(options: Omit<ConnectTlsOptions, "port">): object {
  const { caCerts: ca, cert, key, alpnProtocols: ALPNProtocols } = options;
  const given = Object.entries({ ca, cert, key, ALPNProtocols });
  return {
    ...Object.fromEntries(given.filter(([, value]) => value !== undefined)),
    ...(options.unsafelyDisableHostnameVerification === true && {
      checkServerIdentity: () => undefined,
    }),
  };
}

function tlsConnOf(socket: TLSSocket): TlsConn {
  const secured = new Promise<void>((resolve, reject) => {
    socket.once("secureConnect", resolve);
    socket.once("error", reject);
    socket.once("close", () => reject(new Error("the connection was closed")));
  });
  secured.catch(() => {});
  return Object.assign(connOf(socket), { handshake: () => secured });
}

const makeTempDirSync = ({ prefix = "" }: { prefix?: string } = {}): string =>
  fs.mkdtempSync(join(tmpdir(), prefix));
const remove = (path: string, { recursive = false } = {}): void =>
  recursive || fs.lstatSync(path).isDirectory()
    ? fs.rmSync(path, { recursive: true })
    : fs.unlinkSync(path);
const lstatSync = (path: string) => {
  const found = fs.lstatSync(path, { throwIfNoEntry: false });
  if (found === undefined) throw new errors["NotFound"]!(path);
  return { dev: found.dev, ino: found.ino, size: found.size, isSocket: found.isSocket() };
};
const readDirSync = (path: string) => fs.readdirSync(path).map((name) => ({ name }));
const OS: Readonly<Record<string, string>> = { win32: "windows" };

/** Puts it where the tests look for it; without a version, so that nobody takes this for Deno. */
export function installDenoApi(): void {
  const api = {
    test,
    args: [],
    build: { os: OS[process.platform] ?? process.platform },
    env: {
      get: (name: string) => process.env[name],
      has: (name: string) => name in process.env,
    },
    errors,
    Command,
    execPath: () => process.execPath,
    inspect,
    memoryUsage: () => process.memoryUsage(),
    permissions: {
      querySync: ({ name }: { name: string }) => ({
        // Processes of Deno are not to be had, and libraries of the system it alone calls.
        state: name === "run" || name === "ffi" ? "denied" : "granted",
      }),
    },
    connect,
    connectTls,
    startTls,
    listen,
    makeTempDirSync,
    truncate: fs.promises.truncate,
    makeTempFile: async (options?: { prefix?: string }) => {
      const path = join(makeTempDirSync(options), "file");
      await fs.promises.writeFile(path, "");
      return path;
    },
    makeTempDir: (options?: { prefix?: string }) => Promise.resolve(makeTempDirSync(options)),
    mkdirSync: fs.mkdirSync,
    mkdir: fs.promises.mkdir,
    writeTextFileSync: (path: string, text: string) => fs.writeFileSync(path, text),
    writeTextFile: (path: string, text: string) => fs.promises.writeFile(path, text),
    writeFileSync: fs.writeFileSync,
    readTextFileSync: (path: string) => fs.readFileSync(path, "utf8"),
    readTextFile: (path: string) => fs.promises.readFile(path, "utf8"),
    readFileSync: fs.readFileSync,
    removeSync: remove,
    remove: (path: string, options?: { recursive?: boolean }) =>
      Promise.resolve().then(() => remove(path, options)),
    renameSync: fs.renameSync,
    rename: fs.promises.rename,
    symlink: fs.promises.symlink,
    lstatSync,
    lstat: (path: string) => Promise.resolve().then(() => lstatSync(path)),
    readDirSync,
  };
  installBytesAsText();
  const target = globalThis as unknown as Record<string, unknown>;
  target["Deno"] = api;
  const others = target["addEventListener"] as ((...args: unknown[]) => void) | undefined;
  target["addEventListener"] = (...args: [string, () => void]) => {
    if (args[0] === "unload") atEnd.push(args[1]);
    else others?.(...args);
  };
}

const errors = errorClasses();

/** By name alone: what this library throws and meets on these runtimes are errors with codes. */
function errorClasses(): Record<string, new (message: string) => Error> {
  return new Proxy({}, {
    get: (known: Record<string, new (message: string) => Error>, name: string) =>
      known[name] ??= class extends Error {
        override readonly name = name;
      },
  });
}

/** What Node 24 lacks, and tests use. */
function installBytesAsText(): void {
  const array = Uint8Array as unknown as Record<string, unknown>;
  array["fromHex"] ??= (text: string) => new Uint8Array(Buffer.from(text, "hex"));
  // Buffer reads both alphabets.
  array["fromBase64"] ??= (text: string) => new Uint8Array(Buffer.from(text, "base64"));
  const bytes = Uint8Array.prototype as unknown as Record<string, unknown>;
  bytes["toHex"] ??= function (this: Uint8Array) {
    return Buffer.from(this).toString("hex");
  };
  bytes["toBase64"] ??= function (
    this: Uint8Array,
    { alphabet = "base64" }: { readonly alphabet?: "base64" | "base64url" } = {},
  ) {
    // Packages that take it for the platform's want no padding with the second one.
    return Buffer.from(this).toString(alphabet);
  };
}
