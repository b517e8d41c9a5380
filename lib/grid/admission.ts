/**
 * Who may be a peer without being listed.
 *
 * @module
 */

import { guard, tell } from "../foreign/guard.ts";
import { about } from "../foreign/log_event.ts";
import { sentence, textOf } from "../foreign/text_of.ts";
import { RepeatedLines, times } from "../driver/repeated_lines.ts";
import { checkDiallable, type HostAddress, parseNamedHost } from "../runtime/host_address.ts";
import type { Refusal } from "../session/frames/wire_error.ts";
import type { PeerIdentity } from "../transport/channel/peer_identity.ts";
import type { HostListChange } from "./hosts/host_list.ts";
import type { NodeOptions } from "./node_options.ts";

/** So many names that were taken off the list are remembered; the oldest are forgotten first. */
const MAX_DEPARTED = 10_000;

/** What is asked of the node that admits. */
export interface AdmittingNode {
  /** This host. */
  readonly local: HostAddress;
  /** Its settings. */
  readonly options: Pick<NodeOptions, "admit" | "clock" | "logger">;
  /** Throws for an address that it has no transport for. */
  transport(address: HostAddress): unknown;
  /** Why a host may not have this identity. */
  refusal(host: string, identity: PeerIdentity | undefined): Refusal | null;
}

/** Asks the rule of option `admit`. */
export class Admission {
  readonly #node: AdmittingNode;
  readonly #failures = new RepeatedLines();
  /** Who was taken off the list: the rule is for those that are not listed yet. */
  readonly #departed = new Set<string>();

  constructor(node: AdmittingNode) {
    this.#node = node;
  }

  /** The list has changed. */
  onChange({ joined, left }: HostListChange): void {
    if (this.#node.options.admit === null) return;
    for (const name of left) this.#departed.add(name);
    for (const { name } of joined) this.#departed.delete(name.href);
    for (const oldest of this.#departed) {
      if (this.#departed.size <= MAX_DEPARTED) break;
      this.#departed.delete(oldest);
    }
  }

  /**
   * Judges a host that is not listed.
   *
   * @param name What it calls itself.
   * @param identity Who it has proven to be.
   * @returns Its URL taken apart if it may be a peer; else why not.
   */
  judge(name: string, identity: PeerIdentity | undefined): HostAddress | Refusal {
    const node = this.#node, { admit } = node.options, local = node.local.href;
    const why = `"${name}" is not among the hosts of "${local}"`;
    const refusal = { code: "NotListed", why } as const;
    if (admit === null || identity === undefined || this.#departed.has(name)) return refusal;
    const host = guard(() => {
      const parsed = parseNamedHost(name);
      checkDiallable(parsed);
      node.transport(parsed);
      return parsed.href === name ? parsed : null;
    }, () => null);
    if (host === null) {
      return { ...refusal, why: `${why}, and no host can be admitted by that name` };
    }
    const unproven = node.refusal(name, identity);
    if (unproven !== null) return unproven;
    return this.#allows(name, identity)
      ? host
      : { ...refusal, why: `${why}, and its certificate is not one that is admitted` };
  }

  /** Only `true` is good. */
  #allows(host: string, identity: PeerIdentity): boolean {
    let verdict: unknown;
    try {
      verdict = this.#node.options.admit!({ host, identity, subroute: "" });
    } catch (error) {
      this.#tellFault(host, error);
      return false;
    }
    if (typeof verdict === "boolean") return verdict;
    // An unhandled rejection of a promise would end the process.
    tell(() => verdict, () => {});
    this.#tellFault(
      host,
      new TypeError("it must return true or false, not a promise or another value"),
    );
    return false;
  }

  #tellFault(host: string, error: unknown): void {
    const { clock, logger } = this.#node.options, reason = sentence(textOf(error));
    const count = this.#failures.note(reason, clock.now());
    logger[count === 0 ? "debug" : "error"](
      `The rule of option admit failed for ${host}, which is not admitted: ${reason}${
        times(count)
      }`,
      { event: "callback_failed", what: "admit", host, count, ...about(error) },
    );
  }
}
