/**
 * What each peer of the comparison brings: something that echoes bytes in one
 * process, and something that asks it from another.
 *
 * @module
 */

/** One way for two processes to talk. */
export interface Peer {
  /** Why it cannot run on this machine, if it cannot: what is missing, and how to get it. */
  missing?(): Promise<string | undefined>;
  /** Starts what echoes, on loopback. */
  serve(): Promise<EchoServer>;
  /** Connects to it, from another process. */
  dial(address: string): Promise<EchoClient>;
}

/** What echoes. */
export interface EchoServer extends AsyncDisposable {
  /** What {@linkcode Peer.dial} wants to know, in a form of the peer's own. */
  readonly address: string;
  /** A process that stands between the two, whose work counts as the server's. */
  readonly brokerPid?: number;
}

/** What asks for echoes. */
export interface EchoClient extends AsyncDisposable {
  /** Sends the bytes and gives those that came back. */
  echo(payload: Uint8Array<ArrayBuffer>): Promise<Uint8Array>;
}

/** Where peers listen. */
export const LOOPBACK = "127.0.0.1";

/** What this process runs on. */
export const RUNTIME: "deno" | "node" | "bun" = "Deno" in globalThis
  ? "deno"
  : "Bun" in globalThis
  ? "bun"
  : "node";
