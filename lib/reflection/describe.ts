/**
 * Describes contracts and services.
 *
 * @module
 */

import { describe as describeCodec } from "../codec/values/describe.ts";
import type { Description } from "../codec/description/description.ts";
import type { Codec } from "../codec/format/codec.ts";
import { invalidArgument } from "../errors.ts";
import { guard } from "../foreign/guard.ts";
import { shown } from "../foreign/text_of.ts";
import type { AnyContract } from "../rpc/contract/contract.ts";
import type { ContractDescription, ServiceDescription } from "./contract_description.ts";

/** A service of `@internode/grid/call`, as much of it as is looked at here. */
export interface DescribableService {
  /** The service's name. */
  readonly name: string;
  /** What its author says of it. */
  readonly docs?: string | undefined;
  /** Its methods, by their names. */
  readonly methods: {
    readonly [name: string]: {
      /** The method's codecs. */
      readonly contract: AnyContract;
      /** Whether running it twice does no harm. */
      readonly idempotent: boolean;
    };
  };
}

/**
 * Describes a contract of the grid: its codecs, capacities and docs.
 *
 * @param contract Made by `single` or `stream`.
 * @returns A plain value that JSON can carry; the caller's own.
 * @throws {InternodeError} `InvalidArgument` for anything but a contract or service.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { single } from "@internode/grid";
 * import * as t from "@internode/grid/codec";
 * import { describe } from "@internode/grid/reflection";
 *
 * const free = single("disk.free", {
 *   docs: "Tells how many bytes of a disk are free.",
 *   request: t.string({ maxBytes: 64 }),
 *   response: t.uint(),
 * });
 * assertEquals(describe(free), {
 *   kind: "single",
 *   name: "disk.free",
 *   docs: "Tells how many bytes of a disk are free.",
 *   request: { type: "string", maxBytes: 64 },
 *   response: { type: "uint" },
 * });
 * ```
 */
export function describe(contract: AnyContract): ContractDescription;
/**
 * Describes a service with all its methods.
 *
 * @param service Made by `service` of `@internode/grid/call`.
 * @returns A plain value that JSON can carry; the caller's own.
 * @throws {InternodeError} `InvalidArgument` for anything but a contract or service.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { method, service } from "@internode/grid/call";
 * import * as t from "@internode/grid/codec";
 * import { describe } from "@internode/grid/reflection";
 *
 * const Stock = service("stock", {
 *   count: method({ request: t.string(), response: t.uint(), idempotent: true }),
 * });
 * assertEquals(describe(Stock).methods[0], {
 *   kind: "single",
 *   name: "stock.count",
 *   method: "count",
 *   idempotent: true,
 *   request: { type: "string" },
 *   response: { type: "uint" },
 * });
 * ```
 */
export function describe(service: DescribableService): ServiceDescription;
/**
 * Describes a contract or a service.
 *
 * @param subject Either of the two.
 * @returns A plain value that JSON can carry; the caller's own.
 * @throws {InternodeError} `InvalidArgument` for anything but a contract or service.
 */
export function describe(
  subject: AnyContract | DescribableService,
): ContractDescription | ServiceDescription;
export function describe(
  subject: AnyContract | DescribableService,
): ContractDescription | ServiceDescription {
  if (isService(subject)) {
    return {
      kind: "service",
      name: subject.name,
      ...docsOf(subject),
      methods: Object.entries(subject.methods).map(([method, { contract, idempotent }]) => {
        const described = describeContract(contract);
        return described.kind === "single"
          ? { ...described, method, idempotent }
          : { ...described, method };
      }),
    };
  }
  return describeContract(subject);
}

function isService(subject: object): subject is DescribableService {
  return guard(
    () => "methods" in subject && typeof subject.methods === "object" && subject.methods !== null,
    () => false,
  );
}

function describeContract(contract: AnyContract): ContractDescription {
  const kind = guard((): unknown => contract.kind, () => undefined);
  if (kind !== "single" && kind !== "stream") {
    throw invalidArgument(
      `What is described must be a contract made by single or stream, or a service, not ${
        shown(contract)
      }.`,
    );
  }
  const { name, detail } = contract;
  const shared = {
    name,
    ...docsOf(contract),
    ...(detail === undefined ? {} : { detail: describeCodec(detail) }),
  };
  if (contract.kind === "single") {
    const { request, response } = contract;
    return {
      kind: "single",
      ...shared,
      request: describeCodec(request),
      response: describeCodec(response),
    };
  }
  const { initial, input, output, inputCapacity, outputCapacity } = contract;
  return {
    kind: "stream",
    ...shared,
    initial: describeCodec(initial),
    ...direction("input", input, inputCapacity),
    ...direction("output", output, outputCapacity),
    inputCapacity,
    outputCapacity,
  };
}

function direction(
  name: "input" | "output",
  codec: Codec<unknown>,
  capacity: number,
): { readonly [K in typeof name]?: Description } {
  return capacity === 0 ? {} : { [name]: describeCodec(codec) };
}

function docsOf({ docs }: { readonly docs?: string | undefined }): { docs?: string } {
  return docs === undefined ? {} : { docs };
}
