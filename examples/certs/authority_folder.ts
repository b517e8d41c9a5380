/**
 * The folder of the authority, and of the one that takes its place.
 *
 * @module
 */

import { Authority, type Identity } from "./authority.ts";
import { CertsError } from "./certs_error.ts";
import { readIfThere, writeWhole } from "./identity_folder.ts";
import { validFor } from "./validity.ts";

const AUTHORITY_DAYS = 3_650;

/**
 * What the folder holds:
 *
 * - `ca.pem`, `ca.key`: who issues; the key only if it was to be kept
 * - `next.pem`, `next.key`: who will, and is believed already
 * - `former.pem`: who did, and is still believed
 */
export class AuthorityFolder {
  readonly #path: string;
  #ca: string;
  #caKey: string | undefined;
  #next: Identity | undefined;
  #former: string | undefined;
  #keepsKey: boolean;

  private constructor(path: string, { cert, key }: { cert: string; key: string | undefined }) {
    this.#path = path;
    this.#ca = cert;
    this.#caKey = key;
    this.#keepsKey = key !== undefined;
  }

  /** Reads the folder; `undefined` if no authority is in it. */
  static async open(path: string): Promise<AuthorityFolder | undefined> {
    const names = ["ca.pem", "ca.key", "next.pem", "next.key", "former.pem"];
    const read = names.map((name) => readIfThere(`${path}/${name}`));
    const [cert, key, nextCert, nextKey, former] = await Promise.all(read);
    if (cert === undefined) return undefined;
    const folder = new AuthorityFolder(path, { cert, key });
    if (nextCert !== undefined && nextKey !== undefined) {
      folder.#next = { cert: nextCert, key: nextKey };
    }
    folder.#former = former;
    return folder;
  }

  /** Makes an authority. Its key is written if it shall be kept, and else forgotten with this object. */
  static async create(path: string, keepsKey: boolean): Promise<AuthorityFolder> {
    const root = await createRoot();
    await Deno.mkdir(path, { recursive: true, mode: 0o700 });
    if (keepsKey) await writeWhole(`${path}/ca.key`, root.key, 0o600);
    await writeWhole(`${path}/ca.pem`, root.cert);
    const folder = new AuthorityFolder(path, root);
    folder.#keepsKey = keepsKey;
    return folder;
  }

  /** Whether the key of who issues is in the folder. */
  get keepsKey(): boolean {
    return this.#keepsKey;
  }

  /** All who are believed, as PEM text. */
  get believed(): string {
    return this.#ca + (this.#next?.cert ?? "") + (this.#former ?? "");
  }

  /** Who issues. */
  async issuer(): Promise<Authority> {
    if (this.#caKey !== undefined) {
      return await this.#load({ cert: this.#ca, key: this.#caKey }, "ca");
    }
    throw new CertsError(
      `The key of the authority in ${this.#path} was not kept, so it issues no more ` +
        "certificates. Go over to another one with --rotate-ca trust, or begin in an empty " +
        "folder with --keep-ca-key.",
    );
  }

  /** Makes the authority that comes next; its key is kept, as all else needs it. */
  async addNext(): Promise<void> {
    if (this.#next !== undefined) {
      throw new CertsError(
        `${this.#path} holds the next authority already. Go on with --rotate-ca issue.`,
      );
    }
    if (this.#former !== undefined) {
      throw new CertsError(
        `${this.#path} still holds a former authority. End that with --rotate-ca retire first.`,
      );
    }
    const next = await createRoot();
    await writeWhole(`${this.#path}/next.key`, next.key, 0o600);
    await writeWhole(`${this.#path}/next.pem`, next.cert);
    this.#next = next;
  }

  /** Who comes next. */
  async nextIssuer(): Promise<Authority> {
    if (this.#next !== undefined) return await this.#load(this.#next, "next");
    throw new CertsError(
      `${this.#path} holds no next authority. Begin with --rotate-ca trust, and let all nodes ` +
        "read their files.",
    );
  }

  /** From now on the next one issues, and the former is believed. */
  async switchToNext(): Promise<void> {
    const { cert, key } = this.#next!, path = this.#path;
    await writeWhole(`${path}/former.pem`, this.#ca);
    await writeWhole(`${path}/ca.key`, key, 0o600);
    await writeWhole(`${path}/ca.pem`, cert);
    await Deno.remove(`${path}/next.pem`);
    await Deno.remove(`${path}/next.key`);
    this.#former = this.#ca;
    this.#ca = cert;
    this.#caKey = key;
    this.#next = undefined;
    this.#keepsKey = true;
  }

  /** The former one is not believed any more. */
  async dropFormer(): Promise<void> {
    if (this.#former === undefined) {
      throw new CertsError(
        `${this.#path} holds no former authority. ` +
          `First comes --rotate-ca ${this.#next === undefined ? "trust" : "issue"}.`,
      );
    }
    await Deno.remove(`${this.#path}/former.pem`);
    this.#former = undefined;
  }

  async #load(identity: Identity, name: string): Promise<Authority> {
    try {
      return await Authority.of(identity);
    } catch (cause) {
      const why = cause instanceof Error ? cause.message : String(cause);
      throw new CertsError(
        `${this.#path}/${name}.pem and ${name}.key cannot be used: ${why}. ` +
          "Put them back as they were, or begin in an empty folder.",
        { cause },
      );
    }
  }
}

/** Each has a name of its own, so that nobody takes one for another. */
function createRoot(): Promise<Identity> {
  const mark = crypto.getRandomValues(new Uint8Array(4)).toHex();
  return Authority.createRoot(`Internode development authority ${mark}`, validFor(AUTHORITY_DAYS));
}
