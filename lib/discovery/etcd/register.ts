/**
 * Putting a server's endpoint where its clients find it.
 *
 * @module
 */

import { invalidArgument } from "../../errors.ts";
import { guard } from "../../foreign/guard.ts";
import { shown } from "../../foreign/text_of.ts";
import type { Endpoint } from "../../transport/channel/endpoint.ts";
import type { EndpointRecord } from "../resolver/endpoint_record.ts";
import { checkDiallable, type HostAddress } from "../../runtime/host_address.ts";
import { parseNetEndpoint } from "../../transport/net_endpoint.ts";
import { Registrant } from "./registrant.ts";
import type { RegisterOptions, Registration } from "./registration.ts";

/**
 * Puts a server's endpoint into etcd v3 (3.4 or newer), where `etcdResolver`
 * finds it: under a lease, which is kept alive until `close`. A server that dies
 * is gone from etcd when its lease runs out. If the lease is lost while the
 * server lives (etcd was away for longer than it lasts, the process was frozen),
 * or the entry is deleted or changed, the endpoint is put in again, with a
 * warning. That is seen when the lease is kept alive, three times in its life;
 * a user who may not read the key is told that it cannot be.
 *
 * Register when the server listens, and close before it stops listening: then
 * no client is sent to a server that does not listen.
 *
 * A node of a grid registers its name and the address at which the others reach
 * it, and finds them by an `etcdResolver` as its `hosts`: two processes of one
 * name take the entry from each other, with a warning.
 *
 * @param endpoint The endpoint, or its text: `"tcp://10.0.0.1:9000"`; or a record with a name, a zone, a weight and so on beside the address. The address is what clients dial: not all interfaces (`tcp://:9000`, `0.0.0.0`, `[::]`), and not port 0.
 * @param options Which etcd, and under which prefix.
 * @returns The registration, once the entry is in etcd.
 * @throws {InternodeError} `InvalidArgument`, `Unauthenticated` or `PermissionDenied` at once for what cannot succeed, such as an address that cannot be dialled; else the last failure after `startTimeoutMs`, or the signal's reason.
 *
 * @example
 * ```ts
 * import { register } from "@internode/grid/etcd";
 *
 * async function serveUntil(stopped: Promise<void>) {
 *   await using registration = await register("tcp://10.0.0.7:9000", {
 *     urls: "http://10.0.0.1:2379",
 *     prefix: "services/cache",
 *   });
 *   console.log(`clients find this server under ${registration.key}`);
 *   await stopped;
 * }
 * ```
 *
 * @example A node of a grid that listens on any port, and finds the others
 * ```ts
 * import { Manager } from "@internode/grid";
 * import { etcdResolver, register } from "@internode/grid/etcd";
 *
 * async function join(local: string, stopped: Promise<void>) {
 *   const etcd = { urls: "http://10.0.0.1:2379", prefix: "grids/shop" };
 *   const listen = "tcp://10.0.0.7:0";
 *   await using manager = new Manager({ local, listen, hosts: etcdResolver(etcd) });
 *   const { address } = await manager.listen();
 *   await using _ = await register({ name: local, address, zone: "eu-1a" }, etcd);
 *   await stopped;
 * }
 * ```
 */
export async function register(
  endpoint: string | Endpoint | EndpointRecord,
  options: RegisterOptions,
): Promise<Registration> {
  const record: EndpointRecord = typeof endpoint === "string"
    ? { address: parseNetEndpoint(endpoint).address }
    : endpoint;
  const address = guard(() => record.address, () => undefined);
  if (typeof address !== "string" || address === "") {
    throw invalidArgument(
      "What is registered must be an endpoint, its URL or a record with an address, not " +
        `${shown(endpoint)}.`,
    );
  }
  const host = hostOf(address);
  if (host !== null) checkDiallable(host);
  const registrant = new Registrant(record, options);
  await registrant.start();
  return registrant;
}

/** The host in an address; `null` for one of the user's own kind. */
function hostOf(address: string): HostAddress | null {
  try {
    return parseNetEndpoint(address.replace(/^mtls:\/\//, "")).host;
  } catch {
    return null;
  }
}
