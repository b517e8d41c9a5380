/**
 * What a bundle of handlers gives to the node or server that takes it.
 *
 * @module
 */

import { invalidArgument } from "../../errors.ts";
import { optionsOf } from "../../foreign/option_checks.ts";
import { shown } from "../../foreign/text_of.ts";
import type { AuditTrail } from "../connecting/audit_trail.ts";
import type { AllowRule } from "../contract/allow.ts";
import type { AnyContract } from "../contract/contract.ts";
import type { HandlerBundle } from "../contract/handler_bundle.ts";
import type { Inspection } from "../inspection/inspection.ts";

/** A handler of a bundle. */
export interface BundleHandler {
  /** What both sides agreed on; its name is also the one on the wire, on both faces. */
  readonly contract: AnyContract;
  /** Serves the calls. */
  // deno-lint-ignore no-explicit-any -- of any contract
  readonly handler: (...given: any[]) => unknown;
  /** How many of its calls may run at a time; 16 more wait. Default: no limit. */
  readonly concurrency?: number;
}

/** A bundle that a node or server has taken. */
export interface OpenBundle {
  /** Its handlers. */
  readonly handlers: readonly BundleHandler[];
  /** Who may call them; `null`: everyone who may connect. */
  readonly allow: AllowRule | null;
  /** How a node takes guests, whose names are not those of hosts; `null`: it takes none for it. */
  readonly guests: GuestPolicy | null;
  /** The node or server closes, or could not take it. */
  close(): void;
}

/** What a node's guests may do. */
export interface GuestPolicy {
  /** Whether they may also call handlers that are in no bundle, each by its own rule. */
  readonly mayCall: boolean;
}

/** Opens a bundle for a node or server. */
export type OpenFor<Options> = (
  face: Inspection,
  options: Options,
  audit: AuditTrail | null,
) => OpenBundle;

const OPENERS = new WeakMap<object, OpenFor<never>>();

/** Makes a bundle. For the rooms that have one. */
export function makeBundle<Options extends object>(
  name: string,
  open: OpenFor<Options>,
): HandlerBundle<Options> {
  const bundle: HandlerBundle<Options> = Object.freeze({ kind: "bundle", name });
  OPENERS.set(bundle, open);
  return bundle;
}

/**
 * Opens a bundle for a node or server. For the faces.
 *
 * @throws {InternodeError} `InvalidArgument` for what is no bundle, or for its options.
 */
export function openBundle<Options extends object>(
  bundle: HandlerBundle<Options>,
  face: Inspection,
  options: Options,
  audit: AuditTrail | null,
): OpenBundle {
  const open = OPENERS.get(bundle) as OpenFor<Options> | undefined;
  if (open !== undefined) return open(face, optionsOf(bundle.name, options), audit);
  throw invalidArgument(`A bundle of handlers must be one of this library, not ${shown(bundle)}.`);
}
