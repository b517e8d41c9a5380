/**
 * What a resolver of a Kubernetes service is made from.
 *
 * @module
 */

import type { Logger } from "../../rpc/contract/logger.ts";
import type { Clock, Random } from "../../runtime/clock.ts";
import { authority } from "../../runtime/host_address.ts";
import { messageOf, shown } from "../../foreign/text_of.ts";
import { thisPlatform } from "../../runtime/this_platform.ts";
import type { Endpoint } from "../../transport/channel/endpoint.ts";
import { baseUrl } from "../http/base_url.ts";
import { invalidOption } from "../resolver/option_checks.ts";
import type { ShrinkOptions } from "../resolver/shrink_guard.ts";
import type { IpFamily } from "./endpoint_slice.ts";
import { isLabel } from "./service_account.ts";

/** What Kubernetes says of one endpoint beside its address. */
export interface KubernetesPod {
  /** The pod's name. */
  readonly name?: string | undefined;
  /** Its host name within the service: pods of a StatefulSet have one. */
  readonly hostname?: string | undefined;
  /** The node that it runs on. */
  readonly node?: string | undefined;
  /** The zone whose clients it is for: that of the hint, if there is one, else its own. */
  readonly zone?: string | undefined;
}

/** How a service's endpoints are looked up. */
export interface KubernetesResolverOptions extends ShrinkOptions {
  /** The name of the Service. */
  readonly service: string;
  /** Its namespace. Default: that of the pod in which this runs. */
  readonly namespace?: string | undefined;
  /** The name of the Service's port, or the number of the port at which the pods listen. Default: the only TCP port that the Service has. */
  readonly port?: string | number | undefined;
  /** Which addresses of dual-stack pods are used. A pod counts once in any case. Default: IPv4 if the Service has endpoints of that kind, else IPv6. */
  readonly ipFamily?: IpFamily | undefined;
  /** The API server's URL. To one that begins with `http://`, as that of `kubectl proxy`, no token is sent. Default: that of the cluster in which this runs, from `KUBERNETES_SERVICE_HOST` and `KUBERNETES_SERVICE_PORT`. */
  readonly apiServer?: string | undefined;
  /** Where the service account's files are: `token`, `ca.crt` and `namespace`. Default: `/var/run/secrets/kubernetes.io/serviceaccount`. */
  readonly serviceAccountFolder?: string | undefined;
  /** How long one answer of the API server may take, in milliseconds. Default: 10,000. */
  readonly requestTimeoutMs?: number | undefined;
  /** For how long the watch may be silent before it is begun anew on a new connection, in milliseconds: so long a watch may be dead without a sign. An API server sends something once a minute. Default: 90,000. */
  readonly refreshMs?: number | undefined;
  /** Makes the endpoint of an `ip:port`, or `[ipv6]:port`; throws if it cannot. Default: `tcp`. */
  readonly makeEndpoint?: ((address: string, pod: KubernetesPod) => Endpoint) | undefined;
  /** Where trouble is told. Default: the console, quiet below warnings. */
  readonly logger?: Logger | undefined;
  /** Where time comes from. Default: the system. */
  readonly clock?: Clock | undefined;
  /** The source of random numbers. Default: the system. */
  readonly random?: Random | undefined;
}

/** Whose options these are, for errors. */
export const OWNER = "kubernetesResolver";

/**
 * Checks the names of service and namespace, the port and the family.
 *
 * @throws {InternodeError} `InvalidArgument`, naming the option.
 */
export function checkChoice(options: KubernetesResolverOptions): void {
  const { service, namespace, port, ipFamily } = options;
  const rule = 'must be a name of Kubernetes, such as "cache"';
  if (!isLabel(service)) throw invalidOption(OWNER, "service", `${rule}, not ${shown(service)}`);
  if (namespace !== undefined && !isLabel(namespace)) {
    throw invalidOption(OWNER, "namespace", `${rule}, not ${shown(namespace)}`);
  }
  const isPort = typeof port === "number"
    ? Number.isInteger(port) && port > 0 && port <= 65_535
    : port === undefined || isLabel(port);
  if (!isPort) {
    throw invalidOption(
      OWNER,
      "port",
      `must be a port's name or a number from 1 to 65535, not ${shown(port)}`,
    );
  }
  if (ipFamily !== undefined && ipFamily !== "IPv4" && ipFamily !== "IPv6") {
    throw invalidOption(OWNER, "ipFamily", `must be "IPv4" or "IPv6", not ${shown(ipFamily)}`);
  }
}

/**
 * Gives the API server's URL, without a slash at its end.
 *
 * @throws {InternodeError} `InvalidArgument` for one that makes no sense, or if there is none as this is no pod.
 */
export function apiServerUrl({ apiServer }: KubernetesResolverOptions): string {
  if (apiServer !== undefined) {
    return baseUrl(
      apiServer,
      "https://10.0.0.1:6443",
      (url, why) => invalidOption(OWNER, "apiServer", `is ${url}, but ${why}`),
    );
  }
  const host = variable("KUBERNETES_SERVICE_HOST");
  const port = variable("KUBERNETES_SERVICE_PORT");
  return baseUrl(
    `https://${authority(host, Number(port))}`,
    "https://10.0.0.1:443",
    (url, why) => invalidOption(OWNER, "apiServer", `is ${url} by the environment, but ${why}`),
  );
}

function variable(name: string): string {
  let value: string | undefined;
  try {
    value = thisPlatform().env(name);
  } catch (error) {
    throw invalidOption(
      OWNER,
      "apiServer",
      `is left out, and ${name} may not be read: ${messageOf(error)}. Allow it with ` +
        "--allow-env=KUBERNETES_SERVICE_HOST,KUBERNETES_SERVICE_PORT",
    );
  }
  if (value !== undefined && value !== "") return value;
  throw invalidOption(
    OWNER,
    "apiServer",
    `is left out, but ${name} is not set: this program does not run in a pod. Give the URL`,
  );
}
