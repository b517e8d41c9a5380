/**
 * What the help says of contexts.
 *
 * @module
 */

import type { Row } from "../arguments/help.ts";

/** What stands left, and what is said of it. */
export const CONTEXT_HELP: readonly Row[] = [
  ["HOST…", "the URLs of nodes and servers: tcp://10.0.0.1:9000, tls://…, wss://…, unix:///…"],
  [
    "--context NAME",
    "a file of options: NAME.json in ~/.config/internode (or $XDG_CONFIG_HOME/internode), or a path; also by INTERNODE_CONTEXT; else the one named default, if there is one",
  ],
  [
    "INTERNODE_SECRET",
    "the secret that the hosts share; or INTERNODE_SECRET_FILE, or --secret-file",
  ],
];
