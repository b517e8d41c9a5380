import { assertEquals, assertRejects } from "@std/assert";
import { type Packed, packedTexts } from "../../tools/package/texts.ts";

const FILES: Readonly<Record<string, string>> = {
  "README.md": "[a](docs/a.md#b), [web](https://example.org/x.md), [here](#there), [x](x.md)",
  "docs/a.md":
    "[up](../README.md#top) [source](../lib/a/b.ts) ([program](../examples/c.ts), [docs/d.ts](d.ts))",
  "x.md": "no link",
};

const packed: Packed = {
  async read(path) {
    await Promise.resolve();
    const text = FILES[path];
    if (text === undefined) throw new Error(`there is no ${path}`);
    return text;
  },
  isText: (path) => path.endsWith(".md"),
  isSource: (path) => path.startsWith("lib/"),
};

Deno.test("texts of the package come with those that they link to, and link to nothing else", async () => {
  assertEquals(
    await packedTexts(["README.md"], packed),
    new Map([
      ["README.md", FILES["README.md"]!],
      ["x.md", "no link"],
      [
        "docs/a.md",
        "[up](../README.md#top) [source](../lib/a/b.d.ts) (program (`examples/c.ts`), docs/d.ts)",
      ],
    ]),
  );
});

Deno.test("a link of theirs that leads nowhere fails the build", async () => {
  await assertRejects(() => packedTexts(["lost.md"], packed), Error, "there is no lost.md");
});
