/**
 * Figures of calls, without those of hosts that are long gone.
 *
 * @module
 */

import type { CallFigures } from "../metering/call_figures.ts";
import type { Inspection } from "./inspection.ts";

/** What was counted of calls; that of others than peers, replicas, clients and guests is given up after a while. */
export function presentFigures(face: Inspection): readonly CallFigures[] {
  const hosts = new Set([...face.remotes(), ...face.guests()].map(({ host }) => host));
  return face.figures.read((host) => hosts.has(host));
}
