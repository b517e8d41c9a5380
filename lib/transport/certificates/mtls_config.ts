/**
 * The certificates of a side of a mutual TLS connection, and the authorities
 * that it trusts.
 *
 * @module
 */

import { messageOf } from "../../foreign/text_of.ts";
import type { X509Certificate } from "node:crypto";
import { nodeCrypto } from "../../runtime/node/node_modules.ts";
import { type InternodeError, invalidArgument } from "../../errors.ts";
import { quoted } from "../../foreign/plain_text.ts";
import { certificatesIn, crlsIn, crlText, privateKeysIn } from "./pem.ts";
import { type Revocation, RevocationList } from "./revocation_list.ts";

/** This side's certificate and key, and the trusted authorities, as PEM texts. */
export interface MtlsTexts {
  /** This side's certificate, and intermediate certificates if there are any. Other parts of the text are ignored; it may contain the key. */
  readonly cert: string;
  /** The private key of the certificate; the text of {@linkcode MtlsTexts.cert}, if that contains both. */
  readonly key: string;
  /** The trusted authorities, and no others: those of the runtime do not count. One text may contain several. */
  readonly ca: string | readonly string[];
  /**
   * Lists of the certificates that their authorities have revoked (CRL, RFC
   * 5280): PEM texts, of which each may hold several lists, or DER bytes. Each
   * must be signed by an authority in `ca`, or one that came with `cert`; a
   * certificate on a list, or one that such a certificate has issued, is
   * refused on both sides, with the reason. Certificates of authorities without
   * a list are not checked. Complete lists of version 1 and 2 are supported,
   * but no delta, partial or indirect ones. Default: none.
   */
  readonly crl?: string | Uint8Array | readonly (string | Uint8Array)[] | undefined;
}

/** The same, in files. */
export interface MtlsFiles {
  /** The path of the file for {@linkcode MtlsTexts.cert}. */
  readonly certFile: string;
  /** The path of the file for {@linkcode MtlsTexts.key}. */
  readonly keyFile: string;
  /** The path of the file for {@linkcode MtlsTexts.ca}, or several. */
  readonly caFile: string | readonly string[];
  /** The path of the file for {@linkcode MtlsTexts.crl}, or several; PEM or DER, of at most 8 MiB each. Default: none. */
  readonly crlFile?: string | readonly string[] | undefined;
}

/** The options that do not change with the certificates. */
export interface MtlsRules {
  /**
   * The name that a host's certificate must have when this side dials: a DNS
   * name, an IP address, or a URI such as a SPIFFE id. A function gets the
   * host's address. Default: the host in the address; a Unix socket has none,
   * so it needs this option. A certificate with URLs of hosts, such as
   * `tls://10.0.0.1:9000`, is valid only for these: it must have the one that
   * is dialled, by its address or with this name in it, unless this name is a
   * URI.
   */
  readonly serverName?: string | ((address: string) => string) | undefined;
  /**
   * What to do when an authority's list in `crl` has expired without a newer
   * one: `"warn"`, the default, still uses it and logs an error once a day;
   * `"refuse"` trusts none of its certificates until there is a newer list.
   */
  readonly expiredCrl?: "warn" | "refuse" | undefined;
  /** The lowest version of TLS: `"1.3"` by default, or `"1.2"`. */
  readonly minVersion?: "1.2" | "1.3" | undefined;
  /** How long a handshake may take, in milliseconds; default 10,000. For a listener the node's or server's time limit applies too, from accepting a connection until the peer has proven itself. */
  readonly handshakeTimeoutMs?: number | undefined;
  /** How many handshakes of a listener may be under way, besides the limit `maxUnproven`; further connections are closed at once. Default: 1,024. */
  readonly maxHandshakes?: number | undefined;
}

/** Certificates and key as PEM texts, and other options; for files, and for certificates that change, see `MtlsCredentials`. */
export interface MtlsConfig extends MtlsTexts, MtlsRules {}

/** Certificates and key in files, and other options; `MtlsCredentials` reads them. */
export interface MtlsFileConfig extends MtlsFiles, MtlsRules {}

