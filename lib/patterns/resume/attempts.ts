/**
 * When a stream that was lost is opened anew, and when no more.
 *
 * @module
 */

import { InternodeError } from "../../errors.ts";
import { tell } from "../../foreign/guard.ts";
import { isOwnError } from "../../foreign/own_error.ts";
import { hasAborted, leaveSignal, listenTo, reasonOf } from "../../foreign/signal.ts";
import { counted, messageOf, shown } from "../../foreign/text_of.ts";
import { disregard } from "../../foreign/thenable.ts";
import { BackOff, lastingMs } from "../../rpc/connecting/back_off.ts";
import { pause } from "../../runtime/pause.ts";
import type { Attempt, AttemptSettings } from "./attempt_options.ts";
import { isUsualLoss } from "./loss.ts";

/** The attempts of one resumed stream or upload; it ends once. */
export class Attempts {
  readonly #settings: AttemptSettings;
  readonly #what: string;
  readonly #backOff: BackOff;
  readonly #controller = new AbortController();
  readonly #onEnd: (reason: unknown) => void;
  #ending: { readonly error: unknown } | null = null;
  #attempt = 0;
  #begunMs = 0;
  /** Since when there has been no progress after a loss; `null`: nothing was lost since. */
  #gapSinceMs: number | null = null;

  /**
   * @param what What is resumed, for messages: `"The stream"`.
   * @param onEnd Is told once how it has ended: `undefined` for a good end. Must not throw.
   */
  constructor(settings: AttemptSettings, what: string, onEnd: (reason: unknown) => void) {
    this.#settings = settings;
    this.#what = what;
    this.#onEnd = onEnd;
    this.#backOff = new BackOff(settings.backOff, settings.random);
    listenTo(settings.signal, this, (thrown) => this.end(thrown));
    if (hasAborted(settings.signal)) this.handleEvent();
  }

  /** How many attempts were begun. */
  get count(): number {
    return this.#attempt;
  }

  /** How it has ended: `undefined` for a good end; `null`: it has not. */
  get ending(): { readonly error: unknown } | null {
    return this.#ending;
  }

  /** The user's signal has aborted. */
  handleEvent(): void {
    this.end(reasonOf(this.#settings.signal));
  }

  /** Ends it; only the first end counts. */
  end(error: unknown): void {
    if (this.#ending !== null) return;
    this.#ending = { error };
    leaveSignal(this.#settings.signal, this);
    this.#onEnd(error);
    this.#controller.abort(error);
  }

  /** An attempt begins. */
  begin(): Attempt {
    this.#begunMs = this.#settings.clock.now();
    return { attempt: ++this.#attempt, signal: this.#controller.signal };
  }

  /** Something new has come. */
  onProgress(): void {
    if (this.#gapSinceMs === null) return;
    this.#gapSinceMs = null;
    this.#backOff.reset();
  }

  /**
   * An attempt has failed. Resolves when the next one may begin, or when it
   * has ended, as after an error that is no loss.
   *
   * @param position The last one that was read or acknowledged.
   */
  async afterFailure(error: unknown, position: unknown): Promise<void> {
    if (this.#ending !== null) return;
    try {
      if (!this.#isLoss(error)) return this.end(error);
    } catch (thrown) {
      return this.end(thrown);
    }
    await this.afterLoss(error, position);
  }

  /** The same where there is no doubt that the next one may do better. */
  async afterLoss(error: unknown, position: unknown): Promise<void> {
    if (this.#ending !== null) return;
    const { clock, maxGapMs, onLoss } = this.#settings, nowMs = clock.now();
    if (this.#hasLasted(error, nowMs)) this.onProgress();
    this.#gapSinceMs ??= nowMs;
    const leftMs = this.#gapSinceMs + maxGapMs - nowMs;
    if (!(leftMs > 0)) return this.end(this.#givenUp(error, position));
    const waitMs = Math.min(this.#backOff.next(), leftMs);
    if (onLoss !== undefined) {
      tell(() => onLoss({ error, attempt: this.#attempt, position, waitMs }), () => {});
    }
    await pause(clock, waitMs, this.#controller.signal);
  }

  #isLoss(error: unknown): boolean {
    const { isLoss } = this.#settings, usually = isUsualLoss(error);
    if (isLoss === undefined) return usually;
    const verdict: unknown = isLoss(error, usually);
    disregard(verdict);
    return verdict === true;
  }

  /** Whether the attempt was one that stood for a while: not one that waited for a connection in vain. */
  #hasLasted(error: unknown, nowMs: number): boolean {
    if (isOwnError(error) && error.outcome === "notSent") return false;
    return nowMs - this.#begunMs >= lastingMs(this.#settings.backOff);
  }

  #givenUp(error: unknown, position: unknown): InternodeError {
    const after = position === undefined ? "" : `, after position ${shown(position)}`;
    const message =
      `${this.#what} could not be resumed within ${this.#settings.maxGapMs} ms${after}, ` +
      `in ${counted(this.#attempt, "attempt")}. The last one failed: ${messageOf(error)}`;
    if (!isOwnError(error)) return new InternodeError("Disconnected", message, { cause: error });
    const { code, origin, outcome, host, handler } = error;
    return new InternodeError(code, message, { origin, outcome, host, handler, cause: error });
  }
}
