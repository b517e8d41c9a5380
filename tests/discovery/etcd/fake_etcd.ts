/**
 * What answers in place of an etcd.
 *
 * @module
 */

import { HttpServer } from "../../support/network/http_server.ts";

/** An HTTP server that answers as a test says. */
export class FakeEtcd implements AsyncDisposable {
  /** Its URL. */
  readonly url: string;
  /** The paths asked for so far, without `/v3/`. */
  readonly asked: string[] = [];
  readonly #server: HttpServer;
  readonly #never = Promise.withResolvers<Response>();

  /** Starts it. */
  constructor(answer: (path: string, fake: FakeEtcd, request: Request) => FakeAnswer) {
    this.#server = new HttpServer((request) => {
      const path = new URL(request.url).pathname.replace("/v3/", "");
      this.asked.push(path);
      return answer(path, this, request);
    }, { isPlain: true });
    this.url = this.#server.url;
  }

  /** An answer that does not come. */
  never(): Promise<Response> {
    return this.#never.promise;
  }

  /** Ends it. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#never.resolve(new Response());
    await this.#server[Symbol.asyncDispose]();
  }
}

/** What may be answered. */
export type FakeAnswer = Response | Promise<Response>;

/** A message of a watch. */
export function message(result: unknown): string {
  return JSON.stringify({ result }) + "\n";
}
