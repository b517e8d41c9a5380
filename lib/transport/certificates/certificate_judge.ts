/**
 * Whether this side trusts the other end of a TLS connection.
 *
 * @module
 */

import type { X509Certificate } from "node:crypto";
import { nodeCrypto } from "../../runtime/node/node_modules.ts";
import { plainText } from "../../foreign/plain_text.ts";
import { textOf } from "../../foreign/text_of.ts";
import { type CertificateFacts, readCertificate } from "./certificate_facts.ts";
import { type ExpectedHost, unbornePart } from "./host_binding.ts";
import { namesText } from "../channel/peer_name.ts";
import type { PeerIdentity } from "../channel/peer_identity.ts";
import { NO_REVOCATION, type Revocation, revocationProblem } from "./revocation_list.ts";

/** More certificates than this in one chain are refused. */
const MAX_CHAIN = 8;
const MAX_SUBJECT_LENGTH = 120;

/** What a TLS handshake has shown. */
export interface Evidence {
  /** What the other end has shown, its own certificate first. */
  readonly chain: readonly X509Certificate[];
  /** The runtime's result; only `true` means success. */
  readonly authorized: unknown;
  /** Whether the handshake resumed an earlier one, in which case the runtime has verified nothing; only `false` is accepted. */
  readonly resumed: unknown;
}

/** What is expected of the other end. */
export interface Expectation {
  /** The role of the other end. */
  readonly peer: "client" | "server";
  /** The trusted authorities. */
  readonly authorities: readonly X509Certificate[];
  /** The host that the certificate must prove; `null` for any. */
  readonly host: ExpectedHost | null;
  /** The revoked certificates. Default: none. */
  readonly revocation?: Revocation | undefined;
  /** The current time, in milliseconds since 1970. */
  readonly nowMs: number;
}

/** Who the other end is, or why it is refused. */
export type Judgement =
  | { readonly identity: PeerIdentity }
  | { readonly refusal: string };

/**
 * Judges the other end. The runtime's result is required but not sufficient:
 * the runtime was found to trust a server's certificate of X.509 version 1 or
 * 2, or one issued through such a certificate, whoever had signed it. So each
 * certificate must have version 3, and a chain of signatures must lead to an
 * authority. Whatever cannot be read or verified is refused.
 *
 * @param evidence What the handshake has shown.
 * @param expected What is expected.
 * @returns The identity, or a reason that names the certificate and the check that failed.
 */
export function judgePeer(evidence: Evidence, expected: Expectation): Judgement {
  try {
    return judge(evidence, expected);
  } catch (error) {
    const why = textOf(error);
    return { refusal: `the certificate cannot be read: ${why}` };
  }
}

/**
 * The identity in a certificate, without verifying it.
 *
 * @param pem The certificate as PEM text; of several the first.
 */
export function identityOf(pem: string): PeerIdentity {
  return ownerOf(new (nodeCrypto().X509Certificate)(pem));
}

function ownerOf(certificate: X509Certificate): PeerIdentity {
  const { names } = readCertificate(certificate.raw);
  const { fingerprint256: fingerprint, validTo } = certificate;
  return {
    subject: subjectOf(certificate),
    sans: names,
    fingerprint,
    expiresMs: Date.parse(validTo),
  };
}

function judge(evidence: Evidence, expected: Expectation): Judgement {
  const { chain } = evidence, { nowMs, peer, host } = expected;
  const own = chain[0];
  if (own === undefined) return { refusal: "no certificate was shown" };
  const what = `certificate ${titleOf(own)}`;
  if (chain.length > MAX_CHAIN) {
    return { refusal: `${what} came with more than ${MAX_CHAIN - 1} others` };
  }
  const facts = readCertificate(own.raw);
  const refusal = oldVersion(own, own, expected.authorities) ??
    outOfTime(own, nowMs) ??
    wrongPurpose(facts, peer) ??
    untrusted(evidence, expected);
  if (refusal !== undefined) return { refusal: `${what} ${refusal}` };
  const unborne = host === null ? null : unbornePart(facts.names, host);
  if (unborne !== null) {
    return { refusal: `${what} is for ${namesText(facts.names)}, not for ${unborne}` };
  }
  return { identity: ownerOf(own) };
}

