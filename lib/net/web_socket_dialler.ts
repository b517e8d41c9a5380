/**
 * The dialler's side of a WebSocket request.
 *
 * @module
 */

import { type ErrorCode, InternodeError } from "../errors.ts";
import { authority, type HostAddress } from "./host_address.ts";
import {
  type AnswerHead,
  endOfHead,
  lists,
  parseHead,
  type Read,
  readText,
} from "./web_socket_answer.ts";
import { dialError } from "./transport_error.ts";

/** The head of an answer is no longer. */
const MAX_HEAD_BYTES = 8 * 1024;
/** How much of a refusal's text is read. */
const MAX_REASON_BYTES = 512;
const REASON_TIMEOUT_MS = 2000;
/** What RFC 6455 appends to a key before it is hashed. */
const KEY_SUFFIX = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

const ascii = new TextEncoder();

/** What a request for WebSocket says. */
export interface UpgradeRequest {
  /** The path and query, encoded. */
  readonly path: string;
  /** What stands in the `authorization` header, if anything. */
  readonly token: string | undefined;
}

/**
 * Checks what is to stand in a request, before there is a connection.
 *
 * @param address Where to, for messages.
 * @param path The path; what URLs cannot hold is encoded.
 * @param token The proof.
 * @returns The request.
 * @throws {InternodeError} `InvalidArgument`.
 */
export function upgradeRequest(
  address: HostAddress,
  path: string,
  token: string | undefined,
): UpgradeRequest {
  if (!path.startsWith("/")) {
    throw invalid(address, `the path ${JSON.stringify(path)} must begin with "/"`);
  }
  if (token !== undefined && !/^[\x20-\x7e]*$/.test(token)) {
    throw invalid(address, "the token holds what a header cannot hold");
  }
  const { pathname, search } = new URL(`http://host${path}`);
  return { path: pathname + search, token };
}

/**
 * Asks the other end of a connection to go on as WebSocket.
 *
 * @param conn The connection; the caller closes it if this fails, and may to give up.
 * @param address Where to.
 * @param request What to ask for.
 * @param reasonTimeoutMs How long a refusing host may take to tell why. Default: 2,000.
 * @returns What came after the answer, if the other end agrees. Rejects with an
 * `InternodeError` that tells the status and text of a refusal.
 */
export async function upgradeConn(
  conn: Deno.Conn,
  address: HostAddress,
  request: UpgradeRequest,
  reasonTimeoutMs: number = REASON_TIMEOUT_MS,
): Promise<Uint8Array> {
  const key = crypto.getRandomValues(new Uint8Array(16)).toBase64();
  await writeAll(conn, requestHead(address, request, key));
  const bytes = new Uint8Array(MAX_HEAD_BYTES);
  const read: Read = (into) => conn.read(into);
  let length = 0, end = -1;
  while (end < 0) {
    if (length === bytes.length) throw strange(address, `a head of more than ${length} bytes`);
    const count = await read(bytes.subarray(length));
    if (count === null) throw dialError(address, "it closed the connection without an answer");
    length += count;
    end = endOfHead(bytes.subarray(0, length));
  }
  const head = parseHead(bytes.subarray(0, end));
  if (head === undefined) throw strange(address, "what is not HTTP");
  const rest = bytes.subarray(end, length);
  if (head.status !== 101) {
    throw refusal(address, head.status, await reasonOf(conn, head, rest, reasonTimeoutMs));
  }
  const problem = await problemOf(head, key);
  if (problem !== undefined) throw strange(address, problem);
  return rest;
}

function requestHead(
  { hostname, port }: HostAddress,
  { path, token }: UpgradeRequest,
  key: string,
): Uint8Array<ArrayBuffer> {
  // A zone says which of this machine's networks it is, and is nobody else's concern.
  const host = authority(hostname.replace(/%.*/, ""), port);
  const proof = token === undefined ? "" : `Authorization: Bearer ${token}\r\n`;
  return ascii.encode(
    `GET ${path} HTTP/1.1\r\nHost: ${host}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n` +
      `Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: ${key}\r\n${proof}\r\n`,
  );
}

async function writeAll(conn: Deno.Conn, bytes: Uint8Array): Promise<void> {
  for (let at = 0; at < bytes.length;) at += await conn.write(bytes.subarray(at));
}

/** What is wrong with an answer of status 101. */
async function problemOf(head: AnswerHead, key: string): Promise<string | undefined> {
  const hash = await crypto.subtle.digest("SHA-1", ascii.encode(key + KEY_SUFFIX));
  if (!lists(head, "upgrade", "websocket") || !lists(head, "connection", "upgrade")) {
    return "an upgrade to something else than WebSocket";
  }
  if (head.fields.get("sec-websocket-accept") !== new Uint8Array(hash).toBase64()) {
    return "the answer to another request";
  }
  const unasked = ["sec-websocket-extensions", "sec-websocket-protocol"]
    .find((name) => head.fields.has(name));
  return unasked && `${unasked}, which was not asked for`;
}

/** The text of a refusal, or what comes of it in time. */
async function reasonOf(
  conn: Deno.Conn,
  head: AnswerHead,
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
      (into) => Promise.race([conn.read(into), late]),
    );
  } finally {
    clearTimeout(timer);
  }
}

function refusal(address: HostAddress, status: number, text: string): InternodeError {
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
      "Refused",
      "Both hosts need the same shared secret, host names and about the same time.",
    ];
  }
  if (status === 404) return ["Refused", "Both hosts need the same path option."];
  return ["Unreachable", "Check what serves there."];
}

function strange(address: HostAddress, what: string): InternodeError {
  return new InternodeError(
    "Unreachable",
    `Could not connect to ${address.href}: it answered the WebSocket request with ${what}. ` +
      "Check what serves there.",
    { origin: "remote", host: address.href },
  );
}

function invalid(address: HostAddress, why: string): InternodeError {
  return new InternodeError(
    "InvalidArgument",
    `Could not connect to ${address.href}: ${why}.`,
    { origin: "caller", host: address.href },
  );
}
