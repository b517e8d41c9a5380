/**
 * Waiting for a connection.
 *
 * @module
 */

import { InternodeError } from "../errors.ts";
import { hasAborted, leaveSignal, listenTo, reasonOf, signalProblem } from "../foreign/signal.ts";
import { shown, textOf } from "../foreign/text_of.ts";
import type { Clock } from "../runtime/clock.ts";
import { invalidOption } from "../rpc/connecting/connection_options.ts";
import type { GridPeer } from "./grid_peer.ts";

/** How to wait. */
export interface WaitOptions {
  /** How long at most, in milliseconds. Default: 30,000. */
  readonly timeoutMs?: number | undefined;
  /** Ends the waiting when it aborts, with its reason. Default: none. */
  readonly signal?: AbortSignal | undefined;
}

/** Resolves once the peer is connected. */
export function untilConnected(
  peer: GridPeer,
  clock: Clock,
  options: WaitOptions,
): Promise<void> {
  const { timeoutMs = 30_000, signal } = options;
  const problem = signal === undefined ? null : signalProblem(signal);
  if (problem !== null) return Promise.reject(problem);
  if (typeof timeoutMs !== "number" || !(timeoutMs >= 0)) {
    return Promise.reject(
      invalidOption("timeoutMs", `must be a number of 0 or more, not ${shown(timeoutMs)}`),
    );
  }
  if (hasAborted(signal)) return Promise.reject(reasonOf(signal));
  if (peer.state === "connected") return Promise.resolve();
  return new Promise((resolve, reject) => {
    const end = (error: unknown): void => {
      clock.clearTimer(timer);
      forget();
      leaveSignal(signal, onAbort);
      if (error === undefined) resolve();
      else reject(error);
    };
    const onAbort = (): void => end(reasonOf(signal));
    const check = (): void => {
      if (peer.state === "connected") end(undefined);
      if (peer.state === "closed") end(failure("Closed", "this manager is closed"));
    };
    const failure = (code: "Closed" | "Unreachable", why: string): InternodeError => {
      const { host, reconnector: { lastFailure: cause } } = peer;
      const reason = cause === null || cause === undefined
        ? ""
        : ` The last failure: ${textOf(cause)}`;
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
    const forget = peer.onStateChange(check);
    listenTo(signal, onAbort, (thrown) => end(thrown ?? null));
    check();
  });
}
