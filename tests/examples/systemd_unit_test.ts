import { assert, assertEquals } from "@std/assert";
import { FILES, RUN } from "../support/permitted.ts";

const decoder = new TextDecoder();

function isInstalled(): boolean {
  try {
    return new Deno.Command("systemd-analyze", { args: ["--version"], stdout: "null" })
      .outputSync().success;
  } catch {
    return false;
  }
}

const isPermitted = FILES && RUN;
const isMissing = isPermitted && !isInstalled();
const ignore = !isPermitted || isMissing && !Deno.env.get("CI");

Deno.test(
  `systemd understands the unit of docs/deploying.md${isMissing ? " (systemd is MISSING)" : ""}`,
  { ignore },
  async () => {
    const text = await Deno.readTextFile(new URL("../../docs/deploying.md", import.meta.url));
    const unit = /^```ini\n([^]*?)^```$/m.exec(text)![1]!;
    const folder = await Deno.makeTempDir({ prefix: "unit-" });
    try {
      const complaints = async (text: string): Promise<string[]> => {
        await Deno.writeTextFile(`${folder}/cache@.service`, text);
        const { stderr } = await new Deno.Command("systemd-analyze", {
          args: ["verify", `${folder}/cache@0.service`],
        }).output();
        return decoder.decode(stderr).split("\n").filter((line) => line.includes("cache@"));
      };
      // It need not be installed where the tests run.
      const here = unit.replace("/usr/bin/deno", Deno.execPath());
      assertEquals(await complaints(here), []);
      const wrong = await complaints(here.replace("RestartSec=", "RestartSecs="));
      assert(wrong.join().includes("RestartSecs"), "mistakes are seen");
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
  },
);
