import { assert, assertEquals, assertMatch } from "@std/assert";
import { TextLineStream } from "@std/streams";
import type { PageState } from "../../../lib/cli/web/page_state.ts";
import { FILES, NET, RUN, RUNTIME } from "../../support/permitted.ts";
import { MeshProcesses } from "./mesh_process.ts";

const ignore = !NET || !FILES || !RUN || RUNTIME !== "deno";
const PROGRAM = new URL("../../../lib/cli/mod.ts", import.meta.url).href;

/** The program in a process of its own. */
class WebProcess implements AsyncDisposable {
  readonly #child: Deno.ChildProcess;

  constructor(...args: readonly string[]) {
    this.#child = new Deno.Command(Deno.execPath(), {
      args: ["run", "-A", "--no-prompt", "--no-check", PROGRAM, "web", ...args],
      stdout: "piped",
      stderr: "piped",
    }).spawn();
  }

  /** What it prints first. */
  async firstLine(): Promise<string> {
    const lines = this.#child.stdout.pipeThrough(new TextDecoderStream())
      .pipeThrough(new TextLineStream());
    for await (const line of lines) return line;
    return "";
  }

  /** Ends it as Ctrl-C does; resolves with its exit status and what it has complained of. */
  async end(): Promise<readonly [status: number, complaints: string]> {
    this.#child.kill("SIGINT");
    return await this.ended();
  }

  async ended(): Promise<readonly [status: number, complaints: string]> {
    const complaints = await new Response(this.#child.stderr).text();
    return [(await this.#child.status).code, complaints];
  }

  async [Symbol.asyncDispose](): Promise<void> {
    try {
      this.#child.kill("SIGKILL");
    } catch {
      // It has ended already.
    }
    await this.#child.stdout.cancel().catch(() => {});
    await this.#child.stderr.cancel().catch(() => {});
    await this.#child.status;
  }
}

/** Reads states until one is as it should be. */
async function untilState(
  url: string,
  headers: Record<string, string>,
  isWanted: (state: PageState) => boolean,
): Promise<PageState> {
  const response = await fetch(new URL("state", url), { headers });
  assertEquals(response.status, 200);
  const lines = response.body!.pipeThrough(new TextDecoderStream())
    .pipeThrough(new TextLineStream());
  for await (const line of lines) {
    if (!line.startsWith("data: ")) continue;
    const state = JSON.parse(line.slice(6)) as PageState;
    if (isWanted(state)) return state;
  }
  throw new Error("The states have ended.");
}

async function statusOf(url: string, headers: Record<string, string> = {}): Promise<number> {
  const response = await fetch(new URL("state", url), { headers });
  await response.body?.cancel();
  return response.status;
}

Deno.test({
  name: "internode web finds the peers of a node, follows them, and ends with Ctrl-C",
  ignore,
  async fn() {
    await using mesh = await MeshProcesses.start(3);
    await using web = new WebProcess(
      "--listen",
      "127.0.0.1:0",
      "--json",
      "--peers",
      mesh.hosts[0]!,
    );
    const { url } = JSON.parse(await web.firstLine()) as { url: string };
    assertMatch(url, /^http:\/\/127\.0\.0\.1:\d+\/$/);
    const ids = (state: PageState) =>
      state.nodes.filter((node) => node.state === "up").map(({ id }) => id).sort();
    const state = await untilState(url, {}, (each) => ids(each).length === 3);
    assertEquals(ids(state), [...mesh.hosts].sort());
    assertEquals(state.edges.length, 3);
    assertMatch(await (await fetch(url)).text(), /^<!doctype html>/);
    assertEquals((await web.end())[0], 130);
  },
});

Deno.test({
  name: "internode web takes a token beyond loopback, and here if it is told to",
  ignore,
  async fn() {
    const host = "tcp://127.0.0.1:1";
    for (const args of [["--listen", "0.0.0.0:0"], ["--listen", "127.0.0.1:0", "--token"]]) {
      await using web = new WebProcess(...args, host);
      const printed = new URL(await web.firstLine()), token = printed.hash.slice("#token=".length);
      assert(token.length >= 32);
      printed.hash = "";
      const url = printed.href;
      assertEquals(await statusOf(url), 401);
      assertEquals(await statusOf(url, { authorization: `Bearer ${token}x` }), 401);
      const headers = { authorization: `Bearer ${token}` };
      const { nodes } = await untilState(url, headers, ({ nodes }) => nodes[0]!.state === "down");
      assertMatch(nodes[0]!.problems.join(), /Could not connect/);
      const [status, complaints] = await web.end();
      assertEquals([status, complaints.includes(token)], [130, false]);
    }
  },
});

Deno.test({
  name: "internode web says what is wrong with --listen",
  ignore,
  async fn() {
    using taken = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    const { port } = taken.addr as Deno.NetAddr;
    for (
      const [listen, why] of [["here", /--listen must be/], [
        `127.0.0.1:${port}`,
        /cannot be served/,
      ]] as const
    ) {
      await using web = new WebProcess("--listen", listen, "tcp://127.0.0.1:1");
      const [status, complaints] = await web.ended();
      assertEquals(status, 2);
      assertMatch(complaints, why);
    }
  },
});
