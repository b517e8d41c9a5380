/**
 * Endpoints of the pods that a service has.
 *
 * @module
 */

import { type InternodeError, invalidArgument } from "../../errors.ts";
import type { EventLogger } from "../../foreign/log_event.ts";
import { quoted } from "../../foreign/plain_text.ts";
import { authority } from "../../runtime/host_address.ts";
import type { Endpoint } from "../../transport/channel/endpoint.ts";
import { tcp } from "../../transport/net_endpoint.ts";
import { withAttributes } from "../resolver/attributed_endpoint.ts";
import { madeEndpoint } from "../resolver/made_endpoint.ts";
import { ValidParts } from "../resolver/valid_parts.ts";
import type { EndpointSlice } from "./endpoint_slice.ts";
import { type KubernetesResolverOptions, OWNER } from "./kubernetes_options.ts";
import type { ChosenEndpoint, SliceSet } from "./slice_set.ts";
import type { ServiceKey } from "./slice_source.ts";

/** Makes endpoints as the user's options say. */
export class PodEndpoints {
  readonly #options: KubernetesResolverOptions;
  readonly #parts: ValidParts;

  constructor(options: KubernetesResolverOptions, logger: EventLogger) {
    this.#options = options;
    this.#parts = new ValidParts(logger, { name: options.service });
  }

  /**
   * Makes an endpoint of each pod that is to get calls.
   *
   * @param set All endpoints of the service.
   * @param key Which service that is.
   * @throws {InternodeError} `InvalidArgument` if the options fit to none of them; what `makeEndpoint` throws, if it does for all.
   */
  of(set: SliceSet, key: ServiceKey): readonly Endpoint[] {
    const { ipFamily = null } = this.#options;
    const families = set.families();
    if (ipFamily !== null && families.length > 0 && !families.includes(ipFamily)) {
      throw invalidArgument(
        `All endpoints of ${title(key)} are ${families.join()}, and option ipFamily of ${OWNER} ` +
          `is "${ipFamily}". Change the option, or ipFamilies of the Service.`,
      );
    }
    return this.#parts.take(
      set.choose(ipFamily),
      (chosen) => this.#endpointOf(chosen, key),
      ({ slice }, problem) =>
        `A part of EndpointSlice ${slice.name} of ${title(key)} cannot be used: ${problem}`,
    );
  }

  #endpointOf({ endpoint, slice }: ChosenEndpoint, key: ServiceKey): Endpoint {
    const { ip, pod: name, hostname, node, zone } = endpoint;
    const port = this.#portOf(slice, key);
    const { makeEndpoint = (address) => tcp(address) } = this.#options;
    const made = madeEndpoint(() =>
      makeEndpoint(authority(ip, port), { name, hostname, node, zone })
    );
    const known = Object.entries({ pod: name, node }).filter(([, value]) => value !== undefined);
    // What the user's own function says of it counts more.
    return withAttributes(made, {
      name: made.name ?? hostUrl(made, hostname, port, key),
      zone: made.zone ?? zone,
      metadata: made.metadata ??
        (known.length > 0 ? Object.fromEntries(known) as Record<string, string> : undefined),
    });
  }

  #portOf({ name, ports }: EndpointSlice, key: ServiceKey): number {
    const { port } = this.#options;
    if (typeof port === "number") return port;
    const found = port === undefined && ports.length === 1
      ? ports[0]
      : ports.find((one) => one.name === port);
    if (found !== undefined) return found.number;
    throw this.#noPort(name, ports, key);
  }

  #noPort(slice: string, ports: EndpointSlice["ports"], key: ServiceKey): InternodeError {
    const { port } = this.#options;
    const known = ports.map(({ name, number }) => `${quoted(name)} (${number})`).join(", ");
    const what = port === undefined
      ? `Option port of ${OWNER} is left out`
      : `Option port of ${OWNER} is ${quoted(String(port))}`;
    return invalidArgument(
      `${what}, and the TCP ports in EndpointSlice ${slice} of ${title(key)} are: ` +
        `${
          known || "none"
        }. Give the name of one of them, or the number of the port at which the pods listen.`,
    );
  }
}

/** What errors and log lines call a service. */
export function title({ service, namespace }: ServiceKey): string {
  return `Service ${service} in namespace ${namespace}`;
}

/** How other nodes of a grid know a pod that has a name of its own. */
function hostUrl(
  { address }: Endpoint,
  hostname: string | undefined,
  port: number,
  { service, namespace }: ServiceKey,
): string | undefined {
  const scheme = /^[a-z]+(?=:\/\/)/.exec(address)?.[0];
  if (hostname === undefined || scheme === undefined) return undefined;
  return `${scheme}://${hostname}.${service}.${namespace}.svc:${port}`;
}
