/** The example of docs/observing.md as a program of its own. @module */

import { assert, assertEquals, assertMatch } from "@std/assert";
import { TextLineStream } from "@std/streams";
import { freePorts } from "../../tools/network/free_ports.ts";
import { FILES, NET, RUN, RUNTIME } from "../support/permitted.ts";

const ROOT = new URL("../../", import.meta.url);
/** An application may need so many lines to be seen from all sides, its grid included. */
const MOST_LINES = 15;

/** The first two pieces of code of the page, one after the other. */
async function example(): Promise<string> {
  const page = await Deno.readTextFile(new URL("docs/observing.md", ROOT));
  const [first, second] = [...page.matchAll(/^```ts.*\n([^]*?)^```$/gm)].map(([, code]) => code!);
  return first! + second!;
}

Deno.test({
  name: "the example of docs/observing.md runs: metrics, probes, logs",
  ignore: !NET || !FILES || !RUN || RUNTIME !== "deno" || Deno.build.os === "windows",
  async fn() {
    const code = await example(), [port, webPort] = freePorts(2);
    const lines = code.split("\n").filter((line) => line !== "").length;
    assert(lines <= MOST_LINES, `${lines} lines`);
    const child = new Deno.Command(Deno.execPath(), {
      args: ["run", "-A", "--no-check", "--quiet", "-"],
      cwd: ROOT.pathname,
      env: { NO_COLOR: "1" },
      stdin: "piped",
      stdout: "piped",
    }).spawn();
    const output = child.stdout.pipeThrough(new TextDecoderStream())
      .pipeThrough(new TextLineStream()).getReader();
    try {
      const input = child.stdin.getWriter();
      const changed = code.replace("9030", String(port)).replace("9130", String(webPort))
        .replace("onListen() {}", 'onListen: () => console.log("up")');
      await input.write(new TextEncoder().encode(changed));
      await input.close();
      assertEquals((await output.read()).value, "up");

      const ask = async (path: string): Promise<readonly [number, string]> => {
        const response = await fetch(`http://127.0.0.1:${webPort}${path}`);
        return [response.status, await response.text()];
      };
      assertEquals(await ask("/ready"), [200, '{"ok":true,"problems":[]}\n']);
      assertEquals(await ask("/alive"), [200, '{"ok":true,"problems":[]}\n']);
      const [status, metrics] = await ask("/metrics");
      assertEquals(status, 200);
      assertMatch(metrics, new RegExp(`^internode_uptime_seconds\\{.*:${port}"`, "m"));

      const stranger = await Deno.connect({ hostname: "127.0.0.1", port: port! });
      await stranger.write(new TextEncoder().encode("GET / HTTP/1.1\r\n\r\n"));
      const { message, event } = JSON.parse((await output.read()).value!);
      stranger.close();
      assertEquals([typeof message, typeof event], ["string", "string"]);

      child.kill("SIGTERM");
      assertEquals((await child.status).code, 0);
    } finally {
      await output.cancel();
      try {
        child.kill("SIGKILL");
      } catch {
        // It has ended already.
      }
      await child.status;
    }
  },
});
