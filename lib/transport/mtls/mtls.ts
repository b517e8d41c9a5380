/**
 * Mutual TLS over any endpoint.
 *
 * @module
 */

import { invalidArgument } from "../../errors.ts";
import { loadOnce } from "../channel/transport_on_demand.ts";
import { attributesOf, type Endpoint } from "../channel/endpoint.ts";
import { type HostAddress, parseHostAddress } from "../../runtime/host_address.ts";
import { type ExpectedHost, expectedHost } from "../certificates/host_binding.ts";
import { withCredentials } from "../certificates/known_credentials.ts";
import type { Credentials, MtlsConfig } from "../certificates/mtls_config.ts";
import { credentialSource, type MtlsCredentials } from "../certificates/mtls_credentials.ts";

/** What a dial needs, loaded with the first. */
export const diallingSide: () => Promise<typeof import("./mtls_dial.ts")> = loadOnce(
  () => import("./mtls_dial.ts"),
);

/**
 * Makes any endpoint whose channels carry bytes one of mutual TLS: the host
 * must prove by a certificate that it has the expected name, this side proves
 * itself by its own certificate, and both learn the reason if one does not
 * trust the other. The channels have an `identity`.
 *
 * Its address is `mtls://` and the address of the endpoint within:
 * `mtls://tcp://10.0.0.1:9000`.
 *
 * @param config This side's certificate and key, and the trusted authorities; `MtlsCredentials` for certificates that change.
 * @param endpoint The endpoint within.
 * @returns The endpoint.
 * @throws {InternodeError} `InvalidArgument` if the configuration is wrong, or the name that the host must have is unknown.
 *
 * @example
 * ```ts
 * import { type Endpoint, mtls, tcp } from "@internode/grid/call";
 *
 * async function cacheNode(address: string, folder: string): Promise<Endpoint> {
 *   const cert = await Deno.readTextFile(`${folder}/client.pem`);
 *   const key = await Deno.readTextFile(`${folder}/client.key`);
 *   const ca = await Deno.readTextFile(`${folder}/authority.pem`);
 *   return mtls({ cert, key, ca }, tcp(address));
 * }
 * await cacheNode("cache-1.example:9000", "/nowhere").catch((error) => console.log(error.message));
 * ```
 */
export function mtls(config: MtlsConfig | MtlsCredentials, endpoint: Endpoint): Endpoint {
  const source = credentialSource(config);
  const address = `mtls://${endpoint.address}`;
  const host = hostToExpect(source.current, endpoint.address);
  return withCredentials<Endpoint>({
    address,
    ...attributesOf(endpoint),
    async dial(signal, makeToken, early) {
      const { secureDialled } = await diallingSide();
      const channel = await endpoint.dial(signal, makeToken);
      return await secureDialled(channel, address, source, host, signal, early);
    },
    onChange: (listener) => source.onChange(listener),
  }, source);
}

/**
 * The name that a host's certificate must have.
 *
 * @param credentials May contain it.
 * @param address The host.
 * @param hostname Its name in the address; empty if it has none.
 * @returns The name.
 * @throws {InternodeError} `InvalidArgument` if there is none.
 */
function nameToExpect(
  { serverName }: Credentials,
  address: string,
  hostname: string,
): string {
  const given = typeof serverName === "function" ? serverName(address) : serverName;
  const name = given ?? hostname.replace(/%.*$/, "");
  if (typeof name === "string" && name !== "") return name;
  throw invalidArgument(
    `The address ${address} contains no host name to check the certificate against. ` +
      "Give serverName: the name in its certificate.",
    { host: address },
  );
}

/** What the certificate of an endpoint's host must have. */
function hostToExpect(credentials: Credentials, address: string): ExpectedHost {
  const name = nameToExpect(credentials, address, hostIn(address));
  const host = hostAddressIn(address);
  return host === null ? { names: [name], urls: [address] } : expectedHost(host, name);
}

/**
 * What the certificate of a transport's host must have.
 *
 * @param credentials May contain it.
 * @param address The host.
 * @returns What proves the host, by the name given if there is one.
 * @throws {InternodeError} `InvalidArgument` if what names it names nothing.
 */
export function certificateToExpect(credentials: Credentials, address: HostAddress): ExpectedHost {
  return credentials.serverName === undefined
    ? expectedHost(address)
    : expectedHost(address, nameToExpect(credentials, address.href, ""));
}

/** The host in an address of ours; `null` for one of another kind. */
function hostAddressIn(address: string): HostAddress | null {
  try {
    return parseHostAddress(address);
  } catch {
    return null;
  }
}

/** The host in an address of any kind, if it looks like one. */
function hostIn(address: string): string {
  const host = /:\/\/(?:\[([^\][]+)\]|([^:/?#@\][\s]*)):\w+\/?$/.exec(address);
  // An address without a host means this machine.
  return host === null ? "" : host[1] ?? (host[2] || "localhost");
}
