/**
 * Connections within one process.
 *
 * @module
 */

import { InternodeError, invalidArgument } from "../../errors.ts";
import { handOver } from "../channel/hand_over.ts";
import type { HostAddress } from "../../runtime/host_address.ts";
import { memoryPair } from "./memory_channel.ts";
import { sharingProblem } from "../tcp/shared_port.ts";
import type { ListenOptions, Transport } from "../channel/transport.ts";

/**
 * Connections between nodes of one process, for tests, tools and benches: no
 * permission, no copy by the kernel, but the same turns of the event loop
 * between sending and receiving.
 *
 * @returns A transport for `memory://name` with its own names: only nodes that share it can connect.
 */
export function memoryTransport(): Transport {
  const listeners = new Map<string, ListenOptions>();
  let dialled = 0;
  return {
    guarded: true,

    async dial(address, { signal }) {
      // In a later microtask, so that `accept` never runs within the caller's call.
      await Promise.resolve();
      signal.throwIfAborted();
      const listener = listeners.get(address.href);
      if (listener === undefined) {
        throw new InternodeError(
          "Unreachable",
          `Could not connect to ${address.href}: nothing in this process listens there. ` +
            "Start that node first, on the same memory transport.",
          { origin: "network", host: address.href },
        );
      }
      const [near, far] = memoryPair(address.href, `${address.href}#${++dialled}`);
      handOver(listener, { channel: far });
      return near;
    },

    // deno-lint-ignore require-await -- what is thrown becomes the rejection
    async listen(address: HostAddress, options: ListenOptions) {
      const { href } = address;
      const problem = options.sharePort === true ? sharingProblem(address) : null;
      if (problem !== null) throw problem;
      if (listeners.has(href)) {
        throw invalidArgument(
          `Could not listen on ${href}: a node of this process already listens there. Choose another name.`,
          { host: href },
        );
      }
      listeners.set(href, options);
      const { promise: finished, resolve } = Promise.withResolvers<void>();
      return {
        address,
        finished,
        close() {
          if (listeners.get(href) === options) listeners.delete(href);
          resolve();
          return finished;
        },
      };
    },
  };
}

/** The one that nodes meet on unless they are given another. */
export const sharedMemoryTransport: Transport = memoryTransport();
