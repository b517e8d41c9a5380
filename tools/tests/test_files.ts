/**
 * The test files of the repository.
 *
 * @module
 */

/** The repository. */
export const ROOT: URL = new URL("../../", import.meta.url);

/** The test files at a path of the repository, which is a module or a folder; those of a folder are in order. */
export function testFilesAt(path: string): string[] {
  if (path.endsWith(".ts")) return [path];
  return [...Deno.readDirSync(new URL(path, ROOT))].flatMap(({ name, isDirectory }) => {
    if (isDirectory) return testFilesAt(`${path}/${name}`);
    return name.endsWith("_test.ts") ? [`${path}/${name}`] : [];
  }).sort();
}

/** Whether the repository has something at a path. */
export function isThere(path: string): boolean {
  try {
    Deno.statSync(new URL(path, ROOT));
    return true;
  } catch (error) {
    const { NotFound, NotADirectory } = Deno.errors;
    if (error instanceof NotFound || error instanceof NotADirectory) return false;
    throw error;
  }
}
