/**
 * The handlers of a node.
 *
 * @module
 */

import { type InternodeError, invalidArgument } from "../../errors.ts";
import { quoted } from "../../foreign/plain_text.ts";
import { MAX_NAME_BYTES, nameKey, nameProblem } from "../../session/frames/handler_name.ts";
import type { HandlerTarget } from "../../session/calls/handler_target.ts";
import type { AllowRule } from "../contract/allow.ts";
import { isReservedName, RESERVED_PREFIX } from "../contract/handler_bundle.ts";
import type { CallSource } from "./call_source.ts";
import type { ConcurrencyGate } from "../admission/concurrency_gate.ts";
import { makeGate } from "../admission/make_gate.ts";
import type { AnyContract } from "../contract/contract.ts";
import type {
  HandleOptions,
  SingleHandlerFunction,
  StreamHandlerFunction,
} from "../contract/handler.ts";
import { judgeCaller } from "./refused_target.ts";
import type { Serving } from "./serving.ts";
import { SingleTarget } from "./single_target.ts";
import { StreamTarget } from "./stream_target.ts";
import { optionsOf } from "../../foreign/option_checks.ts";
import { shown } from "../../foreign/text_of.ts";

/** A handler of any contract. */
export type AnyHandler =
  | SingleHandlerFunction<unknown, unknown>
  | StreamHandlerFunction<unknown, unknown, unknown>;

interface Entry {
  readonly contract: AnyContract;
  readonly handler: AnyHandler;
  readonly gate: ConcurrencyGate | null;
  /** Its `allow` rule; `null` if everyone may call it. */
  readonly allow: AllowRule | null;
  readonly lends: boolean;
  /** The name that callers send. */
  readonly wireName: string;
  readonly subroutes: readonly string[];
}

/** A handler for who looks at it. */
export type ListedHandler = Omit<Entry, "handler" | "lends">;

/** Handlers by name and subroute. */
export class HandlerTable {
  readonly #entries = new Map<string, Entry>();

  /**
   * Registers a handler.
   *
   * @param wireName The name that callers send; messages use the contract's name.
   * @throws {InternodeError} `InvalidArgument` for a name that is in use or reserved, or an option out of range.
   */
  add(
    contract: AnyContract,
    handler: AnyHandler,
    options: HandleOptions,
    wireName?: string,
  ): void {
    checkContract(contract);
    if (isReservedName(contract.name)) {
      const why = `names that begin with "${RESERVED_PREFIX}" are reserved for handlers of this ` +
        "library, such as those of admin; choose another one";
      throw invalid(contract, why);
    }
    this.#add(contract, handler, options, wireName);
  }

  /** The same for a handler of a bundle, whose name is reserved. */
  addReserved(contract: AnyContract, handler: AnyHandler, options: HandleOptions): void {
    this.#add(contract, handler, options, undefined);
  }

  /** Whether there is a handler of that name on the wire, without a subroute. */
  hasName(wireName: string): boolean {
    return this.#entries.has(nameKey(wireName, ""));
  }

