/**
 * Certificates for the nodes of one run.
 *
 * @module
 */

import { Authority } from "../../certs/authority.ts";
import { hostSubject } from "../../certs/certified_name.ts";
import { writeIdentity } from "../../certs/identity_folder.ts";
import { validFor } from "../../certs/validity.ts";
import { nodeFolder, WATCHER, watcherFolder } from "./folders.ts";

/** The longest run takes one day, and tools warn of certificates that end within a week. */
const VALID_DAYS = 9;

/**
 * Gives each node a certificate of an authority that is made for this run, and
 * whose key is nowhere but here. As all nodes are on one machine, a certificate
 * bears the URL of its node and no name: no node can pass as another.
 *
 * @param folder The folder of the run; each node finds its own files in its own folder.
 * @param hosts Where the nodes are reached.
 */
export async function writeCertificates(folder: string, hosts: readonly string[]): Promise<void> {
  const validity = validFor(VALID_DAYS);
  const root = await Authority.createRoot("Authority of one run of the lock service", validity);
  const authority = await Authority.of(root);
  for (const [node, host] of hosts.entries()) {
    const { title, names } = hostSubject(host);
    const identity = await authority.issue({ title, names: names.slice(-1), ...validity });
    await writeIdentity(nodeFolder(folder, node), identity, root.cert);
  }
  const names = [{ type: "dns", value: WATCHER }] as const;
  const watcher = await authority.issue({ title: WATCHER, names, ...validity });
  await writeIdentity(watcherFolder(folder), watcher, root.cert);
}
