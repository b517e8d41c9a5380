/**
 * The live page's parts as texts of a module, so that whoever serves the page
 * has it wherever the package comes from: no file is read, and nothing fetched.
 *
 * @module
 */

import ts from "typescript";

/** The page's modules, each after those that it imports. */
const MODULES = [
  "dom",
  "format",
  "feed",
  "mesh_view",
  "chart_view",
  "table",
  "tables",
  "trace_view",
  "tabs",
  "overview",
  "main",
];

const HEAD = `/**
 * The parts of the live page: what \`deno task page\` has made of \`page/\`.
 *
 * @module
 */
`;

/**
 * Makes the module of the page's texts.
 *
 * @param read Reads a file of `page/` by its name.
 * @returns The module's text.
 */
export async function pageText(read: (name: string) => Promise<string>): Promise<string> {
  const scripts: string[] = [];
  for (const name of MODULES) scripts.push(scriptOf(await read(`${name}.ts`)));
  const parts = {
    BODY: [
      "What stands in the body, before the script.",
      await read("body.html"),
    ],
    STYLE: ["The style.", await read("style.css")],
    SCRIPT: ["The script.", scripts.join("")],
  };
  const texts = Object.entries(parts).map(([name, [about, text = ""]]) => {
    if (/<\/(?:script|style)/i.test(text)) {
      throw new Error(`${name} ends its own element.`);
    }
    return `\n/** ${about} */\nexport const ${name}: string =\n  ${quoted(text)};\n`;
  });
  return HEAD + texts.join("");
}

/** As the formatter quotes it: by what has to be escaped less often. */
function quoted(text: string): string {
  const double = JSON.stringify(text),
    count = (of: string): number => text.split(of).length;
  if (count('"') <= count("'")) return double;
  return `'${double.slice(1, -1).replaceAll('\\"', '"').replaceAll("'", "\\'")}'`;
}

/**
 * A module as a part of one script: without types and imports, and in a function
 * of its own, so that only the names that it exports must be its alone.
 */
function scriptOf(source: string): string {
  const { outputText } = ts.transpileModule(source, {
    compilerOptions: {
      target: ts.ScriptTarget.ES2022,
      module: ts.ModuleKind.ESNext,
      verbatimModuleSyntax: true,
      removeComments: true,
    },
  });
  const names = Array.from(
    outputText.matchAll(/^export (?:class|const|function) (\w+)/gm),
    ([, name]) => name,
  );
  const body = outputText.replaceAll(/^import [^;]+;\n/gm, "").replaceAll(/^export (?=\w)/gm, "")
    .replaceAll(/^export \{\};\n/gm, "");
  return names.length === 0
    ? `{\n${body}}\n`
    : `const { ${names.join(", ")} } = (() => {\n${body}return { ${names.join(", ")} };\n})();\n`;
}
