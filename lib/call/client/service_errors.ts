/**
 * Failures that only calls to services have.
 *
 * @module
 */

import { InternodeError } from "../../errors.ts";
import type { ReplicaSet } from "../replicas/replica_set.ts";

/** No replica could take a call in time. */
export function unreachableError(method: string, replicas: ReplicaSet): InternodeError {
  return new InternodeError(
    "Unreachable",
    `${method}: no replica could take the call in time; ${replicas.describe()}. ` +
      "Check that the service runs and that the resolver lists it, or allow more time.",
    { origin: "network", outcome: "notSent", handler: method },
  );
}

/** The client takes no more calls. */
export function closedError(method: string | undefined): InternodeError {
  return new InternodeError(
    "Closed",
    `${method === undefined ? "" : `${method}: `}this client is closed.`,
    { origin: "local", outcome: "notSent", handler: method },
  );
}
