/**
 * Authenticators of users, which may fail like all user code.
 *
 * @module
 */

import { InternodeError, invalidArgument } from "../../errors.ts";
import { guard, tell } from "../../foreign/guard.ts";
import { about, type EventLogger } from "../../foreign/log_event.ts";
import { sentence, textOf } from "../../foreign/text_of.ts";
import type { Clock } from "../../runtime/clock.ts";
import { RepeatedLines, times } from "../../driver/repeated_lines.ts";
import type { Authenticator, TokenVerdict } from "../../session/frames/authenticator.ts";

const METHODS = ["prove", "verify", "token", "checkToken"] as const;

/**
 * Wraps a user's authenticator. Only the documented result accepts a peer. A
 * promise, any other value or an error refuses it and is logged, and the peer
 * learns nothing more. `null` without an authenticator.
 *
 * @throws {InternodeError} `InvalidArgument` if it lacks a method.
 */
export function authenticatorOf(
  given: Authenticator | undefined,
  logger: EventLogger,
  clock: Pick<Clock, "now">,
): Authenticator | null {
  if (given === undefined) return null;
  if (given instanceof GuardedAuthenticator) return given;
  const missing = METHODS.find((name) =>
    guard(() => typeof given[name] !== "function", () => true)
  );
  if (missing === undefined) return new GuardedAuthenticator(given, logger, clock);
  throw invalidArgument(
    `Option auth has no method ${missing}. Give the result of sharedSecret, or an Authenticator.`,
  );
}

class GuardedAuthenticator implements Authenticator {
  readonly #inner: Authenticator;
  readonly #logger: EventLogger;
  readonly #clock: Pick<Clock, "now">;
  /** Every client can cause a call of it, so failures are logged once. */
  readonly #lines = new RepeatedLines();

  constructor(inner: Authenticator, logger: EventLogger, clock: Pick<Clock, "now">) {
    this.#inner = inner;
    this.#logger = logger;
    this.#clock = clock;
  }

  prove(
    role: "dialler" | "acceptor",
    transcript: Uint8Array,
    peer?: string,
  ): Uint8Array<ArrayBuffer> {
    const proof = this.#ask("prove", () => this.#inner.prove(role, transcript, peer), readProof);
    return proof ?? refuse("prove that it knows the secret");
  }

  verify(
    role: "dialler" | "acceptor",
    transcript: Uint8Array,
    proof: Uint8Array,
    peer?: string,
  ): boolean {
    const ask = (): unknown => this.#inner.verify(role, transcript, proof, peer);
    return this.#ask("verify", ask, readBoolean) ?? refuse("judge the peer's proof");
  }

  /** Failures of both are not told: the proofs follow, and what fails is told there. */
  seal(hello: Uint8Array, peer: string): Uint8Array<ArrayBuffer> | null {
    return this.#try(() => this.#inner.seal?.(hello, peer), readProof) ?? null;
  }

  checkSeal(hello: Uint8Array, seal: Uint8Array, peer: string): boolean {
    return this.#try(() => this.#inner.checkSeal?.(hello, seal, peer), readBoolean) ?? false;
  }

  token(local: string, remote: string, wallNowMs: number): string {
    const ask = (): unknown => this.#inner.token(local, remote, wallNowMs);
    return this.#ask("token", ask, readText) ?? refuse("make a token");
  }

  checkToken(token: string | null, local: string, wallNowMs: number): TokenVerdict {
    const ask = (): unknown => this.#inner.checkToken(token, local, wallNowMs);
    const verdict = this.#ask("checkToken", ask, readVerdict);
    return verdict ?? { refusal: "this side could not judge the token; its log says why" };
  }

  /** Calls a method that may be absent. */
  #try<T>(call: () => unknown, read: (answer: unknown) => T | undefined): T | undefined {
    return guard(() => {
      const answer = call(), understood = read(answer);
      if (understood === undefined) tell(() => answer, () => {});
      return understood;
    }, () => undefined);
  }

  /** Calls a method. An invalid result is logged, and replaced by `undefined`. */
  #ask<T>(
    method: (typeof METHODS)[number],
    call: () => unknown,
    read: (answer: unknown) => T | undefined,
  ): T | undefined {
    let failure: unknown = new TypeError("it returned an undocumented value");
    try {
      const answer = call(), understood = read(answer);
      if (understood !== undefined) return understood;
      // It may be a promise, whose unhandled rejection would end the process.
      tell(() => answer, () => {});
    } catch (thrown) {
      failure = thrown;
    }
    const count = this.#lines.note(`${method}: ${textOf(failure)}`, this.#clock.now());
    this.#logger[count > 0 ? "error" : "debug"](
      `The authenticator failed in ${method}, so the connection is refused: ` +
        sentence(textOf(failure)) + times(count),
      { event: "authenticator_failed", what: method, count, ...about(failure) },
    );
    return undefined;
  }
}

function readProof(answer: unknown): Uint8Array<ArrayBuffer> | undefined {
  return answer instanceof Uint8Array ? new Uint8Array(answer) : undefined;
}

function readBoolean(answer: unknown): boolean | undefined {
  return typeof answer === "boolean" ? answer : undefined;
}

function readText(answer: unknown): string | undefined {
  return typeof answer === "string" ? answer : undefined;
}

/** A claim is taken when it is whole: what it says is remembered. */
function readVerdict(answer: unknown): TokenVerdict | undefined {
  if (typeof answer !== "object" || answer === null) return undefined;
  const { refusal, name, id, issuedMs, expiresMs } = answer as Readonly<Record<string, unknown>>;
  if (refusal !== undefined) return typeof refusal === "string" ? { refusal } : undefined;
  if (typeof name !== "string" || typeof id !== "string") return undefined;
  if (!Number.isFinite(issuedMs) || !Number.isFinite(expiresMs)) return undefined;
  return { name, id, issuedMs: issuedMs as number, expiresMs: expiresMs as number };
}

function refuse(what: string): never {
  throw new InternodeError("Unauthenticated", `This side could not ${what}; its log says why.`);
}
