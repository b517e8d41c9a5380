/**
 * Reads a list of revoked certificates from its bytes.
 *
 * @module
 */

import { hexOf } from "../../foreign/hex.ts";
import { DerReader } from "./der_reader.ts";

const SEQUENCE = 0x30, INTEGER = 0x02, BIT_STRING = 0x03, OCTET_STRING = 0x04, OID = 0x06;
const BOOLEAN = 0x01, UTC_TIME = 0x17, GENERALIZED_TIME = 0x18;
/** Context-specific tags: a list's extensions; the parameters of RSASSA-PSS. */
const EXTENSIONS = 0xa0, PSS_HASH = 0xa0, PSS_SALT = 0xa2;

/** Extensions that may be critical, because they do not change what is read: its number, who signed it, why a certificate was revoked and since when it was not to be trusted. */
const UNDERSTOOD = new Set(["551d14", "551d23", "551d15", "551d18"]);
/** Extensions of lists about a part of the certificates, critical or not. */
const PARTIAL: { readonly [id: string]: string } = {
  "551d1b": "it is a delta list: give the complete list",
  "551d1c": "it covers only a part of the certificates (issuing distribution point)",
  "551d1d": "it names certificates of other issuers (indirect list)",
};

const PSS_OID = "2a864886f70d01010a", SHA1_OID = "2b0e03021a";
/** The hashes of signatures, by their algorithm; `null` if it is part of the algorithm. */
const SIGNATURES: { readonly [id: string]: string | null } = {
  "2a864886f70d01010b": "sha256",
  "2a864886f70d01010c": "sha384",
  "2a864886f70d01010d": "sha512",
  "2a8648ce3d040302": "sha256",
  "2a8648ce3d040303": "sha384",
  "2a8648ce3d040304": "sha512",
  "2b6570": null,
};
const HASHES: { readonly [id: string]: string } = {
  "608648016503040201": "sha256",
  "608648016503040202": "sha384",
  "608648016503040203": "sha512",
};

/** How something is signed. */
export interface SignatureAlgorithm {
  /** The hash; `null` if it is part of the algorithm. */
  readonly hash: string | null;
  /** The length of the salt of RSASSA-PSS; `null` for other algorithms. */
  readonly saltBytes: number | null;
}

/** What is read from a list. */
export interface CrlContent {
  /** Its authority's name in DER, in hex. */
  readonly issuer: string;
  /** When it was made, in milliseconds since 1970. */
  readonly thisUpdateMs: number;
  /** When the next list is due; `Infinity` if it does not say. */
  readonly nextUpdateMs: number;
  /** The revoked certificates' numbers in hex, and since when, in milliseconds since 1970. */
  readonly revoked: ReadonlyMap<string, number>;
  /** The signed bytes. */
  readonly signed: Uint8Array;
  /** The signature. */
  readonly signature: Uint8Array;
  /** How it is signed. */
  readonly algorithm: SignatureAlgorithm;
}

/**
 * Reads a list of revoked certificates (CRL) of version 1 or 2 (RFC 5280, 5.1).
 *
 * @param der Its bytes.
 * @returns Its content.
 * @throws {RangeError} If it is broken, does not cover all certificates of its issuer, or has a critical part that is not supported.
 */
