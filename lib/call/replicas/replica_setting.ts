/**
 * What replicas need of their client.
 *
 * @module
 */

import type { DialGate } from "../../rpc/connecting/dial_gate.ts";
import type { LinkMaker } from "../../driver/link_maker.ts";
import type { ClientSettings } from "../service/client_options.ts";

/** What a client gives to its replicas. */
export interface ReplicaSetting {
  /** Its settings. */
  readonly options: ClientSettings;
  /** Makes its connections. */
  readonly links: LinkMaker;
  /** Lets its dials go a few at a time. */
  readonly gate: DialGate;
  /** Whether it takes no new calls. */
  readonly isClosing: boolean;
}
