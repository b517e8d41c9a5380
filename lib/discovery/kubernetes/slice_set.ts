/**
 * The endpoints of a service, of which its EndpointSlices hold a part each.
 *
 * @module
 */

import { InternodeError } from "../../errors.ts";
import type { EndpointSlice, IpFamily, SliceEndpoint } from "./endpoint_slice.ts";

/** So many slices, endpoints and ports of one service are held, taken together. */
const MAX_PARTS = 100_000;

/** An endpoint, and the slice that it is in. */
export interface ChosenEndpoint {
  /** The endpoint. */
  readonly endpoint: SliceEndpoint;
  /** Its slice. */
  readonly slice: EndpointSlice;
}

/** The slices that there are at the moment. */
export class SliceSet {
  readonly #slices = new Map<string, EndpointSlice>();

  /** Whether there are none. */
  get isEmpty(): boolean {
    return this.#slices.size === 0;
  }

  /**
   * Takes these in place of all.
   *
   * @param slices The slices.
   * @param kept The names of those that there are, too, but in a state that cannot be read: if an older state is known, it stays.
   * @throws {InternodeError} `MessageTooLarge` if that is more than is held; nothing changes then.
   */
  replace(slices: readonly EndpointSlice[], kept: Iterable<string>): void {
    checkCount(slices);
    const older = new Map(this.#slices);
    this.#slices.clear();
    for (const slice of slices) this.#slices.set(slice.name, slice);
    for (const name of kept) {
      const slice = older.get(name);
      if (slice !== undefined && !this.#slices.has(name)) this.#slices.set(name, slice);
    }
  }

  /**
   * Adds a slice, or takes it in place of the one with its name.
   *
   * @throws {InternodeError} `MessageTooLarge`, as `replace`.
   */
  put(slice: EndpointSlice): void {
    checkCount([...this.#slices.values()].filter(({ name }) => name !== slice.name).concat(slice));
    this.#slices.set(slice.name, slice);
  }

  /** Removes a slice. */
  remove(name: string): void {
    this.#slices.delete(name);
  }

  /**
   * Chooses who is to get calls: all that are ready, or if there are none,
   * those that end but still answer, as Kubernetes does for its Services.
   *
   * @param family The kind of addresses; `null`: IPv4 if there are any endpoints of that kind, else IPv6.
   * @returns They, in the order of the slices' names. While Kubernetes moves one from a slice to another, it may be in both.
   */
  choose(family: IpFamily | null): readonly ChosenEndpoint[] {
    const slices = [...this.#slices.values()].sort((left, right) =>
      left.name < right.name ? -1 : 1
    );
    const has = (wanted: IpFamily): boolean =>
      slices.some((slice) => slice.family === wanted && slice.endpoints.length > 0);
    const wanted = family ?? (has("IPv4") || !has("IPv6") ? "IPv4" : "IPv6");
    const all = slices.filter((slice) => slice.family === wanted)
      .flatMap((slice) => slice.endpoints.map((endpoint): ChosenEndpoint => ({ endpoint, slice })));
    const ready = all.filter(({ endpoint }) => endpoint.isReady);
    return ready.length > 0 ? ready : all.filter(({ endpoint }) => endpoint.isServingAtEnd);
  }

  /** The kinds of addresses that there are endpoints of. */
  families(): readonly IpFamily[] {
    const found = new Set<IpFamily>();
    for (const { family, endpoints } of this.#slices.values()) {
      if (family !== null && endpoints.length > 0) found.add(family);
    }
    return [...found].sort();
  }
}

function checkCount(slices: readonly EndpointSlice[]): void {
  let count = slices.length;
  for (const { endpoints, ports } of slices) count += endpoints.length + ports.length;
  if (count <= MAX_PARTS) return;
  throw new InternodeError(
    "MessageTooLarge",
    `The service has more than ${MAX_PARTS} endpoints, with its EndpointSlices and their ports. ` +
      "Find out who makes these.",
    { origin: "remote", outcome: "executed" },
  );
}
