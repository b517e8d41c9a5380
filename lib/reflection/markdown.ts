/**
 * A page for people.
 *
 * @module
 */

import type { Description, FieldDescription } from "../codec/description/description.ts";
import { optionsOf } from "../foreign/option_checks.ts";
import { plainText } from "../foreign/plain_text.ts";
import { DEFAULT_MAX_ITEMS } from "../wire/item_count.ts";
import type { ContractDescription, ServiceDescription } from "./contract_description.ts";
import { type ContractSet, descriptionsOf } from "./snapshot.ts";

/** What {@linkcode markdown} takes beside the contracts. */
export interface MarkdownOptions {
  /** The heading of the page. Default: `Contracts`. */
  title?: string | undefined;
}

/**
 * Writes a page of Markdown about contracts: for each its docs, what may be
 * repeated, capacities, and the shapes and limits of its messages, in the words
 * of `@internode/grid/codec`. Docs are taken as one line of Markdown each.
 *
 * @param contracts Contracts, services, descriptions, or the text of a snapshot.
 * @param options The heading.
 * @returns The text, with a line break at its end.
 * @throws {InternodeError} `InvalidArgument` for what are no contracts.
 *
 * @example
 * ```ts
 * import { assert } from "@std/assert";
 * import { single } from "@internode/grid";
 * import * as t from "@internode/grid/codec";
 * import { markdown } from "@internode/grid/reflection";
 *
 * const free = single("disk.free", {
 *   docs: "Tells how many bytes are free.",
 *   request: t.record({ disk: t.documented(t.string({ maxBytes: 64 }), "Such as `sda`.") }),
 *   response: t.uint(),
 * });
 * const page = markdown([free], { title: "Storage" });
 * assert(page.startsWith("# Storage\n\n## `disk.free`\n\nTells how many bytes are free.\n"));
 * assert(page.includes("  // Such as `sda`.\n  disk: string(maxBytes: 64)\n"));
 * ```
 */
export function markdown(contracts: ContractSet, options: MarkdownOptions = {}): string {
  const { title = "Contracts" } = optionsOf("markdown", options);
  const parts = descriptionsOf(contracts).flatMap((one) =>
    one.kind === "service" ? servicePart(one) : contractPart(one, "##")
  );
  return `${[`# ${line(title)}`, ...parts].join("\n\n")}\n`;
}

function servicePart({ name, docs, methods }: ServiceDescription): string[] {
  return [
    `## Service ${code(name)}`,
    ...docsPart(docs),
    ...methods.flatMap((method) => contractPart(method, "###")),
  ];
}

function contractPart(contract: ContractDescription, level: string): string[] {
  const { name, docs, detail } = contract;
  const parts = [`${level} ${code(name)}`, ...docsPart(docs)];
  if (contract.kind === "single") {
    const again = contract.idempotent === true ? ", idempotent" : "";
    parts.push(
      `A request with one response${again}.`,
      messagePart("Request", contract.request),
      messagePart("Response", contract.response),
    );
  } else {
    const { initial, input, output, inputCapacity, outputCapacity } = contract;
    parts.push("A stream.", messagePart("Initial message", initial));
    if (input !== undefined) {
      parts.push(messagePart(`Each input (at most ${inputCapacity} unread)`, input));
    }
    if (output !== undefined) {
      parts.push(messagePart(`Each output (at most ${outputCapacity} unread)`, output));
    }
  }
  if (detail !== undefined) parts.push(messagePart("Detail of a failure", detail));
  return parts;
}

function messagePart(title: string, description: Description): string {
  return `${title}:\n\n\`\`\`text\n${commented(description.docs, "")}${
    shape(description, "")
  }\n\`\`\``;
}

/** A message's shape, as the codecs are written. */
function shape(description: Description, indent: string): string {
  const { type } = description;
  switch (description.type) {
    case "string":
    case "bytes": {
      const { maxBytes } = description;
      return maxBytes === undefined ? type : `${type}(maxBytes: ${maxBytes})`;
    }
    case "literal":
      return literalText(description.value);
    case "enumeration":
      return description.values.map(literalText).join(" | ");
    case "record":
      return fieldsText(description.fields, indent);
    case "union": {
      const { tag, variants } = description;
      return variants.map(({ tag: value, fields, docs }) => {
        const constant: FieldDescription = { name: tag, value: { type: "literal", value } };
        return `\n${commented(docs, indent)}${indent}| ${
          fieldsText([constant, ...fields], `${indent}  `)
        }`;
      }).join("").replace(/^\n/, variants.length === 0 ? "" : "one of\n");
    }
    case "list":
    case "map": {
      const { item, maxItems } = description;
      const limit = maxItems === DEFAULT_MAX_ITEMS ? "" : `, maxItems: ${maxItems}`;
      return `${type}(${shape(item, indent)}${limit})`;
    }
    case "tuple":
      return `tuple(${description.items.map((item) => shape(item, indent)).join(", ")})`;
    case "optional":
    case "nullable":
      return `${type}(${shape(description.value, indent)})`;
    case "validated":
      return `validated(${shape(description.value, indent)}, by ${line(description.vendor)})`;
    case "lazy":
      return `#${description.id} ${shape(description.value, indent)}`;
    case "ref":
      return `#${description.id}`;
    case "dynamic":
      return `dynamic(maxDepth: ${description.maxDepth}, maxItems: ${description.maxItems})`;
    case "custom":
      return description.kind === undefined ? type : `custom(${line(description.kind)})`;
    default:
      return type;
  }
}

function fieldsText(fields: readonly FieldDescription[], indent: string): string {
  if (fields.length === 0) return "{}";
  const inner = `${indent}  `;
  const lines = fields.map(({ name, optional, value, docs }) => {
    const key = /^[\w$]+$/.test(name) ? name : literalText(name);
    const said = commented(docs, inner) + commented(value.docs, inner);
    return `${said}${inner}${key}${optional === true ? "?" : ""}: ${shape(value, inner)}\n`;
  });
  return `{\n${lines.join("")}${indent}}`;
}

function commented(docs: string | undefined, indent: string): string {
  return docs === undefined ? "" : `${indent}// ${line(docs)}\n`;
}

function docsPart(docs: string | undefined): string[] {
  return docs === undefined ? [] : [line(docs)];
}

function literalText(value: string | number | boolean): string {
  return line(JSON.stringify(value));
}

/** One line, in which nothing ends a block of code. */
function line(text: string): string {
  return plainText(text).replaceAll("```", "'''");
}

function code(name: string): string {
  return `\`${line(name).replaceAll("`", "'")}\``;
}
