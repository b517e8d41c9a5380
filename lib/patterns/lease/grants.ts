/**
 * What one voter has granted.
 *
 * @module
 */

import { quoted } from "../../foreign/plain_text.ts";
import { counted } from "../../foreign/text_of.ts";

/** The most grants that stand at a time, and the most names that are kept. */
const MAX_GRANTS = 16_384;
/** How much of a holder's name a refusal shows. */
const HOLDER_LENGTH = 300;

/** What a voter has granted to one holder. */
export interface Grant {
  readonly isShared: boolean;
  /** The highest token that was known when it was granted: its own has to be above. */
  readonly floor: number;
  /** Until when it stands, by the voter's clock. */
  untilMs: number;
}

/** The grants of one name: one that is not shared, or any number that are. */
interface NameGrants {
  readonly holders: Map<string, Grant>;
  /** Until when nobody else may share it, as somebody waits to have it alone. */
  turnUntilMs: number;
}

/**
 * Grants by name and holder. Two of one name stand at one time only if both
 * are shared: {@linkcode Grants.conflict} says so before one is set.
 */
export class Grants {
  readonly #names = new Map<string, NameGrants>();
  #count = 0;

  /** What this holder has; `undefined`: nothing, or what it had has run out. */
  get(name: string, holder: string, nowMs: number): Grant | undefined {
    const grant = this.#names.get(name)?.holders.get(holder);
    return grant === undefined || grant.untilMs <= nowMs ? undefined : grant;
  }

  /** Why this holder cannot have it besides the others, for people; `""`: it can. */
  conflict(name: string, holder: string, isShared: boolean, nowMs: number): string {
    const named = this.#names.get(name);
    if (named === undefined) return "";
    for (const [other, { isShared: isOtherShared, untilMs }] of named.holders) {
      if (untilMs <= nowMs) this.#remove(name, named, other);
      else if (other === holder) continue;
      // All others are as this one: see the class.
      else if (isShared && isOtherShared) return "";
      else return isOtherShared ? shares(other, named) : `${quoted(other, HOLDER_LENGTH)} has it`;
    }
    return "";
  }

  /** Whether somebody waits to have it alone, so that nobody else may share it now. */
  isTurnOfOne(name: string, nowMs: number): boolean {
    return (this.#names.get(name)?.turnUntilMs ?? -Infinity) > nowMs;
  }

  /** Whether those who have it share it. */
  isShared(name: string): boolean {
    const [grant] = this.#names.get(name)?.holders.values() ?? [];
    return grant?.isShared === true;
  }

  /** Lets nobody else share it until then; it is granted to somebody. */
  keepForOne(name: string, untilMs: number): void {
    const named = this.#names.get(name);
    if (named !== undefined) named.turnUntilMs = Math.max(untilMs, named.turnUntilMs);
  }

  /** Whoever waited has had its turn; it is granted to somebody. */
  endTurn(name: string): void {
    const named = this.#names.get(name);
    if (named !== undefined) named.turnUntilMs = -Infinity;
  }

  /** Whether there is room for one more; drops what has run out if that makes some. */
  hasRoom(nowMs: number): boolean {
    if (this.#hasRoom()) return true;
    for (const [name, named] of this.#names) {
      for (const [holder, { untilMs }] of named.holders) {
        if (untilMs <= nowMs) this.#remove(name, named, holder);
      }
      if (named.holders.size === 0 && named.turnUntilMs <= nowMs) this.#names.delete(name);
    }
    return this.#hasRoom();
  }

  /** Takes down what was granted. */
  set(name: string, holder: string, grant: Grant): void {
    let named = this.#names.get(name);
    if (named === undefined) {
      this.#names.set(name, named = { holders: new Map(), turnUntilMs: -Infinity });
    }
    if (!named.holders.has(holder)) this.#count++;
    named.holders.set(holder, grant);
  }

  /** Forgets a grant; one that is not there is no error. */
  delete(name: string, holder: string): void {
    const named = this.#names.get(name);
    if (named !== undefined) this.#remove(name, named, holder);
  }

  /** Forgets all. */
  clear(): void {
    this.#names.clear();
    this.#count = 0;
  }

  #hasRoom(): boolean {
    return this.#count < MAX_GRANTS && this.#names.size < MAX_GRANTS;
  }

  #remove(name: string, named: NameGrants, holder: string): void {
    if (!named.holders.delete(holder)) return;
    this.#count--;
    if (named.holders.size === 0 && named.turnUntilMs === -Infinity) this.#names.delete(name);
  }
}

function shares(holder: string, { holders: { size } }: NameGrants): string {
  const who = quoted(holder, HOLDER_LENGTH);
  return size === 1 ? `${who} shares it` : `${who} and ${counted(size - 1, "other")} share it`;
}
