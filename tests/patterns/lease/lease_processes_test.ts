import { assert } from "@std/assert";
import { freePorts } from "../../../tools/network/free_ports.ts";
import { ToldProcess } from "../../../tools/processes/told_process.ts";
import { FILES, NET, RUN } from "../../support/permitted.ts";
import type { LeaseSetup } from "./lease_process.ts";

const ignore = !NET || !RUN || !FILES || Deno.build.os === "windows";
/** No process of a busy machine stands still for a fifth of it. */
const TTL_MS = 4_000;
const PROGRAM = new URL("lease_process.ts", import.meta.url).pathname;

interface Running {
  readonly node: ToldProcess;
  readonly token: number;
}

Deno.test({
  name: "what runs on one process alone moves when that is frozen, and when that is killed",
  ignore,
  async fn() {
    await using stack = new AsyncDisposableStack();
    const hosts = (await freePorts(3)).map((port) => `tcp://127.0.0.1:${port}`);
    const nodes = hosts.map((host) => {
      const flags = ["--quiet", "--allow-net", "--no-prompt", "--no-check"];
      const node = new ToldProcess([Deno.execPath(), "run", ...flags, PROGRAM], { what: host });
      return stack.use(node);
    });
    await Promise.all(nodes.map((node, index) => {
      const setup: LeaseSetup = { local: hosts[index]!, hosts, ttlMs: TTL_MS };
      return node.ask("start", setup);
    }));
    await Promise.all(nodes.map((node) => node.ask("voting")));
    const waiting = new Map<ToldProcess, Promise<Running>>();
    const wait = (node: ToldProcess): void =>
      void waiting.set(node, node.ask<number>("running").then((token) => ({ node, token })));
    const next = async (): Promise<Running> => {
      const running = await Promise.race(waiting.values());
      waiting.delete(running.node);
      return running;
    };
    for (const node of nodes) wait(node);

    const first = await next();
    Deno.kill(first.node.pid, "SIGSTOP");
    const second = await next();
    assert(second.token > first.token, `${second.token} after ${first.token}`);
    // It finds out when it goes on, and stands again.
    const stopped = first.node.ask("stopped", first.token);
    Deno.kill(first.node.pid, "SIGCONT");
    await stopped;
    wait(first.node);

    second.node.kill();
    const third = await next();
    assert(third.token > second.token, `${third.token} after ${second.token}`);
    for (const node of nodes) node.kill();
    await Promise.allSettled(waiting.values());
  },
});
