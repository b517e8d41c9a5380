/**
 * Waiting for a connection.
 *
 * @module
 */

import { InternodeError } from "../errors.ts";
import { textOf } from "../foreign/text_of.ts";
import type { Clock } from "../net/clock.ts";
import type { Peering } from "./peering.ts";

/** How to wait. */
export interface WaitOptions {
  /** How long at most, in milliseconds. Default: 30,000. */
  readonly timeoutMs?: number | undefined;
  /** Ends the waiting when it aborts, with its reason. Default: none. */
  readonly signal?: AbortSignal | undefined;
}

/** Resolves once the peering is connected. */
export function untilConnected(
  peering: Peering,
  clock: Clock,
  options: WaitOptions,
): Promise<void> {
  const { timeoutMs = 30_000, signal } = options;
  if (signal?.aborted === true) return Promise.reject(signal.reason);
  if (peering.state === "connected") return Promise.resolve();
  return new Promise((resolve, reject) => {
    const end = (error: unknown): void => {
      clock.clearTimer(timer);
      forget();
      signal?.removeEventListener("abort", onAbort);
      if (error === undefined) resolve();
      else reject(error);
    };
    const onAbort = (): void => end(signal!.reason);
    const check = (): void => {
      if (peering.state === "connected") end(undefined);
      if (peering.state === "closed") end(failure("Closed", "this manager is closed"));
    };
    const failure = (code: "Closed" | "Unreachable", why: string): InternodeError => {
      const { host, lastFailure: cause } = peering;
      const reason = cause === null || cause === undefined ? "" : ` Last of all: ${textOf(cause)}`;
      return new InternodeError(code, `No connection to ${host}: ${why}.${reason}`, {
        origin: "network",
        host,
        cause,
      });
    };
    const timer = clock.setTimer(
      timeoutMs,
      () => end(failure("Unreachable", `none was made within ${timeoutMs} ms`)),
    );
    const forget = peering.onStateChange(check);
    signal?.addEventListener("abort", onAbort);
    check();
  });
}
