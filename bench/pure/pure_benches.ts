/**
 * The benches without I/O, as `deno bench` measures them.
 *
 * @module
 */

/** One of them. */
export interface PureBench {
  /** What belongs together. */
  readonly group: string;
  /** Its name in the group. */
  readonly name: string;
  /** The mean time of one operation, in nanoseconds. */
  readonly eachNs: number;
  /** The slowest hundredth of the samples, in nanoseconds. */
  readonly p99Ns: number;
}

const FILES = ["framer_bench.ts", "session_bench.ts", "codec_bench.ts", "ownership_bench.ts"];

interface BenchReport {
  readonly benches: readonly {
    readonly group: string | null;
    readonly name: string;
    readonly results: readonly { readonly ok?: { readonly avg: number; readonly p99: number } }[];
  }[];
}

/** Runs all of them in a process of their own. */
export async function runPureBenches(): Promise<PureBench[]> {
  const files = FILES.map((file) => new URL(file, import.meta.url).href);
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["bench", "-A", "--json", ...files],
  }).output();
  if (code !== 0) throw new Error(`deno bench has failed: ${new TextDecoder().decode(stderr)}`);
  const report = JSON.parse(new TextDecoder().decode(stdout)) as BenchReport;
  return report.benches.map(({ group, name, results }) => {
    const result = results[0]?.ok;
    if (result === undefined) throw new Error(`the bench "${name}" has failed`);
    return { group: group ?? "", name, eachNs: result.avg, p99Ns: result.p99 };
  });
}
