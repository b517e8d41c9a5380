/**
 * Makes the module of the live page's texts: `deno task page`.
 *
 * @module
 */

import { CommandLine, readLine } from "../command_line/command_line.ts";
import { pageText } from "./page_text.ts";

const ROOT = new URL("../../", import.meta.url);

readLine(new CommandLine("deno task page", "Makes lib/cli/web/page_text.ts of page/.", {}));
const text = await pageText((name) => Deno.readTextFile(new URL(`page/${name}`, ROOT)));
await Deno.writeTextFile(new URL("lib/cli/web/page_text.ts", ROOT), text);
console.log(`${text.length} characters in lib/cli/web/page_text.ts`);
