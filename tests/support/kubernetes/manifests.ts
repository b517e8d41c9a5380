/**
 * The manifests of the documentation, which are tried as they stand there.
 *
 * @module
 */

import type { ApiServer } from "./api_server.ts";

/** An object of a manifest. */
export interface Manifest {
  /** What it is: `Role`. */
  readonly kind: string;
  /** Its name. */
  readonly name: string;
  /** Its text. */
  readonly yaml: string;
  /** Where objects of its kind are, within a namespace. */
  readonly path: string;
}

/**
 * Reads the objects in a document's blocks of YAML.
 *
 * @param path The document, from the repository's root on.
 */
export async function manifestsIn(path: string): Promise<readonly Manifest[]> {
  const text = await Deno.readTextFile(new URL(`../../../${path}`, import.meta.url));
  const blocks = [...text.matchAll(/^```yaml\n([^]*?)^```$/gm)].map(([, block]) => block!);
  return blocks.flatMap((block) => block.split(/^---\n/m)).flatMap((yaml) => {
    const of = (pattern: RegExp): string => pattern.exec(yaml)?.[1] ?? "";
    const version = of(/^apiVersion: (\S+)$/m), kind = of(/^kind: (\S+)$/m);
    // There are other files of YAML, too.
    if (version === "" || kind === "") return [];
    const group = version.includes("/") ? `/apis/${version}` : `/api/${version}`;
    return [{
      kind,
      name: of(/^ {2}name: (\S+)$/m),
      yaml,
      path: `${group}/${kind.toLowerCase()}s`,
    }];
  });
}

/** Makes the object in a namespace; throws if the server does not take it as it is. */
export async function apply(
  server: ApiServer,
  namespace: string,
  manifest: Manifest,
): Promise<void> {
  const path = manifest.path.replace(/[^/]+$/, `namespaces/${namespace}/$&`);
  await server.ask("POST", path, manifest.yaml, "application/yaml");
}
