/**
 * Requests for WebSocket that were refused.
 *
 * @module
 */

/** Why a request was refused. */
export class RefusedRequest extends Error {
  /** What it was answered with. */
  readonly status: number;

  constructor(status: number, reason: string, cause?: unknown) {
    super(reason, cause === undefined ? undefined : { cause });
    this.name = "RefusedRequest";
    this.status = status;
  }
}
