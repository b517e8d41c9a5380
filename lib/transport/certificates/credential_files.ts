/**
 * Certificates and keys in files.
 *
 * @module
 */

import { type InternodeError, invalidArgument } from "../../errors.ts";
import type { Clock } from "../../runtime/clock.ts";
import type { FileFacts } from "../../runtime/platform/files.ts";
import { thisPlatform } from "../../runtime/this_platform.ts";
import { anyChanged, folderOf, FolderWatch } from "../../runtime/folder_watch.ts";
import type { MtlsFiles, MtlsTexts } from "./mtls_config.ts";
import { crlText } from "./pem.ts";
import { pause } from "../../runtime/pause.ts";
import { readError } from "../../runtime/read_error.ts";
import { FileDebounce } from "../../runtime/file_debounce.ts";

/** The longest file that is read; whatever is longer is taken for a mistake. */
const MAX_FILE_BYTES = 1_048_576;
/** The same of lists of revoked certificates, about 200,000 of them. */
const MAX_CRL_BYTES = 8 * 1_048_576;

/** Whom the files tell what they hold. */
export interface FilesListener {
  /** They have held this for a while; told again from time to time. */
  onTexts(texts: MtlsTexts): void;
  /** They cannot be read. */
  onError(error: InternodeError): void;
}

/** Reads the files, and watches them. */
export class CredentialFiles {
  readonly #cert: string;
  readonly #key: string;
  readonly #ca: readonly string[];
  readonly #crl: readonly string[];

  /** @throws {InternodeError} `InvalidArgument` if a path is missing. */
  constructor({ certFile, keyFile, caFile, crlFile = [] }: MtlsFiles) {
    this.#cert = certFile;
    this.#key = keyFile;
    this.#ca = typeof caFile === "string" ? [caFile] : [...caFile];
    this.#crl = typeof crlFile === "string" ? [crlFile] : [...crlFile];
    for (const path of this.#all) {
      if (typeof path === "string" && path !== "") continue;
      throw invalidArgument(
        "The configuration of mutual TLS is not valid: certFile, keyFile, caFile or crlFile is empty. Give the path of a file.",
      );
    }
  }

  /** Reads them at once. */
  readSync(): MtlsTexts {
    const { files } = thisPlatform();
    return this.#textsOf(this.#all.map((path) => {
      try {
        checkFile(path, files.statSync(path), this.#maxBytes(path));
        return textOf(files.readFileSync(path));
      } catch (cause) {
        throw readError(path, cause);
      }
    }));
  }

  /** Reads them. Rejects with an `InternodeError` that names the file; none is being read any more then. */
  async read(): Promise<MtlsTexts> {
    const { files } = thisPlatform();
    const reads = await Promise.allSettled(this.#all.map(async (path) => {
      try {
        checkFile(path, await files.stat(path), this.#maxBytes(path));
        return textOf(await files.readFile(path));
      } catch (cause) {
        throw readError(path, cause);
      }
    }));
    return this.#textsOf(reads.map((read) => {
      if (read.status === "rejected") throw read.reason;
      return read.value;
    }));
  }

  /**
   * Watches them: what they hold counts once all of them have been the same for
   * a while, so that a pair which is just being written is not taken for one.
   *
   * @param known What they held when they were read last.
   * @param settleMs For how long, in milliseconds.
   * @param pollIntervalMs How often to look although nothing was heard of a change.
   * @param signal Ends the watching.
   */
  async watch(
    known: MtlsTexts,
    settleMs: number,
    pollIntervalMs: number,
    clock: Clock,
    listener: FilesListener,
    signal: AbortSignal,
  ): Promise<void> {
    const debounce = new FileDebounce(settleMs);
    debounce.see(stateOf(known), clock.now());
    const folders = [...new Set(this.#all.map(folderOf))];
    const watches = folders.map((folder) => new FolderWatch(folder, clock));
    try {
      while (!signal.aborted) {
        const isSettled = await this.#look(debounce, clock, listener, signal);
        await pause(clock, settleMs, signal);
        if (isSettled) await anyChanged(watches, pollIntervalMs, signal);
      }
    } finally {
      for (const watch of watches) watch[Symbol.dispose]();
    }
  }

  /** Says whether to wait for the next change, rather than to look again soon. */
  async #look(
    debounce: FileDebounce,
    clock: Clock,
    listener: FilesListener,
    signal: AbortSignal,
  ): Promise<boolean> {
    let texts: MtlsTexts;
    try {
      texts = await this.read();
    } catch (error) {
      if (!signal.aborted) listener.onError(error as InternodeError);
      return true;
    }
    if (signal.aborted) return true;
    const verdict = debounce.see(stateOf(texts), clock.now());
    if (verdict === "pending" || verdict === "unstable") return false;
    listener.onTexts(texts);
    return true;
  }

  get #all(): string[] {
    return [this.#cert, this.#key, ...this.#ca, ...this.#crl];
  }

  #maxBytes(path: string): number {
    return this.#crl.includes(path) ? MAX_CRL_BYTES : MAX_FILE_BYTES;
  }

  #textsOf([cert, key, ...rest]: string[]): MtlsTexts {
    const cas = this.#ca.length;
    return { cert: cert!, key: key!, ca: rest.slice(0, cas), crl: rest.slice(cas) };
  }
}

/** All of them are texts, but for lists of revoked certificates in DER. */
function textOf(bytes: Uint8Array): string {
  return crlText(bytes);
}

/** To read a pipe could take for ever. */
function checkFile(path: string, { isFile, size }: FileFacts, maxBytes: number): void {
  const what = !isFile
    ? "is not a file"
    : size > maxBytes
    ? `has ${size} bytes, more than the ${maxBytes} that are read`
    : null;
  if (what === null) return;
  throw invalidArgument(`${path} ${what}. Give a file of PEM text.`);
}

/** All texts in one; its last line is always complete, so that only time decides whether it counts. */
function stateOf({ cert, key, ca, crl }: MtlsTexts): string {
  return `${JSON.stringify([cert, key, ca, crl])}\n`;
}
