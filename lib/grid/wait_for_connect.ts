/**
 * Waiting for a connection.
 *
 * @module
 */

import { InternodeError } from "../errors.ts";
import { checkSignal, leaveSignal, listenTo, reasonOf, throwIfAborted } from "../foreign/signal.ts";
import { shown, textOf } from "../foreign/text_of.ts";
import type { Clock } from "../runtime/clock.ts";
import { invalidOption, optionsOf } from "../foreign/option_checks.ts";
import type { GridPeer } from "./grid_peer.ts";
import { notListed } from "./peer_errors.ts";

/** How to wait. */
export interface WaitOptions {
  /** How long at most, in milliseconds. Default: 30,000. */
  readonly timeoutMs?: number | undefined;
  /** Ends the waiting when it aborts, with its reason. Default: none. */
  readonly signal?: AbortSignal | undefined;
}

/** What is waited for. */
export interface Awaited {
  /** Whether it has come about; an error: it never will. */
  look(): boolean | InternodeError;
  /** Calls back when there may be something to see; the function returned ends that. */
  listen(look: () => void): () => void;
  /** What waiting fails with when the time is up. */
  late(timeoutMs: number): InternodeError;
}

/** Resolves once the peer is connected. */
export function untilConnected(
  peer: GridPeer,
  clock: Clock,
  options: WaitOptions,
): Promise<void> {
  const failure = (code: "Closed" | "Unreachable", why: string): InternodeError =>
    failed(code, `No connection to ${peer.host}: ${why}.`, peer.reconnector.lastFailure, peer.host);
  return until(clock, options, {
    look: () => {
      if (peer.state === "connected") return true;
      if (peer.hasLeft) return notListed(peer);
      return peer.state === "closed" && failure("Closed", "this manager is closed");
    },
    listen: (look) => {
      const forget = peer.onStateChange(look), release = peer.need();
      return () => {
        forget();
        release();
      };
    },
    late: (timeoutMs) => failure("Unreachable", `none was made within ${timeoutMs} ms`),
  });
}

/** Why what was waited for did not come about. */
export function failed(
  code: "Closed" | "Unreachable",
  text: string,
  cause: unknown,
  host?: string,
): InternodeError {
  const reason = cause === null || cause === undefined ? "" : ` The last failure: ${textOf(cause)}`;
  return new InternodeError(code, text + reason, { origin: "network", host, cause });
}

/** Waits for something. */
export async function until(clock: Clock, options: WaitOptions, awaited: Awaited): Promise<void> {
  const { timeoutMs = 30_000, signal } = optionsOf("waitForConnect", options);
  checkSignal(signal);
  if (typeof timeoutMs !== "number" || !(timeoutMs >= 0)) {
    throw invalidOption("timeoutMs", `must be a number of 0 or more, not ${shown(timeoutMs)}`);
  }
  throwIfAborted(signal);
  if (awaited.look() === true) return;
  await new Promise<void>((resolve, reject) => {
    const end = (error: unknown): void => {
      clock.clearTimer(timer);
      forget();
      leaveSignal(signal, onAbort);
      if (error === undefined) resolve();
      else reject(error);
    };
    const onAbort = (): void => end(reasonOf(signal));
    const look = (): void => {
      const seen = awaited.look();
      if (seen !== false) end(seen === true ? undefined : seen);
    };
    const timer = clock.setTimer(timeoutMs, () => end(awaited.late(timeoutMs)));
    const forget = awaited.listen(look);
    listenTo(signal, onAbort, (thrown) => end(thrown ?? null));
    look();
  });
}
