/**
 * Certificates that hosts tell of.
 *
 * @module
 */

import type { AdminStatus } from "../../admin/status_contract.ts";
import { counted } from "../../foreign/text_of.ts";
import { type Answer, answered } from "./ask_all.ts";

/** A certificate of a host or of a file. */
export interface SeenCertificate {
  /** The host, or the file. */
  readonly where: string;
  /** Whose it is: `"own"`, `"authorities"`, `"revocations"`, `"remote"`; for files `"own"` or `"authorities"`. */
  readonly whose: string;
  /** Its subject. */
  readonly subject: string;
  /** The names that it gives to its owner, as far as they are known. */
  readonly names: readonly string[];
  /** Until when it is valid, in milliseconds since 1970. */
  readonly expiresMs: number;
}

/** The certificates that hosts tell of. One of a remote that has itself answered is its own, and listed once. */
export function certificatesSeen(
  answers: readonly Answer<AdminStatus>[],
): readonly SeenCertificate[] {
  const all = answered(answers), seen = new Set<string>();
  const asked = new Set(all.flatMap(({ host, value }) => [host, value.name]));
  return all.flatMap(({ host, value: { certificates, remotes, guests } }) => {
    const identities = new Map(
      [...remotes, ...guests].map((remote) => [remote.host, remote.identity]),
    );
    return certificates.flatMap((one): SeenCertificate[] => {
      const { whose, subject, expiresMs } = one, key = `${one.host}\n${subject}\n${expiresMs}`;
      const isRemote = whose === "remote";
      if (isRemote && (asked.has(one.host) || seen.has(key))) return [];
      if (isRemote) seen.add(key);
      const identity = isRemote ? identities.get(one.host) : undefined;
      const names = identity ? [...identity.dns, ...identity.ip, ...identity.uri] : [];
      return [{ where: isRemote ? one.host : host, whose, subject, names, expiresMs }];
    });
  });
}

/** The same authorities and lists of revocations of several hosts as one, whose place says how many have it. */
export function withSharedOnce(seen: readonly SeenCertificate[]): readonly SeenCertificate[] {
  const groups = Map.groupBy(seen, (one) => {
    const { where, whose, subject, names, expiresMs } = one;
    const isShared = whose === "authorities" || whose === "revocations";
    return JSON.stringify([isShared ? "" : where, whose, subject, names, expiresMs]);
  });
  return [...groups.values()].flatMap((group) => {
    const [first] = group, { size } = new Set(group.map(({ where }) => where));
    return size === 1 ? group : [{ ...first!, where: counted(size, "host") }];
  });
}
