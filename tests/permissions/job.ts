/**
 * What a process with few permissions is to do.
 *
 * @module
 */

import type { MtlsFileConfig } from "@internode/grid";

/** A node of a grid, which calls its peer. */
export interface GridJob {
  readonly kind: "grid";
  readonly local: string;
  readonly peer: string;
  readonly tls?: MtlsFileConfig | undefined;
  /** The variable of the environment that the shared secret is in. */
  readonly secretIn?: string | undefined;
  /** How long it polls, in microseconds; it tells then whether it may have. */
  readonly spinUs?: number | undefined;
}

/** A server that a client of the same process calls. */
export interface ServeJob {
  readonly kind: "serve";
  readonly address: string;
  readonly tls?: MtlsFileConfig | undefined;
}

/** A server of two workers that a client of the same process calls. */
export interface WorkersJob {
  readonly kind: "workers";
  /** Where the workers listen: one address for both, or one for each. */
  readonly addresses: readonly string[];
}

/** A client that finds its servers in a file, a folder, by DNS or by Kubernetes. */
export interface ClientJob {
  readonly kind: "client";
  readonly finds: "file" | "directory" | "dns" | "kubernetes";
  /** The path, the name, or the folder of the service account. */
  readonly where: string;
  /** The port of the servers, and of the name server. */
  readonly ports?: { readonly server: number; readonly dns: number } | undefined;
}

/** Any of these. */
export type Job = GridJob | ServeJob | WorkersJob | ClientJob;

/** What came of it. */
export type Report = { readonly said: string } | {
  /** Whether it was an error of this library. */
  readonly isOurs: boolean;
  readonly code: string;
  readonly message: string;
  /** What the log was told, which is where a client hears of its resolver. */
  readonly warnings: readonly string[];
};
