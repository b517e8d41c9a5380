/**
 * The acceptor's side of a WebSocket request, on any channel of bytes.
 *
 * @module
 */

import { authorizeToken, bearerToken } from "../channel/authorization.ts";
import { hostProblem } from "./allowed_hosts.ts";
import { originProblem } from "./allowed_origins.ts";
import { FramedChannel } from "./framed_channel.ts";
import {
  type HeadFound,
  type HttpHead,
  lists,
  mayHaveBody,
  parseHead,
  readHead,
} from "./http_head.ts";
import { PeerLeft } from "../channel/peer_left.ts";
import type { Prepared } from "../channel/hand_over.ts";
import type { TransportHandshakeOptions } from "../channel/transport_handshakes.ts";
import type { ByteChannel, ListenOptions } from "../channel/transport.ts";
import { RefusedRequest } from "./refused_request.ts";
import { acceptOf } from "./web_socket_key.ts";

/** The longest head of a request, in bytes. */
const MAX_HEAD_BYTES = 8 * 1024;
/** What a refused client still sends is read and dropped, up to this many bytes and this long, because closing a connection with unread bytes would reset it and lose the answer. */
const MAX_FORGOTTEN_BYTES = 64 * 1024;
const FORGET_MS = 1_000;
/** Fields that must not be repeated, because it would be unclear which one counts. */
const ONCE = [
  "authorization",
  "content-length",
  "host",
  "sec-websocket-key",
  "sec-websocket-version",
];

