/**
 * Asking for the EndpointSlices of a service.
 *
 * @module
 */

import { InternodeError } from "../../errors.ts";
import type { Random } from "../../runtime/clock.ts";
import { quoted } from "../../foreign/plain_text.ts";
import { asObject, isObject } from "../http/json_body.ts";
import { requestError } from "../http/request_error.ts";
import { type ApiClient, type OpenAnswer, parse } from "./api_client.ts";
import { answerError, apiServerAt, nonsense } from "./api_error.ts";
import { type EndpointSlice, nameOfSlice, readSlice } from "./endpoint_slice.ts";

/** So many slices come with one answer; Kubernetes puts 100 endpoints into one. */
const PAGE_SLICES = 100;
/** So many slices of one service are read. Kubernetes makes 100 of 10,000 pods. */
const MAX_SLICES = 10_000;
/** How long the server goes on with one watch, in seconds, and by how much that varies. */
const WATCH_SECONDS = 300, WATCH_JITTER_SECONDS = 60;

/** Which service. */
export interface ServiceKey {
  /** Its name. */
  readonly service: string;
  /** Its namespace. */
  readonly namespace: string;
}

/** All slices of a service at one moment. */
export interface SliceListing {
  /** From where on a watch goes on. */
  readonly revision: string;
  /** The slices. */
  readonly slices: readonly EndpointSlice[];
  /** Those that cannot be read, by their names, and why. */
  readonly invalid: ReadonlyMap<string, unknown>;
}

/** What a watch tells. */
export type SliceEvent =
  & { readonly revision: string }
  & (
    | { readonly type: "put"; readonly slice: EndpointSlice }
    | { readonly type: "remove"; readonly name: string }
    | { readonly type: "invalid"; readonly error: unknown }
    | { readonly type: "bookmark" }
  );

/**
 * Lists the slices of a service.
 *
 * @throws {InternodeError} If the answer, or one of its pages, cannot be had or makes no sense.
 */
export async function listSlices(
  client: ApiClient,
  key: ServiceKey,
  signal: AbortSignal,
): Promise<SliceListing> {
  const slices: EndpointSlice[] = [], invalid = new Map<string, unknown>();
  let next = "";
  do {
    const page: Record<string, string> = next === "" ? {} : { continue: next };
    const path = pathOf(key, { limit: String(PAGE_SLICES), ...page });
    const text = await client.get(path, key.namespace, signal);
    const { kind, metadata, items } = asObject(parse(text));
    const { resourceVersion, continue: more } = asObject(metadata);
    if (kind !== "EndpointSliceList" || !isRevision(resourceVersion) || !Array.isArray(items)) {
      throw nonsense(client.url, `answered with no EndpointSliceList but ${quoted(text, 100)}.`);
    }
    for (const item of items) {
      try {
        slices.push(readSlice(item));
      } catch (error) {
        invalid.set(nameOfSlice(item) ?? "", error);
      }
    }
    if (slices.length + invalid.size > MAX_SLICES || (items.length === 0 && more)) {
      throw new InternodeError(
        "MessageTooLarge",
        `Service ${key.service} in namespace ${key.namespace} has more than ${MAX_SLICES} ` +
          "EndpointSlices. Find out who makes them.",
        { origin: "remote", outcome: "executed", host: client.url },
      );
    }
    if (typeof more !== "string" || more === "") {
      return { revision: resourceVersion, slices, invalid };
    }
    next = more;
  } while (true);
}

/** Watches the slices of a service from a revision on. */
export async function watchSlices(
  client: ApiClient,
  key: ServiceKey,
  revision: string,
  random: Random,
  signal: AbortSignal,
): Promise<SliceWatch> {
  const seconds = WATCH_SECONDS + Math.floor(random.next() * WATCH_JITTER_SECONDS);
  const path = pathOf(key, {
    watch: "true",
    allowWatchBookmarks: "true",
    resourceVersion: revision,
    timeoutSeconds: String(seconds),
  });
  return new SliceWatch(client, key, await client.follow(path, key.namespace, signal));
}

/** A watch under way. It ends sooner or later. */
export class SliceWatch implements AsyncDisposable {
  readonly #client: ApiClient;
  readonly #key: ServiceKey;
  readonly #answer: OpenAnswer;

  constructor(client: ApiClient, key: ServiceKey, answer: OpenAnswer) {
    this.#client = client;
    this.#key = key;
    this.#answer = answer;
  }

  /**
   * Waits for what comes next.
   *
   * @param silenceMs For how long, in milliseconds.
   * @returns It; `null` if the watch has ended, or nothing came.
   * @throws {InternodeError} If the server reports an error (see `detailOf`), sends what makes no sense, or is lost; or the signal's reason.
   */
  async next(silenceMs: number): Promise<SliceEvent | null> {
    const { body, limit } = this.#answer;
    limit.renew(silenceMs);
    let line: string | null;
    try {
      line = await body.line();
    } catch (error) {
      if (limit.expired) return null;
      limit.signal.throwIfAborted();
      throw requestError(apiServerAt(this.#client.url), error, null);
    }
    return line === null ? null : this.#read(line);
  }

  #read(line: string): SliceEvent {
    const { type, object } = asObject(parse(line));
    if (type === "ERROR") {
      const { url } = this.#client, { namespace } = this.#key;
      const { code } = asObject(object);
      throw answerError({ url, namespace, tokenPath: null }, Number(code ?? 500), object);
    }
    const revision = asObject(asObject(object)["metadata"])["resourceVersion"];
    if (isObject(object) && isRevision(revision)) {
      if (type === "BOOKMARK") return { type: "bookmark", revision };
      if (type === "DELETED") {
        const name = nameOfSlice(object);
        if (name !== undefined) return { type: "remove", name, revision };
      } else if (type === "ADDED" || type === "MODIFIED") {
        try {
          return { type: "put", slice: readSlice(object), revision };
        } catch (error) {
          return { type: "invalid", error, revision };
        }
      }
    }
    throw nonsense(this.#client.url, `sent ${quoted(line, 100)} within a watch.`);
  }

  /** Ends it. */
  async [Symbol.asyncDispose](): Promise<void> {
    const { body, limit } = this.#answer;
    limit.abort(new DOMException("the watch was closed", "AbortError"));
    await body.close();
  }
}

function pathOf({ service, namespace }: ServiceKey, query: Record<string, string>): string {
  const search = new URLSearchParams({
    labelSelector: `kubernetes.io/service-name=${service}`,
    ...query,
  });
  return `/apis/discovery.k8s.io/v1/namespaces/${namespace}/endpointslices?${search}`;
}

function isRevision(value: unknown): value is string {
  return typeof value === "string" && value !== "" && value.length <= 100;
}
