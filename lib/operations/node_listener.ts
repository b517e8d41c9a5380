/**
 * The handler of operations in servers of `node:http`.
 *
 * @module
 */

import type { RequestHandler } from "./operations.ts";

/** What is needed of an `IncomingMessage` of `node:http`. */
export interface NodeRequest {
  /** Such as `"GET"`. */
  readonly method?: string | undefined;
  /** The path and query. */
  readonly url?: string | undefined;
  /** Its headers. */
  readonly headers: { readonly accept?: string | undefined };
}

/** What is needed of a `ServerResponse` of `node:http`. */
export interface NodeResponse {
  /** Begins the answer. */
  writeHead(status: number, headers: Record<string, string>): unknown;
  /** Ends it. */
  end(body: string): unknown;
}

/**
 * Makes a listener for `createServer` of `node:http` from a handler of
 * `operations`.
 *
 * @param handler The handler.
 * @returns The listener.
 *
 * @example
 * ```ts
 * import { createServer } from "node:http";
 * import { Manager } from "@internode/grid";
 * import { nodeListener, operations } from "@internode/grid/operations";
 *
 * const local = "memory://operated-by-node";
 * const grid = new Manager({ local, hosts: [local] });
 * const server = createServer(nodeListener(operations({ grid })));
 * server.listen(9121, "127.0.0.1");
 *
 * server.close();
 * await grid.close();
 * ```
 */
export function nodeListener(
  handler: RequestHandler,
): (request: NodeRequest, response: NodeResponse) => void {
  return (request, response) => void answer(handler, request, response);
}

async function answer(
  handler: RequestHandler,
  { method = "GET", url = "/", headers: { accept } }: NodeRequest,
  response: NodeResponse,
): Promise<void> {
  let status = 400, body = "This is no request that can be answered.\n";
  let headers: Record<string, string> = { "content-type": "text/plain; charset=utf-8" };
  try {
    // Whatever its header `host` says.
    const asked = new Request(new URL(url, "http://localhost"), {
      method,
      ...accept === undefined ? {} : { headers: { accept } },
    });
    const answered = handler(asked);
    body = await answered.text();
    status = answered.status;
    headers = Object.fromEntries(answered.headers);
  } catch {
    // It asks for what no request of the Fetch API may be, such as a path that is no URL.
  }
  response.writeHead(status, headers);
  response.end(body);
}
