/**
 * Certificates for tests, made on the spot: good ones as `deno task certs` makes
 * them, and all sorts of bad ones.
 *
 * @module
 */

import { X509Certificate } from "node:crypto";
import {
  Authority,
  type CertificateContent,
  type Identity,
  type Validity,
} from "../../../examples/certs/authority.ts";
import type { CertifiedName } from "../../../examples/certs/certified_name.ts";
import type { MtlsConfig } from "../../../lib/transport/certificates/mtls_config.ts";

const ALGORITHM = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" };
const DAY_MS = 86_400_000;

export type { Identity as TestCertificate };

/** What may differ from a good certificate. */
export interface TestCertificateOptions {
  readonly names?: readonly CertifiedName[];
  /** When it begins and ends to be valid, in days from now. */
  readonly fromDays?: number;
  readonly toDays?: number;
  /** Default: it does not say. */
  readonly purposes?: CertificateContent["purposes"];
  /** Whether it may issue others. */
  readonly issues?: boolean;
}

/** An authority: itself a certificate that issues others. */
export class TestAuthority implements Identity {
  readonly cert: string;
  readonly key: string;
  /** The certificates between this one and the root, this one first if it is no root. */
  readonly chain: string;
  readonly #authority: Authority;

  private constructor({ cert, key }: Identity, authority: Authority, chain: string) {
    this.cert = cert;
    this.key = key;
    this.chain = chain;
    this.#authority = authority;
  }

  /** A root. */
  static async root(name: string): Promise<TestAuthority> {
    return await TestAuthority.#of(await Authority.createRoot(name, validity({})), false);
  }

  /** An authority below this one. */
  async authority(name: string, options: TestCertificateOptions = {}): Promise<TestAuthority> {
    return await TestAuthority.#of(await this.#issue(name, { issues: true, ...options }), true);
  }

  /** A certificate for a node: by default valid, for the DNS name that it is called by, for both purposes. */
  async node(name: string, options: TestCertificateOptions = {}): Promise<Identity> {
    const names = options.names ?? [{ type: "dns", value: name }];
    const { cert, key } = await this.#issue(name, { ...options, names });
    return { cert: cert + this.chain, key };
  }

  /**
   * A certificate of an older version that names this authority as its issuer,
   * signed by a key that nobody knows.
   */
  async forgery(name: string, version: 1 | 2, issues = false): Promise<TestAuthority> {
    const names: CertifiedName[] = [{ type: "dns", value: name }];
    const { cert, key } = await this.#issue(name, { names, issues });
    const body = bodyOf(new X509Certificate(cert).raw);
    const falseKeys = await crypto.subtle.generateKey(ALGORITHM, false, ["sign", "verify"]);
    const old = await signed(withVersion(body, version), (falseKeys as CryptoKeyPair).privateKey);
    return await TestAuthority.#of({ cert: pemOf(old), key }, true);
  }

  static async #of(identity: Identity, isBelowAnother: boolean): Promise<TestAuthority> {
    const chain = isBelowAnother ? identity.cert : "";
    return new TestAuthority(identity, await Authority.of(identity), chain);
  }

  #issue(title: string, options: TestCertificateOptions): Promise<Identity> {
    const { names, issues, purposes = [] } = options;
    return this.#authority.issue({ title, names, issues, purposes, ...validity(options) });
  }
}

/** A configuration in which a side shows a certificate and believes an authority. */
export function configOf(
  { cert, key }: Identity,
  authority: Identity,
  more: Partial<MtlsConfig> = {},
): MtlsConfig {
  return { cert, key, ca: authority.cert, ...more };
}

function validity({ fromDays = -1, toDays = 30 }: TestCertificateOptions): Validity {
  const nowMs = Date.now();
  return {
    notBefore: new Date(nowMs + fromDays * DAY_MS),
    notAfter: new Date(nowMs + toDays * DAY_MS),
  };
}

function pemOf(certificate: Uint8Array): string {
  const lines = certificate.toBase64().replace(/.{64}/g, "$&\n").trimEnd();
  return `-----BEGIN CERTIFICATE-----\n${lines}\n-----END CERTIFICATE-----\n`;
}

/** The part of a certificate that is signed. */
function bodyOf(bytes: Uint8Array): Uint8Array {
  const start = headBytes(bytes, 0);
  return bytes.slice(start, start + valueBytes(bytes, start));
}

/** The version stands first in it: `a0 03 02 01 02`. */
function withVersion(body: Uint8Array, version: 1 | 2): Uint8Array {
  const changed = body.slice();
  changed[headBytes(body, 0) + 4] = version - 1;
  return changed;
}

/** A part that is signed, with its signature. */
export async function signed(body: Uint8Array, key: CryptoKey): Promise<Uint8Array<ArrayBuffer>> {
  const signature = await crypto.subtle.sign(ALGORITHM, key, body.slice());
  const raw = new Uint8Array(signature), half = raw.length / 2;
  const pair = der(0x30, derInteger(raw.subarray(0, half)), derInteger(raw.subarray(half)));
  // ecdsa-with-SHA256
  const algorithm = Uint8Array.fromHex("300a06082a8648ce3d040302");
  return der(0x30, body, algorithm, der(0x03, new Uint8Array([0]), pair));
}

function derInteger(bytes: Uint8Array): Uint8Array {
  const first = Math.max(0, bytes.findIndex((byte) => byte !== 0));
  const digits = bytes.subarray(first);
  return der(0x02, digits[0]! >= 0x80 ? new Uint8Array([0, ...digits]) : digits);
}

/** A value in DER. */
export function der(tag: number, ...parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const length = parts.reduce((sum, part) => sum + part.length, 0);
  const head = length < 0x80
    ? [tag, length]
    : length < 0x100
    ? [tag, 0x81, length]
    : [tag, 0x82, length >> 8, length & 0xff];
  return new Uint8Array([...head, ...parts.flatMap((part) => [...part])]);
}

function headBytes(bytes: Uint8Array, at: number): number {
  const length = bytes[at + 1]!;
  return at + 2 + (length > 0x80 ? length - 0x80 : 0);
}

function valueBytes(bytes: Uint8Array, at: number): number {
  const start = headBytes(bytes, at);
  let length = bytes[at + 1]!;
  if (length > 0x80) {
    length = 0;
    for (let i = at + 2; i < start; i++) length = length * 256 + bytes[i]!;
  }
  return start - at + length;
}
