/**
 * What a reader of one description refuses of that which a writer of another
 * one sends.
 *
 * @module
 */

import { counted } from "../foreign/text_of.ts";
import type {
  Description,
  FieldDescription,
  LazyDescription,
  LiteralDescription,
} from "../codec/description/description.ts";
import { fieldStep } from "../codec/format/problem.ts";
import { DEFAULT_MAX_ITEMS } from "../wire/item_count.ts";
import type { ChangeReason } from "./change.ts";
import { laziesOf, lazyAt, partsOf } from "./parts.ts";

/** Something that a reader refuses. */
export interface Refusal {
  /** Where: `.resources[].name`. Empty: the value itself. */
  readonly path: string;
  /** Of which kind. */
  readonly reason: ChangeReason;
  /** What the writer sends, after its name: `may leave it out`. */
  readonly sent: string;
  /** What the reader does, after its name: `need it`. */
  readonly taken: string;
}

/**
 * Compares what is written with what is read.
 *
 * @param written What the writer's codec says of itself.
 * @param read What the reader's codec says of itself.
 * @returns Nothing, if the reader takes all that the writer can send.
 */
export function refusalsOf(written: Description, read: Description): Refusal[] {
  const comparison = new Comparison(laziesOf(written), laziesOf(read));
  comparison.compare(written, read, "");
  comparison.compareItems(written, read);
  return comparison.refusals;
}

type Lazies = ReadonlyMap<number, LazyDescription>;

class Comparison {
  readonly refusals: Refusal[] = [];
  readonly #writerLazies: Lazies;
  readonly #readerLazies: Lazies;
  /** Pairs that are compared, or have been: values that contain their own kind come again. */
  readonly #seen = new Map<Description, Set<Description>>();

  constructor(writerLazies: Lazies, readerLazies: Lazies) {
    this.#writerLazies = writerLazies;
    this.#readerLazies = readerLazies;
  }

