/**
 * Endpoints of a Kubernetes Service.
 *
 * @module
 */

export type { IpFamily } from "./endpoint_slice.ts";
export type { KubernetesPod, KubernetesResolverOptions } from "./kubernetes_options.ts";
export { kubernetesResolver } from "./kubernetes_resolver.ts";
