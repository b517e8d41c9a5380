/**
 * What answers in place of a Kubernetes API server, also in ways that a real
 * one cannot be made to answer in.
 *
 * @module
 */

import { inTime } from "../asking.ts";
import { HttpServer, type HttpServerOptions } from "../network/http_server.ts";

/** A request for slices. */
export interface AskedSlices {
  /** Whether it is a watch. */
  readonly isWatch: boolean;
  /** Its path, without the query. */
  readonly path: string;
  /** Its query. */
  readonly query: URLSearchParams;
  /** What stands in the header of that name. */
  readonly authorization: string | null;
}

/** Answers in place of what would be answered; `undefined` leaves it to that. */
export type Script = (asked: AskedSlices) => Response | Promise<Response> | undefined;

interface Watch {
  readonly controller: ReadableStreamDefaultController<Uint8Array>;
  readonly query: URLSearchParams;
}

/** A revision that a real server would have reached after a while. */
const FIRST_REVISION = 100;
const encoder = new TextEncoder();

/** Holds slices; lists them, and tells watches of changes. */
export class ScriptedApiServer implements AsyncDisposable {
  /** Its URL. */
  readonly url: string;
  /** All requests so far. */
  readonly asked: AskedSlices[] = [];
  /** What is answered otherwise. */
  script: Script = () => undefined;
  readonly #server: HttpServer;
  readonly #slices = new Map<string, Record<string, unknown>>();
  readonly #events: { readonly revision: number; readonly line: string }[] = [];
  readonly #watches = new Set<Watch>();
  readonly #never = Promise.withResolvers<Response>();
  #revision = FIRST_REVISION;
  #onChange: (() => void)[] = [];

  /** Starts it. */
  constructor(options: HttpServerOptions = {}) {
    this.#server = new HttpServer((request) => this.#answer(request), options);
    this.url = this.#server.url;
  }

  /** The requests for lists so far. */
  get lists(): readonly AskedSlices[] {
    return this.asked.filter(({ isWatch }) => !isWatch);
  }

  /** The requests for watches so far. */
  get watches(): readonly AskedSlices[] {
    return this.asked.filter(({ isWatch }) => isWatch);
  }

  /** How many watches are open. */
  get open(): number {
    return this.#watches.size;
  }

  /** Resolves once something holds. */
  until(holds: () => boolean): Promise<void> {
    return inTime(() =>
      new Promise((resolve) => {
        const check = (): void => void (holds() && resolve());
        this.#onChange.push(check);
        check();
      })
    );
  }

  /** Adds or changes a slice. */
  put(slice: Record<string, unknown>): void {
    const metadata = slice["metadata"] as { name: string };
    const type = this.#slices.has(metadata.name) ? "MODIFIED" : "ADDED";
    const revised = this.#revised(slice);
    this.#slices.set(metadata.name, revised);
    this.#tell(type, revised);
  }

  /** Removes a slice. */
  remove(name: string): void {
    const slice = this.#slices.get(name)!;
    this.#slices.delete(name);
    this.#tell("DELETED", this.#revised(slice));
  }

  /** Says how far it is. */
  bookmark(): void {
    this.#tell("BOOKMARK", this.#revised({ kind: "EndpointSlice", metadata: {} }));
  }

  /** Sends a text to all watches. */
  send(text: string): void {
    for (const { controller } of this.#watches) controller.enqueue(encoder.encode(text));
  }

  /** Ends all watches, as a server does after their time. */
  endWatches(): void {
    for (const { controller } of this.#watches) controller.close();
    this.#watches.clear();
    this.#changed();
  }

  /** Forgets what has happened, so that a watch from before begins with 410. */
  forget(): void {
    this.#events.length = 0;
    this.#revision++;
  }

  /** An answer that does not come. */
  never(): Promise<Response> {
    return this.#never.promise;
  }

  /** Ends it. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#never.resolve(new Response());
    this.script = () => new Response(null, { status: 503 });
    this.endWatches();
    await this.#server[Symbol.asyncDispose]();
  }

  #answer(request: Request): Response | Promise<Response> {
    const { pathname: path, searchParams: query } = new URL(request.url);
    const isWatch = query.get("watch") === "true";
    const authorization = request.headers.get("authorization");
    const asked: AskedSlices = { isWatch, path, query, authorization };
    this.asked.push(asked);
    this.#changed();
    const scripted = this.script(asked);
    if (scripted !== undefined) return scripted;
    return isWatch ? this.#watch(query) : this.#list(query);
  }

  #list(query: URLSearchParams): Response {
    const limit = Number(query.get("limit")), from = Number(query.get("continue") ?? 0);
    const all = [...this.#slices.values()];
    const items = all.slice(from, from + limit);
    const more = from + limit < all.length ? { continue: String(from + limit) } : {};
    return Response.json({
      kind: "EndpointSliceList",
      apiVersion: "discovery.k8s.io/v1",
      metadata: { resourceVersion: String(this.#revision), ...more },
      items,
    });
  }

  #watch(query: URLSearchParams): Response {
    const from = Number(query.get("resourceVersion"));
    const missed = this.#events.filter(({ revision }) => revision > from);
    if (from < this.#revision && missed.length < this.#revision - from) return expired();
    let watch: Watch;
    const body = new ReadableStream<Uint8Array>({
      start: (controller) => {
        watch = { controller, query };
        this.#watches.add(watch);
        for (const { line } of missed) controller.enqueue(encoder.encode(line));
        this.#changed();
      },
      cancel: () => {
        this.#watches.delete(watch);
        this.#changed();
      },
    });
    return new Response(body);
  }

  #revised(object: Record<string, unknown>): Record<string, unknown> {
    const metadata = object["metadata"] as Record<string, unknown>;
    return { ...object, metadata: { ...metadata, resourceVersion: String(++this.#revision) } };
  }

  #tell(type: string, object: Record<string, unknown>): void {
    const line = eventLine(type, object);
    this.#events.push({ revision: this.#revision, line });
    this.send(line);
  }

  #changed(): void {
    for (const check of this.#onChange) check();
  }
}

/** A line of a watch. */
export function eventLine(type: string, object: unknown): string {
  return JSON.stringify({ type, object }) + "\n";
}

/** An answer that is an error, as a real server writes it. */
export function failure(
  code: number,
  reason: string,
  message: string,
  headers: Record<string, string> = {},
): Response {
  return Response.json(status(code, reason, message), { status: code, headers });
}

/** The object that tells of an error. */
export function status(code: number, reason: string, message: string): Record<string, unknown> {
  return {
    kind: "Status",
    apiVersion: "v1",
    metadata: {},
    status: "Failure",
    message,
    reason,
    code,
  };
}

/** What a real server says of a revision that is too old. */
export function expired(): Response {
  return failure(410, "Expired", "too old resource version: 1 (100)");
}
