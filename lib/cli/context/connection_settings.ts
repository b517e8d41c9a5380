/**
 * How hosts are reached: by a context file, the environment and options.
 *
 * @module
 */

import { duration, flag, type Option, text, type ValuesOf } from "../arguments/option.ts";

/** See {@linkcode OUTPUT_OPTIONS}. */
export type OutputOptions = Readonly<Record<"json", Option<boolean>>>;

/** The options of each command that prints a result. */
export const OUTPUT_OPTIONS: OutputOptions = {
  json: flag("print JSON, for programs"),
};

/** See {@linkcode CONNECTION_OPTIONS}. */
export type ConnectionOptions =
  & Readonly<
    Record<
      | "context"
      | "name"
      | "secret-file"
      | "cert-file"
      | "key-file"
      | "ca-file"
      | "server-name",
      Option<string | undefined>
    >
  >
  & Readonly<Record<"timeout", Option<number | undefined>>>;

/** The options of each command that asks hosts. */
export const CONNECTION_OPTIONS: ConnectionOptions = {
  context: text("the context: a name, or the path of its file", "CONTEXT", undefined),
  name: text("what this tool calls itself, for the hosts' allow rules", "NAME", undefined),
  "secret-file": text("the file of the secret that the hosts share", "FILE", undefined),
  "cert-file": text("the certificate that this tool shows, for mutual TLS", "FILE", undefined),
  "key-file": text("the key of that certificate", "FILE", undefined),
  "ca-file": text("the authorities that this tool trusts", "FILE", undefined),
  "server-name": text(
    "the name that the hosts' certificates have, where it is not that in their URLs",
    "NAME",
    undefined,
  ),
  timeout: duration("how long each host may take to answer; 5s unless the context says", undefined),
};

/** The values of these options. */
export type ConnectionGiven = ValuesOf<ConnectionOptions>;

/** How long a host may take unless something else is said, in milliseconds. */
export const DEFAULT_TIMEOUT_MS = 5_000;

/** What is known of the hosts, and of how they are reached. */
export interface ConnectionSettings {
  /** The hosts' URLs, as the context has them. */
  readonly hosts: readonly string[];
  /** Where hosts are looked up: one kind of resolver with its options; `null`: nowhere. */
  readonly resolver: ResolverSettings | null;
  /** What the tool calls itself. */
  readonly name: string;
  /** The secret; `undefined` for none. */
  readonly secret: string | undefined;
  /** The token of WebSocket requests; `undefined` for none. */
  readonly token: string | undefined;
  /** Paths of certificates. */
  readonly tls: TlsPaths;
  /** How long each host may take to answer, in milliseconds. */
  readonly timeoutMs: number;
  /** Where the settings come from, for messages. */
  readonly source: string;
}

/** Paths of certificates, of which some may be left out. */
export interface TlsPaths {
  /** The certificate that this tool shows. */
  readonly certFile?: string | undefined;
  /** Its key. */
  readonly keyFile?: string | undefined;
  /** The authorities that it trusts. */
  readonly caFile?: string | undefined;
  /** Lists of revoked certificates. */
  readonly crlFile?: string | undefined;
  /** The name that the hosts' certificates have. */
  readonly serverName?: string | undefined;
}

/** The kinds of resolvers. */
export const RESOLVER_KINDS = ["dns", "file", "directory", "etcd", "kubernetes"] as const;

/** A resolver. */
export interface ResolverSettings {
  /** Which kind. */
  readonly kind: typeof RESOLVER_KINDS[number];
  /** Its options, which it checks itself. */
  readonly options: Readonly<Record<string, unknown>>;
}
