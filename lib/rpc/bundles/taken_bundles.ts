/**
 * The bundles that a node or server has taken.
 *
 * @module
 */

import { InternodeError, invalidArgument } from "../../errors.ts";
import type { AuditTrail } from "../connecting/audit_trail.ts";
import type { HandlerBundle } from "../contract/handler_bundle.ts";
import { type GuestPolicy, type OpenBundle, openBundle } from "./open_bundle.ts";
import type { Inspection } from "../inspection/inspection.ts";
import type { AnyHandler, HandlerTable } from "../serving/handler_table.ts";

/** Who can reach the handlers of a node or server. */
export interface Reach {
  /** Where it listens, for messages. */
  readonly address: string;
  /** Whether callers from other machines can reach it without a certificate. */
  readonly isExposed: boolean;
}

/** How many calls of a handler may wait where only so many run. */
const QUEUE = 16;

/** Takes bundles into a table of handlers, and closes them. */
export class TakenBundles {
  readonly #table: HandlerTable;
  readonly #audit: AuditTrail | null;
  readonly #open: OpenBundle[] = [];
  #isClosed = false;

  /**
   * @param table Where their handlers go.
   * @param audit Hears of what they change; `null` if there is none.
   */
  constructor(table: HandlerTable, audit: AuditTrail | null) {
    this.#table = table;
    this.#audit = audit;
  }

  /**
   * Takes a bundle.
   *
   * @param face What it looks into.
   * @param reach Who can reach it.
   * @returns What guests may do; `null`: the bundle needs none.
   * @throws {InternodeError} `InvalidArgument` for its options, without a rule where one is needed, and if it was taken before; `Closed` after `close`.
   */
  take<Options extends object>(
    bundle: HandlerBundle<Options>,
    options: Options,
    face: Inspection,
    reach: Reach,
  ): GuestPolicy | null {
    const open = openBundle(bundle, face, options, this.#audit), { allow, handlers } = open;
    try {
      if (this.#isClosed) throw closed(bundle.name, reach.address);
      if (allow === null && reach.isExposed) throw needsAllow(bundle.name, reach.address);
      const rule = allow === null ? {} : { allow };
      const taken = handlers.find(({ contract }) => this.#table.hasName(contract.name));
      if (taken !== undefined) throw invalidArgument(`There is ${bundle.name} here already.`);
      for (const { contract, handler, concurrency = Infinity } of handlers) {
        const limits = concurrency === Infinity ? {} : { concurrency, queue: QUEUE };
        this.#table.addReserved(contract, handler as AnyHandler, { ...rule, ...limits });
      }
    } catch (error) {
      open.close();
      throw error;
    }
    this.#open.push(open);
    return open.guests;
  }

  /** Closes all. Any number of calls. */
  close(): void {
    this.#isClosed = true;
    for (const open of this.#open.splice(0)) open.close();
  }
}

function closed(name: string, address: string): InternodeError {
  const message = `${address} is closed and takes no ${name}.`;
  return new InternodeError("Closed", message, { origin: "caller", host: address });
}

function needsAllow(name: string, address: string): InternodeError {
  return invalidArgument(
    `${name} needs a rule who may call it (option allow): other machines can reach ${address}, and ` +
      'no certificate says who calls. Give a rule, such as { allow: allowNames("*.ops.example") } with ' +
      'mutual TLS, or { allow: ({ host }) => host === "ops" } with a secret for each peer.',
    { host: address },
  );
}
