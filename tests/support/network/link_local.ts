/**
 * An address of this machine that holds on one network only.
 *
 * @module
 */

import { NET } from "../permitted.ts";

/** Such an address with the interface it is on; `undefined` if there is none, or looking is not allowed. */
export const LINK_LOCAL: { readonly ip: string; readonly zone: string } | undefined = find();

function find(): { ip: string; zone: string } | undefined {
  const looking = Deno.permissions.querySync({ name: "sys", kind: "networkInterfaces" });
  if (!NET || looking.state !== "granted") return undefined;
  const found = Deno.networkInterfaces().find(({ address }) => /^fe80:/i.test(address));
  return found && { ip: found.address, zone: found.name };
}
