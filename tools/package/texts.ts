/**
 * The texts of the package: what they link to is in it, or is no link there.
 *
 * @module
 */

/** A link of Markdown that is neither a URL nor within its page: its text, its path, then what follows. */
const LINK = /(?<!!)\[([^\]]+)\]\((?![a-z]+:|#)([^)#\s]+)(#[^)\s]*)?\)/g;

/** What is in the package. */
export interface Packed {
  /** Reads a file of the repository. */
  read(path: string): Promise<string>;
  /** Whether a path is a text that is to come along when it is linked to. */
  isText(path: string): boolean;
  /** Whether a path is a source, in whose place the package has declarations. */
  isSource(path: string): boolean;
}

/**
 * Reads texts, the texts that they link to, and so on. Links to what is in the
 * repository alone name its path instead.
 *
 * @param paths Where to begin, from the root on.
 * @param packed What is in the package.
 * @returns All of them by their paths.
 * @throws If a link to a text leads nowhere.
 */
export async function packedTexts(
  paths: readonly string[],
  packed: Packed,
): Promise<Map<string, string>> {
  const texts = new Map<string, string>(), left = [...paths];
  for (let path = left.pop(); path !== undefined; path = left.pop()) {
    if (texts.has(path)) continue;
    const from = path, text = await packed.read(path);
    texts.set(
      path,
      text.replaceAll(LINK, (link, shown: string, target: string, within = "") => {
        const found = new URL(target, `file:///${from}`).pathname.slice(1);
        if (packed.isSource(found)) {
          return `[${shown}](${target.replace(/\.ts$/, ".d.ts")}${within})`;
        }
        if (!packed.isText(found)) return shown === found ? shown : `${shown} (\`${found}\`)`;
        left.push(found);
        return link;
      }),
    );
  }
  return texts;
}
