import { assert, assertEquals } from "@std/assert";
import { FILES, NET, RUN } from "../support/permitted.ts";
import { type CollectedSpan, Collector } from "./collector.ts";

/** Starts a traced process. */
function start(collector: Collector, service: string, args: readonly string[]): Deno.ChildProcess {
  return new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", new URL("node.ts", import.meta.url).pathname, ...args],
    env: collector.environment(service),
    stdin: "piped",
    stdout: "piped",
    stderr: "inherit",
  }).spawn();
}

/** Runs a server and a caller to their ends. */
async function runBoth(collector: Collector): Promise<void> {
  const folder = await Deno.makeTempDir();
  const hosts = ["one", "two"].map((name) => `unix://${folder}/${name}.sock`);
  const server = start(collector, "server", [hosts[0]!, ...hosts, "serve"]);
  try {
    const listening = server.stdout.getReader();
    assertEquals(new TextDecoder().decode((await listening.read()).value).trim(), "listening");
    const caller = start(collector, "caller", [hosts[1]!, ...hosts, "call"]);
    await caller.stdin.close();
    await caller.stdout.cancel();
    assertEquals((await caller.status).code, 0);
    await server.stdin.close();
    await listening.cancel();
  } finally {
    // deno-lint-ignore internode/no-sleep -- ends a server that does not end by itself
    const dead = setTimeout(() => server.kill("SIGKILL"), 10_000);
    const { code } = await server.status;
    clearTimeout(dead);
    await Deno.remove(folder, { recursive: true });
    assertEquals(code, 0);
  }
}

Deno.test({
  name:
    "spans nest over two processes: user, client, server, handler, further call, stream's steps",
  ignore: !NET || !FILES || !RUN,
  fn: async () => {
    await using collector = new Collector();
    await runBoth(collector);
    const { spans } = collector;
    const all = spans.map(({ service, kind, name }) => `${service} ${kind} ${name}`).sort();
    const only = (service: string, kind: string, name: string, parent?: CollectedSpan) => {
      const found = spans.filter((span) =>
        span.service === service && span.kind === kind && span.name === name &&
        (parent === undefined || span.parentSpanId === parent.spanId)
      );
      const where = parent === undefined ? "" : ` below ${parent.name}`;
      assertEquals(found.length, 1, `${service} ${kind} ${name}${where}\n${all.join("\n")}`);
      if (parent !== undefined) assertEquals(found[0]!.traceId, parent.traceId);
      return found[0]!;
    };

    const requests = only("caller", "internal", "requests");
    assertEquals(requests.parentSpanId, "");
    for (const text of ["a", "b"]) {
      const inside = only("server", "internal", `inside ${text}`);
      const serving = spans.find(({ spanId }) => spanId === inside.parentSpanId)!;
      assertEquals([serving.service, serving.kind, serving.name], ["server", "server", "work"]);
      const calling = spans.find(({ spanId }) => spanId === serving.parentSpanId)!;
      assertEquals([calling.service, calling.kind, calling.name], ["caller", "client", "work"]);
      assertEquals(calling.parentSpanId, requests.spanId);
      assertEquals([inside.traceId, calling.traceId], [requests.traceId, requests.traceId]);
    }

    const relaying = only("server", "server", "relay", only("caller", "client", "relay", requests));
    const back = only("server", "client", "work", relaying);
    only("caller", "internal", "inside c", only("caller", "server", "work", back));
    assertEquals(relaying.failed, false);

    const calling = only("caller", "client", "fail", requests);
    const failing = only("server", "server", "fail", calling);
    assertEquals([calling.failed, failing.failed], [true, true]);
    assertEquals(calling.attributes["error.type"], "HandlerFailed");
    assertEquals(failing.attributes["error.type"], "HandlerFailed");
    assertEquals(failing.attributes["rpc.status_code"], "HandlerFailed");
    assertEquals(relaying.attributes["rpc.status_code"], "OK");
    assertEquals(failing.exceptions, ["does not work"]);
    assertEquals(calling.attributes["rpc.system.name"], "internode");
    assertEquals(calling.attributes["rpc.method"], "fail");
    assert(calling.attributes["server.address"]!.endsWith("/one.sock"));

    const streaming = only("caller", "client", "ticks", only("caller", "internal", "stream"));
    const served = only("server", "server", "ticks", streaming);
    for (const name of ["tick 0", "tick 1", "last tick"]) only("server", "internal", name, served);
    assertEquals([streaming.failed, streaming.attributes["error.type"]], [true, "Cancelled"]);

    // What is called outside of any span begins a trace of its own.
    const alone = only("server", "internal", "inside alone");
    assertEquals(spans.filter(({ traceId }) => traceId === alone.traceId).length, 3);
  },
});
