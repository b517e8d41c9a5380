/**
 * Makes a folder of certificates, or renews it.
 *
 * @module
 */

import { type Authority, type Identity, readNames } from "./authority.ts";
import { AuthorityFolder } from "./authority_folder.ts";
import { hostSubject, type Subject } from "./certified_name.ts";
import { CertsError } from "./certs_error.ts";
import {
  type IdentityFiles,
  identityFiles,
  readIfThere,
  writeIdentity,
  writeWhole,
} from "./identity_folder.ts";
import type { CertsOptions } from "./options.ts";
import { validFor } from "./validity.ts";

/** A certificate that was made. */
export interface MadeCertificate extends IdentityFiles {
  /** The host, or the name. */
  readonly title: string;
  /** The names it bears. */
  readonly names: readonly string[];
  /** Its last moment, as in `2026-01-31T12:00:00.000Z`. */
  readonly notAfter: string;
}

/** What was made. */
export interface Made {
  /** The folder of it all. */
  readonly out: string;
  /** The authority's key; `null`: it is not kept. */
  readonly caKey: string | null;
  /** How many authorities the nodes believe. */
  readonly authorities: number;
  /** The certificates that are new. */
  readonly certificates: readonly MadeCertificate[];
  /** The other nodes of the folder: their certificates are as they were, and whom they believe is written anew. */
  readonly others: readonly string[];
}

/** Nodes by the names of their folders. */
type Nodes = ReadonlyMap<string, Subject>;

const AUTHORITY = "authority";

/**
 * Makes or renews certificates as the options say.
 *
 * @param options What to make.
 * @returns What was made.
 * @throws {CertsError} If it cannot be done.
 */
export async function makeCertificates(options: CertsOptions): Promise<Made> {
  const { subjects, rotateCa } = options;
  const there = await readNodes(options.out);
  const wanted = subjects.length > 0 ? placesFor(options, there) : there;
  if (wanted.size === 0) {
    throw new CertsError(
      `${options.out} holds no certificates. Say for whom to make them: --hosts or --name.`,
    );
  }
  const authority = await openAuthority(options, there.size > 0);
  const out = await Deno.realPath(options.out);
  let made: readonly MadeCertificate[] = [];
  const renew = async (issuer: Authority): Promise<void> => {
    made = await issueAll(issuer, authority.believed, wanted, { ...options, out });
  };
  switch (rotateCa) {
    case undefined:
      await renew(await authority.issuer());
      break;
    case "trust":
      await authority.addNext();
      break;
    case "issue":
      await renew(await authority.nextIssuer());
      await authority.switchToNext();
      break;
    case "retire":
      await authority.dropFormer();
      break;
  }
  const renewed = new Set(made.map(({ title }) => title));
  const others = [...there].filter(([, { title }]) => !renewed.has(title));
  for (const [name] of others) {
    await writeWhole(identityFiles(`${out}/${name}`).ca, authority.believed);
  }
  return {
    out,
    caKey: authority.keepsKey ? `${out}/${AUTHORITY}/ca.key` : null,
    authorities: authority.believed.split("BEGIN CERTIFICATE").length - 1,
    certificates: made,
    others: others.map(([, { title }]) => title),
  };
}

async function openAuthority(
  { out, keepCaKey }: CertsOptions,
  hasNodes: boolean,
): Promise<AuthorityFolder> {
  const path = `${out}/${AUTHORITY}`;
  const there = await AuthorityFolder.open(path);
  if (there !== undefined) return there;
  if (!hasNodes) return await AuthorityFolder.create(path, keepCaKey);
  throw new CertsError(
    `${out} holds certificates, but ${path}/ca.pem, which issued them, is missing. ` +
      "Put it back, or begin in an empty folder.",
  );
}

/** Writes nothing before all are issued. */
async function issueAll(
  issuer: Authority,
  ca: string,
  nodes: Nodes,
  { out, days }: CertsOptions,
): Promise<MadeCertificate[]> {
  const validity = validFor(days, issuer.notAfter);
  if (validity.notAfter.getTime() <= Date.now()) {
    throw new CertsError(
      `The authority in ${out}/${AUTHORITY} has expired on ${issuer.notAfter.toISOString()}. ` +
        "Begin in an empty folder.",
    );
  }
  const issued: [folder: string, subject: Subject, identity: Identity][] = [];
  for (const [name, subject] of nodes) {
    issued.push([`${out}/${name}`, subject, await issuer.issue({ ...subject, ...validity })]);
  }
  for (const [folder, , identity] of issued) await writeIdentity(folder, identity, ca);
  return issued.map(([folder, { title, names }]) => ({
    title,
    names: names.map(({ value }) => value),
    notAfter: validity.notAfter.toISOString(),
    ...identityFiles(folder),
  }));
}

/** The nodes that have certificates in the folder already. */
async function readNodes(out: string): Promise<Nodes> {
  const nodes = new Map<string, Subject>();
  try {
    for await (const { name, isDirectory } of Deno.readDir(out)) {
      if (!isDirectory || name === AUTHORITY) continue;
      const subject = await readSubject(`${out}/${name}`);
      if (subject !== undefined) nodes.set(name, subject);
    }
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
  return new Map([...nodes].sort(([one], [other]) => one < other ? -1 : 1));
}

/** Who owns the certificate in a folder, if there is one. */
async function readSubject(folder: string): Promise<Subject | undefined> {
  const { cert } = identityFiles(folder);
  const pem = await readIfThere(cert);
  if (pem === undefined) return undefined;
  try {
    const names = readNames(pem), title = names.at(-1)?.value;
    if (title === undefined) throw new Error("it bears no name");
    return { title, names };
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new CertsError(`${cert} cannot be renewed: ${why}. Put it back, or remove its folder.`, {
      cause,
    });
  }
}

/**
 * Those who get a certificate now, each in a folder of its own; among them who
 * has one already, but by a name that is no longer its own.
 */
function placesFor({ subjects, shareNames }: CertsOptions, there: Nodes): Nodes {
  const places = new Map<string, Subject>();
  for (const subject of subjects) {
    const name = folderName(subject.title);
    const other = places.get(name) ?? there.get(name);
    if (name === AUTHORITY || (other !== undefined && other.title !== subject.title)) {
      throw new CertsError(
        `The files of ${subject.title} would be in the folder ${name}, which is that of ` +
          `${other === undefined ? "the authority" : other.title}. Make them with another --out.`,
      );
    }
    places.set(name, subject);
  }
  if (shareNames) return places;
  const all = new Map([...there, ...places]);
  const shared = sharedNames(all.values());
  for (const [folder, { title, names }] of all) {
    if (!isHost(title) || !names.some(({ value }) => shared.has(value))) continue;
    places.set(folder, { title, names: names.slice(-1) });
  }
  return places;
}

/** Names and addresses at which several hosts are: a certificate that bears one is good for all of them. */
function sharedNames(subjects: Iterable<Subject>): ReadonlySet<string> {
  const hosts = [...subjects].filter(({ title }) => isHost(title));
  const names = hosts.flatMap(({ title }) => hostSubject(title).names.map(({ value }) => value));
  return new Set(names.filter((name, at) => names.indexOf(name) !== at));
}

function isHost(title: string): boolean {
  return /^(?:tls|wss|unix):/.test(title);
}

/** As in `tls-127.0.0.1-9000`: what every file system takes. */
function folderName(title: string): string {
  return title.replace(/^\*/, "any").replace(/[^\w.]+/g, "-").replace(/^[-.]+/, "");
}
