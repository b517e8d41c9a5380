/**
 * Puts options, environment and context file together.
 *
 * @module
 */

import { messageOf } from "../../foreign/text_of.ts";
import { UsageError } from "../arguments/usage_error.ts";
import type { World } from "../world/world.ts";
import {
  type ConnectionGiven,
  type ConnectionSettings,
  DEFAULT_TIMEOUT_MS,
  type TlsPaths,
} from "./connection_settings.ts";
import { type ContextFile, contextFolder, contextPath, readContextFile } from "./context_file.ts";

/** The context that counts where none is named. */
const USUAL = "default";
/** What the tool calls itself unless something else is said. */
const USUAL_NAME = "internode";

/**
 * How hosts are reached. Options count before the environment, and that before
 * the context file.
 *
 * @returns Resolves with the settings. Rejects with a `UsageError` for what makes no sense, or cannot be read.
 */
export async function readSettings(
  given: ConnectionGiven,
  world: World,
): Promise<ConnectionSettings> {
  const { env } = world, file = await contextOf(given.context, world);
  return {
    hosts: file?.hosts ?? [],
    resolver: file?.resolver ?? null,
    name: given.name ?? file?.name ?? USUAL_NAME,
    secret: await secretOf("secret", given["secret-file"], file, world),
    token: await secretOf("token", undefined, file, world),
    tls: tlsOf(given, file),
    timeoutMs: given.timeout ?? file?.timeoutMs ?? DEFAULT_TIMEOUT_MS,
    source: file?.path ?? missingContext(env),
  };
}

function tlsOf(given: ConnectionGiven, file: ContextFile | null): TlsPaths {
  const { certFile, keyFile, caFile, crlFile, serverName } = file?.tls ?? {};
  return {
    certFile: given["cert-file"] ?? certFile,
    keyFile: given["key-file"] ?? keyFile,
    caFile: given["ca-file"] ?? caFile,
    crlFile,
    serverName: given["server-name"] ?? serverName,
  };
}

function missingContext(env: World["env"]): string {
  const folder = contextFolder(env);
  return folder === null ? "a context file" : `${folder}/${USUAL}.json`;
}

async function contextOf(given: string | undefined, world: World): Promise<ContextFile | null> {
  const { env } = world, named = given ?? (env("INTERNODE_CONTEXT") || undefined);
  if (named === undefined && contextFolder(env) === null) return null;
  const path = contextPath(named ?? USUAL, env);
  let text: string;
  try {
    text = await world.files.readTextFile(path, world.signal);
  } catch (error) {
    if (named === undefined) return null;
    throw new UsageError(
      `The context cannot be read: ${
        messageOf(error)
      } (${path}). Write that file, or name another one by --context.`,
    );
  }
  return readContextFile(text, path);
}

/** A secret, from the place that counts first. */
async function secretOf(
  what: "secret" | "token",
  option: string | undefined,
  file: ContextFile | null,
  world: World,
): Promise<string | undefined> {
  const variable = `INTERNODE_${what.toUpperCase()}`, { env } = world;
  if (option !== undefined) return await secretIn(option, world);
  const value = env(variable), path = env(`${variable}_FILE`);
  if (value) return value;
  if (path) return await secretIn(path, world);
  const storedFile = file?.[`${what}File`], storedEnv = file?.[`${what}Env`];
  if (storedFile !== undefined) return await secretIn(storedFile, world);
  if (storedEnv === undefined) return undefined;
  const stored = env(storedEnv);
  if (stored) return stored;
  throw new UsageError(`${file!.path} says that ${storedEnv} has the ${what}, and it is not set.`);
}

async function secretIn(path: string, { files, signal }: World): Promise<string> {
  try {
    // Editors put a line break at the end, which is no part of the secret.
    return (await files.readTextFile(path, signal)).replace(/\r?\n$/, "");
  } catch (error) {
    throw new UsageError(`The file of a secret cannot be read: ${messageOf(error)} (${path}).`);
  }
}
