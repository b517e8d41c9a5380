/**
 * The dialler's side of a WebSocket request.
 *
 * @module
 */

import { base64Of } from "../../runtime/base64.ts";
import { type ErrorCode, InternodeError, invalidArgument } from "../../errors.ts";
import { quoted } from "../../foreign/plain_text.ts";
import type { HostAddress } from "../../runtime/host_address.ts";
import { hostHeader } from "../../runtime/socket_host.ts";
import type { ByteChannel } from "../channel/transport.ts";
import { dialError } from "../../runtime/transport_error.ts";
import {
  type HeadFound,
  type HttpHead,
  lists,
  mayHaveBody,
  parseHead,
  type Read,
  readHead,
} from "./http_head.ts";
import { readText } from "./web_socket_answer.ts";
import { acceptOf } from "./web_socket_key.ts";

/** The longest head of an answer, in bytes. */
const MAX_HEAD_BYTES = 8 * 1024;
const SWITCHING = 101;
const NOT_HTTP = "something other than HTTP/1.1";
/** How much of a refusal's text is read. */
const MAX_REASON_BYTES = 512;
const REASON_TIMEOUT_MS = 2000;

const ascii = new TextEncoder();

/** The content of a WebSocket request. */
export interface UpgradeRequest {
  /** The host that it names. */
  readonly host: HostAddress;
  /** The path and query, encoded. */
  readonly path: string;
  /** The content of the `authorization` header, if any. */
  readonly token: string | undefined;
}

/**
 * Checks the content of a request before there is a connection.
 *
 * @param address The address, for messages.
 * @param path The path; characters that URLs cannot contain are encoded.
 * @param token The proof.
 * @param host The host to name. Default: the address.
 * @returns The request.
 * @throws {InternodeError} `InvalidArgument`.
 */
export function upgradeRequest(
  address: HostAddress,
  path: string,
  token: string | undefined,
  host: HostAddress = address,
): UpgradeRequest {
  if (!path.startsWith("/")) {
    throw invalid(address, `the path ${quoted(path)} must begin with "/"`);
  }
  if (token !== undefined && !/^[\x20-\x7e]*$/.test(token)) {
    throw invalid(address, "the token contains characters that a header cannot contain");
  }
  const { pathname, search } = new URL(`http://host${path}`);
  return { host, path: pathname + search, token };
}

/**
 * Asks the other end of a connection to upgrade to WebSocket.
 *
 * @param channel The connection; the caller closes it if this fails, or to abort.
 * @param address The address.
 * @param request What to ask for.
 * @param reasonTimeoutMs How long a refusing host may take to send the reason. Default: 2,000.
 * @returns The bytes after the answer, if the other end agrees. Rejects with an
 * `InternodeError` that has the status and text of a refusal.
 */
export async function requestUpgrade(
  channel: ByteChannel,
  address: HostAddress,
  request: UpgradeRequest,
  reasonTimeoutMs: number = REASON_TIMEOUT_MS,
): Promise<Uint8Array> {
  const key = base64Of(crypto.getRandomValues(new Uint8Array(16)));
  await writeAll(channel, requestHead(request, key));
  let left = MAX_HEAD_BYTES, rest: Uint8Array<ArrayBuffer> = new Uint8Array(0);
  let head: HttpHead, status: number;
  do {
    const found = await readHead(readAfter(rest, channel), left);
    if (found.kind !== "head") throw noAnswer(address, found);
    const parsed = parseHead(found.bytes), said = parsed && statusOf(parsed);
    if (parsed === undefined || said === undefined) throw strange(address, NOT_HTTP);
    head = parsed;
    status = said;
    rest = found.rest;
    left -= found.bytes.length;
    // Others of the hundreds only say that there will be an answer (RFC 9110, 15.2).
  } while (status < 200 && status !== SWITCHING);
  if (status !== SWITCHING) {
    throw refusal(address, status, await reasonOf(channel, head, rest, reasonTimeoutMs));
  }
  const problem = await problemOf(head, key);
  if (problem !== undefined) throw strange(address, problem);
  return rest;
}

/** Reads what has come already, then what comes. */
function readAfter(first: Uint8Array, channel: ByteChannel): Read {
  return (into) => {
    if (first.length === 0) return channel.read(into);
    const part = first.subarray(0, into.length);
    first = first.subarray(part.length);
    into.set(part);
    return Promise.resolve(part.length);
  };
}