  #add(
    contract: AnyContract,
    handler: AnyHandler,
    options: HandleOptions,
    wireName: string | undefined,
  ): void {
    const { subroutes = [""], concurrency, queue, allow } = optionsOf(
      `handler ${quoted(contract.name)}`,
      options,
    );
    if (typeof handler !== "function") {
      throw invalid(contract, `the handler must be a function, not ${shown(handler)}`);
    }
    const lends = lendsTo(contract, options);
    const gate = makeGate({ concurrency, queue }, (why) => invalid(contract, why));
    if (allow !== undefined && typeof allow !== "function") {
      throw invalid(contract, "allow must be a function, such as one that allowNames makes");
    }
    if (!Array.isArray(subroutes)) {
      throw invalid(
        contract,
        `option subroutes must be a list of strings, not ${shown(subroutes)}`,
      );
    }
    for (const subroute of subroutes) checkSubroute(contract, subroute);
    if (subroutes.length === 0) throw invalid(contract, "option subroutes must list at least one");
    const sent = wireName ?? contract.name;
    const keys = subroutes.map((subroute) => nameKey(sent, subroute));
    for (const [index, subroute] of subroutes.entries()) {
      if (this.#entries.has(keys[index]!) || keys.indexOf(keys[index]!) !== index) {
        const where = subroute === "" ? "" : ` for subroute ${quoted(subroute)}`;
        throw invalid(contract, `there is a handler of that name${where} already`);
      }
    }
    const entry: Entry = {
      contract,
      handler,
      gate,
      allow: allow ?? null,
      lends,
      wireName: sent,
      subroutes: [...subroutes],
    };
    for (const name of keys) this.#entries.set(name, entry);
  }

  /** All handlers, in the order in which they were added. */
  list(): ListedHandler[] {
    return [...new Set(this.#entries.values())];
  }

  /** Makes the target for the calls of one connection under one name: the handler, or a target that refuses the caller; `null` if there is no handler. */
  target(
    name: string,
    subroute: string,
    serving: Serving,
    source: CallSource,
  ): HandlerTarget | null {
    const id = nameKey(name, subroute), entry = this.#entries.get(id);
    if (entry === undefined) return null;
    const { contract, gate, lends } = entry;
    gate?.use(serving.clock, serving.inlineHandlerUs);
    const refused = refusal(id, entry, serving, source, subroute);
    if (refused !== null) return refused;
    const handler = intercepted(entry, serving, source);
    return contract.kind === "single"
      ? new SingleTarget(
        contract,
        handler as SingleHandlerFunction<unknown, unknown>,
        gate,
        serving,
        source,
        subroute,
        lends,
      )
      : new StreamTarget(
        contract,
        handler as StreamHandlerFunction<unknown, unknown, unknown>,
        gate,
        serving,
        source,
        subroute,
        lends,
      );
  }
}

/** Whether what a handler gets is lent to it. */
function lendsTo(contract: AnyContract, { lendRequest, lendInputs }: HandleOptions): boolean {
  for (const [name, value] of Object.entries({ lendRequest, lendInputs })) {
    if (value !== undefined && typeof value !== "boolean") {
      throw invalid(contract, `${name} must be true or false, not ${shown(value)}`);
    }
  }
  if (lendRequest === true && (contract.kind !== "single" || contract.request.raw !== true)) {
    throw invalid(contract, "lendRequest is for single requests of raw bytes only");
  }
  const takesBytes = contract.kind === "stream" && contract.inputCapacity > 0 &&
    contract.input.raw === true;
  if (lendInputs === true && !takesBytes) {
    throw invalid(contract, "lendInputs is for streams whose inputs are raw bytes only");
  }
  return lendRequest === true || lendInputs === true;
}

/** What runs for a call: the handler, with interceptors around it if there are any. */
function intercepted(
  { contract, handler }: Entry,
  serving: Serving,
  source: CallSource,
): AnyHandler {
  const { interceptors } = serving;
  // Those of this library have an allow rule of their own, and an operator's tool has no tokens.
  if (interceptors === null || isReservedName(contract.name)) return handler;
  if (contract.kind === "single") {
    const single = handler as SingleHandlerFunction<unknown, unknown>;
    return interceptors.single(contract, single, serving, source);
  }
  const stream = handler as StreamHandlerFunction<unknown, unknown, unknown>;
  return interceptors.stream(contract, stream, serving, source);
}

/** The rule runs once, and is logged once, even if a peer defines many numbers for a name. */
function refusal(
  id: string,
  { contract, allow }: Entry,
  serving: Serving,
  source: CallSource,
  subroute: string,
): HandlerTarget | null {
  if (allow === null) return null;
  let verdict = source.verdicts.get(id);
  if (verdict === undefined) {
    verdict = judgeCaller(allow, contract, serving, source, subroute);
    source.verdicts.set(id, verdict);
  }
  return verdict;
}

function checkContract(contract: AnyContract): void {
  if (contract?.kind === "single" || contract?.kind === "stream") return;
  throw invalidArgument(
    `The contract of a handler must be made by single or stream, not ${shown(contract)}.`,
  );
}

/** A subroute must fit into a name frame. */
function checkSubroute(contract: AnyContract, subroute: string): void {
  const problem = nameProblem(subroute, 0);
  if (problem === null) return;
  throw invalid(
    contract,
    `each of subroutes must have at most ${MAX_NAME_BYTES} bytes of UTF-8; ${
      shown(subroute)
    } ${problem}`,
  );
}

function invalid(contract: AnyContract, why: string): InternodeError {
  return invalidArgument(`Handler ${quoted(contract.name)}: ${why}.`, { handler: contract.name });
}
