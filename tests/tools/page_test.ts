import { assertEquals } from "@std/assert";
import { RUN } from "../support/permitted.ts";

const READ = Deno.permissions.querySync({ name: "read" }).state === "granted";
const ROOT = new URL("../../", import.meta.url);

Deno.test({
  name: "lib/cli/web/page_text.ts is what deno task page makes of page/",
  ignore: !READ || !RUN,
  async fn() {
    // Here, as the compiler looks at the system when it is loaded.
    const { pageText } = await import("../../tools/page/page_text.ts");
    const made = await pageText((name) => Deno.readTextFile(new URL(`page/${name}`, ROOT)));
    const kept = await Deno.readTextFile(new URL("lib/cli/web/page_text.ts", ROOT));
    assertEquals(made === kept, true, "run deno task page, and commit what it has made");
  },
});

Deno.test({
  name: "the page has no type error, by the types of browsers",
  ignore: !READ || !RUN,
  async fn() {
    const { success, stderr } = await new Deno.Command(Deno.execPath(), {
      args: ["check", "--quiet", "--config", "page/deno.json", "page/"],
      cwd: ROOT,
    }).output();
    assertEquals([success, new TextDecoder().decode(stderr)], [true, ""]);
  },
});
