/**
 * Checks that the documents speak of things that exist.
 *
 * @module
 */

import { type Check, exists, type Repo } from "./checks.ts";

/** Links lead to files, and to headings, of the repository. */
export const links: Check = (path, text, report, repo) => {
  if (!path.endsWith(".md")) return;
  for (const match of blankCode(text).matchAll(/\]\(([^)\s]+)\)/g)) {
    const target = match[1] ?? "";
    if (/^[a-z]+:/.test(target)) continue;
    const [file = "", heading] = decodeURIComponent(target).split("#");
    const resolved = file === "" ? path : resolve(path, file);
    if (!exists(repo, resolved)) {
      report(match.index, `links to ${resolved}, which does not exist`);
    } else if (heading && resolved.endsWith(".md") && !headings(repo, resolved).has(heading)) {
      report(match.index, `links to a heading that ${resolved} does not have: #${heading}`);
    }
  }
};

/**
 * Paths in backticks exist. One may be followed by a colon and a name that
 * stands in that file: `lib/errors.ts:InternodeError`.
 */
export const namedPaths: Check = (path, text, report, repo) => {
  if (!path.endsWith(".md") || path === "CHANGELOG.md") return;
  const named = /`((?:\.ci|lib|tests|bench|examples|tools)\/[\w./@-]*|mod\.ts)(?::(\w+))?`/g;
  for (const match of withoutFences(text).matchAll(named)) {
    const [, file = "", name] = match;
    checkNamed(file, name, (message) => report(match.index, message), repo);
  }
};

function checkNamed(
  file: string,
  name: string | undefined,
  report: (message: string) => void,
  repo: Repo,
): void {
  if (!exists(repo, file)) {
    report(`names ${file}, which does not exist`);
  } else if (name !== undefined && !new RegExp(`\\b${name}\\b`).test(repo.get(file) ?? "")) {
    report(`names ${name} in ${file}, which does not have it`);
  }
}

/** Tasks that are named exist. */
export const namedTasks: Check = (path, text, report, repo) => {
  if (!path.endsWith(".md") || path === "CHANGELOG.md") return;
  const { tasks = {} } = JSON.parse(repo.get("deno.json") ?? "{}") as { tasks?: object };
  for (const match of text.matchAll(/\bdeno(?:@[\d.]+)? task ([\w:]+(?:-\w+)*)/g)) {
    const name = match[1] ?? "";
    if (!(name in tasks)) {
      report(match.index, `names the task ${name}, which deno.json does not have`);
    }
  }
};

/** ARCHITECTURE.md leads and does not explain: the most it may have, in bytes of UTF-8. */
const MAX_ARCHITECTURE_BYTES = 15 * 1024;

/** ARCHITECTURE.md stays as short as what is read before everything else should be. */
export const shortArchitecture: Check = (path, text, report) => {
  if (path !== "ARCHITECTURE.md") return;
  const { length } = new TextEncoder().encode(text);
  if (length <= MAX_ARCHITECTURE_BYTES) return;
  report(
    0,
    `has ${length} bytes, and may have ${MAX_ARCHITECTURE_BYTES}: move reasons and details to docs/decisions`,
  );
};

/** Every document that newcomers look for is there. */
export const documents: Check = (path, _text, report, repo) => {
  if (path !== "deno.json") return;
  const wanted = ["README", "ARCHITECTURE", "PROTOCOL", "CHANGELOG", "CONTRIBUTING"];
  for (const name of wanted) {
    if (!repo.has(`${name}.md`)) report(0, `has no ${name}.md beside it`);
  }
};

function resolve(from: string, target: string): string {
  return decodeURIComponent(new URL(target, `file:///${from}`).pathname).slice(1);
}

/** The anchors of a document's headings, made as GitHub makes them. */
function headings(repo: Repo, path: string): ReadonlySet<string> {
  const found = new Set<string>();
  for (const match of withoutFences(repo.get(path) ?? "").matchAll(/^#{1,6} +(.+?) *#*$/gm)) {
    const plain = (match[1] ?? "").replace(/\[([^\]]*)\]\([^)]*\)/g, "$1");
    const anchor = plain.toLowerCase().replace(/[^\p{L}\p{N}\s_-]/gu, "").replace(/\s/g, "-");
    let unique = anchor;
    for (let count = 1; found.has(unique); count++) unique = `${anchor}-${count}`;
    found.add(unique);
  }
  return found;
}

/** The text with code blocks blanked, so that offsets stay. */
function withoutFences(text: string): string {
  return text.replace(/^ *(```+|~~~+)[^\n]*\n[\s\S]*?^ *\1 *$/gm, blank);
}

function blankCode(text: string): string {
  return withoutFences(text).replace(/`[^`\n]*`/g, blank);
}

function blank(code: string): string {
  return code.replace(/[^\n]/g, " ");
}

/** All checks of this file. */
export const markdownChecks: readonly Check[] = [
  links,
  namedPaths,
  namedTasks,
  shortArchitecture,
  documents,
];
