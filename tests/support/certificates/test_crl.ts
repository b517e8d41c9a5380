/**
 * Lists of revoked certificates for tests: good ones, and all sorts of bad ones.
 *
 * @module
 */

import { X509Certificate } from "node:crypto";
import { readCertificate } from "../../../lib/transport/certificates/certificate_facts.ts";
import { der, signed, type TestCertificate } from "./test_authority.ts";

const ALGORITHM = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" };
const DAY_MS = 86_400_000;
const ECDSA_SHA256 = Uint8Array.fromHex("300a06082a8648ce3d040302");

/** What may differ from a good list. */
export interface TestCrlOptions {
  /** When it was made and is to be replaced, in days from now; `null`: it does not say. Default: yesterday, in a week. */
  readonly thisDays?: number;
  readonly nextDays?: number | null;
  /** 1 or 2. Default: 2. */
  readonly version?: number;
  /** Its extensions, as `extension` makes them. */
  readonly extensions?: readonly Uint8Array[];
  /** Those of its entries. */
  readonly entryExtensions?: readonly Uint8Array[];
  /** Who signs it in the authority's place. */
  readonly signer?: TestCertificate;
  /** What stands before each number. */
  readonly padding?: readonly number[];
}

/** A list as DER. */
export async function crlOf(
  authority: TestCertificate,
  revoked: readonly TestCertificate[],
  options: TestCrlOptions = {},
): Promise<Uint8Array<ArrayBuffer>> {
  const { thisDays = -1, nextDays = 7, version = 2, extensions = [], entryExtensions = [] } =
    options;
  const entries = revoked.map(({ cert }) => {
    const serial = Uint8Array.fromHex(factsOf(cert).serial);
    const number = der(0x02, new Uint8Array(options.padding ?? []), serial);
    const more = entryExtensions.length === 0 ? [] : [der(0x30, ...entryExtensions)];
    return der(0x30, number, time(-2), ...more);
  });
  const body = der(
    0x30,
    ...(version === 1 ? [] : [der(0x02, Uint8Array.of(version - 1))]),
    ECDSA_SHA256,
    Uint8Array.fromHex(factsOf(authority.cert).subject),
    time(thisDays),
    ...(nextDays === null ? [] : [time(nextDays)]),
    ...(entries.length === 0 ? [] : [der(0x30, ...entries)]),
    ...(extensions.length === 0 ? [] : [der(0xa0, der(0x30, ...extensions))]),
  );
  return new Uint8Array(await signed(body, await keyOf(options.signer ?? authority)));
}

/** The same as PEM text. */
export async function crlPem(...given: Parameters<typeof crlOf>): Promise<string> {
  const lines = (await crlOf(...given)).toBase64().replace(/.{64}/g, "$&\n").trimEnd();
  return `-----BEGIN X509 CRL-----\n${lines}\n-----END X509 CRL-----\n`;
}

/** An extension. */
export function extension(id: string, critical: boolean, value: Uint8Array): Uint8Array {
  const flag = critical ? [der(0x01, Uint8Array.of(0xff))] : [];
  return der(0x30, der(0x06, Uint8Array.fromHex(id)), ...flag, der(0x04, value));
}

/** One moment for all lists, so that whoever asks twice gets no second more. */
const NOW_MS = Math.floor(Date.now() / 1_000) * 1_000;

/** When a list of so many days from now is made: a whole second. */
export function wholeSecondMs(days: number): number {
  return NOW_MS + days * DAY_MS;
}

function time(days: number): Uint8Array {
  const text = new Date(wholeSecondMs(days)).toISOString().replace(/[-:T]|\.\d+/g, "").slice(2);
  return der(0x17, new TextEncoder().encode(text));
}

function factsOf(pem: string) {
  return readCertificate(new X509Certificate(pem).raw);
}

async function keyOf({ key }: TestCertificate): Promise<CryptoKey> {
  const bytes = Uint8Array.fromBase64(key.replace(/-----[^-]+-----/g, ""));
  return await crypto.subtle.importKey("pkcs8", bytes, ALGORITHM, false, ["sign"]);
}
