/**
 * Putting a server's endpoint where its clients find it.
 *
 * @module
 */

import { listedEndpoints } from "../resolver/made_endpoint.ts";
import type { Endpoint } from "../../transport/channel/endpoint.ts";
import { checkDiallable, type HostAddress } from "../../runtime/host_address.ts";
import { parseNetEndpoint } from "../../transport/net_endpoint.ts";
import { recordText } from "../resolver/endpoint_record.ts";
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
 * An endpoint's name, zone, weight and metadata go into etcd with its address
 * (`withAttributes`). So a node of a grid registers itself as a host: the address
 * that others dial, and its name where that is another.
 *
 * @param endpoint The endpoint, or its text: `"tcp://10.0.0.1:9000"`. It is what clients dial: not all interfaces (`tcp://:9000`, `0.0.0.0`, `[::]`), and not port 0.
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
 */
export async function register(
  endpoint: string | Endpoint,
  options: RegisterOptions,
): Promise<Registration> {
  const { address } = typeof endpoint === "string"
    ? parseNetEndpoint(endpoint)
    : listedEndpoints([endpoint])[0]!;
  const host = hostOf(address);
  if (host !== null) checkDiallable(host);
  const value = typeof endpoint === "string" ? address : recordText(endpoint);
  const registrant = new Registrant(address, value, options);
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
