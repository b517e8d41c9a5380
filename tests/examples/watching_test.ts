import { assertEquals, assertMatch, assertRejects } from "@std/assert";
import { Watching } from "../../examples/support/watching.ts";
import { FILES, NET, RUN, RUNTIME } from "../support/permitted.ts";

Deno.test({
  name: "an example that is watched has a context file, and the live page until it ends",
  ignore: !NET || !FILES || !RUN || RUNTIME !== "deno",
  async fn() {
    const folder = await Deno.makeTempDir({ prefix: "internode-watching-" });
    try {
      const told: string[] = [], context = { hosts: ["tcp://127.0.0.1:1"] };
      let url: string;
      {
        const tell = (message: string): number => told.push(message);
        await using _ = await Watching.start({ folder, context, web: true, tell });
        assertMatch(told.join("\n"), /^Watch it by: .*\/watch\.json\nWatch it at: http:\S+$/);
        url = told[1]!.slice("Watch it at: ".length);
        const response = await fetch(url);
        assertMatch(await response.text(), /^<!doctype html>/);
      }
      await assertRejects(() => fetch(url));
      assertEquals(JSON.parse(await Deno.readTextFile(`${folder}/watch.json`)), context);
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
  },
});
