/**
 * Makes certificates: an authority, and what it issues.
 *
 * @module
 */

// The library of certificates needs it, and needs it first.
import "reflect-metadata";
import * as x509 from "@peculiar/x509";
import type { CertifiedName } from "./certified_name.ts";

const ALGORITHM = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" };
const PURPOSES = { server: "1.3.6.1.5.5.7.3.1", client: "1.3.6.1.5.5.7.3.2" } as const;
const SERIAL_BYTES = 16;
/** A common name is no longer (RFC 5280, ub-common-name). */
const MAX_TITLE_LENGTH = 64;

/** A certificate and its private key, both as PEM text. */
export interface Identity {
  readonly cert: string;
  readonly key: string;
}

/** When a certificate begins and ends to be valid. */
export interface Validity {
  readonly notBefore: Date;
  readonly notAfter: Date;
}

/** What a certificate shall say. */
export interface CertificateContent extends Validity {
  /** Its subject's common name, for people; no check looks at it. Cut to 64 characters. */
  readonly title: string;
  /** The names that count. Default: none. */
  readonly names?: readonly CertifiedName[] | undefined;
  /** What its owner may be in TLS. Default: both, as a node dials and is dialled; with none of them it does not say. */
  readonly purposes?: readonly (keyof typeof PURPOSES)[] | undefined;
  /** Whether its owner is an authority itself. Default: no. */
  readonly issues?: boolean | undefined;
}

/** Who issues certificates. */
export class Authority {
  readonly #own: x509.X509Certificate;
  readonly #key: CryptoKey;

  private constructor(own: x509.X509Certificate, key: CryptoKey) {
    this.#own = own;
    this.#key = key;
  }

  /**
   * Makes an authority that nobody stands above.
   *
   * @param title Its name, for people.
   * @param validity For how long it is believed.
   * @returns Its certificate and key, for {@linkcode Authority.of}.
   */
  static async createRoot(title: string, validity: Validity): Promise<Identity> {
    const keys = await generateKeys();
    const own = await x509.X509CertificateGenerator.createSelfSigned({
      serialNumber: randomSerial(),
      name: nameOf(title),
      ...whole(validity),
      signingAlgorithm: ALGORITHM,
      keys,
      extensions: await extensionsOf({ title, ...validity, issues: true }, keys.publicKey),
    });
    return { cert: pemOf(own), key: await keyText(keys.privateKey) };
  }

  /**
   * Lets a certificate issue others.
   *
   * @param identity The certificate, of which the first counts, and its key.
   * @throws {Error} If one cannot be read, or they do not belong together.
   */
  static async of({ cert, key }: Identity): Promise<Authority> {
    const own = new x509.X509Certificate(cert);
    const der = x509.PemConverter.decodeFirst(key);
    const privateKey = await crypto.subtle.importKey("pkcs8", der, ALGORITHM, false, ["sign"]);
    const publicKey = await own.publicKey.export(ALGORITHM, ["verify"]);
    const proof = crypto.getRandomValues(new Uint8Array(32));
    const signature = await crypto.subtle.sign(ALGORITHM, privateKey, proof);
    if (!await crypto.subtle.verify(ALGORITHM, publicKey, signature, proof)) {
      throw new Error("the key is not that of the certificate");
    }
    return new Authority(own, privateKey);
  }

  /** The authority's last moment; what it has issued ends with it, whatever is said there. */
  get notAfter(): Date {
    return this.#own.notAfter;
  }

  /**
   * Issues a certificate for a new key.
   *
   * @param content What the certificate shall say.
   * @returns The certificate and its key.
   */
  async issue(content: CertificateContent): Promise<Identity> {
    const keys = await generateKeys();
    const issued = await x509.X509CertificateGenerator.create({
      serialNumber: randomSerial(),
      subject: nameOf(content.title),
      issuer: this.#own.subjectName,
      ...whole(content),
      signingAlgorithm: ALGORITHM,
      publicKey: keys.publicKey,
      signingKey: this.#key,
      extensions: [
        ...await extensionsOf(content, keys.publicKey),
        await x509.AuthorityKeyIdentifierExtension.create(this.#own.publicKey),
      ],
    });
    return { cert: pemOf(issued), key: await keyText(keys.privateKey) };
  }
}

async function extensionsOf(
  { names = [], purposes = ["server", "client"], issues = false }: CertificateContent,
  publicKey: CryptoKey,
): Promise<x509.Extension[]> {
  const { keyCertSign, cRLSign, digitalSignature } = x509.KeyUsageFlags;
  const extensions: x509.Extension[] = [
    new x509.BasicConstraintsExtension(issues, undefined, true),
    new x509.KeyUsagesExtension(issues ? keyCertSign | cRLSign : digitalSignature, true),
    await x509.SubjectKeyIdentifierExtension.create(publicKey),
  ];
  if (!issues && purposes.length > 0) {
    const ids = purposes.map((purpose) => PURPOSES[purpose]);
    extensions.push(new x509.ExtendedKeyUsageExtension(ids));
  }
  if (names.length > 0) {
    const named = names.map(({ type, value }) => ({ type: type === "uri" ? "url" : type, value }));
    extensions.push(new x509.SubjectAlternativeNameExtension(named as x509.JsonGeneralNames));
  }
  return extensions;
}

function nameOf(title: string): x509.Name {
  const short = title.length > MAX_TITLE_LENGTH ? `...${title.slice(3 - MAX_TITLE_LENGTH)}` : title;
  return new x509.Name([{ CN: [{ utf8String: short }] }]);
}

/** Certificates count in whole seconds. */
function whole({ notBefore, notAfter }: Validity): Validity {
  const second = (date: Date) => new Date(Math.floor(date.getTime() / 1_000) * 1_000);
  return { notBefore: second(notBefore), notAfter: second(notAfter) };
}

/** Positive, and always of the same length. */
function randomSerial(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(SERIAL_BYTES));
  bytes[0] = bytes[0]! & 0x3f | 0x40;
  return bytes.toHex();
}

async function generateKeys(): Promise<CryptoKeyPair> {
  return await crypto.subtle.generateKey(ALGORITHM, true, ["sign", "verify"]) as CryptoKeyPair;
}

function pemOf(certificate: x509.X509Certificate): string {
  return `${certificate.toString("pem").trimEnd()}\n`;
}

async function keyText(privateKey: CryptoKey): Promise<string> {
  const bytes = await crypto.subtle.exportKey("pkcs8", privateKey);
  return `${x509.PemConverter.encode(bytes, "PRIVATE KEY").trimEnd()}\n`;
}

/**
 * Reads whose a certificate is.
 *
 * @param pem The certificate.
 * @returns Its names, in the order in which it gives them.
 * @throws {Error} If it cannot be read.
 */
export function readNames(pem: string): CertifiedName[] {
  const own = new x509.X509Certificate(pem);
  const given = own.getExtension(x509.SubjectAlternativeNameExtension)?.names.toJSON() ?? [];
  const names: CertifiedName[] = [];
  for (const { type, value } of given) {
    if (type === "url") names.push({ type: "uri", value });
    else if (type === "dns" || type === "ip") names.push({ type, value });
  }
  return names;
}
