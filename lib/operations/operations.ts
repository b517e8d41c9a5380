/**
 * Answers what operators and their systems ask of a process.
 *
 * @module
 */

import { invalidArgument } from "../errors.ts";
import { optionsOf } from "../foreign/option_checks.ts";
import { type Inspectable, inspectionOf } from "../rpc/inspection/inspectable.ts";
import { type HealthBounds, healthBounds, healthOf, type HealthOptions } from "./health.ts";
import { prometheus } from "./prometheus.ts";

/** Options of {@linkcode operations}. */
export interface OperationsOptions extends HealthOptions {
  /** A `Manager`, or several. Default: none; at least one grid, client or server is needed. */
  readonly grid?: Inspectable | readonly Inspectable[] | undefined;
  /** A client of `connect`, or several. Default: none. */
  readonly client?: Inspectable | readonly Inspectable[] | undefined;
  /** A server of `serve`, or several. Default: none. */
  readonly server?: Inspectable | readonly Inspectable[] | undefined;
}

/** Answers a request of the Fetch API. */
export type RequestHandler = (request: Request) => Response;

/**
 * Makes a handler of HTTP requests for the operation of a process:
 *
 * - `/metrics`: the metrics of {@linkcode prometheus}, which counts from now on.
 * - `/ready`: status 200 if all should get work, else 503, with why: see `HealthOptions`.
 * - `/alive`: status 200 if the process works, else 503, with why.
 *
 * The last two answer in JSON: `{ "ok": false, "problems": ["…"] }`. Any other
 * path is status 404. It fits `Deno.serve` and `Bun.serve`; for `node:http`
 * there is {@linkcode nodeListener}. Whoever may ask sees the names of hosts and
 * handlers, so listen where only operators and their systems come.
 *
 * @param options What is to be watched, and what is asked of it.
 * @returns The handler.
 * @throws {InternodeError} `InvalidArgument` for an option that makes no sense, and without a grid, client or server.
 *
 * @example
 * ```ts
 * import { Manager } from "@internode/grid";
 * import { operations } from "@internode/grid/operations";
 * import { assertEquals } from "@std/assert";
 *
 * const local = "memory://operated";
 * await using grid = new Manager({ local, hosts: [local] });
 * const answer = operations({ grid });
 * const ready = answer(new Request("http://127.0.0.1:9100/ready"));
 * assertEquals(ready.status, 503);
 * assertEquals(await ready.json(), { ok: false, problems: ["memory://operated does not listen."] });
 * await grid.listen();
 * assertEquals(answer(new Request("http://127.0.0.1:9100/ready")).status, 200);
 * // Deno.serve({ port: 9100 }, answer);
 * ```
 */
export function operations(options: OperationsOptions): RequestHandler {
  const { grid, client, server } = optionsOf("operations", options);
  const faces = [grid, client, server].flatMap((given) => given ?? []) as readonly Inspectable[];
  if (faces.length === 0) {
    throw invalidArgument("operations needs a grid, a client or a server to answer for.");
  }
  const bounds = healthBounds(options);
  const inspections = faces.map((face) => inspectionOf(face)), metrics = prometheus(...faces);
  return (request) => {
    const refused = refusal(request);
    if (refused !== null) return refused;
    const { pathname } = new URL(request.url);
    if (pathname === "/metrics") return withoutBody(request, metrics.respond(request));
    if (pathname !== "/ready" && pathname !== "/alive") {
      return plain(404, "There are /metrics, /ready and /alive.\n");
    }
    const question = pathname === "/ready" ? "ready" : "alive";
    return withoutBody(request, answered(inspections, bounds, question));
  };
}

function answered(
  faces: Parameters<typeof healthOf>[0],
  bounds: HealthBounds,
  question: "ready" | "alive",
): Response {
  const verdict = healthOf(faces, bounds)[question];
  return new Response(`${JSON.stringify(verdict)}\n`, {
    status: verdict.ok ? 200 : 503,
    headers: { "content-type": "application/json", "cache-control": "no-store" },
  });
}

function refusal({ method }: Request): Response | null {
  if (method === "GET" || method === "HEAD") return null;
  const response = plain(405, "Only GET and HEAD are answered.\n");
  response.headers.set("allow", "GET, HEAD");
  return response;
}

function plain(status: number, text: string): Response {
  return new Response(text, { status, headers: { "content-type": "text/plain; charset=utf-8" } });
}

function withoutBody({ method }: Request, response: Response): Response {
  return method === "HEAD" ? new Response(null, response) : response;
}
