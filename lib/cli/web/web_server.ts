/**
 * Serves the live page.
 *
 * @module
 */

import type { Clock } from "../../runtime/clock.ts";
import { pause } from "../../runtime/pause.ts";
import type { Socket, TcpListener } from "../../runtime/platform/socket.ts";
import { within } from "../../runtime/within.ts";
import { parseHead, readHead } from "../../transport/websocket/http_head.ts";
import { type Asked, judgeRequest, type RequestRules } from "./http_request.ts";
import type { LiveMesh } from "./live_mesh.ts";
import { PAGE, SECURITY_FIELDS } from "./page.ts";
import type { PageMessage } from "./page_state.ts";
import { TraceFollower } from "./trace_follower.ts";
import { traceFilter } from "./trace_filter.ts";

/** How many connections are served at a time. */
const MAX_CONNECTIONS = 64;
/** How many of them may be streams of events: each tab that is seen has one, and one more for its trace. */
const MAX_STREAMS = 16;
/** The longest head of a request, in bytes. */
const MAX_HEAD_BYTES = 8 * 1024;
/** How long a request may take to arrive, in milliseconds. */
const HEAD_LIMIT_MS = 10_000;
/** How long a message may take to be written, in milliseconds: who reads more slowly is let go. */
const WRITE_LIMIT_MS = 30_000;
/** How often the state is sent, in milliseconds. */
const STATE_EVERY_MS = 500;
/** How often calls that have ended are sent, in milliseconds. */
const TRACE_EVERY_MS = 250;

const REASONS: Readonly<Record<number, string>> = {
  200: "OK",
  400: "Bad Request",
  401: "Unauthorized",
  403: "Forbidden",
  404: "Not Found",
  405: "Method Not Allowed",
  421: "Misdirected Request",
  431: "Request Header Fields Too Large",
  503: "Service Unavailable",
};

const utf8 = new TextEncoder();

/** What a {@linkcode WebServer} is made of. */
export interface WebServerOptions {
  /** Where requests come from. */
  readonly listener: TcpListener;
  /** What they must show. */
  readonly rules: RequestRules;
  /** What they ask about. */
  readonly mesh: LiveMesh;
  /** Where time comes from. */
  readonly clock: Clock;
}

/** Serves the page, and streams of events for it. */
export class WebServer {
  readonly #options: WebServerOptions;
  readonly #open = new Map<Socket, AbortController>();
  #streams = 0;
  #isClosed = false;

  /** Begins to serve. */
  constructor(options: WebServerOptions) {
    this.#options = options;
    void this.#accept();
  }

  /** How many connections are open. */
  get connections(): number {
    return this.#open.size;
  }

  /** Ends it, and all connections. */
  close(): void {
    this.#isClosed = true;
    this.#options.listener.close();
    for (const [socket, ending] of this.#open) {
      ending.abort();
      closeSocket(socket);
    }
  }

  /** Never rejects. */
  async #accept(): Promise<void> {
    const { listener, clock } = this.#options,
      never = new AbortController().signal;
    while (!this.#isClosed) {
      try {
        const socket = await listener.accept();
        if (this.#open.size >= MAX_CONNECTIONS || this.#isClosed) {
          closeSocket(socket);
        } else void this.#serve(socket);
      } catch {
        // Such as too many open files: later there may be fewer.
        if (!this.#isClosed) await pause(clock, 100, never);
      }
    }
  }

