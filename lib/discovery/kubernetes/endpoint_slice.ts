/**
 * EndpointSlices, as far as a client needs them.
 *
 * @module
 */

import { InternodeError } from "../../errors.ts";
import { quoted } from "../../foreign/plain_text.ts";
import { asObject, isObject } from "../http/json_body.ts";

/** The longest name, in characters. */
const MAX_TEXT = 253;

/** A kind of IP addresses. */
export type IpFamily = "IPv4" | "IPv6";

/** A port that all endpoints of a slice have. */
export interface SlicePort {
  /** Its name; empty if it has none. */
  readonly name: string;
  /** Its number. */
  readonly number: number;
}

/** One pod, at one address. */
export interface SliceEndpoint {
  /** Its IP address. */
  readonly ip: string;
  /** Whether it is meant to get calls: it is ready, and does not end. */
  readonly isReady: boolean;
  /** Whether it answers although it ends. */
  readonly isServingAtEnd: boolean;
  /** The pod's name, if it is one. */
  readonly pod: string | undefined;
  /** Its host name within the service, as pods of a StatefulSet have one. */
  readonly hostname: string | undefined;
  /** The node that it runs on. */
  readonly node: string | undefined;
  /** The zone whose clients it is for. */
  readonly zone: string | undefined;
}

/** A part of a service's endpoints. */
export interface EndpointSlice {
  /** Its name. */
  readonly name: string;
  /** The kind of its addresses; `null` for those that are no IP addresses. */
  readonly family: IpFamily | null;
  /** Its ports over TCP. */
  readonly ports: readonly SlicePort[];
  /** Its endpoints. */
  readonly endpoints: readonly SliceEndpoint[];
  /** How many more are in it that make no sense. */
  readonly invalid: number;
}

/**
 * Reads a slice.
 *
 * @param object What the API server sent.
 * @returns The slice.
 * @throws {InternodeError} `ProtocolError` if it is none, or if none of its endpoints makes sense.
 */
export function readSlice(object: unknown): EndpointSlice {
  const { metadata, addressType, ports, endpoints } = asObject(object);
  const name = text(asObject(metadata)["name"]);
  if (name === undefined) throw invalid("an EndpointSlice without a name");
  const given = listOf(endpoints);
  if (given === null) {
    throw invalid(`EndpointSlice ${quoted(name)} with endpoints that are no list`);
  }
  const good = given.map(readEndpoint).filter((endpoint) => endpoint !== null);
  if (good.length === 0 && given.length > 0) {
    throw invalid(`EndpointSlice ${quoted(name)} with endpoints that have no address`);
  }
  return {
    name,
    family: addressType === "IPv4" || addressType === "IPv6" ? addressType : null,
    ports: (listOf(ports) ?? []).map(readPort).filter((port) => port !== null),
    endpoints: good,
    invalid: given.length - good.length,
  };
}

/** The name of a slice, also of one that is deleted. */
export function nameOfSlice(object: unknown): string | undefined {
  return text(asObject(asObject(object)["metadata"])["name"]);
}

function readEndpoint(value: unknown): SliceEndpoint | null {
  if (!isObject(value)) return null;
  // All addresses of an endpoint lead to the same pod, and consumers use the first.
  const ip = text(listOf(value["addresses"])?.[0]);
  if (ip === undefined) return null;
  const { ready, serving, terminating } = asObject(value["conditions"]);
  const { kind, name } = asObject(value["targetRef"]);
  // What is not said counts as ready; `serving` is `ready` where it is not said.
  const isReady = ready !== false, isEnding = terminating === true;
  return {
    ip,
    isReady: isReady && !isEnding,
    isServingAtEnd: isEnding && (serving ?? isReady) === true,
    pod: kind === "Pod" ? text(name) : undefined,
    hostname: text(value["hostname"]),
    node: text(value["nodeName"]),
    zone: zoneOf(text(value["zone"]), asObject(value["hints"])["forZones"]),
  };
}

/** A hint says which zone's clients are to use it, which mostly is the zone that it is in. */
function zoneOf(zone: string | undefined, hints: unknown): string | undefined {
  const hinted = (listOf(hints) ?? []).map((hint) => text(asObject(hint)["name"]))
    .filter((name) => name !== undefined);
  return zone !== undefined && hinted.includes(zone) ? zone : hinted[0] ?? zone;
}

function readPort(value: unknown): SlicePort | null {
  const { name, port, protocol } = asObject(value);
  if (protocol !== undefined && protocol !== null && protocol !== "TCP") return null;
  if (!Number.isInteger(port) || (port as number) < 1 || (port as number) > 65_535) return null;
  return { name: text(name) ?? "", number: port as number };
}

/** A list; an empty one if it is left out; `null` if it is something else. */
function listOf(value: unknown): readonly unknown[] | null {
  if (value === undefined || value === null) return [];
  return Array.isArray(value) ? value : null;
}

/** Names and addresses of Kubernetes are never longer. */
function text(value: unknown): string | undefined {
  return typeof value === "string" && value !== "" && value.length <= MAX_TEXT ? value : undefined;
}

function invalid(what: string): InternodeError {
  return new InternodeError("ProtocolError", `The Kubernetes API server sent ${what}.`, {
    origin: "remote",
    outcome: "executed",
  });
}