export function readCrl(der: Uint8Array): CrlContent {
  const file = new DerReader(der, BROKEN), outer = file.enter(SEQUENCE);
  if (file.tag !== -1) throw new RangeError("there is data after the list");
  const signed = outer.whole(SEQUENCE);
  const named = hexOf(outer.whole(SEQUENCE));
  const bits = outer.next(BIT_STRING);
  if (bits[0] !== 0) throw new RangeError(BROKEN);
  const body = new DerReader(signed, BROKEN).enter(SEQUENCE);
  if (body.tag === INTEGER && hexOf(body.next(INTEGER)) !== "01") {
    throw new RangeError("its version is unknown; 1 and 2 are supported");
  }
  const algorithm = body.whole(SEQUENCE);
  if (hexOf(algorithm) !== named) throw new RangeError("its two signature algorithms differ");
  const issuer = hexOf(body.whole(SEQUENCE));
  const thisUpdateMs = readTime(body);
  const isTime = body.tag === UTC_TIME || body.tag === GENERALIZED_TIME;
  const nextUpdateMs = isTime ? readTime(body) : Infinity;
  const revoked = new Map<string, number>();
  if (body.tag === SEQUENCE) {
    for (const entries = body.enter(SEQUENCE); entries.tag !== -1;) {
      const entry = entries.enter(SEQUENCE);
      const serial = serialText(entry.next(INTEGER)), sinceMs = readTime(entry);
      if (entry.tag === SEQUENCE) readExtensions(entry.enter(SEQUENCE));
      revoked.set(serial, sinceMs);
    }
  }
  if (body.tag === EXTENSIONS) readExtensions(body.enter(EXTENSIONS).enter(SEQUENCE));
  if (body.tag !== -1) throw new RangeError(BROKEN);
  return {
    issuer,
    thisUpdateMs,
    nextUpdateMs,
    revoked,
    signed,
    signature: bits.slice(1),
    algorithm: readAlgorithm(new DerReader(algorithm, BROKEN).enter(SEQUENCE)),
  };
}

/** A certificate's serial number in hex, without leading zeros. */
export function serialText(integer: Uint8Array): string {
  return hexOf(integer).replace(/^(?:00)+(?=..)/, "").toUpperCase();
}

/** Refuses extensions that would change the meaning of the list. */
function readExtensions(extensions: DerReader): void {
  while (extensions.tag !== -1) {
    const extension = extensions.enter(SEQUENCE);
    const id = hexOf(extension.next(OID));
    const critical = extension.tag === BOOLEAN && extension.next(BOOLEAN)[0] !== 0;
    extension.next(OCTET_STRING);
    const partial = PARTIAL[id];
    if (partial !== undefined) throw new RangeError(partial);
    if (critical && !UNDERSTOOD.has(id)) {
      throw new RangeError("it has a critical extension that is not supported");
    }
  }
}

function readAlgorithm(reader: DerReader): SignatureAlgorithm {
  const id = hexOf(reader.next(OID));
  if (id === PSS_OID) return readPss(reader.enter(SEQUENCE));
  const hash = SIGNATURES[id];
  if (hash !== undefined) return { hash, saltBytes: null };
  throw new RangeError(
    "its signature algorithm is not supported; RSA and ECDSA with SHA-256, 384 or 512, and Ed25519 are",
  );
}

/** RFC 4055, 3.1. Its defaults, SHA-1 and its mask function, are not accepted. */
function readPss(reader: DerReader): SignatureAlgorithm {
  let hashId = SHA1_OID, saltBytes = 20;
  while (reader.tag !== -1) {
    if (reader.tag === PSS_HASH) {
      hashId = hexOf(reader.enter(PSS_HASH).enter(SEQUENCE).next(OID));
    } else if (reader.tag === PSS_SALT) {
      saltBytes = Number.parseInt(hexOf(reader.enter(PSS_SALT).next(INTEGER)), 16);
    } else reader.next();
  }
  const hash = HASHES[hashId];
  if (hash !== undefined && saltBytes <= 64) return { hash, saltBytes };
  throw new RangeError("it is signed by RSASSA-PSS with a hash that is not supported");
}

/** Both kinds of time end with Z and have seconds (RFC 5280, 5.1.2.4). */
function readTime(reader: DerReader): number {
  const isShort = reader.tag === UTC_TIME;
  const text = String.fromCharCode(...reader.next(isShort ? UTC_TIME : GENERALIZED_TIME));
  const parts = (isShort ? SHORT_TIME : LONG_TIME).exec(text);
  if (parts === null) throw new RangeError("a time in it is malformed");
  const [, year, month, day, hour, minute, second] = parts.map(Number);
  const fullYear = !isShort ? year! : year! < 50 ? 2000 + year! : 1900 + year!;
  return Date.UTC(fullYear, month! - 1, day, hour, minute, second);
}

const BROKEN = "the list's encoding is broken";
const SHORT_TIME = /^(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)Z$/;
const LONG_TIME = /^(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)Z$/;
