/**
 * What importing this library takes: `deno task bench:start`. Each figure is that of many fresh
 * processes, less that of a program that imports nothing.
 *
 * @module
 */

import {
  CommandLine,
  flag,
  list,
  readLine,
  text,
  whole,
} from "../../tools/command_line/command_line.ts";
import { freePorts } from "../../tools/network/free_ports.ts";
import { outputOf } from "../../tools/package/standard.ts";
import { pathOf } from "../../tools/runtimes/launcher.ts";
import { median } from "../support/median.ts";
import { childrenCpuMs } from "../support/process_cpu.ts";
import { NONE, type Program, PROGRAMS, textOf } from "./programs.ts";

const NAMES = Object.keys(PROGRAMS);

const LINE = new CommandLine(
  "deno task bench:start",
  "Measures what importing this library takes, in fresh processes, in turns.",
  {
    runtimes: list("deno, node, bun, or what npx brings", "NAME,…", ["deno"], (name) => name),
    programs: list(NAMES.join(", "), "NAME,…", NAMES, (name) => name),
    beside: text("another clone of this repository, measured in the same run", "DIR", undefined),
    cold: flag("without the compiled code that Deno keeps from run to run"),
    rounds: whole("how many processes of each, of which the middle counts", {
      from: 1,
      fallback: 15,
    }),
    json: flag("one line of JSON for each row"),
  },
);

const ROOT = decodeURIComponent(new URL("../../", import.meta.url).pathname);
const MIB = 1024 * 1024;

/** What a process has taken, from its start to its end. */
interface Taken {
  /** By the clock, in milliseconds. */
  readonly wallMs: number;
  /** Of the processor, with all threads; it is counted in hundredths of a second, so that only means say much. `NaN` where there is no `/proc`. */
  readonly cpuMs: number;
  /** What was resident at its end, in MiB. */
  readonly residentMiB: number;
  /** Its heap at its end, in MiB. */
  readonly heapMiB: number;
}

/** One way to start a program. */
interface Candidate {
  readonly runtime: string;
  readonly program: string;
  /** Whose it is: of this clone, or of the one beside it. */
  readonly clone: "this" | "beside";
  readonly command: readonly [string, ...string[]];
  readonly taken: Taken[];
}

/** One line of the table: what a program takes beyond one that imports nothing. */
interface Row extends Taken {
  readonly runtime: string;
  readonly program: string;
  readonly clone: string;
  /** `wallMs` to that of the clone beside this one. */
  readonly wallRatio?: number;
  /** `residentMiB` to that of the clone beside this one. */
  readonly residentRatio?: number;
}

async function run({ command: [program, ...args] }: Candidate, env: Record<string, string>) {
  const cpuMs = childrenCpuMs(), startMs = performance.now();
  const child = new Deno.Command(program, { args, env, stdout: "piped", stderr: "piped" });
  const { success, stdout, stderr } = await child.output();
  const wallMs = performance.now() - startMs, decoder = new TextDecoder();
  if (!success) throw new Error(`${program} ${args.join(" ")}: ${decoder.decode(stderr)}`);
  const [resident, heap] = JSON.parse(decoder.decode(stdout)) as [number, number];
  return {
    wallMs,
    cpuMs: childrenCpuMs() - cpuMs,
    residentMiB: resident / MIB,
    heapMiB: heap / MIB,
  };
}

/** All ways to start the programs: those of Deno from the sources, the others from the package for npm. */
async function candidatesOf(
  folder: string,
  runtimes: readonly string[],
  programs: readonly string[],
  clones: readonly (readonly ["this" | "beside", string])[],
  flags: readonly string[],
): Promise<Candidate[]> {
  const candidates: Candidate[] = [], ports = freePorts(2).map(String);
  for (const [clone, root] of clones) {
    const compiled = `${folder}/${clone}`;
    if (runtimes.some((runtime) => runtime !== "deno")) {
      await outputOf(
        Deno.execPath(),
        ["run", "-A", "tools/package/main.ts", "--out", compiled],
        root,
      );
    }
    for (const runtime of runtimes) {
      const isDeno = runtime === "deno";
      const path = isDeno ? Deno.execPath() : await pathOf(runtime, folder);
      for (const program of ["none", ...programs]) {
        const file = `${folder}/${clone}-${program}.${isDeno ? "ts" : "mjs"}`;
        const modules = isDeno ? `file://${root}` : `${compiled}/`;
        await Deno.writeTextFile(file, textOf(modules, programOf(program), !isDeno));
        const run = [
          "run",
          "-A",
          "--no-check",
          "--quiet",
          "--config",
          `${root}deno.json`,
          ...flags,
        ];
        const command = [path, ...(isDeno ? run : []), file, ...ports] as const;
        candidates.push({ runtime, program, clone, command, taken: [] });
      }
    }
  }
  return candidates;
}