/** Older versions cannot say whether they may issue others, and the runtime does not verify their signatures. */
function oldVersion(
  certificate: X509Certificate,
  own: X509Certificate,
  authorities: readonly X509Certificate[],
): string | undefined {
  const { version } = readCertificate(certificate.raw);
  if (version === 3 || authorities.some((authority) => same(authority, certificate))) return;
  const whose = certificate === own ? "is" : `came with ${titleOf(certificate)}, which is`;
  return `${whose} of X.509 version ${version}; only version 3 is accepted`;
}

function outOfTime(certificate: X509Certificate, nowMs: number): string | undefined {
  if (!(nowMs >= Date.parse(certificate.validFrom))) {
    return `is not valid before ${timeText(certificate.validFrom)}`;
  }
  if (!(nowMs <= Date.parse(certificate.validTo))) {
    return `expired on ${timeText(certificate.validTo)}`;
  }
  return undefined;
}

function wrongPurpose(facts: CertificateFacts, peer: "client" | "server"): string | undefined {
  const fit = peer === "server" ? facts.forServers : facts.forClients;
  return fit ? undefined : `is not meant for TLS ${peer}s`;
}

function untrusted(evidence: Evidence, expected: Expectation): string | undefined {
  const { chain, authorized, resumed } = evidence, own = chain[0]!;
  const { authorities } = expected;
  // Other certificates that do not lead to an authority are ignored.
  const usable = chain.filter((one) => oldVersion(one, own, authorities) === undefined);
  const path = leadsToAuthority(own, usable, expected);
  if (!path.leads) {
    if (path.revoked !== null) return path.revoked;
    const old = chain.find((one) => !usable.includes(one));
    return old !== undefined
      ? oldVersion(old, own, authorities)
      : `is not signed by a trusted authority: its issuer is "${shownName(own.issuer)}"`;
  }
  if (authorized !== true) return "is not accepted by the TLS of the runtime";
  if (resumed !== false) {
    return "was shown in an earlier handshake, which was resumed, so it was not verified in this one: " +
      "connect without a session ticket";
  }
  return undefined;
}

/** Where signatures lead. */
interface Path {
  /** Whether to an authority. */
  readonly leads: boolean;
  /** Why not, if it is only for one that is or may be revoked. */
  readonly revoked: string | null;
}

const LEADS: Path = { leads: true, revoked: null };

/**
 * Whether signatures, each by a certificate that may issue others, lead to an
 * authority. Each certificate is looked at once, however they issue each other.
 */
function leadsToAuthority(
  own: X509Certificate,
  others: readonly X509Certificate[],
  { authorities, nowMs, revocation = NO_REVOCATION }: Expectation,
): Path {
  const reached = new Set([own]);
  let revoked: string | null = null;
  for (const certificate of reached) {
    if (authorities.some((authority) => same(authority, certificate))) return LEADS;
    const issues = (issuer: X509Certificate): boolean => {
      const issued = issuer.ca && outOfTime(issuer, nowMs) === undefined &&
        certificate.checkIssued(issuer) && certificate.verify(issuer.publicKey);
      if (!issued) return false;
      const problem = revocationProblem(certificate, issuer, revocation, nowMs);
      if (problem === null) return true;
      revoked ??= certificate === own
        ? problem
        : `came with ${titleOf(certificate)}, which ${problem}`;
      return false;
    };
    if (authorities.some(issues)) return LEADS;
    for (const other of others) if (!reached.has(other) && issues(other)) reached.add(other);
  }
  return { leads: false, revoked };
}

function same(one: X509Certificate, other: X509Certificate): boolean {
  return one.raw.equals(other.raw);
}

function titleOf(certificate: X509Certificate): string {
  return `"${subjectOf(certificate)}"`;
}

function subjectOf(certificate: X509Certificate): string {
  return shownName(certificate.subject);
}

/** A distinguished name in one short line; the other end may have written anything into it. */
function shownName(name: string | undefined): string {
  const line = (name ?? "").trim().replaceAll("\n", ",").replaceAll('"', "?");
  if (line === "") return "(no subject)";
  const shown = plainText(line, MAX_SUBJECT_LENGTH);
  return line.length > MAX_SUBJECT_LENGTH ? `${shown}…` : shown;
}

function timeText(time: string): string {
  const ms = Date.parse(time);
  return Number.isNaN(ms) ? "an unreadable date" : new Date(ms).toISOString();
}
