/**
 * Endpoints of which more is known than their address.
 *
 * @module
 */

import { invalidArgument } from "../../errors.ts";
import { isPlain, quoted } from "../../foreign/plain_text.ts";
import { shown } from "../../foreign/text_of.ts";
import {
  attributesOf,
  type Endpoint,
  type EndpointAttributes,
  isEndpoint,
} from "../../transport/channel/endpoint.ts";
import type { Channel } from "../../transport/channel/transport.ts";

/** The longest name and zone, in UTF-16 units. */
const MAX_TEXT = 255;
/** The most entries of metadata. */
const MAX_ENTRIES = 64;
/** The longest key and value of metadata, in UTF-16 units. */
const MAX_ENTRY_TEXT = 4_096;

/** All there are. */
const ATTRIBUTES: ReadonlySet<string> = new Set(Object.keys(attributesOf({})));

/**
 * Gives an endpoint a name, a place, a share of the calls, or whatever else
 * those who look it up should know, for lists that a program holds itself.
 * Files and etcd have the same attributes in their text.
 *
 * @param endpoint The endpoint; it stays as it is.
 * @param attributes What is to be said of it. What they leave out stays as the endpoint has it.
 * @returns An endpoint with the same address, reached in the same way.
 * @throws {InternodeError} `InvalidArgument` for an attribute that there is not, or of the wrong type: `name` and `zone` are 1 to 255 visible characters, `weight` a number above 0, `priority` a whole number from 0 on, `metadata` up to 64 texts of up to 4,096 characters each.
 *
 * @example
 * ```ts
 * import { constantResolver, tcp, withAttributes } from "@internode/grid/call";
 * import { assertEquals } from "@std/assert";
 *
 * const large = withAttributes(tcp("10.0.0.1:9000"), { zone: "eu-1a", weight: 2 });
 * assertEquals([large.address, large.zone, large.weight], ["tcp://10.0.0.1:9000", "eu-1a", 2]);
 *
 * const resolver = constantResolver(large, withAttributes(tcp("10.0.1.1:9000"), { zone: "eu-1b" }));
 * assertEquals(resolver.isConstant, true);
 * ```
 */
export function withAttributes(endpoint: Endpoint, attributes: EndpointAttributes): Endpoint {
  const given = Object.entries(checkedAttributes(attributes)).filter(([, value]) =>
    value !== undefined
  );
  if (!isEndpoint(endpoint)) {
    throw invalidArgument(
      `An endpoint must have an address and a dial function, unlike ${shown(endpoint)}.`,
    );
  }
  const unknown = Object.keys(attributes).find((key) => !ATTRIBUTES.has(key));
  if (unknown !== undefined) {
    throw invalidArgument(
      `An endpoint has no attribute ${quoted(unknown)}: there are ${[...ATTRIBUTES].join(", ")}.`,
    );
  }
  if (given.length === 0) return endpoint;
  return new AttributedEndpoint(endpoint, {
    ...attributesOf(endpoint),
    ...Object.fromEntries(given),
  });
}

/**
 * Lets attributes through that make sense, and nothing else that is beside them.
 *
 * @param given Anything that is meant to be attributes.
 * @returns A copy, which the one who gave them cannot change.
 * @throws {InternodeError} `InvalidArgument`, naming the attribute.
 */
export function checkedAttributes(given: EndpointAttributes): EndpointAttributes {
  if (typeof given !== "object" || given === null || Array.isArray(given)) {
    throw invalidArgument(`Attributes of an endpoint must be an object, not ${shown(given)}.`);
  }
  const { name, priority, weight, zone, metadata } = attributesOf(given);
  if (name !== undefined) checkText("name", name);
  if (zone !== undefined) checkText("zone", zone);
  if (weight !== undefined && !(typeof weight === "number" && weight > 0 && weight < Infinity)) {
    throw invalidAttribute("weight", "a number above 0", weight);
  }
  if (priority !== undefined && !(Number.isSafeInteger(priority) && priority >= 0)) {
    throw invalidAttribute("priority", "a whole number from 0 on", priority);
  }
  return {
    name,
    priority,
    weight,
    zone,
    metadata: metadata === undefined ? undefined : checkedMetadata(metadata),
  };
}

function checkText(what: string, text: unknown): void {
  if (typeof text !== "string" || text === "" || text.length > MAX_TEXT || !isPlain(text)) {
    throw invalidAttribute(what, `1 to ${MAX_TEXT} visible characters`, text);
  }
}

function checkedMetadata(metadata: unknown): Readonly<Record<string, string>> {
  const entries = typeof metadata === "object" && metadata !== null ? Object.entries(metadata) : [];
  const isGood = typeof metadata === "object" && metadata !== null && !Array.isArray(metadata) &&
    entries.length <= MAX_ENTRIES &&
    entries.every(([key, value]) => isEntryText(key) && isEntryText(value));
  if (isGood) return Object.freeze(Object.fromEntries(entries));
  throw invalidAttribute(
    "metadata",
    `an object of up to ${MAX_ENTRIES} texts, each of up to ${MAX_ENTRY_TEXT} characters`,
    metadata,
  );
}

function isEntryText(text: unknown): boolean {
  return typeof text === "string" && text.length <= MAX_ENTRY_TEXT;
}

function invalidAttribute(what: string, rule: string, value: unknown) {
  return invalidArgument(`Attribute ${what} of an endpoint must be ${rule}, not ${shown(value)}.`);
}

class AttributedEndpoint implements Endpoint {
  readonly address: string;
  readonly name: string | undefined;
  readonly priority: number | undefined;
  readonly weight: number | undefined;
  readonly zone: string | undefined;
  readonly metadata: EndpointAttributes["metadata"];
  readonly #endpoint: Endpoint;

  constructor(endpoint: Endpoint, { name, priority, weight, zone, metadata }: EndpointAttributes) {
    this.address = endpoint.address;
    this.name = name;
    this.priority = priority;
    this.weight = weight;
    this.zone = zone;
    this.metadata = metadata;
    this.#endpoint = endpoint;
  }

  dial(signal: AbortSignal, makeToken?: () => string, early?: boolean): Promise<Channel> {
    return this.#endpoint.dial(signal, makeToken, early);
  }

  onChange(listener: () => void): () => void {
    return this.#endpoint.onChange?.(listener) ?? (() => {});
  }

  toString(): string {
    return this.address;
  }
}
