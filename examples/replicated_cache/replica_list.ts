/**
 * Where replicas are listed, so that clients find them.
 *
 * @module
 */

import { etcdResolver, register } from "@internode/grid/etcd";
import { fileResolver, type Resolver } from "@internode/grid/call";
import type { Logger } from "@internode/grid";
import { ListedLine } from "./listed_line.ts";

/** A prefix in etcd, or a file with one replica a line. */
export type ReplicaList =
  | { readonly kind: "etcd"; readonly urls: readonly string[]; readonly prefix: string }
  | { readonly kind: "file"; readonly path: string };

/** So long a replica that was killed stays in etcd. */
const TTL_SECONDS = 5;

/** What a client follows. */
export function resolverOf(list: ReplicaList, logger: Logger): Resolver {
  return list.kind === "etcd"
    ? etcdResolver({ urls: list.urls, prefix: list.prefix, logger })
    : fileResolver({ path: list.path, logger });
}

/**
 * Lists a replica, which must listen already.
 *
 * @returns Takes it off the list, which must happen before it stops listening.
 */
export function enlist(list: ReplicaList, address: string): Promise<AsyncDisposable> {
  if (list.kind === "file") return ListedLine.write(list.path, address);
  const { urls, prefix } = list;
  return register(address, { urls, prefix, ttlSeconds: TTL_SECONDS });
}
