/**
 * Where claims stand in etcd.
 *
 * @module
 */

import { invalidArgument } from "../../errors.ts";
import { quoted } from "../../foreign/plain_text.ts";

/** After the common start, keys of shared claims and of those who wait begin with these. */
const SHARED = "/shared/", WAITING = "/waiting/";

/** The keys of one name. */
export interface ClaimKeys {
  /** That of a claim which is not shared. */
  readonly alone: string;
  /** What the keys of shared claims begin with; ends with a slash. */
  readonly shared: string;
  /** What the keys of those who wait to have it alone begin with; ends with a slash. */
  readonly waiting: string;
}

/**
 * Gives the keys of a name: `leases/x`, and for shared claims and those who
 * wait `leases//shared/1:x/…` and `leases//waiting/1:x/…`. The name's length
 * stands before it so that no name's keys begin with those of another one.
 *
 * @param start The common start, which ends with a slash.
 * @throws {InternodeError} `InvalidArgument` for a name whose key would be among those.
 */
export function claimKeys(start: string, name: string): ClaimKeys {
  if (name.startsWith(SHARED) || name.startsWith(WAITING)) {
    throw invalidArgument(
      `A lease in etcd cannot be named ${
        quoted(name)
      }: ${SHARED} and ${WAITING} are for shared ones.`,
    );
  }
  const marked = `${name.length}:${name}/`;
  return {
    alone: start + name,
    shared: start + SHARED + marked,
    waiting: start + WAITING + marked,
  };
}
