/**
 * What can be asked of the maker of certificates on its command line.
 *
 * @module
 */

import {
  choice,
  CommandLine,
  flag,
  list,
  text,
  UsageError,
  whole,
} from "../../tools/command_line/command_line.ts";
import { hostSubject, namedSubject, type Subject } from "./certified_name.ts";

/** The steps by which one authority takes the place of another. */
export const ROTATION_STEPS = ["trust", "issue", "retire"] as const;

/** A step by which one authority takes the place of another. */
export type RotationStep = typeof ROTATION_STEPS[number];

/** What to make. */
export interface CertsOptions {
  /** The folder for everything. */
  readonly out: string;
  /** Who gets a certificate; nobody: all that the folder holds are renewed. */
  readonly subjects: readonly Subject[];
  /** Whether hosts at one name or address all bear it. */
  readonly shareNames: boolean;
  /** For how many days a certificate is valid. */
  readonly days: number;
  /** Whether a new authority's key is written, so that it can issue more later. */
  readonly keepCaKey: boolean;
  /** The next step to another authority. */
  readonly rotateCa?: RotationStep | undefined;
  /** Print what was made as one line of JSON. */
  readonly json: boolean;
}

const LINE = new CommandLine(
  "deno task certs --out DIR",
  "Makes certificates for development and tests: an authority, and a certificate for each node. " +
    "Where DIR holds an authority with its key, that one is used; without --hosts and --name all " +
    "certificates in DIR are renewed. Who can read DIR can be any node.",
  {
    out: text("the folder for the authority and a folder for each node", "DIR", undefined),
    hosts: list(
      "a certificate for each host: tls://, wss:// or unix://",
      "URL,…",
      [],
      hostSubject,
    ),
    name: list(
      "a certificate for each name, such as clients that only dial: a DNS name, an IP address or " +
        "a URI (spiffe://…)",
      "NAME,…",
      [],
      namedSubject,
    ),
    "share-names": flag(
      "hosts at one name or IP address all bear it beside their URL, for clients that look for " +
        "nothing else; then the certificate of each is good for all of them",
    ),
    days: whole("for how many days certificates are valid", { from: 1, to: 3_650, fallback: 30 }),
    "keep-ca-key": flag(
      "keep the authority's key in DIR, so that it can renew certificates and make more",
    ),
    "rotate-ca": choice(
      "a step to another authority, with all nodes reading their files anew after each; trust: " +
        "make it, all nodes believe both; issue: new certificates for all nodes, by the new one; " +
        "retire: all nodes believe the new one alone",
      ROTATION_STEPS,
      undefined,
    ),
    json: flag("print what was made as one line of JSON"),
  },
  "Ends with status 0, 1 if it could not be done, 2 for a wrong option.",
);

/** How to call it. */
export const USAGE: string = LINE.usage;

/**
 * Reads the command line.
 *
 * @returns The options, or `"help"`.
 * @throws {UsageError} For an unknown option or a value that makes no sense.
 */
export function parseOptions(args: readonly string[]): CertsOptions | "help" {
  const values = LINE.parse(args);
  if (values === "help") return values;
  const { out, days, json, "rotate-ca": rotateCa } = values;
  if (out === undefined || out === "") {
    throw new UsageError("--out is missing: name the folder for the certificates.");
  }
  const subjects = [...values.hosts, ...values.name];
  const titles = subjects.map(({ title }) => title);
  const twice = titles.find((title, at) => titles.indexOf(title) !== at);
  if (twice !== undefined) throw new UsageError(`${twice} is listed twice.`);
  if (rotateCa !== undefined && subjects.length > 0) {
    throw new UsageError(
      "--rotate-ca is about all nodes in the folder: leave --hosts and --name out.",
    );
  }
  const keepCaKey = values["keep-ca-key"], shareNames = values["share-names"];
  return { out, subjects, shareNames, days, keepCaKey, rotateCa, json };
}
