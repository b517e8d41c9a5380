/**
 * Sockets as this library has them of any runtime: what Deno's own connections are.
 *
 * @module
 */

/** Where a socket is on a network. */
export interface NetAddress {
  /** Tells the kinds of {@linkcode SocketAddress} apart. */
  readonly transport: "tcp" | "udp";
  /** The IP address. */
  readonly hostname: string;
  /** The port. */
  readonly port: number;
}

/** Where a Unix socket is. */
export interface UnixAddress {
  /** Tells the kinds of {@linkcode SocketAddress} apart. */
  readonly transport: "unix" | "unixpacket";
  /** The path; empty for the side that has dialled. */
  readonly path: string;
}

/** Where a socket is, also one of a kind that is of no use here. */
export type SocketAddress = NetAddress | UnixAddress | { readonly transport: "vsock" };

/** Reads from a socket; see `ByteChannel`. */
export type SocketRead = (into: Uint8Array<ArrayBuffer>) => Promise<number | null>;

/** A connection of bytes. */
export interface Socket<Address extends SocketAddress = SocketAddress> {
  /** This end. */
  readonly localAddr: Address;
  /** The other end. */
  readonly remoteAddr: Address;
  /** See {@linkcode SocketRead}. */
  read(into: Uint8Array<ArrayBuffer>): Promise<number | null>;
  /** See `ByteChannel`. */
  write(bytes: Uint8Array<ArrayBuffer>): Promise<number>;
  /** Closes both directions; may throw if it is closed already. */
  close(): void;
}

/** A connection over TCP. */
export interface TcpSocket extends Socket<NetAddress> {
  /** Turns Nagle's delay off. */
  setNoDelay(noDelay: boolean): void;
}

/** Something that accepts connections. */
export interface SocketListener<Conn extends Socket = Socket> {
  /** Takes the next one. Rejects when none can be had now, and for good once it is closed. */
  accept(): Promise<Conn>;
  /** Ends it. */
  close(): void;
}

/** A listener of TCP. */
export interface TcpListener extends SocketListener<TcpSocket> {
  /** Where it listens. */
  readonly addr: NetAddress;
}

/** A listener at a path. */
export interface UnixListener extends SocketListener<Socket<UnixAddress>> {
  /** Lets the process end although it is open. */
  unref(): void;
}
