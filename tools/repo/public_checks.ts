/**
 * Checks of rooms that are built on the public API, as programs of users are.
 *
 * @module
 */

import { PUBLIC_ONLY, resolveImport, roomOf } from "../lint/place.ts";
import type { Check, Repo } from "./checks.ts";

/** What an import or a re-export names, and from where. */
const NAMED = /^(?:import|export)\s+(?:type\s+)?\{([^}]*)\}\s*from "(\.[^"]+)"/gm;
const ALL = /^export \* from "(\.[^"]+)"/gm;

/** What each of the package's entries gives to users, as `path#name`. */
const known = new WeakMap<Repo, Set<string>>();

function publicNames(repo: Repo): Set<string> {
  let names = known.get(repo);
  if (names !== undefined) return names;
  known.set(repo, names = new Set());
  const { exports } = JSON.parse(repo.get("deno.json") ?? "{}") as {
    exports?: Record<string, string>;
  };
  for (const entry of Object.values(exports ?? {})) collect(entry.replace("./", ""), repo, names);
  return names;
}

function collect(path: string, repo: Repo, names: Set<string>): void {
  const text = repo.get(path) ?? "";
  for (const [, listed, from] of text.matchAll(NAMED)) {
    const target = resolveImport(path, from!);
    for (const name of namesIn(listed!)) names.add(`${target}#${name}`);
  }
  for (const [, from] of text.matchAll(ALL)) collect(resolveImport(path, from!), repo, names);
}

/** `type A, b as c` names `A` and `b`. */
function namesIn(listed: string): string[] {
  return listed.split(",")
    .map((part) => part.trim().replace(/^type\s+/, "").replace(/\s+as\s+.*$/, ""))
    .filter((name) => name !== "");
}

/** A room that is built on the public API imports from others only what an entry of the package exports, and little beside that. */
export const publicOnly: Check = (path, text, report, repo) => {
  const room = roomOf(path);
  const beside = room === undefined ? undefined : PUBLIC_ONLY[room];
  if (beside === undefined) return;
  for (const found of text.matchAll(NAMED)) {
    const target = resolveImport(path, found[2]!);
    if (roomOf(target) === room || beside.some((begin) => target.startsWith(begin))) continue;
    for (const name of namesIn(found[1]!)) {
      if (publicNames(repo).has(`${target}#${name}`)) continue;
      report(
        found.index,
        `${room} uses the public API only, and no entry of the package exports ${name} of ${target}`,
      );
    }
  }
};

/** All checks of this file. */
export const publicChecks: readonly Check[] = [publicOnly];
