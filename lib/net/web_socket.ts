/**
 * WebSocket, with and without TLS.
 *
 * @module
 */

import { type ErrorCode, InternodeError } from "../errors.ts";
import { authority, type HostAddress } from "./host_address.ts";
import { requireIdentity, type TlsOptions } from "./tls.ts";
import type { DialOptions, MessageChannel, Transport } from "./transport.ts";
import { dialError } from "./transport_error.ts";
import { WebSocketChannel } from "./web_socket_channel.ts";
import { WebSocketListener } from "./web_socket_listener.ts";

/** How long a refusing host may take to tell why. */
const REASON_TIMEOUT_MS = 2000;
/** How much of its reason is shown. */
const MAX_REASON_BYTES = 512;

/**
 * Connections over WebSocket. Needs `--allow-net`.
 *
 * @param options Certificates, for `wss`.
 * @returns The transport for `ws://host:port` and `wss://host:port`.
 */
export function webSocketTransport(options: TlsOptions = {}): Transport {
  return {
    dial: (address, dialOptions) => dial(address, dialOptions, options.caCerts ?? []),

    // deno-lint-ignore require-await -- what is thrown becomes the rejection
    async listen(address, listenOptions) {
      const identity = address.scheme === "wss" ? requireIdentity(address, options) : undefined;
      return new WebSocketListener(address, identity, listenOptions);
    },
  };
}

/** A request for a connection: where, with what. */
interface WebSocketRequest {
  readonly url: string;
  readonly headers: Record<string, string>;
  readonly client?: Deno.HttpClient;
}

async function dial(
  address: HostAddress,
  { signal, path, token }: DialOptions,
  caCerts: readonly string[],
): Promise<MessageChannel> {
  signal.throwIfAborted();
  if (!path.startsWith("/")) {
    throw new InternodeError(
      "InvalidArgument",
      `Could not connect to ${address.href}: the path ${JSON.stringify(path)} must begin with "/".`,
      { origin: "caller", host: address.href },
    );
  }
  const secure = address.scheme === "wss" && caCerts.length > 0;
  const client = secure ? Deno.createHttpClient({ caCerts: [...caCerts] }) : undefined;
  const request = {
    url: `${address.scheme}://${authority(address.hostname, address.port)}${path}`,
    headers: token === undefined ? {} : { authorization: `Bearer ${token}` },
    ...(client && { client }),
  };
  try {
    return await open(address, request, signal);
  } catch (error) {
    throw signal.aborted ? signal.reason : await explain(address, request, signal, error);
  } finally {
    client?.close();
  }
}

function open(
  address: HostAddress,
  { url, ...init }: WebSocketRequest,
  signal: AbortSignal,
): Promise<MessageChannel> {
  return new Promise((resolve, reject) => {
    const socket = new WebSocket(url, init);
    socket.binaryType = "arraybuffer";
    const onAbort = (): void => {
      socket.onopen = socket.onclose = null;
      socket.close();
      reject(signal.reason);
    };
    signal.addEventListener("abort", onAbort, { once: true });
    let failure: unknown = "the connection was lost before it was made";
    socket.onerror = (event) =>
      failure = (event as ErrorEvent).error ?? (event as ErrorEvent).message;
    socket.onopen = () => {
      signal.removeEventListener("abort", onAbort);
      resolve(new WebSocketChannel(socket, address.href));
    };
    socket.onclose = () => {
      signal.removeEventListener("abort", onAbort);
      reject(failure);
    };
  });
}

/**
 * The runtime tells the status of a refusal and not its text, and over HTTP/2
 * (as `wss` is) not even the status, so that is asked for once more.
 */
async function explain(
  address: HostAddress,
  request: WebSocketRequest,
  signal: AbortSignal,
  failure: unknown,
): Promise<unknown> {
  const message = failure instanceof Error ? failure.message : "";
  const told = /status code: (\d{3})/.exec(message)?.[1];
  if (told === undefined && !message.includes("stream error")) return dialError(address, failure);
  const answer = await askAgain(request, signal);
  if (signal.aborted) return signal.reason;
  const status = told ?? answer?.status;
  // This question is no WebSocket request, so an answer that says so explains nothing.
  if (status === undefined || (told === undefined && !isRefusal(status))) {
    return dialError(address, failure);
  }
  const reason = answer?.status === status && answer.text !== "" ? ` (${answer.text})` : "";
  const [code, advice] = statusAdvice(status);
  return new InternodeError(
    code,
    `${address.href} refused the connection with status ${status}${reason}. ${advice}`,
    { origin: "remote", host: address.href, cause: failure },
  );
}

function isRefusal(status: string): boolean {
  return status === "401" || status === "403" || status === "404" || status === "503";
}

function statusAdvice(status: string): [ErrorCode, string] {
  if (status === "401" || status === "403") {
    return [
      "Refused",
      "Both hosts need the same shared secret, host names and about the same time.",
    ];
  }
  if (status === "404") return ["Refused", "Both hosts need the same path option."];
  return ["Unreachable", "Check what serves there."];
}

async function askAgain(
  { url, ...init }: WebSocketRequest,
  signal: AbortSignal,
): Promise<{ readonly status: string; readonly text: string } | undefined> {
  const limit = new AbortController();
  const stop = (): void => limit.abort();
  const timer = setTimeout(stop, REASON_TIMEOUT_MS);
  signal.addEventListener("abort", stop, { once: true });
  try {
    const httpUrl = url.replace(/^ws/, "http");
    const response = await fetch(httpUrl, { ...init, redirect: "manual", signal: limit.signal });
    return { status: String(response.status), text: await readStart(response) };
  } catch {
    return undefined;
  } finally {
    clearTimeout(timer);
    signal.removeEventListener("abort", stop);
  }
}

async function readStart(response: Response): Promise<string> {
  const bytes = new Uint8Array(MAX_REASON_BYTES);
  let length = 0;
  for await (const chunk of response.body ?? []) {
    const fitting = chunk.subarray(0, bytes.length - length);
    bytes.set(fitting, length);
    length += fitting.length;
    if (length === bytes.length) break;
  }
  const text = new TextDecoder().decode(bytes.subarray(0, length));
  return text.replace(/[^\p{L}\p{M}\p{N}\p{P}\p{S} ]+/gu, " ").trim();
}
