/**
 * Files of contexts: which hosts there are, and how they are reached.
 *
 * @module
 */

import { quoted } from "../../foreign/plain_text.ts";
import { messageOf, shown } from "../../foreign/text_of.ts";
import { nearest } from "../../foreign/nearest.ts";
import { UsageError } from "../arguments/usage_error.ts";
import type { World } from "../world/world.ts";
import { RESOLVER_KINDS, type ResolverSettings, type TlsPaths } from "./connection_settings.ts";

/** What a context file says. */
export interface ContextFile {
  /** Its path. */
  readonly path: string;
  /** The hosts' URLs. */
  readonly hosts: readonly string[];
  /** Where hosts are looked up. */
  readonly resolver: ResolverSettings | null;
  /** What the tool calls itself. */
  readonly name: string | undefined;
  /** The variable of the environment that has the secret. */
  readonly secretEnv: string | undefined;
  /** The file that has the secret. */
  readonly secretFile: string | undefined;
  /** The variable of the environment that has the token of WebSocket requests. */
  readonly tokenEnv: string | undefined;
  /** The file that has it. */
  readonly tokenFile: string | undefined;
  /** Paths of certificates. */
  readonly tls: TlsPaths;
  /** How long each host may take to answer, in milliseconds. */
  readonly timeoutMs: number | undefined;
}

const KEYS = [
  "hosts",
  "resolver",
  "name",
  "secretEnv",
  "secretFile",
  "tokenEnv",
  "tokenFile",
  "tls",
  "timeoutMs",
] as const;
const TLS_KEYS = ["certFile", "keyFile", "caFile", "crlFile", "serverName"] as const;
const SECRETS = ["secret", "token"] as const;

/** The folder of the contexts; `null` where the environment does not say. */
export function contextFolder(env: World["env"]): string | null {
  const shared = env("XDG_CONFIG_HOME") || env("APPDATA");
  if (shared) return `${shared}/internode`;
  const home = env("HOME");
  return home ? `${home}/.config/internode` : null;
}

/** The path of a context: a path is one already, with a slash or `.json` in it. */
export function contextPath(context: string, env: World["env"]): string {
  if (/[/\\]|\.json$/.test(context)) return context;
  const folder = contextFolder(env);
  if (folder !== null) return `${folder}/${context}.json`;
  throw new UsageError(
    `The context ${
      quoted(context)
    } cannot be found, as neither XDG_CONFIG_HOME nor HOME is set. Give the path of its file.`,
  );
}

type Wrong = (problem: string) => UsageError;
type Fields = Readonly<Record<string, unknown>>;

/**
 * Reads the text of a context file. Paths in it are relative to its folder.
 *
 * @param path Where it is, for messages and for its folder.
 * @throws {UsageError} For what makes no sense, with the path and what to do.
 */
export function readContextFile(given: string, path: string): ContextFile {
  const wrong: Wrong = (problem) => new UsageError(`${path}: ${problem}`);
  const context = fieldsOf(jsonOf(given, wrong), "the context", wrong);
  for (const secret of SECRETS) {
    if (!Object.hasOwn(context, secret)) continue;
    throw wrong(
      `the ${secret} must not stand here. Put it into a file that only you can read and give ${secret}File, or into the environment and give ${secret}Env.`,
    );
  }
  checkKeys(context, KEYS, wrong);
  const tls = fieldsOf(context["tls"] ?? {}, "tls", wrong);
  checkKeys(tls, TLS_KEYS, wrong);
  const textAt = (from: Fields, key: string): string | undefined => {
    const value = from[key];
    if (value === undefined || (typeof value === "string" && value !== "")) return value;
    throw wrong(`${key} must be a text, not ${shown(value)}.`);
  };
  const fileAt = (from: Fields, key: string): string | undefined => {
    const file = textAt(from, key);
    if (file === undefined || /^(?:[/\\]|[A-Za-z]:)/.test(file)) return file;
    return path.replace(/[^/\\]*$/, "") + file;
  };
  return {
    path,
    hosts: hostsIn(context["hosts"], wrong),
    resolver: resolverIn(context["resolver"], wrong),
    name: textAt(context, "name"),
    secretEnv: textAt(context, "secretEnv"),
    secretFile: fileAt(context, "secretFile"),
    tokenEnv: textAt(context, "tokenEnv"),
    tokenFile: fileAt(context, "tokenFile"),
    tls: {
      certFile: fileAt(tls, "certFile"),
      keyFile: fileAt(tls, "keyFile"),
      caFile: fileAt(tls, "caFile"),
      crlFile: fileAt(tls, "crlFile"),
      serverName: textAt(tls, "serverName"),
    },
    timeoutMs: timeoutIn(context["timeoutMs"], wrong),
  };
}

function jsonOf(text: string, wrong: Wrong): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw wrong(`this is no JSON: ${messageOf(error)}.`);
  }
}

function fieldsOf(value: unknown, what: string, wrong: Wrong): Fields {
  if (typeof value === "object" && value !== null && !Array.isArray(value)) return value as Fields;
  throw wrong(`${what} must be an object, not ${shown(value)}.`);
}

function checkKeys(given: Fields, known: readonly string[], wrong: Wrong): void {
  const unknown = Object.keys(given).find((key) => !known.includes(key));
  if (unknown === undefined) return;
  const meant = nearest(unknown, known);
  const advice = meant === null ? `There are: ${known.join(", ")}.` : `Do you mean ${meant}?`;
  throw wrong(`there is no ${quoted(unknown)}. ${advice}`);
}

function hostsIn(value: unknown, wrong: Wrong): readonly string[] {
  if (value === undefined) return [];
  if (Array.isArray(value) && value.every((each) => typeof each === "string")) return value;
  throw wrong("hosts must be a list of URLs, such as tcp://10.0.0.1:9000.");
}

function resolverIn(value: unknown, wrong: Wrong): ResolverSettings | null {
  if (value === undefined) return null;
  const [found, second] = Object.entries(fieldsOf(value, "resolver", wrong));
  const kind = RESOLVER_KINDS.find((each) => each === found?.[0]);
  if (found === undefined || second !== undefined || kind === undefined) {
    const kinds = RESOLVER_KINDS.join(", ");
    throw wrong(`resolver must have one of ${kinds}, such as {"dns": {"name": "grid.example"}}.`);
  }
  return { kind, options: fieldsOf(found[1], kind, wrong) };
}

function timeoutIn(value: unknown, wrong: Wrong): number | undefined {
  if (value === undefined) return undefined;
  if (typeof value === "number" && value > 0 && value < Infinity) return value;
  throw wrong(`timeoutMs must be a number above 0, not ${shown(value)}.`);
}
