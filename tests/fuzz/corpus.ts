/**
 * Runs that are worth beginning from: what was found once, and conversations of the vectors.
 *
 * @module
 */

import conversations from "../vectors/conversations.json" with { type: "json" };
import stored from "./corpus/cases.json" with { type: "json" };
import {
  type FuzzCase,
  loadCase,
  type Setup,
  step,
  storeCase,
  type StoredCase,
} from "./fuzz_case.ts";

/** A run with a name. */
export interface KnownCase extends FuzzCase {
  readonly name: string;
  readonly target: string;
}

/** The setup of a session where a case does not say otherwise; the vectors' conversations take it for granted. */
export const DEFAULT_SETUP: Setup = {
  role: "acceptor",
  auth: false,
  envelope: false,
  checksum: false,
  endTurns: false,
  callsOn: false,
  pieceBytes: 1_000,
  budget: 134_217_728,
  maxMessage: 104_857_600,
  maxFragment: 65_536,
  maxCalls: 65_536,
  streamBudget: 1_048_576,
  sendBudget: 1_048_576,
  maxSend: 10_000,
  peerBudget: 134_217_728,
  peerMaxMessage: 104_857_600,
  peerMaxFragment: 65_536,
  peerMaxCalls: 65_536,
};

/** What the dialler says in the vectors, as far as it needs no secret and no envelopes. */
function spoken(): KnownCase[] {
  return conversations.filter(({ bytes, secret }) => !bytes && secret === null).map((
    { name, turns },
  ) => ({
    name: `vector: ${name}`,
    target: "session",
    setup: DEFAULT_SETUP,
    steps: turns.map(({ from, hex }) =>
      from === "dialler"
        ? step("batch", { bytes: Uint8Array.fromHex(hex) })
        : step("drain", { a: 1 })
    ),
  }));
}

/** A case as it stands in the file: of a session's setup only what differs from the usual. */
export function storable({ name, target, setup, steps }: KnownCase): StoredCase {
  const own = Object.entries(setup).filter(([key, value]) =>
    target !== "session" || value !== DEFAULT_SETUP[key]
  );
  return storeCase(name, target, { setup: Object.fromEntries(own), steps });
}

/** A case from the file. */
function known(one: StoredCase): KnownCase {
  const { setup, steps } = loadCase(one);
  const whole = one.target === "session" ? { ...DEFAULT_SETUP, ...setup } : setup;
  return { name: one.name, target: one.target, setup: whole, steps };
}

/** All of them. */
export const CORPUS: readonly KnownCase[] = [...(stored as StoredCase[]).map(known), ...spoken()];
