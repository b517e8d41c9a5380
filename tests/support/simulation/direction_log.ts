/**
 * Notices connections that were made in the wrong direction.
 *
 * @module
 */

import { dials } from "../../../lib/grid/dialler.ts";
import { type LogLine, QuietLogger } from "../log/quiet.ts";

/**
 * The logger of a simulated node. Of two hosts only one makes connections; those
 * by which the other one makes itself known are refused, and so never open.
 */
export class DirectionLog extends QuietLogger {
  readonly #local: string;
  readonly #onWrong: (what: string) => void;

  /**
   * @param local The node's host.
   * @param onWrong Is told of a connection that the wrong one has made.
   */
  constructor(local: string, onWrong: (what: string) => void) {
    super();
    this.#local = local;
    this.#onWrong = onWrong;
  }

  override debug(text: string, fields: LogLine["fields"] = {}): void {
    super.debug(text, fields);
    this.#look(text, fields);
  }

  override info(text: string, fields: LogLine["fields"] = {}): void {
    super.info(text, fields);
    this.#look(text, fields);
  }

  #look(text: string, { event, host, remote }: LogLine["fields"]): void {
    if (event !== "peer_up") return;
    // Accepted channels have a number behind the dialler's URL.
    const hasDialled = remote === host;
    if (dials(this.#local, String(host)) === hasDialled) return;
    this.#onWrong(`${text} It was to ${hasDialled ? "be dialled" : "dial"}, at ${remote}.`);
  }
}
