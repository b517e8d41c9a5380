/**
 * The peers by name. Their packages are another file's, so that the rest of the
 * repository can name them without having any.
 *
 * @module
 */

/** The peer that all others are compared with. */
export const REFERENCE = "internode";

/** Over what each goes that is written for JavaScript, in the order of the table. */
export const STANDS = {
  [REFERENCE]: "tcp",
  "internode-spin": "tcp",
  "internode-call": "tcp",
  "internode-ws": "ws",
  "nats": "tcp, broker",
  "capnweb": "ws",
  "capnweb-deno": "ws",
  "socket.io": "ws",
  "trpc": "ws",
  "fetch": "http/1.1",
  "fetch-h2": "http/2",
  "grpc-js": "http/2",
  "connect-es": "http/2",
  "connect-es-h1": "http/1.1",
} as const;

/** Programs of their own, in the order of the table. */
export const PROGRAMS = { "grpc-go": "http/2" } as const;

/** Over what each goes. */
export const PEERS = { ...STANDS, ...PROGRAMS } as const;

/** One of those written for JavaScript. */
export type StandName = keyof typeof STANDS;

/** One of them. */
export type PeerName = keyof typeof PEERS;

/** All that are written for JavaScript. */
export const STAND_NAMES = Object.keys(STANDS) as readonly StandName[];

/** All, in the order of the table. */
export const PEER_NAMES = Object.keys(PEERS) as readonly PeerName[];