  compare(given: Description, wanted: Description, path: string): void {
    const writer = given.type === "ref" ? lazyAt(this.#writerLazies, given) : given;
    const reader = wanted.type === "ref" ? lazyAt(this.#readerLazies, wanted) : wanted;
    if (this.#isSeen(writer, reader)) return;
    if (reader.type === "lazy" || writer.type === "lazy") {
      return this.#compareLazy(writer, reader, path);
    }
    if (reader.type === "validated" || writer.type === "validated") {
      return this.#compareValidated(writer, reader, path);
    }
    if (writer.type === "optional" || writer.type === "nullable") {
      if (reader.type === writer.type) return this.compare(writer.value, reader.value, path);
      if (reader.type === "nothing" || reader.type === "dynamic") {
        return this.#otherType(writer, reader, path);
      }
      this.#refuse(
        path,
        writer.type,
        writer.type === "optional" ? "may leave it out" : "may send null",
        "do not take that",
      );
      return this.compare(writer.value, reader, path);
    }
    if (reader.type === "optional" && writer.type === "nothing") return;
    if (reader.type === "optional" || reader.type === "nullable") {
      return this.compare(writer, reader.value, path);
    }
    this.#compareKinds(writer, reader, path);
  }

  #isSeen(writer: Description, reader: Description): boolean {
    const readers = this.#seen.get(writer);
    if (readers?.has(reader)) return true;
    if (readers === undefined) this.#seen.set(writer, new Set([reader]));
    else readers.add(reader);
    return false;
  }

  #compareLazy(writer: Description, reader: Description, path: string): void {
    if (writer.type === "lazy" && reader.type === "lazy") {
      this.#atMost(path, "maxDepth", writer.maxDepth, reader.maxDepth);
      this.#atMost(path, "maxItems", writer.maxItems, reader.maxItems);
      return this.compare(writer.value, reader.value, path);
    }
    if (writer.type === "lazy") return this.compare(writer.value, reader, path);
    if (reader.type !== "lazy") return;
    this.#refuse(
      path,
      "limit",
      "send it without a limit of its own",
      `count it as an item and limit its depth to ${reader.maxDepth}`,
    );
    this.compare(writer, reader.value, path);
  }

  #compareValidated(writer: Description, reader: Description, path: string): void {
    if (reader.type === "validated" && writer.type !== "validated") {
      const { vendor } = reader;
      this.#refuse(path, "validated", "send any", `judge it by a schema of ${vendor}`);
    }
    this.compare(
      writer.type === "validated" ? writer.value : writer,
      reader.type === "validated" ? reader.value : reader,
      path,
    );
  }

  #compareKinds(writer: Description, reader: Description, path: string): void {
    const texts = textsOf(writer);
    if (texts !== undefined) return this.#compareTexts(writer, texts, reader, path);
    if (writer.type === "literal") {
      if (!takesConstant(reader, writer)) this.#otherType(writer, reader, path);
    } else if (writer.type === "record" && reader.type === "record") {
      this.#compareFields(writer.fields, reader.fields, path);
    } else if (writer.type === "union" && reader.type === "union" && writer.tag === reader.tag) {
      for (const { tag, fields } of writer.variants) {
        const variant = reader.variants.find((one) => one.tag === tag);
        if (variant !== undefined) this.#compareFields(fields, variant.fields, path);
        else {
          const name = JSON.stringify(tag);
          this.#refuse(path, "variant", `may send the variant ${name}`, "do not know it");
        }
      }
    } else if (
      writer.type === "list" && reader.type === "list" ||
      writer.type === "map" && reader.type === "map"
    ) {
      this.#atMost(path, "maxItems", writer.maxItems, reader.maxItems);
      if (writer.maxItems > 0) this.compare(writer.item, reader.item, `${path}[]`);
    } else if (
      writer.type === "tuple" && reader.type === "tuple" &&
      writer.items.length === reader.items.length
    ) {
      writer.items.forEach((item, i) => this.compare(item, reader.items[i]!, `${path}[${i}]`));
    } else if (
      writer.type === "string" && reader.type === "string" ||
      writer.type === "bytes" && reader.type === "bytes"
    ) {
      const { maxBytes: sent = Infinity } = writer, { maxBytes: taken = Infinity } = reader;
      this.#atMost(path, "maxBytes", sent, taken);
    } else if (writer.type === "dynamic" && reader.type === "dynamic") {
      this.#atMost(path, "maxDepth", writer.maxDepth, reader.maxDepth);
      this.#atMost(path, "maxItems", writer.maxItems, reader.maxItems);
    } else if (writer.type === "custom" && reader.type === "custom") {
      if (writer.kind !== reader.kind) this.#otherType(writer, reader, path);
    } else if (!isSame(writer, reader) && !WIDER[writer.type]?.includes(reader.type)) {
      this.#otherType(writer, reader, path);
    }
  }

  #compareTexts(
    writer: Description,
    texts: readonly string[],
    reader: Description,
    path: string,
  ): void {
    const known = textsOf(reader);
    if (known !== undefined) {
      const unknown = texts.filter((text) => !known.includes(text));
      if (unknown.length === 0) return;
      const shown = unknown.slice(0, 5).map((text) => JSON.stringify(text)).join(", ");
      const more = unknown.length > 5 ? ", …" : "";
      return this.#refuse(path, "value", `may send ${shown}${more}`, "do not know it");
    }
    if (reader.type !== "string") return this.#otherType(writer, reader, path);
    const longest = Math.max(...texts.map((text) => new TextEncoder().encode(text).length));
    this.#atMost(path, "maxBytes", longest, reader.maxBytes ?? Infinity);
  }

  #compareFields(
    written: readonly FieldDescription[],
    read: readonly FieldDescription[],
    path: string,
  ): void {
    for (const { name, optional, value } of read) {
      const at = path + fieldStep(name), field = written.find((one) => one.name === name);
      if (optional !== true) {
        if (field === undefined) this.#refuse(at, "missing", "do not send it", "need it");
        else if (field.optional === true) {
          this.#refuse(at, "missing", "may leave it out", "need it");
        }
      }
      if (field !== undefined) this.compare(field.value, value, at);
    }
  }

  /** The items of a message are limited together, by the largest `maxItems` that it has. */
  compareItems(written: Description, read: Description): void {
    const sent = largestOf(written), taken = largestOf(read);
    if (sent <= taken || itemsOf(read, this.#readerLazies) <= taken) return;
    this.#refuse(
      "",
      "limit",
      `may send ${counted(sent, "item")} in all lists and maps together`,
      `take ${taken} together, the largest maxItems of theirs`,
    );
  }

  #atMost(path: string, limit: string, sent: number, taken: number): void {
    if (sent <= taken) return;
    const most = sent === Infinity ? "any number" : `${sent}`;
    this.#refuse(path, "limit", `may send ${most} (${limit})`, `take at most ${taken}`);
  }

  #otherType(writer: Description, reader: Description, path: string): void {
    this.#refuse(path, "type", `send ${kindOf(writer)}`, `take ${kindOf(reader)}`);
  }

  #refuse(path: string, reason: ChangeReason, sent: string, taken: string): void {
    this.refusals.push({ path, reason, sent, taken });
  }
}

