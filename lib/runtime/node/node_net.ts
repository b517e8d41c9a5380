/**
 * Dialling and listening by `node:net`.
 *
 * @module
 */

import type { ListenOptions, Server, Socket as NetSocket } from "node:net";
import type {
  NetAddress,
  Socket,
  SocketListener,
  TcpListener,
  TcpSocket,
  UnixAddress,
  UnixListener,
} from "../platform/socket.ts";
import { isError } from "../../foreign/own_error.ts";
import { net, nodeProcess } from "./node_modules.ts";
import { NodeSocket } from "./node_socket.ts";

/** How many connections the system keeps that were not accepted yet. */
const BACKLOG = 1024;
/** How many were accepted that nobody has taken yet; more are closed at once. */
const MAX_UNTAKEN = 1024;
/** Whether buffers of ours are read into: Bun copies to them, and to no purpose. */
const hasOnread = (): boolean => nodeProcess().versions["bun"] === undefined;

/** See `Platform`. */
export function connectTcp(
  host: string,
  port: number,
  signal: AbortSignal,
): Promise<TcpSocket> {
  return dial({ host, port, noDelay: true }, signal, netAddresses);
}

/** See `Platform`. */
export function connectUnix(path: string): Promise<Socket> {
  return dial({ path }, null, unixAddresses);
}

/** See `Platform`. */
export async function listenTcp(
  host: string,
  port: number,
  reusePort: boolean,
): Promise<TcpListener> {
  const listener = await listen({ host, port, reusePort }, netAddresses);
  const { address, port: bound } = listener.server.address() as { address: string; port: number };
  return Object.assign(listener, {
    addr: { transport: "tcp", hostname: address, port: bound } as const,
  });
}

/** See `Platform`. */
export async function listenUnix(path: string): Promise<UnixListener> {
  return await listen({ path }, unixAddresses);
}

type Addresses<Address extends NetAddress | UnixAddress> = (
  socket: NetSocket,
) => { local: Address; remote: Address } | null;

const netAddresses: Addresses<NetAddress> = (socket) => {
  const { localAddress, localPort, remoteAddress, remotePort } = socket;
  if (localAddress === undefined || remoteAddress === undefined) return null;
  return {
    local: { transport: "tcp", hostname: localAddress, port: localPort! },
    remote: { transport: "tcp", hostname: remoteAddress, port: remotePort! },
  };
};

const NOWHERE: UnixAddress = { transport: "unix", path: "" };
const unixAddresses: Addresses<UnixAddress> = () => ({ local: NOWHERE, remote: NOWHERE });

function dial<Address extends NetAddress | UnixAddress>(
  where: { host: string; port: number; noDelay: boolean } | { path: string },
  signal: AbortSignal | null,
  addressesOf: Addresses<Address>,
): Promise<NodeSocket<Address>> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) return reject(signal.reason);
    const conn = new NodeSocket<Address>();
    const socket = net().connect({
      ...where,
      allowHalfOpen: true,
      ...(hasOnread() && { onread: conn.onread }),
    });
    const onAbort = (): void => {
      socket.destroy();
      reject(signal?.reason);
    };
    signal?.addEventListener("abort", onAbort, { once: true });
    const onError = (error: Error): void => {
      signal?.removeEventListener("abort", onAbort);
      socket.destroy();
      reject(errorOf(error));
    };
    socket.on("error", onError);
    socket.once("connect", () => {
      signal?.removeEventListener("abort", onAbort);
      if (signal?.aborted) return;
      socket.off("error", onError);
      resolve(conn.take(socket, hasOnread(), addressesOf));
    });
  });
}

/** Of a host with several addresses, what went wrong with the first. */
function errorOf(error: Error): Error {
  return error instanceof AggregateError && isError(error.errors[0]) ? error.errors[0] : error;
}

function listen<Address extends NetAddress | UnixAddress>(
  where: ListenOptions,
  addressesOf: Addresses<Address>,
): Promise<NodeListener<Address>> {
  return new Promise((resolve, reject) => {
    const server = net().createServer({ allowHalfOpen: true, pauseOnConnect: true });
    server.once("error", reject);
    server.listen({ backlog: BACKLOG, ...where }, () => {
      server.off("error", reject);
      resolve(new NodeListener(server, addressesOf));
    });
  });
}

interface Waiting<Conn> {
  resolve(conn: Conn): void;
  reject(error: unknown): void;
}

class NodeListener<Address extends NetAddress | UnixAddress>
  implements SocketListener<NodeSocket<Address>> {
  readonly server: Server;
  readonly #addressesOf: Addresses<Address>;
  readonly #untaken: NetSocket[] = [];
  #failure: Error | null = null;
  #waiting: Waiting<NodeSocket<Address>> | null = null;
  #closed = false;

  constructor(server: Server, addressesOf: Addresses<Address>) {
    this.server = server;
    this.#addressesOf = addressesOf;
    server.on("connection", (socket) => this.#onConnection(socket));
    server.on("error", (error) => this.#onError(error));
  }

  accept(): Promise<NodeSocket<Address>> {
    if (this.#closed) return Promise.reject(closedError());
    const failure = this.#failure;
    this.#failure = null;
    if (failure !== null) return Promise.reject(failure);
    const socket = this.#untaken.shift();
    if (socket !== undefined) return Promise.resolve(this.#take(socket));
    return new Promise((resolve, reject) => this.#waiting = { resolve, reject });
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.server.close();
    for (const socket of this.#untaken.splice(0)) socket.destroy();
    this.#waiting?.reject(closedError());
    this.#waiting = null;
  }

  unref(): void {
    this.server.unref();
  }

  #onConnection(socket: NetSocket): void {
    // Whoever leaves before it is taken must not end the process.
    socket.on("error", nothing);
    const waiting = this.#waiting;
    if (this.#closed || this.#untaken.length >= MAX_UNTAKEN) return void socket.destroy();
    if (waiting === null) return void this.#untaken.push(socket);
    this.#waiting = null;
    waiting.resolve(this.#take(socket));
  }

  #onError(error: Error): void {
    const waiting = this.#waiting;
    this.#waiting = null;
    if (waiting === null) this.#failure = error;
    else waiting.reject(error);
  }

  #take(accepted: NetSocket): NodeSocket<Address> {
    const conn = new NodeSocket<Address>();
    const socket = hasOnread() ? withOnread(accepted, conn) : null;
    return conn.take(socket ?? accepted, socket !== null, this.#addressesOf);
  }
}

/**
 * A server of `node:net` cannot be told of `onread`, so what it has accepted is
 * given to a socket that is.
 *
 * @returns That socket; `null` if the handle is not where it used to be.
 */
function withOnread(
  accepted: NetSocket,
  { onread }: NodeSocket<NetAddress | UnixAddress>,
): NetSocket | null {
  const holder = accepted as unknown as { _handle?: { useUserBuffer?: unknown } | null };
  const handle = holder._handle;
  if (typeof handle?.useUserBuffer !== "function") return null;
  holder._handle = null;
  return new (net().Socket)(
    {
      handle,
      onread,
      allowHalfOpen: true,
      pauseOnCreate: true,
    } as unknown as ConstructorParameters<
      typeof NetSocket
    >[0],
  );
}

function closedError(): Error {
  return Object.assign(new Error("the listener is closed"), { name: "BadResource" });
}

function nothing(): void {}
