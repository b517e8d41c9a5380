/** Processes that are told what to do: what they answer, and how they fail and end. @module */

import { assertEquals, assertNotEquals, assertRejects } from "@std/assert";
import { ToldProcess } from "../../tools/processes/told_process.ts";
import { RUN } from "../support/permitted.ts";

Deno.test({
  name: "a process that fails, does not answer in time or has ended is an error that names it",
  ignore: !RUN,
  async fn() {
    const told = (code: string, what: string): ToldProcess => {
      const module = `import { answerCommands } from ${
        JSON.stringify(new URL("../../tools/processes/answer_commands.ts", import.meta.url).href)
      }; ${code}`;
      return new ToldProcess([Deno.execPath(), "eval", "--no-lock", module], { what });
    };
    const commands =
      "{ fail() { throw new Error('no luck'); }, hang: () => new Promise((end) => setTimeout(end, 60_000)) }";
    const child = told(`await answerCommands(${commands})`, "a child");
    await assertRejects(() => child.ask("fail"), Error, "a child: Error: no luck");
    await assertRejects(() => child.ask("dance"), Error, 'a child: there is no command "dance"');
    await assertRejects(
      () => child.ask("hang", null, 1),
      Error,
      'a child did not do "hang" in 1 ms',
    );
    assertNotEquals(await child.end(), 0);
    await using killed = told(`await answerCommands({})`, "a killed one");
    killed.kill();
    killed.kill();
    assertNotEquals(await killed.end(), 0);
    killed.kill();
    assertEquals(await told("await answerCommands({})", "a good one").end(), 0);
    await using dead = told("Deno.exit(1)", "another");
    await assertRejects(() => dead.ask("fail"), Error, 'another ended instead of doing "fail"');
  },
});