/** A target that is a whole URL, up to its path. */
const WHOLE_URL = /^(?:https?|wss?):\/\/([^/?#]*)/i;

/** What a request must show. */
export interface UpgradeRules
  extends Pick<ListenOptions, "authorize" | "allowOrigins" | "allowHosts"> {
  /** The name that this side listens at; empty if it has none. */
  readonly hostname: string;
  /** The request path. Default: any, if the caller has checked it. */
  readonly path?: string | undefined;
}

/**
 * Reads a request for WebSocket (RFC 6455, 4.2) and answers it.
 *
 * @param channel The channel; the caller closes it if this fails, or to abort.
 * @param rules What it must show.
 * @param forgetMs How long a refused client may stay. Default: 1,000.
 * @returns The channel of messages, and the name that `authorize` gave;
 * Rejects with a {@linkcode RefusedRequest} once that was answered, with a {@linkcode PeerLeft} if the client left before, or as the channel does.
 */
export async function acceptWebSocket(
  channel: ByteChannel,
  rules: UpgradeRules,
  forgetMs: number = FORGET_MS,
): Promise<Prepared> {
  const found = await readHead((into) => channel.read(into), MAX_HEAD_BYTES);
  if (found.kind === "ended") throw new PeerLeft("the connection ended within its request");
  let judged: Judged;
  try {
    judged = await judge(found, rules, channel);
  } catch (refusal) {
    if (refusal instanceof RefusedRequest) await refuseRequest(channel, refusal, forgetMs);
    throw refusal;
  }
  const accept = await acceptOf(judged.key);
  await writeText(
    channel,
    "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n" +
      `Sec-WebSocket-Accept: ${accept}\r\n\r\n`,
  );
  const framed = new FramedChannel(channel, channel.remote, { role: "server" });
  return { channel: framed, name: judged.name };
}

/**
 * The upgrade as the handshake of accepted channels.
 *
 * @param rules What a request must show.
 * @returns The handshake.
 */
export function webSocketHandshake(rules: UpgradeRules): TransportHandshakeOptions {
  return {
    prepare: (channel, _slot, onHeard) => acceptWebSocket(channel, tellingOf(rules, onHeard)),
    isReported: (failure) => failure instanceof RefusedRequest && failure.status === 401,
  };
}

/** The same rules, whose `authorize` reports that it runs, because a request has arrived then. */
function tellingOf(rules: UpgradeRules, onHeard: () => void): UpgradeRules {
  const { authorize } = rules;
  if (authorize === undefined) return rules;
  return {
    ...rules,
    authorize(...asked) {
      onHeard();
      return authorize(...asked);
    },
  };
}

/** A request that may be upgraded. */
interface Judged {
  readonly key: string;
  readonly name: string | undefined;
}

async function judge(
  found: Exclude<HeadFound, { kind: "ended" }>,
  rules: UpgradeRules,
  { identity, remote }: ByteChannel,
): Promise<Judged> {
  if (found.kind === "notHttp") throw new RefusedRequest(400, "this is not HTTP/1.1");
  if (found.kind === "tooLong") {
    throw new RefusedRequest(431, `the request's head is longer than ${MAX_HEAD_BYTES} bytes`);
  }
  const head = parseHead(found.bytes);
  const target = /^([A-Z]+) ([\x21-\x7e]+) HTTP\/1\.[1-9]$/.exec(head?.first ?? "");
  if (head === undefined || target === null) {
    throw new RefusedRequest(400, "this is not an HTTP/1.1 request");
  }
  judgeFields(head);
  judgeHost(target[2]!, head, rules);
  const origin = originProblem(head.fields.get("origin") ?? null, rules.allowOrigins ?? []);
  if (origin !== null) throw new RefusedRequest(403, origin);
  const path = pathOf(target[2]!);
  if (rules.path !== undefined && path !== pathOf(rules.path)) {
    throw new RefusedRequest(404, `nothing is served at ${path}: compare the path options`);
  }
  const token = bearerToken(head.fields.get("authorization") ?? null);
  const authorization = await authorizeToken(rules.authorize, token, identity, remote);
  if ("reason" in authorization) {
    throw new RefusedRequest(authorization.status, authorization.reason, authorization.cause);
  }
  const key = judgeUpgrade(target[1]!, head);
  if (found.rest.length > 0) {
    throw new RefusedRequest(400, "no bytes may follow the request before it is answered");
  }
  return { key, name: authorization.name };
}

function judgeFields(head: HttpHead): void {
  const { fields, repeated } = head;
  const twice = ONCE.find((name) => repeated.has(name));
  if (twice !== undefined) throw new RefusedRequest(400, `the header field ${twice} appears twice`);
  if (!fields.has("host")) throw new RefusedRequest(400, "the header field host is missing");
  if (mayHaveBody(head)) {
    throw new RefusedRequest(400, "a WebSocket request must not have a body");
  }
}

/** The host that a whole URL as target names counts beside the field (RFC 9112, 3.2.2). */
function judgeHost(target: string, head: HttpHead, rules: UpgradeRules): void {
  const inTarget = WHOLE_URL.exec(target)?.[1];
  for (const host of [head.fields.get("host")!, ...(inTarget === undefined ? [] : [inTarget])]) {
    const problem = hostProblem(host, rules.hostname, rules.allowHosts ?? []);
    if (problem !== null) throw new RefusedRequest(problem.status, problem.reason);
  }
}

function judgeUpgrade(method: string, head: HttpHead): string {
  const isUpgrade = lists(head, "upgrade", "websocket") && lists(head, "connection", "upgrade");
  if (method !== "GET" || !isUpgrade) {
    throw new RefusedRequest(426, "only WebSocket connections are served here");
  }
  if (head.fields.get("sec-websocket-version") !== "13") {
    throw new RefusedRequest(426, "only WebSocket version 13 is supported");
  }
  const key = head.fields.get("sec-websocket-key") ?? "";
  if (!/^[A-Za-z0-9+/]{22}==$/.test(key)) {
    throw new RefusedRequest(400, "sec-websocket-key must be 16 bytes in base64");
  }
  return key;
}

/** The path of a request's target, which may be a whole URL (RFC 9112, 3.2.2), in the spelling of URLs. */
function pathOf(target: string): string {
  const origin = target.replace(WHOLE_URL, "");
  const url = URL.parse(`http://host${origin.startsWith("/") ? "" : "/"}${origin}`);
  if (url === null) throw new RefusedRequest(400, "the request's target is not valid");
  return url.pathname;
}

const WORDS: { readonly [status: number]: string } = {
  400: "Bad Request",
  401: "Unauthorized",
  403: "Forbidden",
  404: "Not Found",
  421: "Misdirected Request",
  426: "Upgrade Required",
  431: "Request Header Fields Too Large",
  503: "Service Unavailable",
};
const FIELDS: { readonly [status: number]: string } = {
  401: "WWW-Authenticate: Bearer\r\n",
  426: "Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\n",
};

/**
 * Answers a request that is refused, and waits until the client has left or has
 * had time to read the answer. Never rejects.
 *
 * @param channel Where it comes from; the caller closes it.
 * @param refusal The answer.
 * @param forgetMs How long it may stay. Default: 1,000.
 */
export async function refuseRequest(
  channel: ByteChannel,
  { status, message }: RefusedRequest,
  forgetMs: number = FORGET_MS,
): Promise<void> {
  const timer = setTimeout(() => channel.close(), forgetMs);
  try {
    const text = new TextEncoder().encode(message);
    const connection = status === 426 ? "Upgrade, close" : "close";
    await writeText(
      channel,
      `HTTP/1.1 ${status} ${WORDS[status]}\r\n${
        FIELDS[status] ?? ""
      }Connection: ${connection}\r\n` +
        `Content-Type: text/plain; charset=utf-8\r\nContent-Length: ${text.length}\r\n\r\n${message}`,
    );
    const forgotten = new Uint8Array(4 * 1024);
    for (let bytes = 0; bytes < MAX_FORGOTTEN_BYTES;) {
      const count = await channel.read(forgotten);
      if (count === null) break;
      bytes += count;
    }
  } catch {
    // The client has left, or its time is up.
  } finally {
    clearTimeout(timer);
  }
}

async function writeText(channel: ByteChannel, text: string): Promise<void> {
  let rest = new TextEncoder().encode(text);
  while (rest.length > 0) rest = rest.subarray(await channel.write(rest));
}
