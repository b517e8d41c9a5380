/**
 * Nodes with admin, without connections.
 *
 * @module
 */

import type { AdminClient, AdminStatus, TraceBatch, TraceRequest } from "@internode/grid/admin";
import { InternodeError } from "@internode/grid";
import type { Connect } from "../../../lib/cli/web/node_watch.ts";
import { readingOf, remoteOf, statusOf } from "./views.ts";

/** What traces do. */
export type Trace = (host: string, request: TraceRequest) => AsyncGenerator<TraceBatch>;

/** Nodes, of which each answers as it is told to. */
export class FakeNodes {
  /** How each answers: with the peers that it has; `"silent"`: not at all. A node that is not here cannot be reached. */
  readonly answers = new Map<string, readonly string[] | "silent">();
  /** How many clients are open. */
  open = 0;
  trace: Trace = async function* () {};

  /** Makes clients of them. */
  readonly connect: Connect = (host) => {
    this.open++;
    const ask = <Answer>(answer: (status: AdminStatus) => Answer): Promise<Answer> => {
      const peers = this.answers.get(host);
      if (peers === "silent") return new Promise(() => {});
      if (peers !== undefined) {
        return Promise.resolve(
          answer(statusOf(host, { remotes: peers.map((each) => remoteOf(each)) })),
        );
      }
      return Promise.reject(new InternodeError("Unreachable", "refused", { origin: "caller" }));
    };
    const client = {
      status: () => ask((status) => status),
      figures: () => ask((status) => readingOf(0, status).figures),
      calls: () => ask(() => ({ timeMs: 0, calls: [] })),
      health: () => ask((status) => readingOf(0, status).health),
      trace: (request: TraceRequest) => this.trace(host, request),
      close: () => {
        this.open--;
        return Promise.resolve();
      },
    };
    return Promise.resolve(client as unknown as AdminClient);
  };
}
