/**
 * What replicas need of their client.
 *
 * @module
 */

import type { DialLimiter } from "../../rpc/connecting/dial_limiter.ts";
import type { LinkMaker } from "../../driver/link_maker.ts";
import type { FaceFigures } from "../../rpc/metering/face_figures.ts";
import type { ClientSettings } from "../service/client_options.ts";

/** What replicas need of their client. */
export interface ReplicaSetting {
  /** Its settings. */
  readonly options: ClientSettings;
  /** Makes its connections. */
  readonly links: LinkMaker;
  /** Limits how many of its dials are under way. */
  readonly dialLimiter: DialLimiter;
  /** Counts calls, if anybody wants that. */
  readonly figures: FaceFigures;
  /** Whether it accepts no new calls. */
  readonly isClosing: boolean;
}
