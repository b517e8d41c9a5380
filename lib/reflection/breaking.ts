/**
 * Compares the contracts of old and new nodes.
 *
 * @module
 */

import type { Description, FieldDescription } from "../codec/description/description.ts";
import { fieldStep } from "../codec/format/problem.ts";
import { invalidArgument } from "../errors.ts";
import { quoted } from "../foreign/plain_text.ts";
import type { ChangeReason, ContractChange } from "./change.ts";
import type {
  ContractDescription,
  SingleDescription,
  StreamDescription,
} from "./contract_description.ts";
import { laziesOf, lazyAt } from "./parts.ts";
import { type Refusal, refusalsOf } from "./refusals.ts";
import { type ContractSet, descriptionsOf } from "./snapshot.ts";

/**
 * Compares the contracts of old and new nodes, which run side by side while
 * one replaces the other. So whatever an old caller sends is read by new handlers,
 * whatever a new caller sends by old ones, and so it is with what handlers answer:
 * a change is compatible if nothing of all that can be refused.
 *
 * Compatible are: a new contract; an optional field that comes or goes; another
 * order of fields; other capacities of a stream above 0; a detail that comes or
 * goes; docs. What a name meant must not change with its return: a field that went
 * must not come back as something else. Whether two schemas (`validated`) or two
 * custom codecs do the same cannot be seen; they count as unchanged.
 *
 * @param old The contracts of the old nodes, or a snapshot of them.
 * @param now Those of the new nodes.
 * @returns All changes, whether they break or not; none if nothing has changed but docs.
 * @throws {InternodeError} `InvalidArgument` for what are no contracts, or two of one name.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { single } from "@internode/grid";
 * import * as t from "@internode/grid/codec";
 * import { breaking } from "@internode/grid/reflection";
 *
 * const old = single("file.put", { request: t.record({ name: t.string() }), response: t.nothing() });
 * const now = single("file.put", {
 *   request: t.record({ name: t.string(), size: t.uint(), tags: t.optional(t.list(t.string())) }),
 *   response: t.nothing(),
 * });
 * assertEquals(
 *   breaking([old], [now]).map(({ path, compatible, text }) => [path, compatible, text]),
 *   [
 *     ["request.size", false, "old callers do not send it, and new handlers need it"],
 *     ["request.tags", true, "the optional field is new"],
 *   ],
 * );
 * ```
 */
export function breaking(old: ContractSet, now: ContractSet): ContractChange[] {
  const before = byName(old), after = byName(now);
  const changes: ContractChange[] = [];
  for (const [key, contract] of before) {
    const next = after.get(key);
    if (next !== undefined) changes.push(...new ContractComparison(contract, next).changes);
    else {
      changes.push({
        contract: contract.name,
        path: "",
        compatible: false,
        reason: "removed",
        text: "old callers call it, and new nodes have no handler for it",
      });
    }
  }
  for (const [key, { name }] of after) {
    if (before.has(key)) continue;
    const text = "the contract is new; old nodes answer UnknownHandler";
    changes.push({ contract: name, path: "", compatible: true, reason: "added", text });
  }
  return changes;
}

/** The contracts and methods by what identifies them on the wire. */
function byName(set: ContractSet): Map<string, ContractDescription> {
  const contracts = new Map<string, ContractDescription>();
  const all = descriptionsOf(set).flatMap((one) => one.kind === "service" ? one.methods : [one]);
  for (const contract of all) {
    const key = JSON.stringify([contract.method ?? null, contract.name]);
    if (contracts.has(key)) {
      throw invalidArgument(`There are two contracts of the name ${quoted(contract.name)}.`);
    }
    contracts.set(key, contract);
  }
  return contracts;
}

/** Who writes and who reads a message. */
type Route = readonly [writer: "callers" | "handlers", reader: "callers" | "handlers"];
const ASKED: Route = ["callers", "handlers"], ANSWERED: Route = ["handlers", "callers"];

class ContractComparison {
  readonly changes: ContractChange[] = [];
  readonly #name: string;

  constructor(old: ContractDescription, now: ContractDescription) {
    this.#name = now.name;
    if (old.kind === "single" && now.kind === "single") this.#single(old, now);
    else if (old.kind === "stream" && now.kind === "stream") this.#stream(old, now);
    else this.#add("", false, "kind", `it was a ${old.kind} and is a ${now.kind}`);
    this.#detail(old.detail, now.detail);
  }

