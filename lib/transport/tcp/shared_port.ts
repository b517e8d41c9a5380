/**
 * Several listeners at one port.
 *
 * @module
 */

import { type InternodeError, invalidArgument } from "../../errors.ts";
import type { HostAddress } from "../../runtime/host_address.ts";
import { IS_WINDOWS } from "../../runtime/platform/operating_system.ts";
import { thisPlatform } from "../../runtime/this_platform.ts";

/** The schemes whose listeners have a port. */
const WITH_PORTS = new Set(["tcp", "tls", "ws", "wss"]);

/**
 * Why an address cannot be shared by several listeners (`SO_REUSEPORT`).
 *
 * @param address The address.
 * @returns An error of code `InvalidArgument` that says what to do; `null` if it can be shared.
 */
export function sharingProblem(address: HostAddress): InternodeError | null {
  if (!WITH_PORTS.has(address.scheme)) {
    return problem(address, `${address.scheme} has no ports. Give each an address of its own`);
  }
  if (IS_WINDOWS) {
    return problem(address, "this system shares no ports. Give each a port of its own");
  }
  const { sharingProblem } = thisPlatform();
  return sharingProblem === null ? null : problem(address, sharingProblem);
}

function problem({ href }: HostAddress, why: string): InternodeError {
  return invalidArgument(`Several listeners cannot share ${href}: ${why}.`, { host: href });
}
