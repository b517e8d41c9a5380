/**
 * Certificates for the two processes of a bench.
 *
 * @module
 */

import { Authority } from "../../examples/certs/authority.ts";
import type { CertifiedName } from "../../examples/certs/certified_name.ts";
import { validFor } from "../../examples/certs/validity.ts";
import { FLOOR_NAME, type NodeIdentity } from "./identity.ts";

/** Long enough that no node warns of its end. */
const VALID_DAYS = 90;

/**
 * Makes a certificate for each, of an authority that is made for this and then forgotten.
 *
 * @param owners For each the hosts' URLs that it is to speak for.
 * @returns The identity of each.
 */
export async function makeIdentities(
  owners: readonly (readonly string[])[],
): Promise<NodeIdentity[]> {
  const validity = validFor(VALID_DAYS);
  const root = await Authority.createRoot("Authority of one run of a bench", validity);
  const authority = await Authority.of(root);
  return await Promise.all(owners.map(async (hosts) => {
    const names: CertifiedName[] = hosts.map((value) => ({ type: "uri", value }));
    names.push({ type: "dns", value: FLOOR_NAME });
    const { cert, key } = await authority.issue({ title: hosts[0]!, names, ...validity });
    return { cert, key, ca: root.cert };
  }));
}
