/**
 * Deno.
 *
 * @module
 */

import { acquireLibc, releaseLibc } from "./deno_libc.ts";
import { denoFiles } from "./deno_files.ts";
import { denoReaders } from "./deno_reads.ts";
import { startWorker, workerStarter } from "./deno_threads.ts";
import { lookUp as nodeLookUp } from "../node/node_dns.ts";
import { nodeTerminal } from "../node/node_terminal.ts";
import type { NativeWebSocket } from "../platform/native_web_socket.ts";
import type { Platform, StartTlsOptions } from "../platform/platform.ts";
import type { NetAddress, Socket, TcpSocket, UnixListener } from "../platform/socket.ts";

/** The flag without which the runtime ends the whole process instead of sharing a port. */
const FLAG = "--unstable-net";

/**
 * Makes what this library needs of Deno; its own objects are used as they are.
 *
 * @returns The platform.
 */
export function denoPlatform(): Platform {
  return {
    connectTcp,
    connectUnix: (path) => Deno.connect({ transport: "unix", path }) as Promise<Socket>,
    // deno-lint-ignore require-await -- what is thrown becomes the rejection
    async listenTcp(hostname, port, reusePort) {
      return Deno.listen({ hostname, port, reusePort });
    },
    // deno-lint-ignore require-await -- what is thrown becomes the rejection
    async listenUnix(path) {
      return Deno.listen({ transport: "unix", path }) as UnixListener;
    },
    // Asking for the option itself would end the process.
    sharingProblem: "listenDatagram" in Deno ? null : `Deno allows it only with ${FLAG}. ` +
      `Start this program with that flag (or with "unstable": ["net"] in its deno.json), or ` +
      "give each a port of its own",
    readerOf: denoReaders(),
    startTls,
    isPermitted: (name, path) =>
      isGranted((path === undefined ? { name } : { name, path }) as Deno.PermissionDescriptor),
    files: denoFiles,
    lookUp: (name, type, options) =>
      // Only this one tells times to live, but it looks at all network interfaces.
      type !== "SRV" && isGranted({ name: "sys", kind: "networkInterfaces" })
        ? nodeLookUp(name, type, options)
        : Deno.resolveDns(name, type as "A", options),
    fetchOptions: (client) => ({ client } as RequestInit),
    openHttp(caCerts, identity) {
      const client = Deno.createHttpClient({ caCerts: [...caCerts], ...identity });
      return {
        fetch: (url, init) => fetch(url, { ...init, client }),
        close: () => client.close(),
      };
    },
    env: (name) => Deno.env.get(name),
    terminal: nodeTerminal,
    startThread: startWorker,
    parentThread: workerStarter,
    nativeWebSocket,
    libc: { acquire: acquireLibc, release: releaseLibc },
    runtime: { name: "deno", version: Deno.version.deno },
    processId: Deno.pid,
    memory() {
      const { rss: residentBytes, heapUsed, heapTotal, external } = Deno.memoryUsage();
      return {
        residentBytes,
        heapUsedBytes: heapUsed,
        heapTotalBytes: heapTotal,
        externalBytes: external,
      };
    },
    readsBetweenImmediates: false,
    copiesEncrypted: true,
  };
}

function isGranted(permission: Deno.PermissionDescriptor): boolean {
  return Deno.permissions.querySync(permission).state === "granted";
}

async function connectTcp(
  hostname: string,
  port: number,
  signal: AbortSignal,
): Promise<TcpSocket> {
  signal.throwIfAborted();
  const own = AbortSignal.any([signal]);
  // The runtime asks its signal once more when it has connected. When that throws, the connection is lost, and open.
  own.throwIfAborted = () => {};
  const conn = await Deno.connect({ hostname, port, signal: own });
  try {
    conn.setNoDelay(true);
  } catch (error) {
    closeQuietly(conn);
    throw error;
  }
  return conn;
}

/** Shakes hands at once, as the runtime would do only with the first read. */
async function startTls(
  conn: TcpSocket,
  { hostname, caCerts, protocols, signal }: StartTlsOptions,
): Promise<Socket<NetAddress>> {
  const options = { hostname, caCerts: [...caCerts] };
  let current: TcpSocket | Deno.TlsConn = conn;
  const onAbort = (): void => closeQuietly(current);
  signal.addEventListener("abort", onAbort, { once: true });
  try {
    signal.throwIfAborted();
    const tls: Deno.TlsConn = current = await Deno.startTls(
      conn as Deno.TcpConn,
      protocols === undefined ? options : { ...options, alpnProtocols: [...protocols] },
    );
    signal.throwIfAborted();
    await tls.handshake();
    return tls;
  } catch (error) {
    closeQuietly(current);
    throw error;
  } finally {
    signal.removeEventListener("abort", onAbort);
  }
}

const nativeWebSocket: NativeWebSocket = {
  open(url, { headers, caCerts }) {
    const client = caCerts && Deno.createHttpClient({ caCerts: [...caCerts] });
    const socket = new WebSocket(url, { headers, ...(client && { client }) });
    return { socket, release: () => client?.close() };
  },
  serve({ hostname, port, sharePort, cert, key, signal, onError, answer }) {
    const common = { hostname, port, signal, onError, onListen: () => {} };
    return Deno.serve({
      ...common,
      ...(cert !== undefined && key !== undefined && { cert, key }),
      ...(sharePort && { reusePort: true }),
    }, (request, { remoteAddr }) => answer(request, remoteAddr));
  },
  // The protocol has pings of its own, hence no idle timeout.
  upgrade: (request) => Deno.upgradeWebSocket(request, { idleTimeout: 0 }),
};

function closeQuietly(conn: { close(): void }): void {
  try {
    conn.close();
  } catch {
    // It has closed itself.
  }
}
