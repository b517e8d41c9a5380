/**
 * What Kubernetes puts into each container, so that it can ask the API server.
 *
 * @module
 */

import { InternodeError } from "../../errors.ts";
import { errorKind } from "../../runtime/platform/error_kind.ts";
import { readError } from "../../runtime/read_error.ts";
import { thisPlatform } from "../../runtime/this_platform.ts";

/** Where the files of a pod's service account are. */
export const SERVICE_ACCOUNT_FOLDER = "/var/run/secrets/kubernetes.io/serviceaccount";

/** The longest file that is read. A token has some 1 KiB, a certificate some 2 KiB. */
const MAX_FILE_BYTES = 1_048_576;

/** The files of a service account. They are read anew each time, as Kubernetes replaces them. */
export class ServiceAccount {
  /** The file with the token. */
  readonly tokenPath: string;
  readonly #folder: string;

  /** @param folder Where the files are: `token`, `ca.crt` and `namespace`. */
  constructor(folder: string) {
    this.#folder = folder.replace(/\/+$/, "");
    this.tokenPath = `${this.#folder}/token`;
  }

  /**
   * Gives the token that says who this is.
   *
   * @throws {InternodeError} `Unauthenticated` if there is none.
   */
  async token(signal: AbortSignal): Promise<string> {
    const token = (await read(this.tokenPath, signal))?.trim();
    // What is no such text must not get into a header, whose error would show it.
    if (token !== undefined && /^[\x21-\x7e]+$/.test(token)) return token;
    const why = token === undefined ? "does not exist" : "holds no token";
    throw new InternodeError(
      "Unauthenticated",
      `The file ${this.tokenPath} ${why}. Let the pod mount the token of its service account ` +
        "(automountServiceAccountToken), or give another serviceAccountFolder.",
    );
  }

  /** Gives the authorities of the API server's certificate, as PEM; none if there is no such file. */
  async caCerts(signal: AbortSignal): Promise<readonly string[]> {
    const path = `${this.#folder}/ca.crt`, text = await read(path, signal);
    if (text === null) return [];
    if (text.includes("-----BEGIN CERTIFICATE-----")) return [text];
    throw new InternodeError("InvalidArgument", `The file ${path} holds no certificate.`);
  }

  /**
   * Gives the pod's own namespace.
   *
   * @throws {InternodeError} `InvalidArgument` if it is not told.
   */
  async namespace(signal: AbortSignal): Promise<string> {
    const path = `${this.#folder}/namespace`, name = (await read(path, signal))?.trim();
    if (name !== undefined && isLabel(name)) return name;
    const why = name === undefined ? "does not exist" : "does not name one";
    throw new InternodeError(
      "InvalidArgument",
      `The namespace of kubernetesResolver is not known: the file ${path} ${why}. ` +
        "Give option namespace.",
    );
  }
}

/** Whether a text may be the name of a namespace or service (RFC 1123). */
export function isLabel(name: unknown): name is string {
  return typeof name === "string" && /^[a-z0-9](?:[-a-z0-9]{0,61}[a-z0-9])?$/.test(name);
}

/** The text of a file; `null` if there is none. */
async function read(path: string, signal: AbortSignal): Promise<string | null> {
  try {
    const { files } = thisPlatform();
    const { isFile, size } = await files.stat(path);
    if (!isFile || size > MAX_FILE_BYTES) {
      throw new InternodeError(
        "InvalidArgument",
        `${path} is no file, or has more than ${MAX_FILE_BYTES} bytes.`,
      );
    }
    return await files.readTextFile(path, signal);
  } catch (error) {
    signal.throwIfAborted();
    if (errorKind(error) === "notFound") return null;
    throw readError(path, error);
  }
}
