/**
 * Lists hosts as a resolver finds them.
 *
 * @module
 */

import { attributesOf, type Endpoint } from "../../transport/channel/endpoint.ts";
import { type Command, command } from "../arguments/command.ts";
import { text } from "../arguments/option.ts";
import { UsageError } from "../arguments/usage_error.ts";
import { resolveOnce } from "../asking/hosts.ts";
import { CONNECTION_OPTIONS, OUTPUT_OPTIONS } from "../context/connection_settings.ts";
import { readContextFile } from "../context/context_file.ts";
import { readSettings } from "../context/read_settings.ts";
import { NO, OK } from "../world/exit_status.ts";
import { countText } from "../output/figures.ts";
import type { Column } from "../output/table.ts";

type Found = Pick<
  Endpoint,
  "address" | "name" | "zone" | "weight" | "priority" | "metadata"
>;

const COLUMNS: readonly Column<Found>[] = [
  { title: "ADDRESS", of: ({ address }) => address },
  { title: "NAME", of: ({ name }) => name ?? "", mayBeCut: true },
  { title: "ZONE", of: ({ zone }) => zone ?? "" },
  { title: "WEIGHT", of: ({ weight }) => countText(weight ?? 1), isNumber: true },
  { title: "PRIORITY", of: ({ priority }) => countText(priority ?? 0), isNumber: true },
  { title: "METADATA", of: ({ metadata }) => metadataText(metadata), mayBeCut: true },
];

/** `internode hosts`. */
export const hostsCommand: Command = command({
  name: "hosts",
  about: "Lists the hosts of the context, or those that its resolver finds.",
  details:
    'It connects to none of them: ping does. The exit status is 1 if there is none. --resolver takes what stands behind "resolver" in a context file.',
  operands: [],
  options: {
    resolver: text("a resolver, as JSON, instead of that of the context", "JSON", undefined),
    ...OUTPUT_OPTIONS,
    context: CONNECTION_OPTIONS.context,
    timeout: CONNECTION_OPTIONS.timeout,
  },
  examples: [
    { line: "hosts --context prod", about: "The hosts of a context" },
    {
      line: `hosts --resolver '{"dns": {"name": "grid.example", "port": 9000}}'`,
      about: "What DNS has for a name",
    },
  ],
  async run({ options }, world) {
    const stored = await readSettings({ ...NO_OTHERS, ...options }, world);
    const settings = options.resolver === undefined ? stored : {
      ...stored,
      hosts: [],
      resolver: readContextFile(`{"resolver":${options.resolver}}`, "--resolver").resolver,
      source: "--resolver",
    };
    if (settings.resolver === null && settings.hosts.length === 0) {
      throw new UsageError(`${settings.source} has neither hosts nor a resolver.`);
    }
    const listed: readonly Found[] = settings.hosts.map((address) => ({ address }));
    const found = settings.resolver === null ? listed : await resolveOnce(settings, world);
    const shown = found.map((one) => ({ address: one.address, ...attributesOf(one) }));
    if (options.json) await world.printer.json(shown);
    else if (shown.length === 0) await world.printer.note("There is no host.");
    else await world.printer.table(COLUMNS, shown);
    return shown.length === 0 ? NO : OK;
  },
});

/** What it has no options for, as it connects to nobody. */
const NO_OTHERS = {
  name: undefined,
  "secret-file": undefined,
  "cert-file": undefined,
  "key-file": undefined,
  "ca-file": undefined,
  "server-name": undefined,
} as const;

function metadataText(metadata: Endpoint["metadata"]): string {
  return Object.entries(metadata ?? {}).map(([key, value]) => `${key}=${value}`).join(" ");
}