/** What reads all numbers of another kind. */
const WIDER: { readonly [type: string]: readonly string[] } = {
  uint: ["int", "float", "bigint"],
  int: ["float", "bigint"],
};

function isSame(writer: Description, reader: Description): boolean {
  switch (writer.type) {
    case "boolean":
    case "uint":
    case "int":
    case "float":
    case "bigint":
    case "timestamp":
    case "raw":
    case "nothing":
      return writer.type === reader.type;
    default:
      return false;
  }
}

function takesConstant(reader: Description, { value }: LiteralDescription): boolean {
  switch (reader.type) {
    case "literal":
      return reader.value === value;
    case "boolean":
      return typeof value === "boolean";
    case "float":
      return typeof value === "number";
    case "int":
      return Number.isSafeInteger(value);
    case "uint":
      return Number.isSafeInteger(value) && value as number >= 0;
    default:
      return false;
  }
}

/** The texts of an enumeration or a literal; both have the same bytes. */
function textsOf(description: Description): readonly string[] | undefined {
  if (description.type === "enumeration") return description.values;
  return description.type === "literal" && typeof description.value === "string"
    ? [description.value]
    : undefined;
}

function kindOf(description: Description): string {
  switch (description.type) {
    case "literal":
      return `the constant ${JSON.stringify(description.value)}`;
    case "tuple":
      return `a tuple of ${description.items.length}`;
    case "union":
      return `a union by ${JSON.stringify(description.tag)}`;
    case "nothing":
      return "nothing";
    case "custom":
      return description.kind === undefined
        ? "a codec that says nothing of itself"
        : `a ${JSON.stringify(description.kind)}, which is not known here`;
    default:
      return description.type;
  }
}

function largestOf(description: Description): number {
  const own = "maxItems" in description ? description.maxItems : 0;
  return Math.max(DEFAULT_MAX_ITEMS, own, ...partsOf(description).map(largestOf));
}

/** How many items a value can have at most. */
function itemsOf(description: Description, lazies: Lazies): number {
  const open = new Set<LazyDescription>();
  const count = (part: Description): number => {
    switch (part.type) {
      case "list":
      case "map":
        return part.maxItems === 0 ? 0 : part.maxItems * (1 + count(part.item));
      case "dynamic":
        return part.maxItems;
      case "union":
        return Math.max(0, ...part.variants.map(({ fields }) => sum(fields.map((f) => f.value))));
      case "lazy":
      case "ref": {
        const lazy = lazyAt(lazies, part);
        if (open.has(lazy)) return Infinity;
        open.add(lazy);
        const items = 1 + count(lazy.value);
        open.delete(lazy);
        return items;
      }
      default:
        return sum(partsOf(part));
    }
  };
  const sum = (parts: readonly Description[]): number =>
    parts.reduce((total, part) => total + count(part), 0);
  return count(description);
}
