/**
 * What this library needs of a runtime.
 *
 * @module
 */

import type { Files } from "./files.ts";
import type { HttpClient, HttpIdentity } from "./http_client.ts";
import type { LibcLoader } from "./libc.ts";
import type {
  NetAddress,
  Socket,
  SocketRead,
  TcpListener,
  TcpSocket,
  UnixListener,
} from "./socket.ts";
import type { DnsLookUp } from "./dns.ts";
import type { NativeWebSocket } from "./native_web_socket.ts";
import type { Terminal } from "./terminal.ts";
import type { StartThread, ThreadStarter } from "./thread.ts";

/** How TLS is begun on a connection. */
export interface StartTlsOptions {
  /** The name that the other end must prove. */
  readonly hostname: string;
  /** Authorities believed beside the runtime's own. */
  readonly caCerts: readonly string[];
  /** The protocols that may be spoken within. Default: none is named. */
  readonly protocols?: readonly string[] | undefined;
  /** Gives up. */
  readonly signal: AbortSignal;
}

/** A runtime's name and version. */
export interface RuntimeName {
  /** Which. */
  readonly name: "deno" | "node" | "bun";
  /** Such as `"2.9.6"`. */
  readonly version: string;
}

/** How much memory the process takes, in bytes. */
export interface MemoryFigures {
  /** In the machine's memory, all included. */
  readonly residentBytes: number;
  /** Of the JavaScript heap, in use. */
  readonly heapUsedBytes: number;
  /** Of the JavaScript heap, taken from the system. */
  readonly heapTotalBytes: number;
  /** Beside the heap, such as of arrays of bytes. */
  readonly externalBytes: number;
}

/** What may be done without anybody being asked. */
export type Permission = "net" | "read" | "write";

/** A runtime. What one of them has not is `null`. */
export interface Platform {
  /** Connects; without Nagle's delay. */
  connectTcp(hostname: string, port: number, signal: AbortSignal): Promise<TcpSocket>;
  /** Connects to a path. */
  connectUnix(path: string): Promise<Socket>;
  /** Listens. */
  listenTcp(hostname: string, port: number, sharePort: boolean): Promise<TcpListener>;
  /** Listens at a path where nothing is. The runtime removes what lies there when it is closed. */
  listenUnix(path: string): Promise<UnixListener>;
  /** What is missing before several listeners can share a port, as a sentence that says what to do; `null`: nothing. */
  readonly sharingProblem: string | null;
  /** The cheapest way to read from a socket. */
  readerOf(socket: Socket): SocketRead;
  /** Begins TLS on a connection as the side that has dialled, and shakes hands. The connection is closed if that fails. `null`: `node:tls` does it. */
  readonly startTls:
    | ((conn: TcpSocket, options: StartTlsOptions) => Promise<Socket<NetAddress>>)
    | null;
  /** Whether something may be done, without asking anybody. */
  isPermitted(what: Permission, path?: string): boolean;
  /** Files and folders. */
  readonly files: Files;
  /** Asks DNS. */
  readonly lookUp: DnsLookUp;
  /** What `fetch` is told of a client with certificates or a proxy of its own. */
  fetchOptions(client: object): RequestInit;
  /** Makes HTTP requests; believes authorities, as PEM, beside the runtime's own. */
  openHttp(caCerts: readonly string[], identity: HttpIdentity | null): HttpClient;
  /** A variable of the environment. Throws the runtime's own error where it may not be read. */
  env(name: string): string | undefined;
  /** The terminal, or the files and pipes, of the process. */
  terminal(): Terminal;
  /** Starts threads. */
  readonly startThread: StartThread;
  /** Within a thread: the one that started it; `null` in the main one. */
  parentThread(): ThreadStarter | null;
  /** The runtime's own WebSocket. */
  readonly nativeWebSocket: NativeWebSocket | null;
  /** The C library. */
  readonly libc: LibcLoader | null;
  /** Which runtime it is. */
  readonly runtime: RuntimeName;
  /** The number of the process. */
  readonly processId: number;
  /** Measures the memory of the process. */
  memory(): MemoryFigures;
  /** Whether the loop reads its sockets between two calls of `setImmediate`. */
  readonly readsBetweenImmediates: boolean;
  /** Whether `node:tls` on a stream copies all that it has encrypted, and leaves the first copy to the collector. */
  readonly copiesEncrypted: boolean;
}
