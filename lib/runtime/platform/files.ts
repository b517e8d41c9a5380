/**
 * Files as this library reads them on any runtime.
 *
 * @module
 */

/** What lies at a path. */
export interface FileFacts {
  /** A plain file. */
  readonly isFile: boolean;
  /** A socket; `null` where the system has none. */
  readonly isSocket: boolean | null;
  /** How long it is, in bytes. */
  readonly size: number;
  /** The device that it lies on. */
  readonly dev: number;
  /** Its number there; `null` where the system has none. */
  readonly ino: number | null;
}

/** What a folder holds. */
export interface FolderEntry {
  /** Its name in the folder. */
  readonly name: string;
  /** A plain file. */
  readonly isFile: boolean;
  /** A folder. */
  readonly isDirectory: boolean;
}

/** A folder that is watched. */
export interface Watched {
  /** Ends the watching. */
  close(): void;
}

/** Reading and changing files. What fails throws the runtime's own error, of which `errorKind` tells. */
export interface Files {
  /** What a path leads to. */
  stat(path: string): Promise<FileFacts>;
  /** As `stat`, at once. */
  statSync(path: string): FileFacts;
  /** What lies at a path itself. */
  lstat(path: string): Promise<FileFacts>;
  /** As `lstat`, at once. */
  lstatSync(path: string): FileFacts;
  /** A file's bytes. */
  readFile(path: string): Promise<Uint8Array>;
  /** As `readFile`, at once. */
  readFileSync(path: string): Uint8Array;
  /** A file's text. */
  readTextFile(path: string, signal: AbortSignal): Promise<string>;
  /** What a folder holds. */
  readDir(path: string): AsyncIterable<FolderEntry>;
  /** Gives a file a second name. */
  linkSync(from: string, to: string): void;
  /** Removes a file. */
  remove(path: string): Promise<void>;
  /** As `remove`, at once. */
  removeSync(path: string): void;
  /**
   * Watches a folder, not those in it.
   *
   * @param onChange Hears of each change, and of nothing after `close`.
   * @returns What ends it. Throws where it cannot be had.
   */
  watch(path: string, onChange: () => void): Watched;
}
