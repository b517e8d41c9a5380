/**
 * EndpointSlices as Kubernetes writes them.
 *
 * @module
 */

/** A part of a slice that a test says otherwise. */
export interface SliceOptions {
  /** The kind of its addresses. Default: IPv4. */
  readonly addressType?: string;
  /** Its ports. Default: one, `grid`, 9000. */
  readonly ports?: unknown;
  /** The service. Default: `cache`. */
  readonly service?: string;
}

/** An endpoint that is ready, in full. */
export function pod(ip: string, more: Record<string, unknown> = {}): Record<string, unknown> {
  return {
    addresses: [ip],
    conditions: { ready: true, serving: true, terminating: false },
    ...more,
  };
}

/** An endpoint in the state that its conditions say. */
export function podIn(
  ip: string,
  conditions: Record<string, boolean | null>,
): Record<string, unknown> {
  return pod(ip, { conditions });
}

/** A slice with the endpoints given; texts are addresses of ready ones. */
export function slice(
  name: string,
  endpoints: readonly (string | unknown)[],
  {
    addressType = "IPv4",
    ports = [{ name: "grid", port: 9000, protocol: "TCP" }],
    service = "cache",
  }: SliceOptions = {},
): Record<string, unknown> {
  return {
    apiVersion: "discovery.k8s.io/v1",
    kind: "EndpointSlice",
    metadata: { name, labels: { "kubernetes.io/service-name": service } },
    addressType,
    ports,
    endpoints: endpoints.map((one) => typeof one === "string" ? pod(one) : one),
  };
}
