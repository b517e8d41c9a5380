/**
 * Endpoints as values of a registry, and as lines of a file.
 *
 * @module
 */

import { guard } from "../../foreign/guard.ts";
import { invalidArgument } from "../../errors.ts";
import {
  attributesOf,
  type Endpoint,
  type EndpointAttributes,
} from "../../transport/channel/endpoint.ts";
import { checkedAttributes, withAttributes } from "./attributed_endpoint.ts";
import { madeEndpoint } from "./made_endpoint.ts";

/**
 * What a registry holds of one endpoint: its address, and what else is to be
 * known of it. As text it is the address alone, `tcp://10.0.0.1:9000`, or a
 * JSON object, `{"address":"tcp://10.0.0.1:9000","name":"cache-1","zone":"eu-1a"}`.
 */
export interface EndpointRecord extends EndpointAttributes {
  /** What clients dial. */
  readonly address: string;
}

/**
 * Writes a record.
 *
 * @param record The record.
 * @returns The address where there is nothing else to say, as older readers know it; else JSON.
 * @throws {InternodeError} `InvalidArgument` for attributes of the wrong type.
 */
export function recordText(record: EndpointRecord): string {
  const { address } = record;
  const attributes = checkedAttributes(record);
  const isPlain = Object.values(attributes).every((value) => value === undefined);
  return isPlain ? address : JSON.stringify({ address, ...attributes });
}

/**
 * Reads the endpoint of a record.
 *
 * @param text A record. Members of JSON that are not known are passed over, as newer writers may have them; a JSON value without an `address` is left to `makeEndpoint` as a whole.
 * @param makeEndpoint Makes an endpoint of the address; throws if it cannot.
 * @returns The endpoint, with its attributes.
 * @throws {InternodeError} `InvalidArgument` if an attribute is of the wrong type, or no endpoint is made; what `makeEndpoint` throws.
 */
export function readRecord(text: string, makeEndpoint: (address: string) => Endpoint): Endpoint {
  const record = parse(text);
  if (record === null) return madeEndpoint(() => makeEndpoint(text));
  const { address } = record;
  if (typeof address !== "string") throw invalidArgument("An endpoint's address must be a text.");
  return withAttributes(madeEndpoint(() => makeEndpoint(address)), attributesOf(record));
}

/** `null` for what is an address, or something that only the user's own function may know. */
function parse(text: string): EndpointAttributes & { readonly address: unknown } | null {
  if (!text.trimStart().startsWith("{")) return null;
  const value: unknown = guard(() => JSON.parse(text) as unknown, () => null);
  if (typeof value !== "object" || value === null || !("address" in value)) return null;
  return value;
}
