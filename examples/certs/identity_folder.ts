/**
 * The folder of one node: its certificate, its key, and whom it believes.
 *
 * @module
 */

import { readFile } from "node:fs/promises";
import type { Identity } from "./authority.ts";

/** The files of a node, none of which it needs from anywhere else. */
export interface IdentityFiles {
  readonly cert: string;
  /** Readable by its owner alone. */
  readonly key: string;
  /** All authorities that the node believes. */
  readonly ca: string;
}

/** Where the files of a node are. */
export function identityFiles(folder: string): IdentityFiles {
  return { cert: `${folder}/cert.pem`, key: `${folder}/key.pem`, ca: `${folder}/ca.pem` };
}

/**
 * Writes the files of a node, new or renewed.
 *
 * @param folder Its folder; made if it is not there.
 * @param identity What the node is.
 * @param ca The authorities that it believes, as PEM text.
 */
export async function writeIdentity(folder: string, identity: Identity, ca: string): Promise<void> {
  const files = identityFiles(folder);
  await Deno.mkdir(folder, { recursive: true, mode: 0o700 });
  await writeWhole(files.ca, ca);
  await writeWhole(files.key, identity.key, 0o600);
  await writeWhole(files.cert, identity.cert);
}

/** Reads what {@linkcode writeIdentity} has written, as the `tls` of a `Manager` takes it; on Node and Bun too. */
export async function readIdentity(folder: string): Promise<Identity & { readonly ca: string }> {
  const files = identityFiles(folder);
  const read = [files.cert, files.key, files.ca].map((path) => readFile(path, "utf8"));
  const [cert, key, ca] = await Promise.all(read) as [string, string, string];
  return { cert, key, ca };
}

/** Writes a file so that nobody ever reads a part of it. */
export async function writeWhole(path: string, text: string, mode = 0o644): Promise<void> {
  const draft = `${path}.${crypto.randomUUID()}`;
  try {
    await Deno.writeTextFile(draft, text, { createNew: true, mode });
    await Deno.rename(draft, path);
  } catch (error) {
    await Deno.remove(draft).catch(() => {});
    throw error;
  }
}

/** Reads a file; `undefined` if it is not there. */
export async function readIfThere(path: string): Promise<string | undefined> {
  try {
    return await Deno.readTextFile(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
}