  #single(old: SingleDescription, now: SingleDescription): void {
    this.#message("request", ASKED, old.request, now.request);
    this.#message("response", ANSWERED, old.response, now.response);
    const was = old.idempotent ?? false, is = now.idempotent ?? false;
    if (was && !is) {
      const text = "old callers repeat it as idempotent, and new handlers are not";
      this.#add("", false, "idempotent", text);
    } else if (!was && is) {
      const text = "it is idempotent now, which handlers of old nodes must be already";
      this.#add("", true, "idempotent", text);
    }
  }

  #stream(old: StreamDescription, now: StreamDescription): void {
    this.#message("initial", ASKED, old.initial, now.initial);
    this.#direction("input", ASKED, old, now);
    this.#direction("output", ANSWERED, old, now);
  }

  #direction(
    path: "input" | "output",
    route: Route,
    old: StreamDescription,
    now: StreamDescription,
  ): void {
    const was = old[`${path}Capacity`], is = now[`${path}Capacity`];
    if ((was === 0) !== (is === 0)) {
      const [writer, reader] = route, [who, others] = was === 0 ? ["new", "old"] : ["old", "new"];
      const text = `${who} ${writer} send them, and ${others} ${reader} have no such direction`;
      return this.#add(path, false, "kind", text);
    }
    if (was !== is) {
      const text = `the capacity was ${was} and is ${is}; that of the caller counts`;
      this.#add(path, true, "capacity", text);
    }
    const before = old[path], after = now[path];
    if (before !== undefined && after !== undefined) this.#message(path, route, before, after);
  }

  #detail(old: Description | undefined, now: Description | undefined): void {
    if (old !== undefined && now !== undefined) return this.#message("detail", ANSWERED, old, now);
    if (old === now) return;
    const [reason, text] = old === undefined
      ? ["added", "it is new; old callers drop it"] as const
      : ["removed", "it is gone; old callers get none from new handlers"] as const;
    this.#add("detail", true, reason, text);
  }

  #message(name: string, [writer, reader]: Route, old: Description, now: Description): void {
    const found = new Map<string, { refusal: Refusal; texts: string[] }>();
    const note = (refusals: readonly Refusal[], who: string, others: string): void => {
      for (const refusal of refusals) {
        const key = JSON.stringify([refusal.path, refusal.reason]);
        const entry = found.get(key) ?? { refusal, texts: [] };
        entry.texts.push(
          `${who} ${writer} ${refusal.sent}, and ${others} ${reader} ${refusal.taken}`,
        );
        found.set(key, entry);
      }
    };
    note(refusalsOf(old, now), "old", "new");
    note(refusalsOf(now, old), "new", "old");
    for (const { refusal: { path, reason }, texts } of found.values()) {
      this.#add(name + path, false, reason, texts.join("; "));
    }
    for (const { path, reason } of optionalChanges(old, now)) {
      const text = reason === "added"
        ? "the optional field is new"
        : "the optional field is gone; its name must not be used for anything else";
      this.#add(name + path, true, reason, text);
    }
  }

  #add(path: string, compatible: boolean, reason: ChangeReason, text: string): void {
    this.changes.push({ contract: this.#name, path, compatible, reason, text });
  }
}

interface OptionalChange {
  readonly path: string;
  readonly reason: "added" | "removed";
}

/** Optional fields that came or went, where both descriptions have the same shape. */
function optionalChanges(old: Description, now: Description): OptionalChange[] {
  const changes: OptionalChange[] = [];
  const oldLazies = laziesOf(old), newLazies = laziesOf(now);
  const seen = new Set<string>();
  const fields = (
    before: readonly FieldDescription[],
    after: readonly FieldDescription[],
    path: string,
  ): void => {
    for (const { name, optional, value } of after) {
      const at = path + fieldStep(name), field = before.find((one) => one.name === name);
      if (field !== undefined) visit(field.value, value, at);
      else if (optional === true) changes.push({ path: at, reason: "added" });
    }
    for (const { name, optional } of before) {
      if (optional !== true || after.some((one) => one.name === name)) continue;
      changes.push({ path: path + fieldStep(name), reason: "removed" });
    }
  };
  const visit = (before: Description, after: Description, path: string): void => {
    if (
      (before.type === "lazy" || before.type === "ref") &&
      (after.type === "lazy" || after.type === "ref")
    ) {
      const key = `${before.id} ${after.id}`;
      if (seen.has(key)) return;
      seen.add(key);
      const was = lazyAt(oldLazies, before), is = lazyAt(newLazies, after);
      return visit(was.value, is.value, path);
    }
    if (before.type === "record" && after.type === "record") {
      fields(before.fields, after.fields, path);
    } else if (before.type === "union" && after.type === "union") {
      for (const variant of after.variants) {
        const was = before.variants.find((one) => one.tag === variant.tag);
        if (was !== undefined) fields(was.fields, variant.fields, path);
      }
    } else if ("item" in before && "item" in after && before.type === after.type) {
      visit(before.item, after.item, `${path}[]`);
    } else if (before.type === "tuple" && after.type === "tuple") {
      after.items.forEach((item, i) => {
        const was = before.items[i];
        if (was !== undefined) visit(was, item, `${path}[${i}]`);
      });
    } else if (
      before.type !== "lazy" && after.type !== "lazy" && "value" in before && "value" in after &&
      typeof before.value === "object" && typeof after.value === "object"
    ) {
      visit(before.value, after.value, path);
    }
  };
  visit(old, now, "");
  return changes;
}
