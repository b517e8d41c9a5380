/**
 * A resolver as tests use it.
 *
 * @module
 */

import { kubernetesResolver, type KubernetesResolverOptions } from "@internode/grid/kubernetes";
import type { Resolver } from "../../../lib/discovery/resolver/resolver.ts";
import type { QuietLogger } from "../log/quiet.ts";
import type { AccountFolder } from "./account_folder.ts";

/** Whom it asks, as whom. */
interface Asked {
  readonly server: { readonly url: string };
  readonly account: AccountFolder;
  readonly logger: QuietLogger;
}

/** Makes a resolver of port `grid` of the service `cache`. */
export function cacheResolver(
  { server, account, logger }: Asked,
  options: Partial<KubernetesResolverOptions>,
): Resolver {
  return kubernetesResolver({
    service: "cache",
    port: "grid",
    apiServer: server.url,
    serviceAccountFolder: account.path,
    logger,
    ...options,
  });
}
