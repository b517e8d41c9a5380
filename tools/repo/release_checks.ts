/**
 * Checks that what is published hangs together.
 *
 * @module
 */

import { type Check, exists } from "./checks.ts";

interface Config {
  readonly version: string;
  readonly exports: Readonly<Record<string, string>>;
  readonly links?: readonly string[];
  readonly imports?: Readonly<Record<string, string>>;
}

/** The newest entry of the changelog is for the version of deno.json. */
export const changelogVersion: Check = (path, text, report, repo) => {
  if (path !== "CHANGELOG.md") return;
  const { version } = JSON.parse(repo.get("deno.json") ?? "{}") as Config;
  const newest = /^## \[?v?(\d[\w.-]*)/m.exec(text);
  if (newest?.[1] !== version) {
    report(newest?.index ?? 0, `starts with ${newest?.[1]}, but deno.json has version ${version}`);
  }
};

/** The version that programs are told is that of deno.json. */
export const toldVersion: Check = (path, text, report, repo) => {
  if (path !== "lib/rpc/inspection/version.ts") return;
  const { version } = JSON.parse(repo.get("deno.json") ?? "{}") as Config;
  const told = /VERSION(?:: string)? = "([^"]*)"/.exec(text);
  if (told?.[1] !== version) {
    report(told?.index ?? 0, `says version ${told?.[1]}, but deno.json has version ${version}`);
  }
};

/** Every export and link of deno.json leads somewhere. */
export const exportedFiles: Check = (path, text, report, repo) => {
  if (path !== "deno.json") return;
  const { exports, links = [] } = JSON.parse(text) as Config;
  for (const target of [...Object.values(exports), ...links]) {
    if (!exists(repo, target.replace(/^\.\//, ""))) {
      report(text.indexOf(`"${target}"`), `names ${target}, which does not exist`);
    }
  }
};

/** Every import from JSR has a link, so that it resolves where JSR is out of reach. */
export const linkedImports: Check = (path, text, report, repo) => {
  if (path !== "deno.json") return;
  const { imports = {}, links } = JSON.parse(text) as Config;
  // Without links the packages come from JSR itself.
  if (links === undefined) return;
  const linked = new Set(links.map((link) => {
    const config = repo.get(`${link.replace(/^\.\//, "")}/deno.json`);
    return config === undefined ? "" : (JSON.parse(config) as { name: string }).name;
  }));
  for (const [name, target] of Object.entries(imports)) {
    if (target.startsWith("jsr:") && !linked.has(name)) {
      report(text.indexOf(`"${name}"`), `imports ${name} from JSR without a link for it`);
    }
  }
};

/**
 * Packages from npm that give the code of packages of JSR: those that `tools/std/`
 * may name, each with its hash. CONTRIBUTING.md tells whose they are.
 */
const STANDARD: Readonly<Record<string, string>> = {
  "deno-std@1.4.0":
    "sha512-7c0Y6tyn0Sx0NKiaAeGtDwrpG+C7VFcOStVcYXPnjAuIEonxzVV+n6s8iuFjg6keqzxo/zrPbR/J9EY9BLNsRA==",
};

/** What stands in for a package of JSR is one of a list, by its hash: whoever downloads it, Deno compares that with the lock file's. */
export const standardHashes: Check = (path, text, report, repo) => {
  if (!/^tools\/std\/[^/]+\/mod\.ts$/.test(path)) return;
  const lock = JSON.parse(repo.get("deno.lock") ?? "{}") as {
    readonly npm?: Readonly<Record<string, { readonly integrity?: string }>>;
  };
  for (const match of text.matchAll(/["'](?:npm|jsr|https?):\/?\/?([^/"']+)[^"']*["']/g)) {
    const name = match[1]!, wanted = STANDARD[name], found = lock.npm?.[name]?.integrity;
    if (wanted === undefined) {
      report(
        match.index,
        `takes code from ${name}, which is not on the list of what may stand in for JSR`,
      );
    } else if (found !== wanted) {
      report(match.index, `${name} has the hash ${found} in deno.lock, not ${wanted}`);
    }
  }
};

/** All checks of this file. */
export const releaseChecks: readonly Check[] = [
  changelogVersion,
  toldVersion,
  exportedFiles,
  linkedImports,
  standardHashes,
];
