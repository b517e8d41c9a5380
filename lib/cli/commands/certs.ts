/**
 * Lists certificates, and until when they are valid.
 *
 * @module
 */

import { messageOf } from "../../foreign/text_of.ts";
import { listCertificates } from "../../transport/certificates/certificate_listing.ts";
import { type Command, command } from "../arguments/command.ts";
import { duration } from "../arguments/option.ts";
import { UsageError } from "../arguments/usage_error.ts";
import { askAll, notesOf, statusOf } from "../asking/ask_all.ts";
import {
  certificatesSeen,
  type SeenCertificate,
  withSharedOnce,
} from "../asking/seen_certificates.ts";
import { readSettings } from "../context/read_settings.ts";
import { dateText, timeText } from "../output/figures.ts";
import type { Column } from "../output/table.ts";
import type { World } from "../world/world.ts";
import { HOST_OPTIONS, PEERS_OPTION, withTools } from "./host_command.ts";

/** `internode certs`. */
export const certsCommand: Command = command({
  name: "certs",
  about: "Lists the certificates of hosts and files, those first that end first.",
  details:
    "Without operands those of the context's hosts, and its own files. Certificates of peers that are not asked themselves are those that the asked hosts have seen. What several hosts have of authorities and lists of revocations is one line with their number; --json has each. The exit status is 1 if one ends soon.",
  operands: [{
    name: "HOST|FILE",
    about: "a host's URL, or a file of certificates (PEM)",
    isOptional: true,
    isRepeated: true,
  }],
  options: {
    within: duration("what counts as soon", "14d"),
    ...PEERS_OPTION,
    ...HOST_OPTIONS,
  },
  examples: [
    { line: "certs --context prod", about: "All certificates of a grid" },
    { line: "certs --within 30d /etc/grid/cert.pem", about: "A file, with a month's notice" },
  ],
  async run({ operands, options }, world) {
    const isHost = (operand: string): boolean => operand.includes("://");
    const hosts = operands.filter(isHost), files = operands.filter((each) => !isHost(each));
    const ofFiles = await Promise.all(
      (operands.length > 0 ? files : await ownFiles(options, world)).map((path) =>
        certificatesOf(path, world)
      ),
    );
    const needsHosts = hosts.length > 0 || operands.length === 0;
    const answers = !needsHosts ? [] : await withTools(
      hosts,
      options,
      world,
      ({ hosts: all, tools }) =>
        askAll(all, tools, world, (client) => client.status({ options: false })),
    );
    const seen = certificatesSeen(answers);
    const shown = [...ofFiles.flat(), ...(options.json ? seen : withSharedOnce(seen))]
      .sort((one, other) => one.expiresMs - other.expiresMs);
    const nowMs = world.clock.wallNow(), soonMs = nowMs + options.within;
    const isWell = shown.every(({ expiresMs }) => expiresMs > soonMs);
    if (options.json) {
      const problems = answers.filter(({ problem }) => problem !== undefined);
      await world.printer.json({ certificates: shown, problems });
    } else await world.printer.table(columnsAt(nowMs, soonMs), shown, notesOf(answers));
    return statusOf(answers, isWell);
  },
});

function columnsAt(nowMs: number, soonMs: number): readonly Column<SeenCertificate>[] {
  return [
    { title: "WHERE", of: ({ where }) => where, mayBeCut: true },
    { title: "WHOSE", of: ({ whose }) => whose },
    { title: "ENDS", of: ({ expiresMs }) => dateText(expiresMs) },
    {
      title: "LEFT",
      isNumber: true,
      of: ({ expiresMs }) => ({
        text: expiresMs <= nowMs ? "ended" : timeText(expiresMs - nowMs),
        tone: expiresMs <= soonMs ? "bad" : "plain",
      }),
    },
    { title: "SUBJECT", of: ({ subject }) => subject, mayBeCut: true },
    { title: "NAMES", of: ({ names }) => names.join(" "), mayBeCut: true },
  ];
}

async function ownFiles(
  options: Parameters<typeof readSettings>[0],
  world: World,
): Promise<readonly string[]> {
  const { tls: { certFile, caFile } } = await readSettings(options, world);
  return [certFile, caFile].filter((path) => path !== undefined);
}

async function certificatesOf(path: string, world: World): Promise<readonly SeenCertificate[]> {
  let found;
  try {
    found = listCertificates(await world.files.readTextFile(path, world.signal));
  } catch (error) {
    throw new UsageError(`The certificates in ${path} cannot be read: ${messageOf(error)}.`);
  }
  if (found.length === 0) {
    throw new UsageError(
      `${path} has no certificate. Give a file with "-----BEGIN CERTIFICATE-----".`,
    );
  }
  return found.map(({ subject, names, isAuthority, expiresMs }) => ({
    where: path,
    whose: isAuthority ? "authorities" : "own",
    subject,
    names,
    expiresMs,
  }));
}
