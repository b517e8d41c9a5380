/** The two processes of the README greet each other, and end when they are asked to. @module */

import { assertEquals } from "@std/assert";
import { TextLineStream } from "@std/streams";
import { guard } from "../../lib/foreign/guard.ts";
import { commandHere } from "../../tools/processes/command_here.ts";
import { inTime } from "../support/asking.ts";
import { NET, PROGRAMS, RUNTIME } from "../support/permitted.ts";

const FOLDER = new URL("../../examples/two_processes/", import.meta.url);
const ignore = !PROGRAMS || !NET || Deno.build.os === "windows";

function start(number: number): Deno.ChildProcess {
  const deno = ["--no-prompt", "--allow-net=127.0.0.1", "--allow-env=SECRET"];
  const module = new URL("../../examples/two_processes/node.ts", import.meta.url);
  const [program, ...args] = commandHere(module, { deno });
  return new Deno.Command(program, {
    args: [...args, String(number)],
    env: { NO_COLOR: "1", SECRET: "32 random bytes, or as good as that" },
    stdin: "null",
    stdout: "piped",
    stderr: "inherit",
  }).spawn();
}

/**
 * Waits until a process handles SIGTERM, which it does some moments after its
 * greeting, when it has nothing else to do. Node catches the signal from its
 * start on, to end by it, so that this alone tells nothing.
 */
async function untilHandled(pid: number, signal: AbortSignal): Promise<void> {
  if (Deno.build.os !== "linux") return;
  while (!signal.aborted) {
    const status = await Deno.readTextFile(`/proc/${pid}/status`);
    const [, handled] = /^SigCgt:\s*([0-9a-f]+)$/m.exec(status)!;
    const isIdle = /^State:\s*S/m.test(status);
    if (isIdle && (BigInt(`0x${handled}`) >> 14n & 1n) === 1n) return;
  }
}

Deno.test({ name: "examples/two_processes: each greets the other", ignore }, async () => {
  const nodes = [0, 1].map(start);
  try {
    for (const [at, node] of nodes.entries()) {
      const lines = node.stdout.pipeThrough(new TextDecoderStream()).pipeThrough(
        new TextLineStream(),
      );
      const reader = lines.getReader();
      const { value } = await reader.read();
      assertEquals(
        value,
        `Hello tcp://127.0.0.1:900${at + 1}, this is tcp://127.0.0.1:900${2 - at}.`,
      );
      reader.releaseLock();
      await lines.cancel();
    }
    for (const node of nodes) {
      await inTime((signal) => untilHandled(node.pid, signal));
      node.kill("SIGTERM");
      assertEquals((await node.status).code, 0);
    }
  } finally {
    for (const node of nodes) guard(() => node.kill("SIGKILL"), () => {});
    await Promise.all(nodes.map(({ status }) => status));
  }
});

Deno.test({
  name: "examples/two_processes: the README shows them as they are",
  // What is compiled has no sources.
  ignore: RUNTIME !== "deno" || Deno.permissions.querySync({ name: "read" }).state !== "granted",
}, async () => {
  const readme = await Deno.readTextFile(new URL("../../README.md", import.meta.url));
  for (const name of ["contracts.ts", "node.ts"]) {
    const text = await Deno.readTextFile(new URL(name, FOLDER));
    // Without the comment that each module of this repository begins with.
    const shown = text.slice(text.indexOf("*/\n\n") + 4).trimEnd();
    assertEquals(readme.includes(shown), true, `${name} differs from what README.md shows`);
  }
});