  /** Never rejects. */
  async #serve(socket: Socket): Promise<void> {
    const ending = new AbortController();
    this.#open.set(socket, ending);
    try {
      const asked = await this.#read(socket);
      if (asked === null) return;
      if (asked.kind === "refused") {
        await this.#refuse(socket, asked.status, asked.reason);
      } else if (asked.kind === "page") {
        await this.#answer(socket, 200, "text/html; charset=utf-8", PAGE);
      } else if (this.#streams < MAX_STREAMS) {
        await this.#stream(socket, asked, ending);
      } else await this.#refuse(socket, 503, "Too many tabs show this page: close some.");
    } catch {
      // The browser has left.
    } finally {
      ending.abort();
      this.#open.delete(socket);
      closeSocket(socket);
    }
  }

  /** Reads a request; `null` if none comes in time. */
  async #read(socket: Socket): Promise<Asked | null> {
    const { clock, rules } = this.#options;
    const reading = readHead((into) => socket.read(into), MAX_HEAD_BYTES);
    if (!await within(clock, HEAD_LIMIT_MS, reading.catch(() => {}))) {
      return null;
    }
    const found = await reading;
    if (found.kind === "ended") return null;
    if (found.kind === "tooLong") {
      return {
        kind: "refused",
        status: 431,
        reason: "The request's head is too long.",
      };
    }
    return judgeRequest(found.kind === "head" ? parseHead(found.bytes) : undefined, rules);
  }

  async #stream(
    socket: Socket,
    { kind, query }: Exclude<Asked, { kind: "refused" }>,
    ending: AbortController,
  ): Promise<void> {
    const { mesh, clock } = this.#options, { signal } = ending;
    const filter = kind === "trace" ? traceFilter(query) : null;
    if (typeof filter === "string") {
      return await this.#refuse(socket, 400, filter);
    }
    this.#streams++;
    const follower = filter === null ? null : new TraceFollower(() => mesh.watches, filter, clock);
    let sinceMs = 0;
    const next = (): PageMessage => {
      if (follower !== null) return follower.take();
      const state = mesh.state(sinceMs);
      sinceMs = state.timeMs;
      return state;
    };
    void untilLeft(socket).then(() => ending.abort());
    try {
      await this.#write(socket, headOf(200, "text/event-stream; charset=utf-8"));
      while (!signal.aborted) {
        // Made when the one before has left: a slow reader gets fewer, and nothing piles up.
        const message = next();
        const isEmpty = message.type === "trace" &&
          message.calls.length === 0 &&
          message.lost === 0 && message.problems.length === 0;
        await this.#write(socket, isEmpty ? ":\n\n" : `data: ${JSON.stringify(message)}\n\n`);
        await pause(clock, follower === null ? STATE_EVERY_MS : TRACE_EVERY_MS, signal);
      }
    } finally {
      this.#streams--;
      follower?.close();
    }
  }

  #refuse(socket: Socket, status: number, reason: string): Promise<void> {
    return this.#answer(socket, status, "text/plain; charset=utf-8", `${reason}\n`);
  }

  async #answer(socket: Socket, status: number, type: string, body: string): Promise<void> {
    const length = utf8.encode(body).length;
    await this.#write(socket, headOf(status, type, length) + body);
  }

  /** Resolves when all of it has left. Rejects if that takes too long. */
  async #write(socket: Socket, text: string): Promise<void> {
    const { clock } = this.#options;
    let bytes = utf8.encode(text);
    const writing = (async () => {
      while (bytes.length > 0) {
        bytes = bytes.subarray(await socket.write(bytes));
      }
    })();
    if (await within(clock, WRITE_LIMIT_MS, writing.catch(() => {}))) {
      return await writing;
    }
    closeSocket(socket);
    throw new Error("the browser does not read");
  }
}

function headOf(status: number, type: string, length?: number): string {
  const fields = Object.entries({
    "content-type": type,
    ...(length === undefined ? {} : { "content-length": String(length) }),
    ...(status === 401 ? { "www-authenticate": "Bearer" } : {}),
    ...(status === 405 ? { allow: "GET" } : {}),
    ...SECURITY_FIELDS,
    connection: "close",
  });
  const lines = fields.map(([name, value]) => `${name}: ${value}\r\n`).join("");
  return `HTTP/1.1 ${status} ${REASONS[status] ?? "Error"}\r\n${lines}\r\n`;
}

/** Resolves when the other end has left; drops what it sends. */
async function untilLeft(socket: Socket): Promise<void> {
  const bytes = new Uint8Array(1_024);
  try {
    while (await socket.read(bytes) !== null);
  } catch {
    // It is closed.
  }
}

function closeSocket(socket: Socket): void {
  try {
    socket.close();
  } catch {
    // It is closed already.
  }
}
