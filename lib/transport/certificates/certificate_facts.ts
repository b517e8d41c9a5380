/**
 * Reads the content of a certificate from its bytes.
 *
 * The runtime gives a certificate's names as one text in which a name that
 * holds a comma looks like two, and does not report its version or purposes.
 *
 * @module
 */

import { hexOf } from "../../foreign/hex.ts";
import { serialText } from "./crl_reader.ts";
import { DerReader } from "./der_reader.ts";
import type { PeerNames } from "../channel/peer_identity.ts";

const SEQUENCE = 0x30, INTEGER = 0x02, BIT_STRING = 0x03, OCTET_STRING = 0x04, OID = 0x06;
/** Context-specific tags of a certificate's optional parts. */
const VERSION = 0xa0, EXTENSIONS = 0xa3;
/** Context-specific tags of the kinds of name. */
const DNS_NAME = 0x82, URI_NAME = 0x86, IP_NAME = 0x87;

const NAMES_OID = "551d11", PURPOSES_OID = "551d25", USAGE_OID = "551d0f";
/** The bit of the key's usage that lets it sign lists of revoked certificates (RFC 5280, 4.2.1.3). */
const CRL_SIGN = 0x02;
const ANY_PURPOSE = "551d2500", SERVER_PURPOSE = "2b06010505070301";
const CLIENT_PURPOSE = "2b06010505070302";

/** What is read from a certificate. */
export interface CertificateFacts {
  /** 1, 2 or 3. */
  readonly version: number;
  /** Its serial number in hex, unique for its issuer. */
  readonly serial: string;
  /** Its issuer's name in DER, in hex. */
  readonly issuer: string;
  /** Its owner's name in DER, in hex. */
  readonly subject: string;
  /** Whether its key may sign lists of revoked certificates. */
  readonly mayRevoke: boolean;
  /** The names that it gives to its owner. */
  readonly names: PeerNames;
  /** Whether it may prove a server, one that listens. */
  readonly forServers: boolean;
  /** Whether it may prove a client, one that dials. */
  readonly forClients: boolean;
}

/**
 * Reads a certificate (RFC 5280, 4.1).
 *
 * @param der Its bytes.
 * @returns Its content.
 * @throws {RangeError} If it is broken, or a name in it is.
 */
export function readCertificate(der: Uint8Array): CertificateFacts {
  const body = new DerReader(der).enter(SEQUENCE).enter(SEQUENCE);
  const version = body.tag === VERSION ? body.enter(VERSION).next(INTEGER).at(-1)! + 1 : 1;
  const names = { dns: [] as string[], ip: [] as string[], uri: [] as string[] };
  const serial = serialText(body.next(INTEGER));
  body.next(SEQUENCE);
  const issuer = hexOf(body.whole(SEQUENCE));
  body.next(SEQUENCE);
  const subject = hexOf(body.whole(SEQUENCE));
  let purposes: string[] | undefined, mayRevoke = true;
  while (body.tag !== -1) {
    if (body.tag !== EXTENSIONS) {
      body.next();
      continue;
    }
    const extensions = body.enter(EXTENSIONS).enter(SEQUENCE);
    while (extensions.tag !== -1) {
      const extension = extensions.enter(SEQUENCE);
      const id = hex(extension.next(OID));
      // A flag may come first: whether the extension is critical.
      if (extension.tag !== OCTET_STRING) extension.next();
      const value = new DerReader(extension.next(OCTET_STRING));
      if (id === NAMES_OID) readNames(value.enter(SEQUENCE), names);
      else if (id === PURPOSES_OID) purposes = readPurposes(value.enter(SEQUENCE));
      // The first byte tells how many bits of the last one count for nothing.
      else if (id === USAGE_OID) mayRevoke = ((value.next(BIT_STRING)[1] ?? 0) & CRL_SIGN) !== 0;
    }
  }
  const serves = (purpose: string): boolean =>
    purposes === undefined || purposes.includes(purpose) || purposes.includes(ANY_PURPOSE);
  return {
    version,
    serial,
    issuer,
    subject,
    mayRevoke,
    names,
    forServers: serves(SERVER_PURPOSE),
    forClients: serves(CLIENT_PURPOSE),
  };
}

function readNames(
  reader: DerReader,
  names: { dns: string[]; ip: string[]; uri: string[] },
): void {
  while (reader.tag !== -1) {
    const tag = reader.tag, value = reader.next();
    if (tag === DNS_NAME) names.dns.push(printable(value));
    else if (tag === URI_NAME) names.uri.push(printable(value));
    else if (tag === IP_NAME) names.ip.push(ipText(value));
  }
}

function readPurposes(reader: DerReader): string[] {
  const purposes: string[] = [];
  while (reader.tag !== -1) purposes.push(hex(reader.next(OID)));
  return purposes;
}

/** Names are ASCII; one with anything that cannot be seen in it is a trick. */
function printable(bytes: Uint8Array): string {
  if (bytes.some((byte) => byte <= 0x20 || byte >= 0x7f)) {
    throw new RangeError("a name in the certificate holds bytes that no name may hold");
  }
  return String.fromCharCode(...bytes);
}

function ipText(bytes: Uint8Array): string {
  if (bytes.length === 4) return bytes.join(".");
  if (bytes.length !== 16) throw new RangeError("an IP address in the certificate is broken");
  const groups = Array.from({ length: 8 }, (_, i) => hex(bytes.subarray(i * 2, i * 2 + 2)));
  return URL.parse(`http://[${groups.join(":")}]`)!.hostname.slice(1, -1);
}

function hex(bytes: Uint8Array): string {
  return hexOf(bytes);
}
