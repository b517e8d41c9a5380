/**
 * Mutual TLS as the runtime offers it, `node:tls` over its own sockets with
 * nothing of ours in between: the floor of the transports of mutual TLS.
 *
 * @module
 */

import { connect, createServer, type TLSSocket } from "node:tls";
import type { HostAddress, MessageChannel, MessageReceiver, Transport } from "@internode/grid";
import { FLOOR_NAME, type NodeIdentity } from "./identity.ts";

/** What it asks of the other end, and shows of itself. */
export function nodeTls({ cert, key, ca }: NodeIdentity): Transport {
  const options = { cert, key, ca, rejectUnauthorized: true };
  return {
    dial: (address) =>
      new Promise((resolve, reject) => {
        const socket = connect({ ...options, ...placeOf(address), servername: FLOOR_NAME });
        socket.on("error", reject);
        socket.on("secureConnect", () => resolve(new NodeTlsChannel(socket, address.href)));
      }),

    async listen(address, { accept, onError }) {
      const server = createServer({ ...options, requestCert: true });
      const { promise: finished, resolve: onClose } = Promise.withResolvers<void>();
      server.on("tlsClientError", (error) => onError?.(error));
      server.on("secureConnection", (socket) => {
        accept(new NodeTlsChannel(socket, `a client of ${address.href}`));
      });
      server.on("close", onClose);
      await new Promise<void>((resolve, reject) => {
        server.on("error", reject);
        server.listen(placeOf(address), resolve);
      });
      const close = (): Promise<void> => {
        server.close();
        return finished;
      };
      return { address, finished, close };
    },
  };
}

function placeOf({ scheme, hostname, port, path }: HostAddress) {
  return scheme === "unix" ? { path } : { host: hostname, port };
}

/** What comes, piece by piece as the runtime gives it. */
class NodeTlsChannel implements MessageChannel {
  readonly kind = "messages";
  readonly remote: string;
  readonly #socket: TLSSocket;

  constructor(socket: TLSSocket, remote: string) {
    this.#socket = socket;
    this.remote = remote;
    // Else what fills several records waits for the other end's delayed acknowledgement.
    socket.setNoDelay(true);
  }

  get congested(): boolean {
    return this.#socket.writableNeedDrain;
  }

  start(receiver: MessageReceiver): void {
    this.#socket.on("data", (piece: Uint8Array<ArrayBuffer>) => receiver.onMessage(piece));
    this.#socket.on("drain", () => receiver.onDrain());
    this.#socket.on("error", () => {});
    this.#socket.on("close", () => receiver.onClose("the connection has ended"));
  }

  /** Unlike what a `MessageChannel` promises the bytes are not copied: they are to stay as they are. */
  send(bytes: Uint8Array<ArrayBuffer>): void {
    this.#socket.write(bytes);
  }

  close(): void {
    this.#socket.end();
  }
}