function programOf(name: string): Program {
  const program = name === "none" ? NONE : PROGRAMS[name];
  if (program === undefined) throw new Error(`${name} is none of ${NAMES.join(", ")}`);
  return program;
}

/** What Deno keeps lies in a folder of its own, which nothing else writes to; but for packages. */
async function keptIn(folder: string): Promise<Record<string, string>> {
  const info = await outputOf(Deno.execPath(), ["info", "--json"], folder);
  const { npmCache } = JSON.parse(info) as { npmCache: string };
  await Deno.mkdir(`${folder}/kept`);
  await Deno.symlink(npmCache, `${folder}/kept/npm`);
  return { DENO_DIR: `${folder}/kept` };
}

function middle(taken: readonly Taken[]): Taken {
  return {
    wallMs: median(taken.map(({ wallMs }) => wallMs)),
    cpuMs: taken.reduce((sum, { cpuMs }) => sum + cpuMs, 0) / taken.length,
    residentMiB: median(taken.map(({ residentMiB }) => residentMiB)),
    heapMiB: median(taken.map(({ heapMiB }) => heapMiB)),
  };
}

function rowsOf(candidates: readonly Candidate[]): Row[] {
  const rows: Row[] = [];
  for (const { runtime, program, clone, taken } of candidates) {
    if (program === "none") continue;
    const none = candidates.find((one) =>
      one.program === "none" && one.runtime === runtime && one.clone === clone
    )!;
    const own = middle(taken), base = middle(none.taken);
    rows.push({
      runtime,
      program,
      clone,
      wallMs: own.wallMs - base.wallMs,
      cpuMs: own.cpuMs - base.cpuMs,
      residentMiB: own.residentMiB - base.residentMiB,
      heapMiB: own.heapMiB - base.heapMiB,
    });
  }
  return rows.filter(({ clone }) => clone === "this").map((row) => {
    const other = rows.find((one) =>
      one.clone === "beside" && one.runtime === row.runtime && one.program === row.program
    );
    return other === undefined ? row : {
      ...row,
      wallRatio: row.wallMs / other.wallMs,
      residentRatio: row.residentMiB / other.residentMiB,
    };
  });
}

function shown({ runtime, program, ...row }: Row) {
  const times = (ratio: number | undefined) => ratio === undefined ? "" : `${ratio.toFixed(2)} ×`;
  return {
    runtime,
    program,
    "ms": row.wallMs.toFixed(1),
    "CPU ms": row.cpuMs.toFixed(1),
    "resident MiB": row.residentMiB.toFixed(1),
    "heap MiB": row.heapMiB.toFixed(1),
    ...(row.wallRatio !== undefined && {
      "ms to beside": times(row.wallRatio),
      "resident to beside": times(row.residentRatio),
    }),
  };
}

if (import.meta.main) {
  const { runtimes, programs, beside, cold, rounds, json } = readLine(LINE);
  const folder = await Deno.realPath(await Deno.makeTempDir({ prefix: "internode-start-" }));
  try {
    const env = await keptIn(folder), flags = cold ? ["--no-code-cache"] : [];
    const clones: ["this" | "beside", string][] = [["this", ROOT]];
    if (beside !== undefined) {
      clones.push(["beside", `${(await Deno.realPath(beside)).replace(/\/$/, "")}/`]);
    }
    const candidates = await candidatesOf(folder, runtimes, programs, clones, flags);
    // What is kept from run to run is there after the second one.
    for (let warm = 0; warm < 2; warm++) for (const one of candidates) await run(one, env);
    for (let round = 0; round < rounds; round++) {
      for (const candidate of candidates) candidate.taken.push(await run(candidate, env));
    }
    const rows = rowsOf(candidates);
    if (json) { for (const row of rows) console.log(JSON.stringify(row)); }
    else console.table(rows.map(shown));
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}
