/**
 * Endpoints of a Kubernetes Service.
 *
 * @module
 */

import type { Resolver } from "../resolver/resolver.ts";
import { WatchingResolver } from "../resolver/watching_resolver.ts";
import { shrinkSettings } from "../resolver/shrink_guard.ts";
import { type KubernetesResolverOptions, OWNER } from "./kubernetes_options.ts";
import { SliceFollower } from "./slice_follower.ts";

/**
 * Finds the pods of a Kubernetes Service (1.21 or newer): lists its
 * EndpointSlices through the API server, and watches them from there on.
 *
 * It runs in a pod, whose service account must be bound to a Role that allows
 * `list` and `watch` of `endpointslices` in the API group `discovery.k8s.io`,
 * in the namespace of the Service; docs/discovery.md has the manifests. Token,
 * certificate and namespace are those that Kubernetes puts into each pod, and
 * are read anew as it replaces them.
 *
 * - **Ready** pods are the endpoints. A pod that ends is taken out at once, so
 *   that clients drain it; if no other is left, those that end but still answer
 *   stay in, as Kubernetes does for its Services.
 * - **All slices** of the Service count together. An endpoint that goes from
 *   one slice to another stays, and one that is in two of them counts once.
 * - **Attributes**: `zone` is the zone that the pod is for, by hint or by
 *   place. `name` is `tcp://HOSTNAME.SERVICE.NAMESPACE.svc:PORT` if the pod has
 *   a host name, as those of a StatefulSet have, and `metadata` has `pod` and
 *   `node`.
 * - **Trouble** (the API server is down, restarted, slow, answers nonsense or
 *   refuses) keeps the last endpoints, with one warning; it is asked again
 *   after a back-off of 0.1 to 10 s. While nothing is known yet, `resolve`
 *   rejects. A slice that cannot be read keeps its last state.
 * - **No EndpointSlices**, as of a Service that does not exist: no endpoints,
 *   and the version `missing`, with a warning.
 *
 * There is one watch, however many wait, and none while nobody does. So there
 * is nothing to close. Needs `--allow-net` for the API server, `--allow-read`
 * for the service account's folder, and `--allow-env` for
 * `KUBERNETES_SERVICE_HOST` and `KUBERNETES_SERVICE_PORT`.
 *
 * @param options Which Service, and which of its ports.
 * @returns The resolver, which may be shared. Its errors are `Unreachable`;
 * `PermissionDenied`, which names the rule that is missing; `Unauthenticated`;
 * and `InvalidArgument`, as for a port that the Service has not.
 * @throws {InternodeError} `InvalidArgument` for options that make no sense, or if this is no pod and `apiServer` is left out.
 *
 * @example
 * ```ts
 * import { connect } from "@internode/grid/call";
 * import { kubernetesResolver } from "@internode/grid/kubernetes";
 *
 * async function connectToCache() {
 *   return await connect(kubernetesResolver({ service: "cache", port: "grid" }));
 * }
 * ```
 */
export function kubernetesResolver(options: KubernetesResolverOptions): Resolver {
  const follower = new SliceFollower(options);
  const { logger, clock } = options, what = `the Service ${options.service}`;
  return new WatchingResolver(
    (sink, signal) => follower.follow(sink, signal),
    { ...shrinkSettings(OWNER, options), what, logger, clock },
  );
}
