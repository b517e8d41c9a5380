/**
 * What can be asked of the maker of certificates on its command line.
 *
 * @module
 */

import { parseArgs } from "node:util";
import { UsageError, wholeNumber } from "../lock_service/options.ts";
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

/** How to call it. */
export const USAGE: string = `deno task certs --out DIR [options]

  --out DIR          the folder for the authority and a folder for each node
  --hosts URL,…      a certificate for each host: tls://, wss:// or unix://
  --name NAME,…      a certificate for each name, such as clients that only
                     dial: a DNS name, an IP address or a URI (spiffe://…)
  --share-names      hosts at one name or IP address all bear it beside their
                     URL, for clients that look for nothing else; then the
                     certificate of each is good for all of them
  --days N           how long certificates are valid (30; 1 to 3650)
  --keep-ca-key      keep the authority's key in DIR, so that it can renew
                     certificates and make more
  --rotate-ca STEP   to another authority, with all nodes reading their files
                     anew after each step:
                       trust   make it; all nodes believe both
                       issue   new certificates for all nodes, by the new one
                       retire  all nodes believe the new one alone
  --json             print what was made as one line of JSON
  --help             this text

Where DIR holds an authority with its key, that one is used; without --hosts
and --name all certificates in DIR are renewed. For development and tests: who
can read DIR can be any node. Ends with status 0, 1 if it could not be done,
2 for a wrong option.`;

/**
 * Reads the command line.
 *
 * @returns The options, or `"help"`.
 * @throws {UsageError} For an unknown option or a value that makes no sense.
 */
export function parseOptions(args: string[]): CertsOptions | "help" {
  const values = parse(args);
  if (values.help) return "help";
  const { out, json } = values;
  if (out === undefined || out === "") {
    throw new UsageError("--out is missing: name the folder for the certificates.");
  }
  const subjects = [
    ...listOf(values.hosts, "hosts").map(hostSubject),
    ...listOf(values.name, "name").map(namedSubject),
  ];
  const titles = subjects.map(({ title }) => title);
  const twice = titles.find((title, at) => titles.indexOf(title) !== at);
  if (twice !== undefined) throw new UsageError(`${twice} is listed twice.`);
  const rotateCa = values["rotate-ca"];
  if (rotateCa !== undefined && !isStep(rotateCa)) {
    throw new UsageError(
      `--rotate-ca must be ${ROTATION_STEPS.join(", ")}, not ${JSON.stringify(rotateCa)}.`,
    );
  }
  if (rotateCa !== undefined && subjects.length > 0) {
    throw new UsageError(
      "--rotate-ca is about all nodes in the folder: leave --hosts and --name out.",
    );
  }
  const days = wholeNumber("days", values.days, 1, 3_650);
  const keepCaKey = values["keep-ca-key"], shareNames = values["share-names"];
  return { out, subjects, shareNames, days, keepCaKey, rotateCa, json };
}

function parse(args: string[]) {
  try {
    return parseArgs({
      args,
      options: {
        out: { type: "string" },
        hosts: { type: "string", multiple: true, default: [] },
        name: { type: "string", multiple: true, default: [] },
        "share-names": { type: "boolean", default: false },
        days: { type: "string", default: "30" },
        "keep-ca-key": { type: "boolean", default: false },
        "rotate-ca": { type: "string" },
        json: { type: "boolean", default: false },
        help: { type: "boolean", default: false },
      },
    }).values;
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error));
  }
}

function listOf(texts: readonly string[], option: string): string[] {
  const list = texts.flatMap((text) => text.split(",")).map((text) => text.trim());
  if (list.includes("")) throw new UsageError(`--${option} has an empty entry.`);
  return list;
}

function isStep(text: string): text is RotationStep {
  return (ROTATION_STEPS as readonly string[]).includes(text);
}
