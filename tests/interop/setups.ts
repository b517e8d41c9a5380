/** What the pairs of a real node and the peer in Python have. @module */

/** What a pair has. */
export interface Setup {
  readonly scheme: "tcp" | "unix";
  readonly peerDials: boolean;
  readonly secret: boolean;
  /** Whether both offer checksums; over Unix sockets a node offers none. */
  readonly checksums: boolean;
  /** Whether the peer knows the metadata of answers. */
  readonly metadata: boolean;
  /** Whether it knows windows that grow. */
  readonly windows: boolean;
  /** Which side ends the connection. */
  readonly ends: "here" | "there";
}

/** All of them. */
export const SETUPS: readonly Setup[] = [
  {
    scheme: "tcp",
    peerDials: true,
    secret: false,
    checksums: false,
    metadata: true,
    windows: true,
    ends: "here",
  },
  {
    scheme: "tcp",
    peerDials: true,
    secret: true,
    checksums: true,
    metadata: false,
    windows: true,
    ends: "there",
  },
  {
    scheme: "tcp",
    peerDials: false,
    secret: false,
    checksums: true,
    metadata: true,
    windows: false,
    ends: "there",
  },
  {
    scheme: "tcp",
    peerDials: false,
    secret: true,
    checksums: false,
    metadata: false,
    windows: true,
    ends: "here",
  },
  {
    scheme: "unix",
    peerDials: true,
    secret: true,
    checksums: false,
    metadata: false,
    windows: false,
    ends: "there",
  },
  {
    scheme: "unix",
    peerDials: true,
    secret: false,
    checksums: true,
    metadata: true,
    windows: true,
    ends: "here",
  },
  {
    scheme: "unix",
    peerDials: false,
    secret: true,
    checksums: true,
    metadata: false,
    windows: true,
    ends: "here",
  },
  {
    scheme: "unix",
    peerDials: false,
    secret: false,
    checksums: false,
    metadata: true,
    windows: false,
    ends: "there",
  },
];

/** What tests are named after. */
export function titleOf({ scheme, peerDials, secret, checksums, metadata, ends }: Setup): string {
  return `over ${scheme}, ${peerDials ? "dialling" : "dialled"}, with${
    secret ? "" : "out"
  } a secret, ` +
    `with${checksums ? "" : "out"} checksums, with${
      metadata ? "" : "out"
    } metadata of answers, ended by ${ends === "here" ? "it" : "us"}`;
}
