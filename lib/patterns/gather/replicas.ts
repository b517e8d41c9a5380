/**
 * The replicas of a service, each as a target of its own.
 *
 * @module
 */

import type { Balancer, Replica } from "../../call/balancers/balancer.ts";
import type { SingleMethod, StreamMethod } from "../../call/service/service.ts";
import type { ServiceCallOptions } from "../../call/service/service_call_options.ts";
import type { ServiceConnection } from "../../call/service_connection.ts";
import { InternodeError, invalidArgument } from "../../errors.ts";
import { shown } from "../../foreign/text_of.ts";
import type { Stream } from "../../rpc/calling/stream.ts";
import type { QuorumOptions, SharedCallOptions } from "./gather_options.ts";

/**
 * Options of `gather` for the replicas of a service.
 *
 * @typeParam Response What replicas answer.
 */
export interface ServiceGatherOptions<Response>
  extends QuorumOptions<Response>, Omit<SharedCallOptions, "subroute"> {}

/** One replica of a service, from `replicas`. */
export interface ReplicaTarget {
  /** Its address. */
  readonly host: string;
  /** Calls a single method on this replica and no other; nothing is retried or hedged. */
  request<Request, Response>(
    method: SingleMethod<Request, Response>,
    request: NoInfer<Request>,
    options?: ServiceCallOptions,
  ): Promise<Response>;
  /** Opens a stream on this replica and no other. */
  stream<Initial, Input, Output>(
    method: StreamMethod<Initial, Input, Output>,
    initial: NoInfer<Initial>,
    options?: ServiceCallOptions,
  ): Stream<Input, Output>;
}

/**
 * Every replica of a service that there is at the moment, to be asked each for
 * itself, where `connect` would choose one.
 *
 * A call to a replica that takes none at the moment (it is not connected, set
 * aside or no longer listed) fails at once as `Unreachable`, `notSent`; with
 * `waitForReady: true` it waits for it until the deadline.
 *
 * @param connection From `connect`.
 * @returns The replicas that the resolver lists, those without a connection included; empty before it has answered.
 *
 * @example Emptying the caches of all replicas
 * ```ts
 * import * as call from "@internode/grid/call";
 * import * as t from "@internode/grid/codec";
 * import { gather, replicas } from "@internode/grid/patterns";
 * import { assertEquals } from "@std/assert";
 *
 * const Cache = call.service("cache", {
 *   clear: call.method({ request: t.nothing(), response: t.uint() }),
 * });
 * const names = ["cleared-1", "cleared-2"];
 * const listeners = await Promise.all(
 *   names.map((name) => call.listen(`memory://${name}`, call.implement(Cache, { clear: () => 3 }))),
 * );
 * const servers = listeners.map((listener) => call.serve(listener));
 * const resolver = call.constantResolver(...names.map((name) => call.memory(name)));
 * const connection = await call.connect(resolver);
 *
 * const { values } = await gather(
 *   replicas(connection),
 *   Cache.methods.clear,
 *   undefined,
 *   { timeoutMs: 1_000, waitForReady: true },
 * );
 * assertEquals(values, [3, 3]);
 *
 * await connection.close();
 * await Promise.all(servers.map((server) => server.close()));
 * ```
 */
export function replicas(connection: ServiceConnection): readonly ReplicaTarget[] {
  const given: unknown = connection?.replicas;
  if (!Array.isArray(given)) {
    throw invalidArgument(`replicas takes a connection from connect, not ${shown(connection)}.`);
  }
  return connection.replicas.map(({ address }) => new OneReplica(connection, address));
}

class OneReplica implements ReplicaTarget {
  readonly host: string;
  readonly #connection: ServiceConnection;
  readonly #waits: OneBalancer;
  readonly #fails: OneBalancer;

  constructor(connection: ServiceConnection, address: string) {
    this.host = address;
    this.#connection = connection;
    this.#waits = new OneBalancer(address, true);
    this.#fails = new OneBalancer(address, false);
  }

  request<Request, Response>(
    method: SingleMethod<Request, Response>,
    request: NoInfer<Request>,
    options: ServiceCallOptions = {},
  ): Promise<Response> {
    return this.#connection.request(method, request, this.#pinned(options));
  }

  stream<Initial, Input, Output>(
    method: StreamMethod<Initial, Input, Output>,
    initial: NoInfer<Initial>,
    options: ServiceCallOptions = {},
  ): Stream<Input, Output> {
    return this.#connection.stream(method, initial, this.#pinned(options));
  }

  #pinned(options: ServiceCallOptions): ServiceCallOptions {
    const { waitForReady } = options;
    const balancer = waitForReady === true ? this.#waits : this.#fails;
    return { ...options, balancer, retry: false, hedge: false };
  }
}

/** Picks one replica and no other. */
class OneBalancer implements Balancer {
  readonly #address: string;
  readonly #waits: boolean;
  #replica: Replica | undefined;

  /** @param waits Whether calls wait for it. */
  constructor(address: string, waits: boolean) {
    this.#address = address;
    this.#waits = waits;
  }

  update(ready: readonly Replica[]): void {
    this.#replica = ready.find(({ endpoint }) => endpoint.address === this.#address);
  }

  pick(): Replica | undefined {
    if (this.#replica !== undefined || this.#waits) return this.#replica;
    throw new InternodeError(
      "Unreachable",
      `The replica ${this.#address} takes no calls at the moment: it is not connected, set aside or no longer listed. Try again later, or let the call wait (waitForReady).`,
      { origin: "network", outcome: "notSent", host: this.#address },
    );
  }
}