function noAnswer(
  address: HostAddress,
  { kind }: Exclude<HeadFound, { kind: "head" }>,
): InternodeError {
  if (kind === "ended") return dialError(address, "it closed the connection without an answer");
  return strange(
    address,
    kind === "tooLong" ? `a head of more than ${MAX_HEAD_BYTES} bytes` : NOT_HTTP,
  );
}

/** A protocol of version 1.0 cannot be changed (RFC 9110, 7.8). */
function statusOf({ first }: HttpHead): number | undefined {
  const line = /^HTTP\/1\.(\d) ([1-5]\d\d)(?: |$)/.exec(first);
  if (line === null) return undefined;
  const status = Number(line[2]);
  return line[1] === "0" && status === SWITCHING ? undefined : status;
}

function requestHead(
  { host, path, token }: UpgradeRequest,
  key: string,
): Uint8Array<ArrayBuffer> {
  const proof = token === undefined ? "" : `Authorization: Bearer ${token}\r\n`;
  return ascii.encode(
    `GET ${path} HTTP/1.1\r\nHost: ${
      hostHeader(host)
    }\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n` +
      `Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: ${key}\r\n${proof}\r\n`,
  );
}

async function writeAll(channel: ByteChannel, bytes: Uint8Array<ArrayBuffer>): Promise<void> {
  for (let at = 0; at < bytes.length;) at += await channel.write(bytes.subarray(at));
}

/** What is wrong with an answer of status 101. */
async function problemOf(head: HttpHead, key: string): Promise<string | undefined> {
  const accept = await acceptOf(key);
  const isUpgraded = head.fields.get("upgrade")?.toLowerCase() === "websocket";
  if (!isUpgraded || !lists(head, "connection", "upgrade")) {
    return "an upgrade to another protocol than WebSocket";
  }
  if (head.fields.get("sec-websocket-accept") !== accept) {
    return "the answer to another request";
  }
  if (mayHaveBody(head)) return "an upgrade that has a body";
  const unasked = ["sec-websocket-extensions", "sec-websocket-protocol"]
    .find((name) => head.fields.has(name));
  return unasked && `${unasked}, which was not asked for`;
}

/** The text of a refusal, or what comes of it in time. */
async function reasonOf(
  channel: ByteChannel,
  head: HttpHead,
  rest: Uint8Array,
  timeoutMs: number,
): Promise<string> {
  const bytes = new Uint8Array(MAX_REASON_BYTES);
  const there = rest.subarray(0, bytes.length);
  bytes.set(there);
  let giveUp = (): void => {};
  const late = new Promise<null>((resolve) => giveUp = () => resolve(null));
  const timer = setTimeout(() => giveUp(), timeoutMs);
  try {
    return await readText(
      head,
      bytes,
      there.length,
      (into) => Promise.race([channel.read(into), late]),
    );
  } finally {
    clearTimeout(timer);
  }
}

/** What a dialler is told of an answer that refuses it. */
export function refusal(address: HostAddress, status: number, text: string): InternodeError {
  const reason = text === "" ? "" : ` (${text})`;
  const [code, advice] = statusAdvice(status);
  return new InternodeError(
    code,
    `${address.href} refused the connection with status ${status}${reason}. ${advice}`,
    { origin: "remote", host: address.href },
  );
}

function statusAdvice(status: number): [ErrorCode, string] {
  if (status === 401 || status === 403) {
    return [
      status === 401 ? "Unauthenticated" : "PermissionDenied",
      "Both hosts need the same shared secret, the same host names and synchronised clocks.",
    ];
  }
  if (status === 421) {
    return [
      "PermissionDenied",
      "Name this host in its option allowHosts, or dial it by its own name.",
    ];
  }
  if (status === 404) return ["PermissionDenied", "Both hosts need the same path option."];
  return ["Unreachable", "Check which server listens there."];
}

function strange(address: HostAddress, what: string): InternodeError {
  return new InternodeError(
    "Unreachable",
    `Could not connect to ${address.href}: it answered the WebSocket request with ${what}. ` +
      "Check which server listens there.",
    { origin: "remote", host: address.href },
  );
}

function invalid(address: HostAddress, why: string): InternodeError {
  return invalidArgument(`Could not connect to ${address.href}: ${why}.`, { host: address.href });
}
