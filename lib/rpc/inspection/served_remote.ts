/**
 * What is known of a server's client, or of a node's guest.
 *
 * @module
 */

import type { ServedConnection } from "../serving/served_connection.ts";
import { linkFacts } from "./face_inspection.ts";
import type { Remote } from "./inspection.ts";

/** What is known of a client or guest. */
export function servedRemote({ client, link, running }: ServedConnection): Remote {
  const stats = client.stats();
  return {
    host: client.host,
    state: stats.state,
    ...linkFacts(link),
    runningHandlers: running,
    replica: null,
    stats,
  };
}
