/**
 * Certificates and keys in files.
 *
 * @module
 */

import { counted } from "../../foreign/text_of.ts";
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

/** The size of the largest file that is read, in bytes; a larger one is considered a mistake. */
const MAX_FILE_BYTES = 1_048_576;
/** The same for lists of revoked certificates, enough for about 200,000. */
const MAX_CRL_BYTES = 8 * 1_048_576;

/** Receives the contents of the files. */
export interface FilesListener {
  /** The contents have not changed for a while; repeated from time to time. */
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
   * Watches them: contents count once all files have been unchanged for a
   * while, so that a pair that is just being written is not used.
   *
   * @param known The contents when they were last read.
   * @param settleMs How long they must be unchanged, in milliseconds.
   * @param pollIntervalMs How often to check without a notification of a change.
   * @param signal Stops watching.
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

  /** Returns whether to wait for the next change, instead of checking again soon. */
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

/** All of them are texts, except for lists of revoked certificates in DER. */
function textOf(bytes: Uint8Array): string {
  return crlText(bytes);
}

/** Reading a pipe could block forever. */
function checkFile(path: string, { isFile, size }: FileFacts, maxBytes: number): void {
  const what = !isFile
    ? "is not a file"
    : size > maxBytes
    ? `has ${counted(size, "byte")}, more than the ${maxBytes} that are read`
    : null;
  if (what === null) return;
  throw invalidArgument(`${path} ${what}. Give a file of PEM text.`);
}

/** All texts in one string; its last line is always complete, so that only time decides whether it counts. */
function stateOf({ cert, key, ca, crl }: MtlsTexts): string {
  return `${JSON.stringify([cert, key, ca, crl])}\n`;
}