/** A configuration that has been checked. */
export interface Credentials {
  /** The chain that this side shows, as PEM text. */
  readonly cert: string;
  /** Its private key, as PEM text. */
  readonly key: string;
  /** The trusted authorities. */
  readonly authorities: readonly X509Certificate[];
  /** The revoked certificates. */
  readonly revocation: Revocation;
  /** Until when the first of the lists is valid, in milliseconds since 1970; `Infinity` if there is none. */
  readonly crlExpiresMs: number;
  /** This side's certificate in a few words, for messages. */
  readonly subject: string;
  /** From when on this side's certificate and those that lead to an authority are valid, in milliseconds since 1970. */
  readonly validFromMs: number;
  /** Until when they are valid. */
  readonly expiresMs: number;
  /** Other certificates that came with it, which are not needed. */
  readonly extras: readonly X509Certificate[];
  /** Until when at least one authority is valid. */
  readonly authoritiesExpireMs: number;
  /** See {@linkcode MtlsConfig.serverName}. */
  readonly serverName: string | ((address: string) => string) | undefined;
  /** The value for `node:tls`. */
  readonly minVersion: "TLSv1.2" | "TLSv1.3";
  /** See {@linkcode MtlsConfig.handshakeTimeoutMs}. */
  readonly handshakeTimeoutMs: number;
  /** See {@linkcode MtlsConfig.maxHandshakes}. */
  readonly maxHandshakes: number;
}

/**
 * Checks a configuration, so that a mistake is found before the first
 * connection.
 *
 * @param config The configuration.
 * @returns The checked configuration.
 * @throws {InternodeError} `InvalidArgument`, naming the option that is wrong and why.
 */
export function checkMtlsConfig(config: MtlsConfig): Credentials {
  const { handshakeTimeoutMs = 10_000, maxHandshakes = 1024, minVersion = "1.3" } = config;
  if (minVersion !== "1.2" && minVersion !== "1.3") {
    throw invalid(`minVersion is ${quoted(minVersion)}`, 'Give "1.2" or "1.3".');
  }
  if (!(handshakeTimeoutMs > 0 && handshakeTimeoutMs < 2 ** 31)) {
    throw invalid(`handshakeTimeoutMs is ${handshakeTimeoutMs}`, "Give a number from 1 to 2³¹.");
  }
  if (!(Number.isInteger(maxHandshakes) && maxHandshakes > 0)) {
    throw invalid(`maxHandshakes is ${maxHandshakes}`, "Give a whole number above 0.");
  }
  const shown = readCertificates("cert", config.cert);
  const { own, key } = readKey(shown, config.key);
  const texts = typeof config.ca === "string" ? [config.ca] : config.ca;
  const authorities = texts.flatMap((text) => readCertificates("ca", text));
  if (authorities.length === 0) {
    throw invalid(
      "ca contains no authority, so no certificate would be trusted",
      "Give at least one.",
    );
  }
  const { expiredCrl: expired = "warn" } = config;
  if (expired !== "warn" && expired !== "refuse") {
    throw invalid(`expiredCrl is ${quoted(expired)}`, 'Give "warn" or "refuse".');
  }
  const lists = readCrls(config.crl, [...authorities, ...shown]);
  const path = pathOf(own, shown, authorities);
  const extras = shown.filter((certificate) => !path.includes(certificate));
  return {
    cert: [...path, ...extras].map((certificate) => certificate.toString()).join(""),
    key,
    authorities,
    revocation: { lists, expired },
    crlExpiresMs: Math.min(...newestOf(lists).map(({ nextUpdateMs }) => nextUpdateMs)),
    subject: shownSubject(own.subject),
    extras,
    validFromMs: Math.max(...path.map(({ validFrom }) => Date.parse(validFrom))),
    expiresMs: Math.min(...path.map(({ validTo }) => Date.parse(validTo))),
    authoritiesExpireMs: Math.max(...authorities.map(({ validTo }) => Date.parse(validTo))),
    serverName: config.serverName,
    minVersion: minVersion === "1.2" ? "TLSv1.2" : "TLSv1.3",
    handshakeTimeoutMs,
    maxHandshakes,
  };
}

/** The subject of a certificate of this side, on one line. */
export function shownSubject(subject: string | undefined): string {
  return subject?.trim().replaceAll("\n", ",") || "(no subject)";
}

