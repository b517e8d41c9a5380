/**
 * Several listeners at one port.
 *
 * @module
 */

import { type InternodeError, invalidArgument } from "../../errors.ts";
import type { HostAddress } from "../../runtime/host_address.ts";
import { IS_WINDOWS } from "../../runtime/operating_system.ts";

/** The flag without which the runtime ends the whole process instead of sharing a port. */
const FLAG = "--unstable-net";
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
  if (mayShare()) return null;
  return problem(
    address,
    `Deno allows it only with ${FLAG}. Start this program with that flag (or with ` +
      `"unstable": ["net"] in its deno.json), or give each a port of its own`,
  );
}

/** Whether the flag was given: asking for the option itself would end the process. */
function mayShare(): boolean {
  return "listenDatagram" in Deno;
}

function problem({ href }: HostAddress, why: string): InternodeError {
  return invalidArgument(`Several listeners cannot share ${href}: ${why}.`, { host: href });
}
