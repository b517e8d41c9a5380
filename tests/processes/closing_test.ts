import { Manager, type ManagerOptions } from "@internode/grid";
import { client, connect, constantResolver, parseNetEndpoint } from "@internode/grid/call";
import { assert, assertEquals } from "@std/assert";
import { TextLineStream } from "@std/streams";
import { dials } from "../../lib/grid/dialler.ts";
import { systemTransports } from "../../lib/transport/transports.ts";
import { freePorts } from "../../tools/network/free_ports.ts";
import { QuietLogger } from "../support/log/quiet.ts";
import { certificates } from "../support/certificates/certificates.ts";
import { testBeside } from "../support/beside.ts";
import { FILES, NET, RUN } from "../support/permitted.ts";
import { SlowProxy } from "../support/network/slow_proxy.ts";
import { configOf, TestAuthority } from "../support/certificates/test_authority.ts";
import { answer, ANSWER_BYTES, Answers, type ClosingPlan, LIMITS } from "./closing_plan.ts";

const ignore = !NET || !FILES || !RUN || Deno.build.os === "windows";
/** As many answers as it takes to fill every buffer on the way. */
const CALLS = 550;
/** A process that nothing keeps is gone so soon. */
const GONE_MS = 700;
const SECURE = new Set(["mtls", "unix mtls", "wss mtls"]);
const KINDS = ["tcp", "tls", "unix", "ws", "wss", ...SECURE];

/** A process of closing_process.ts. */
class ClosingProcess implements AsyncDisposable {
  readonly #process: Deno.ChildProcess;
  readonly #lines: ReadableStreamDefaultReader<string>;

  private constructor(plan: ClosingPlan) {
    const program = new URL("closing_process.ts", import.meta.url).pathname;
    this.#process = new Deno.Command(Deno.execPath(), {
      args: ["run", "-A", "--no-check", program, JSON.stringify(plan)],
      stdout: "piped",
      stderr: "inherit",
    }).spawn();
    this.#lines = this.#process.stdout
      .pipeThrough(new TextDecoderStream())
      .pipeThrough(new TextLineStream())
      .getReader();
  }

  /** Resolves when it listens. */
  static async start(plan: ClosingPlan): Promise<ClosingProcess> {
    const started = new ClosingProcess(plan);
    assertEquals(await started.#line(), "ready");
    return started;
  }

  /** Resolves when it has ended; says how many milliseconds after it had closed. */
  async end(): Promise<number> {
    assertEquals(await this.#line(), "closed");
    const closedMs = performance.now();
    assertEquals((await this.#process.status).code, 0);
    return performance.now() - closedMs;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    try {
      this.#process.kill("SIGKILL");
    } catch {
      // It has ended already.
    }
    await this.#lines.cancel();
    await this.#process.status;
  }

  async #line(): Promise<string | undefined> {
    return (await this.#lines.read()).value;
  }
}

/** Names of two hosts of which the first dials the second, or not. */
function hostsOf(kind: string, folder: string, firstDials: boolean): [string, string] {
  for (let made = 0;; made++) {
    const [one, two] = kind.startsWith("unix")
      ? [`unix://${folder}/a${made}.sock`, `unix://${folder}/b.sock`]
      : freePorts(2).map((port) =>
        `${kind.split(" ")[0]!.replace("mtls", "tls")}://127.0.0.1:${port}`
      );
    if (dials(one!, two!) === firstDials) return [one!, two!];
  }
}

/** Every call has to be answered. */
async function assertAnswered(calls: readonly Promise<Uint8Array>[]): Promise<void> {
  const settled = await Promise.allSettled(calls);
  const lost = settled.flatMap((each) => each.status === "rejected" ? [String(each.reason)] : []);
  assertEquals(lost.slice(0, 3), [], `${lost.length} of ${calls.length} answers are lost`);
  for (const each of settled) {
    if (each.status === "fulfilled") assertEquals(each.value.length, ANSWER_BYTES);
  }
}

async function inFolder(body: (folder: string) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir({ prefix: "internode-" });
  try {
    await body(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

for (const [index, kind] of KINDS.entries()) {
  Deno.test({
    name: `a node that closes over ${kind}, and ends with that, loses none of its answers`,
    ignore,
    fn: () =>
      inFolder(async (folder) => {
        const hosts = hostsOf(kind, folder, index % 2 === 0), [local, peer] = hosts;
        const authority = SECURE.has(kind) ? await TestAuthority.root("authority") : null;
        const tlsOf = async (host: string) =>
          authority === null ? null : configOf(
            await authority.node(host, { names: [{ type: "uri", value: host }] }),
            authority,
          );
        const own = await tlsOf(local);
        const options: Partial<ManagerOptions> = own === null
          ? { transports: systemTransports(certificates()) }
          : { tls: own };
        for (const exits of [true, false]) {
          const tls = await tlsOf(peer);
          const plan: ClosingPlan = { face: "grid", local: peer, hosts, tls, calls: CALLS, exits };
          await using child = await ClosingProcess.start(plan);
          await using grid = new Manager({ local, hosts, logger: new QuietLogger(), ...options });
          await grid.listen();
          await grid.waitForConnect();
          const way = grid.connection(peer);
          await assertAnswered(
            Array.from({ length: CALLS }, () =>
              way.request(answer, undefined, { timeoutMs: 60_000 })),
          );
          assert(await child.end() < GONE_MS, "something kept the process");
        }
      }),
  });
}

for (const kind of ["tcp", "tls", "unix", "ws", "wss"]) {
  Deno.test({
    name: `a server that stops over ${kind}, and ends with that, loses none of its answers`,
    ignore,
    fn: () =>
      inFolder(async (folder) => {
        const [, local] = hostsOf(kind, folder, true);
        const transports = systemTransports(certificates());
        for (const exits of [true, false]) {
          const plan: ClosingPlan = {
            face: "call",
            local,
            hosts: [],
            tls: null,
            calls: CALLS,
            exits,
          };
          await using child = await ClosingProcess.start(plan);
          const resolver = constantResolver(parseNetEndpoint(local, { transports }));
          await using connection = await connect(resolver, { logger: new QuietLogger() });
          const { answer } = client(Answers, connection);
          await assertAnswered(
            Array.from({ length: CALLS }, () => answer(undefined, { timeoutMs: 60_000 })),
          );
          assert(await child.end() < GONE_MS, "something kept the process");
        }
      }),
  });
}

const SLOW_KINDS = ["tcp", "tls", "ws", "wss"];

testBeside(
  "a server that stops waits for a client that reads slowly",
  SLOW_KINDS.length,
  SLOW_KINDS.map((kind) => ({
    name: `over ${kind}`,
    ignore,
    async fn() {
      const port = freePorts(1)[0]!;
      await using proxy = new SlowProxy(port, 8_000);
      const plan: ClosingPlan = {
        face: "call",
        local: `${kind}://127.0.0.1:${port}`,
        hosts: [],
        tls: null,
        calls: CALLS,
        exits: true,
      };
      await using child = await ClosingProcess.start(plan);
      const transports = systemTransports(certificates());
      const endpoint = parseNetEndpoint(`${kind}://127.0.0.1:${proxy.port}`, { transports });
      await using connection = await connect(constantResolver(endpoint), {
        logger: new QuietLogger(),
        limits: LIMITS,
      });
      const { answer } = client(Answers, connection);
      await assertAnswered(
        Array.from({ length: CALLS }, () => answer(undefined, { timeoutMs: 60_000 })),
      );
      await child.end();
    },
  })),
);