function readCertificates(option: "cert" | "ca", text: string): X509Certificate[] {
  const found = certificatesIn(text);
  if (found.length === 0) {
    throw invalid(
      `${option} contains no certificate`,
      'Give PEM text, which begins "-----BEGIN CERTIFICATE-----"; for files, give an MtlsCredentials.',
    );
  }
  try {
    return found.map((pem) => new (nodeCrypto().X509Certificate)(pem));
  } catch (cause) {
    throw invalid(`${option} cannot be read (${messageOf(cause)})`, "Give PEM text.", cause);
  }
}

/** Reads lists of revoked certificates, each of which must be signed by one of these authorities: a list without effect would be misleading. */
function readCrls(
  given: MtlsTexts["crl"],
  authorities: readonly X509Certificate[],
): RevocationList[] {
  return crlTexts(given).flatMap((text) => {
    let lists: RevocationList[];
    try {
      lists = crlsIn(text).map((der) => new RevocationList(der));
    } catch (cause) {
      throw invalid(
        `crl cannot be read (${messageOf(cause)})`,
        "Give complete lists, in PEM or DER.",
        cause,
      );
    }
    if (lists.length === 0) {
      throw invalid(
        "crl contains no list of revoked certificates",
        'Give PEM text, which begins "-----BEGIN X509 CRL-----", or DER.',
      );
    }
    if (lists.every((list) => authorities.some((authority) => list.isSignedBy(authority)))) {
      return lists;
    }
    throw invalid(
      "crl contains a list that was not signed by an authority in ca or cert that may sign lists",
      "Give only lists of these authorities, and add the certificates of intermediate authorities to ca.",
    );
  });
}

/** The lists that no newer one of the same authority has replaced. */
function newestOf(lists: readonly RevocationList[]): readonly RevocationList[] {
  const isNewer = (one: RevocationList, other: RevocationList): boolean =>
    one.issuer === other.issuer && one.thisUpdateMs > other.thisUpdateMs;
  return lists.filter((list) => !lists.some((other) => isNewer(other, list)));
}

/**
 * Lists of revoked certificates as texts, which can be compared.
 *
 * @param given As in {@linkcode MtlsTexts}.
 */
export function crlTexts(given: MtlsTexts["crl"]): readonly string[] {
  if (given === undefined) return [];
  const all = Array.isArray(given) ? given : [given];
  return all.map((one) => one instanceof Uint8Array ? crlText(one) : one);
}

/** The certificate that belongs to a key, usually the first, and that key. */
function readKey(
  shown: readonly X509Certificate[],
  text: string,
): { readonly own: X509Certificate; readonly key: string } {
  const found = privateKeysIn(text);
  try {
    for (const key of found.length === 0 ? [text] : found) {
      const read = nodeCrypto().createPrivateKey(key);
      const own = shown.find((certificate) => certificate.checkPrivateKey(read));
      if (own !== undefined) return { own, key: `${key}\n` };
    }
  } catch (cause) {
    throw invalid(
      `key cannot be read (${messageOf(cause)})`,
      'Give PEM text, which begins "-----BEGIN PRIVATE KEY-----", without a password.',
      cause,
    );
  }
  throw invalid("key is not the key of cert", "Give the two that belong together.");
}

/** A certificate and those that lead from it to an authority; of several paths, the one that is valid for longest. */
function pathOf(
  own: X509Certificate,
  shown: readonly X509Certificate[],
  authorities: readonly X509Certificate[],
): X509Certificate[] {
  const path = [own];
  for (let last: X509Certificate | undefined = own; last !== undefined;) {
    const below: X509Certificate = last;
    if (authorities.some((authority) => below.checkIssued(authority))) break;
    // A self-signed certificate is known to the other side, or useless.
    last = shown
      .filter((one) => !path.includes(one) && below.checkIssued(one) && !one.checkIssued(one))
      .sort((one, other) => Date.parse(other.validTo) - Date.parse(one.validTo))[0];
    if (last !== undefined) path.push(last);
  }
  return path;
}

function invalid(what: string, advice: string, cause?: unknown): InternodeError {
  return invalidArgument(`The configuration of mutual TLS is not valid: ${what}. ${advice}`, {
    cause,
  });
}
