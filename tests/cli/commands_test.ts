/** Every command against nodes and servers in processes of their own. @module */

import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { freePorts } from "../../tools/network/free_ports.ts";
import { FILES, NET, RUN } from "../support/permitted.ts";
import type { InternodeEnded } from "./processes.ts";
import { World } from "./world.ts";

const ignore = !NET || !FILES || !RUN || Deno.build.os === "windows";

function json<Value>({ code, out, err }: InternodeEnded, status = 0): Value {
  assertEquals(code, status, `${out}\n${err}`);
  return JSON.parse(out) as Value;
}

type Test = (world: World) => Promise<void>;

const TESTS: Readonly<Record<string, Test>> = {
  async "ping measures each host"(world) {
    for (const context of ["grid", "server", "tls"] as const) {
      const rows = json<{ host: string; count: number; meanMs: number; clockSkewMs: number }[]>(
        await world.run(context, "ping --count 2 --every 1ms --bytes 100 --json"),
      );
      assertEquals(rows.length, context === "grid" ? 2 : 1);
      for (const { count, meanMs, clockSkewMs } of rows) {
        assert(count === 2 && meanMs > 0 && Math.abs(clockSkewMs) < 10_000);
      }
    }
  },

  async "a host that cannot be reached has a row with the reason, and hides no other"(world) {
    const [port] = freePorts(1), gone = `tcp://127.0.0.1:${port}`;
    const args = ["ping", "--count", "1", world.grid[0].address, gone];
    const { code, out } = await world.run("grid", args);
    assertEquals(code, 3);
    const [head, first, second] = out.split("\n");
    assertMatch(head!, /^HOST +PINGS +LEAST +MEAN +MOST +CLOCK$/);
    assert(first!.startsWith(`${world.grid[0].address} `), first);
    assert(second!.startsWith(`${gone} `) && second!.includes("Unreachable: "), second);
  },

  async "of a grid one host is enough, with --peers"(world) {
    const [first, second] = world.grid;
    const args = ["health", "--peers", "--json", first.address];
    const rows = json<{ host: string }[]>(await world.run("grid", args));
    assertEquals(rows.map(({ host }) => host), [first.address, second.address]);
  },

  async "who has no right, or not the secret, is told so"(world) {
    const intern = await world.run("grid", ["health", "--name", "intern", world.grid[0].address]);
    assertEquals(intern.code, 3);
    assertStringIncludes(intern.out, "PermissionDenied");
    const stranger = await world.run("grid", "health", {
      env: { INTERNODE_SECRET: "x".repeat(16) },
    });
    assertEquals(stranger.code, 3);
    assertStringIncludes(stranger.out, "Unauthenticated");
  },

  async "health has its verdict as exit status"(world) {
    const well = await world.run("grid", "health --brief --min-peers 1");
    assertEquals([well.code, well.err], [0, ""], well.out);
    assertMatch(well.out, /^HOST +READY +ALIVE +PROBLEMS\n.* yes +yes\n.* yes +yes\n$/);
    const ill = await world.run("grid", "health --min-peers 2");
    assertEquals(ill.code, 1);
    assertStringIncludes(ill.out, "at least 2 are needed (minPeers)");
    const [server] = json<{ ready: { ok: boolean } }[]>(await world.run("server", "health --json"));
    assertEquals(server!.ready.ok, true);
  },

  async "health warns of what is wrong, and is only strict about it if it is told so"(world) {
    const { code, out } = await world.run("grid", "health --older 1ms");
    assertEquals(code, 0, out);
    const [one, two] = world.grid.map(({ address }) => address);
    assertMatch(out, /\n\nHOST +WARNING\n/);
    assertStringIncludes(out, "  hang: 1 call has run for more than 1.0ms, the oldest for ");
    assertMatch(out, / fail: .* calls a second fail, all from \S+: HandlerFailed \(/);
    assertStringIncludes(out, `see "internode breaking ${two} ${one}".`);
    assertEquals((await world.run("grid", "health --strict")).code, 1);
    const hosts = json<{ host: string; warnings: { handler: string }[] }[]>(
      await world.run("grid", "health --json --for 200ms"),
    );
    assertEquals(hosts.map(({ host }) => host), [one, two]);
    const warned = hosts.flatMap(({ warnings }) => warnings.map(({ handler }) => handler));
    assertEquals(new Set(warned).has("greet"), true);
    const brief = json<object[]>(await world.run("grid", "health --json --brief"));
    assertEquals(Object.keys(brief[0]!), ["host", "ready", "alive"]);
  },

  async "calls finds the one that hangs, on both sides"(world) {
    const { code, out } = await world.run("grid", "calls --handler hang --older 1ms");
    assertEquals(code, 0);
    const lines = out.trim().split("\n");
    assertEquals(lines.length, 3, out);
    assertMatch(lines[0]!, /NODE +AGE +DIR +HANDLER +PEER +STATE +LEFT +TRY +STREAM/);
    const first = await world.run("grid", "calls --handler hang --limit 1");
    assertMatch(first.err + first.out, /1 of 2 calls are shown\. To show more, raise --limit\./);
    const { calls } = json<{ calls: { node: string; direction: string; ageMs: number }[] }>(
      await world.run("grid", "calls --handler hang --direction in --json"),
    );
    assertEquals(calls.map(({ node, direction }) => [node, direction]), [
      [world.grid[0].address, "incoming"],
    ]);
    const none = await world.run("server", "calls");
    assertEquals([none.code, none.out, none.err], [0, "", "There is no such call in flight.\n"]);
  },

  async "trace shows calls as they end, and chooses"(world) {
    const all = await world.run("grid", "trace --limit 5 --json");
    assertEquals(all.code, 0, all.err);
    const rows = all.out.trim().split("\n").map((line) => JSON.parse(line));
    assertEquals(rows.length, 5);
    const failed = await world.run("grid", "trace --errors --direction in --limit 3");
    assertEquals(failed.code, 0, failed.err);
    const [head, ...lines] = failed.out.trim().split("\n");
    assertMatch(head!, /^TIME \(UTC\) +TOOK +DIR +RESULT +HANDLER +NODE +PEER$/);
    assertEquals(lines.length, 3);
    for (const line of lines) assertMatch(line, / in +HandlerFailed +fail +tcp:/);
    const slow = await world.run("grid", "trace --slow 1h --for 300ms");
    assertEquals([slow.code, slow.out], [0, ""]);
  },

  async "Ctrl-C ends trace at once"(world) {
    const { code, err } = await world.run("grid", "trace", { signal: "SIGINT" });
    assertEquals([code, err], [130, ""]);
    assertEquals((await world.run("grid", "trace", { signal: "SIGTERM" })).code, 143);
  },

  async "describe lists handlers over all hosts, and sees the older contract"(world) {
    const { code, out } = await world.run("grid", "describe");
    assertEquals(code, 1, "the older contract breaks");
    assertMatch(
      out,
      /^HANDLER +KIND +NODES +CONTRACT +GUARDED +RUNNING +WAITING +MOST +SUBROUTES\n/,
    );
    assertMatch(out, /\nhang +single +2\/2 +same +no +1 +0 +4\n/);
    assertMatch(out, /\ngreet +single +2\/2 +breaks at tcp:\S+ +no +0 +0 +none +sda\n/);
    const one = await world.run("grid", ["describe", "--handler", "greet", world.grid[0].address]);
    assertEquals(one.code, 0);
    assertStringIncludes(one.out, "## `greet`\n\nGreets by name.\n");
    const schema = json<{ request: { required: string[] } }[]>(
      await world.run("grid", [
        "describe",
        "--handler=greet",
        "--as=schema",
        world.grid[0].address,
      ]),
    );
    assertEquals(schema[0]!.request.required, ["name"]);
    const [server] = json<{ handlers: { name: string }[] }[]>(
      await world.run("server", "describe --json"),
    );
    assertEquals(server!.handlers.map(({ name }) => name), ["shop.echo"]);
  },

  async "breaking compares nodes, and a node with a file"(world) {
    const [now, old] = world.grid;
    const { code, out } = await world.run("grid", ["breaking", old.address, now.address]);
    assertEquals(code, 1, out);
    assertMatch(out, /\nbreaking +greet +request\.name +/);
    assertMatch(out, /\ncompatible +greet +request\.loud +/);
    const snapshot = await world.run("grid", ["describe", "--as", "snapshot", now.address]);
    const file = `${world.folder}/contracts.json`;
    await Deno.writeTextFile(file, snapshot.out);
    const same = await world.run("grid", ["breaking", file, now.address]);
    assertEquals([same.code, same.out], [0, "There are no changes.\n"], same.err);
    // A list of nothing would be taken for one by "breaking", to which all then is new.
    for (const as of ["snapshot", "schema", "markdown"]) {
      const none = await world.run("grid", ["describe", "--as", as, "tcp://127.0.0.1:1"]);
      assertEquals([none.code, none.out], [3, ""]);
      assertMatch(none.err, /^tcp:\/\/127\.0\.0\.1:1: Unreachable: /);
    }
  },

  async "call calls a handler of a node"(world) {
    const call = (...args: string[]) => world.run("grid", ["call", world.grid[0].address, ...args]);
    const args = ["greet", '{"name":"ada"}', "--meta", "tenant=blue", "--headers"];
    const greeted = await call(...args, "--subroute", "sda");
    assertEquals(json(greeted), { text: "ada blue" });
    assertEquals(greeted.err, `header node: ${world.grid[0].address}\ntrailer took: 0\n`);
    const failed = await call("fail");
    assertEquals([failed.code, failed.out], [1, ""]);
    assertStringIncludes(failed.err, "HandlerFailed: ");
    assertStringIncludes(failed.err, "it always fails");
    const late = await call("hang", "--timeout", "50ms", "--json");
    assertEquals(json<{ error: { code: string } }>(late, 1).error.code, "DeadlineExceeded");
    // No host says what a handler takes in so short a time: the call alone has it.
    const soon = await call("hang", "--timeout", "1ms", "--json");
    const { error } = json<{ error: { code: string; message: string } }>(soon, 1);
    assertEquals(error.code, "DeadlineExceeded");
    assertStringIncludes(error.message, "hang");
    for (
      const [wrong, message] of [
        [["greet", "{"], "The request is no JSON"],
        [["greet", '{"name":1}'], "The request does not fit: name must be a string"],
        [["greet"], "greet takes a request: give it as JSON."],
        [["great"], "There are: greet, hang, fail, sums."],
      ] as const
    ) {
      const { code, err } = await call(...wrong);
      assertEquals(code, 2, err);
      assertStringIncludes(err, message);
    }
  },

  async "call sends a stream the lines of its input"(world) {
    const args = ["call", world.grid[0].address, "sums", '{"start":10}', "--stream"];
    const { code, out, err } = await world.run("grid", args, { input: "1\n2\n\n3" });
    assertEquals([code, out, err], [0, "11\n13\n16\n", ""]);
    const wrong = await world.run("grid", args, { input: "1\nx\n" });
    assertEquals(wrong.code, 2, wrong.err);
    assertStringIncludes(wrong.err, "Line 2 of the input is no JSON");
  },

  async "call calls the method of a service, and a node over mutual TLS"(world) {
    const { address } = world.server;
    assertEquals(json(await world.run("server", ["call", address, "shop.echo", '"hi"'])), "hi");
    const greet = ["call", world.tls.address, "greet", "-"];
    const greeted = await world.run("tls", greet, { input: '{"name":"eve"}' });
    assertEquals(json(greeted), { text: "eve -" });
  },

  async "top shows nodes with rates, and handlers with times"(world) {
    type Nodes = {
      nodes: { host: string; callsPerSecond: number; errorsPerSecond: number; connected: number }[];
    };
    const { nodes } = json<Nodes>(await world.run("grid", "top --once --json --every 500ms"));
    const first = nodes.find(({ host }) => host === world.grid[0].address)!;
    assert(first.callsPerSecond > 1 && first.errorsPerSecond > 0, JSON.stringify(nodes));
    assertEquals(nodes.map(({ connected }) => connected), [1, 1]);
    const { code, out } = await world.run("grid", "top --once --by handler --sort handler");
    assertEquals(code, 0);
    assertMatch(out, /^HANDLER +NODE +DIR +CALLS\/S +ERR\/S +ERROR +FLYING +P50 +P95 +P99\n/);
    assertMatch(out, /\nhang +tcp:\S+ +in +0 +0 +1 +- +- +-\n/);
    const live = await world.run("grid", "top --every 100ms", { signal: "SIGINT" });
    assertEquals(live.code, 130);
    assertStringIncludes(live.out, "HOST");
  },

  async "bench measures pings, and a handler"(world) {
    const { code, out } = await world.run("grid", [
      "bench",
      world.grid[0].address,
      "--for=200ms",
      "--concurrency=4",
    ]);
    assertEquals(code, 0);
    assertMatch(out, /^HANDLER +CALLS +CALLS\/S +P50 +P90 +P99 +MOST +FAILED\nping /);
    type Result = { calls: number; failed: Record<string, number>; callsPerSecond: number };
    const good = json<Result>(
      await world.run("server", [
        "bench",
        world.server.address,
        "--handler=shop.echo",
        '--request="x"',
        "--for=200ms",
        "--json",
      ]),
    );
    assert(good.calls > 0 && good.callsPerSecond > 0);
    assertEquals(good.failed, {});
    const args = ["bench", world.grid[0].address, "--handler=fail", "--for=50ms", "--json"];
    const bad = json<Result>(await world.run("grid", args), 1);
    assertEquals([bad.calls, Object.keys(bad.failed)], [0, ["HandlerFailed"]]);
  },

  async "certs finds the certificate that ends soon"(world) {
    const { code, out } = await world.run("tls", "certs");
    assertEquals(code, 1, out);
    const [head, first] = out.split("\n");
    assertMatch(head!, /^WHERE +WHOSE +ENDS +LEFT +SUBJECT +NAMES$/);
    assertMatch(first!, /^tls:\/\/localhost:\d+ +own +\S+ \S+Z +2d23h +CN=node/);
    assertStringIncludes(out, "ops.example");
    assertEquals((await world.run("tls", "certs --within 1d")).code, 0);
    const none = await world.run("grid", "certs --json");
    assertEquals(json(none), { certificates: [], problems: [] });
  },

  async "hosts lists those of the context, and of a resolver"(world) {
    const listed = json<{ address: string }[]>(await world.run("grid", "hosts --json"));
    assertEquals(listed.map(({ address }) => address), world.grid.map(({ address }) => address));
    const file = `${world.folder}/hosts.txt`;
    await Deno.writeTextFile(file, '{"address":"tcp://10.0.0.1:9000","zone":"eu","weight":2}\n');
    const found = await world.run("grid", [
      "hosts",
      "--resolver",
      JSON.stringify({ file: { path: file } }),
    ]);
    assertEquals(found.code, 0, found.err);
    assertMatch(found.out, /\ntcp:\/\/10\.0\.0\.1:9000 .* eu +2 +0\n/);
  },

  async "log-level shows, changes and resets"(world) {
    const { address } = world.grid[0];
    const set = json<{ level: string; usual: string; untilMs: number }[]>(
      await world.run("grid", ["log-level", address, "--set", "debug", "--for", "10m", "--json"]),
    );
    assertEquals(set[0]!.level, "debug");
    assert(set[0]!.untilMs > Date.now());
    const shown = await world.run("grid", ["log-level", address]);
    assertMatch(shown.out, /^HOST +LEVEL +USUAL +UNTIL\n\S+ +debug +\S+ +\d{4}-/);
    const reset = await world.run("grid", ["log-level", address, "--set", "reset"]);
    assertEquals(reset.code, 0);
    assertEquals((await world.run("grid", "log-level --for 1m")).code, 2);
  },

  async "a frozen node has a row with the reason, within its time"(world) {
    world.grid[1].signal("SIGSTOP");
    try {
      const { code, out } = await world.run("grid", "health --timeout 500ms");
      assertEquals(code, 3);
      assertMatch(out, new RegExp(`^${world.grid[0].address} +yes`, "m"));
      assertMatch(out, new RegExp(`^${world.grid[1].address} +(?:Unreachable|DeadlineExc)`, "m"));
    } finally {
      world.grid[1].signal("SIGCONT");
    }
  },

  async "drain takes a host out of service"(world) {
    assertEquals((await world.run("server", "drain")).code, 2);
    const { code, out } = await world.run("server", ["drain", world.server.address]);
    assertEquals(code, 0);
    assertMatch(out, /^HOST +CALLS\n\S+ +\d+\n$/);
    const after = await world.run("server", "ping --timeout 500ms");
    assertEquals(after.code, 3, after.out);
  },
};

Deno.test({
  name: "every command works against nodes of a grid, over mutual TLS too, and a server",
  ignore,
  async fn(context) {
    await using world = await World.start();
    for (const [name, test] of Object.entries(TESTS)) {
      await context.step(name, () => test(world));
    }
  },
});
