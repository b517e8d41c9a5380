/**
 * Resolvers as contexts describe them.
 *
 * @module
 */

import { directoryResolver } from "../../discovery/directory_resolver.ts";
import { dnsResolver } from "../../discovery/dns/dns_resolver.ts";
import { etcdResolver, type EtcdResolverOptions } from "../../discovery/etcd/etcd_resolver.ts";
import { fileResolver, type FileResolverOptions } from "../../discovery/file_resolver.ts";
import type { KubernetesResolverOptions } from "../../discovery/kubernetes/kubernetes_options.ts";
import { kubernetesResolver } from "../../discovery/kubernetes/kubernetes_resolver.ts";
import type { Resolver } from "../../discovery/resolver/resolver.ts";
import { invalidOption } from "../../foreign/option_checks.ts";
import { shown } from "../../foreign/text_of.ts";
import type { Endpoint } from "../../transport/channel/endpoint.ts";
import { parseNetEndpoint } from "../../transport/net_endpoint.ts";
import { quietLogger } from "../output/quiet_logger.ts";
import type { ResolverSettings } from "./connection_settings.ts";

/**
 * Makes the resolver of a context. Its options are those of the resolver's
 * function, as far as JSON can carry them; for those that find no URLs there is
 * `scheme`, which stands before the address: `"tcp"` by default.
 *
 * @throws {InternodeError} `InvalidArgument` for options that make no sense.
 */
export function makeResolver({ kind, options }: ResolverSettings): Resolver {
  const { scheme = "tcp", name, ...rest } = options;
  const makeEndpoint = (address: string): Endpoint => parseNetEndpoint(`${scheme}://${address}`);
  const given: unknown = { ...rest, logger: quietLogger };
  switch (kind) {
    case "dns":
      if (typeof name !== "string") {
        throw invalidOption("name", `must be a text, not ${shown(name)}`);
      }
      return dnsResolver(name, { ...given as object, makeEndpoint });
    case "kubernetes":
      return kubernetesResolver({ ...given as KubernetesResolverOptions, makeEndpoint });
    case "file":
      return fileResolver(given as FileResolverOptions);
    case "directory":
      return directoryResolver(given as FileResolverOptions);
    case "etcd":
      return etcdResolver(given as EtcdResolverOptions);
  }
}
