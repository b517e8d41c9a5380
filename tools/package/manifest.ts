/**
 * What npm is told of the package.
 *
 * @module
 */

/** What of deno.json goes into the package's manifest. */
export interface Config {
  /** The package's name. */
  readonly name: string;
  /** Its version. */
  readonly version: string;
  /** Its licence. */
  readonly license: string;
  /** Its entries: by the name that programs import, the source's path. */
  readonly exports: Readonly<Record<string, string>>;
  /** What its sources import. */
  readonly imports: Readonly<Record<string, string>>;
}

/** The least versions that the package runs on: docs/runtimes.md says why. */
export const ENGINES = { node: ">=24.0.0", bun: ">=1.4.0", deno: ">=2.9.0" } as const;

/** The programs that come with the package: by their names, the source's path. */
export const PROGRAMS: Readonly<Record<string, string>> = { internode: "./lib/cli/bin.ts" };

/** Each needed by one entry alone, and there in any program that uses that entry. */
const PEERS = ["@opentelemetry/api", "jose"];

/**
 * Makes the manifest.
 *
 * @param config What stands in deno.json.
 * @returns What stands in package.json.
 */
export function manifestOf(config: Config): Record<string, unknown> {
  const { name, version, license, exports, imports } = config;
  const entries = Object.entries(exports).map(([entry, source]) => {
    const stem = source.replace(/\.ts$/, "");
    return [entry, { types: `${stem}.d.ts`, default: `${stem}.js` }];
  });
  const peers = PEERS.map((peer) => [peer, `^${imports[peer]!.slice(`npm:${peer}@`.length)}`]);
  return {
    name,
    version,
    description: "Lets TypeScript servers talk to each other, as a grid of peers or as services.",
    license,
    type: "module",
    engines: ENGINES,
    bin: Object.fromEntries(
      Object.entries(PROGRAMS).map((
        [program, source],
      ) => [program, source.replace(/\.ts$/, ".js")]),
    ),
    exports: { ...Object.fromEntries(entries), "./package.json": "./package.json" },
    peerDependencies: Object.fromEntries(peers),
    peerDependenciesMeta: Object.fromEntries(PEERS.map((peer) => [peer, { optional: true }])),
    publishConfig: { access: "public", provenance: true },
  };
}
