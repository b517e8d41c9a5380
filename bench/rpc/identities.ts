/**
 * Certificates for the two processes of a bench.
 *
 * @module
 */

import { Authority, type Identity } from "../../examples/certs/authority.ts";
import type { CertifiedName } from "../../examples/certs/certified_name.ts";
import { writeIdentity } from "../../examples/certs/identity_folder.ts";
import { validFor } from "../../examples/certs/validity.ts";

/** What a node shows, and whom it believes: what the `tls` of a `Manager` takes. */
export interface NodeIdentity extends Identity {
  /** The authorities, as PEM text. */
  readonly ca: string;
}

/** The name by which the raw socket of the floor is known. */
export const FLOOR_NAME = "floor.example";

/** Long enough that no node warns of its end. */
const VALID_DAYS = 90;

/**
 * Makes a certificate for each, of an authority that is made for this and then forgotten.
 *
 * @param owners A folder for each, and the hosts' URLs that it is to speak for.
 */
export async function writeIdentities(
  owners: Readonly<Record<string, readonly string[]>>,
): Promise<void> {
  const validity = validFor(VALID_DAYS);
  const root = await Authority.createRoot("Authority of one run of a bench", validity);
  const authority = await Authority.of(root);
  for (const [folder, hosts] of Object.entries(owners)) {
    const names: CertifiedName[] = hosts.map((value) => ({ type: "uri", value }));
    names.push({ type: "dns", value: FLOOR_NAME });
    const identity = await authority.issue({ title: hosts[0] ?? folder, names, ...validity });
    await writeIdentity(folder, identity, root.cert);
  }
}
