/** Processes: started, told things, frozen, thawed and ended. @module */

import { deadline } from "@std/async";
import { assertEquals } from "@std/assert";
import { EventLog, parseLog, readLog } from "../../../examples/lock_service/log/event_log.ts";
import { makeFolders } from "../../../examples/lock_service/supervisor/folders.ts";
import { netPermission, pickHosts } from "../../../examples/lock_service/supervisor/hosts.ts";
import { NodeProcess } from "../../../examples/lock_service/supervisor/node_process.ts";
import type { NodeConfig, NodeReport } from "../../../examples/lock_service/node/reports.ts";

const granted = (name: "run" | "read" | "write" | "net") =>
  Deno.permissions.querySync({ name }).state === "granted";
const ignoreRun = !granted("run");
const ignoreFiles = !granted("read") || !granted("write");
const LIMIT_MS = 20_000;

/** A process that notes what it says, and tells when it has said something. */
function startFixture() {
  const said: string[] = [];
  const waiting = new Map<string, () => void>();
  const hear = (what: string) => {
    said.push(what);
    waiting.get(what)?.();
  };
  const config: NodeConfig = {
    node: 3,
    life: 1,
    local: "tcp://127.0.0.1:1",
    hosts: ["tcp://127.0.0.1:1"],
    secret: "s",
    folder: "/nowhere",
    keys: 1,
    workers: 1,
    lifetimeMs: 1,
    seed: 1,
    careless: false,
  };
  const process = new NodeProcess(config, {
    onReport: (report: NodeReport) => hear(report.report),
    onText: hear,
  }, [Deno.execPath(), "run", "--quiet", new URL("process_fixture.ts", import.meta.url).href]);
  const heard = (what: string) => {
    if (said.includes(what)) return Promise.resolve();
    const { promise, resolve } = Promise.withResolvers<void>();
    waiting.set(what, resolve);
    return deadline(promise, LIMIT_MS);
  };
  return { process, said, heard };
}

Deno.test({
  name: "a node is told its configuration, reports, and ends when it is told to",
  ignore: ignoreRun,
  async fn() {
    const { process, said, heard } = startFixture();
    await heard("told 3");
    process.send("rest");
    await heard("resting");
    process.send("finish");
    const status = await deadline(process.exited, LIMIT_MS);
    assertEquals(status.success, true);
    assertEquals(said.toSorted(), ["listening", "resting", "this is no report", "told 3"]);
  },
});

Deno.test({
  name: "a frozen node does nothing until it is thawed",
  ignore: ignoreRun,
  async fn() {
    const { process, said, heard } = startFixture();
    await heard("told 3");
    await process.freeze();
    process.send("rest");
    // Another process starts and answers meanwhile: time enough for this one, were it not frozen.
    const other = startFixture();
    await other.heard("told 3");
    await other.process.kill();
    assertEquals(said.includes("resting"), false);
    await process.thaw();
    await heard("resting");
    process.send("finish");
    await deadline(process.exited, LIMIT_MS);
  },
});

Deno.test({
  name: "a node can be killed, running, frozen and gone",
  ignore: ignoreRun,
  async fn() {
    const running = startFixture();
    await running.heard("listening");
    await running.process.kill();
    assertEquals((await running.process.exited).signal, "SIGKILL");
    await running.process.kill();
    const frozen = startFixture();
    await frozen.heard("listening");
    await frozen.process.freeze();
    await frozen.process.kill();
    assertEquals((await frozen.process.exited).signal, "SIGKILL");
  },
});

Deno.test({
  name: "what a log was told is in its file at once",
  ignore: ignoreFiles,
  async fn() {
    const folder = await makeFolders(1);
    try {
      const path = `${folder}/node-0/life-1.jsonl`;
      assertEquals(await readLog(path), []);
      using log = new EventLog(path);
      log.write({ event: "start", at: 1.5 });
      log.write({ event: "fence", at: 2, key: "schlüssel", token: 1, shared: true });
      assertEquals(await readLog(path), [
        { event: "start", at: 1.5 },
        { event: "fence", at: 2, key: "schlüssel", token: 1, shared: true },
      ]);
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
  },
});

Deno.test("the half line that a killed process leaves is no event", () => {
  assertEquals(parseLog('{"event":"start","at":1}\n{"event":"gr'), [{ event: "start", at: 1 }]);
  assertEquals(parseLog(""), []);
});

Deno.test({
  name: "nodes get free ports of their own",
  ignore: !granted("net"),
  fn() {
    const hosts = pickHosts({ transport: "tcp", nodes: 16, mtls: false }, "/tmp");
    assertEquals(new Set(hosts).size, 16);
    const listeners = netPermission(hosts).map((host) => {
      const [hostname, port] = host.split(":") as [string, string];
      return Deno.listen({ hostname, port: Number(port) });
    });
    for (const listener of listeners) listener.close();
  },
});

Deno.test("Unix sockets are named after their nodes", () => {
  const hosts = pickHosts({ transport: "unix", nodes: 2, mtls: true }, "/tmp/x");
  assertEquals(hosts, ["unix:///tmp/x/sockets/0.sock", "unix:///tmp/x/sockets/1.sock"]);
  assertEquals(netPermission(hosts), [
    "unix:/tmp/x/sockets/0.sock",
    "unix:/tmp/x/sockets/1.sock",
  ]);
});
