/** The bench of latencies reads its options, and measures two processes. @module */

import { assert, assertEquals, assertThrows } from "@std/assert";
import { parseLatencyOptions } from "../../bench/latency/options.ts";
import { UsageError } from "../../tools/command_line/command_line.ts";

Deno.test("bench:latency measures everything unless less is asked for", () => {
  const options = parseLatencyOptions([]);
  assert(options !== "help");
  assertEquals(options.transports, ["tcp", "unix", "ws", "tls"]);
  assertEquals(options.kinds, ["small", "mixed", "beside-bulk", "typed"]);
  assertEquals(options.peers, ["grpc-go", "nats", "grpc-js"]);
  assertEquals(options.parts, [10, 30, 50, 70, 90]);
  const few = parseLatencyOptions(["--peers", "none", "--parts", "50", "--kinds", "typed"]);
  assert(few !== "help");
  assertEquals([few.peers, few.parts, few.kinds], [[], [50], ["typed"]]);
  for (const wrong of [["--parts", "0"], ["--peers", "nobody"], ["--transports", "udp"]]) {
    assertThrows(() => parseLatencyOptions(wrong), UsageError);
  }
});

Deno.test({
  name: "bench:latency tells a row of each load, with the floor's beside it",
  ignore: Deno.permissions.querySync({ name: "run" }).state !== "granted",
  fn: async () => {
    const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
      args: [
        ...["run", "-A", "--quiet", new URL("../../bench/latency/main.ts", import.meta.url).href],
        ...["--transports", "ws,tls", "--kinds", "mixed", "--peers", "none"],
        ...["--parts", "2", "--seconds", "0.1", "--rounds", "2", "--warm", "0.1", "--json"],
      ],
      stdin: "null",
    }).output();
    assertEquals(code, 0, new TextDecoder().decode(stderr));
    const rows = new TextDecoder().decode(stdout).trimEnd().split("\n").map((line) =>
      JSON.parse(line)
    );
    assertEquals(rows.map(({ transport, kind, part }) => [transport, kind, part]), [
      ["ws", "mixed", 2],
      ["tls", "mixed", 2],
    ]);
    for (const { perSecond, own, floor } of rows) {
      assert(perSecond > 0);
      for (const tail of [own, floor]) {
        assert(tail.p50Us > 0 && tail.p50Us <= tail.p999Us, JSON.stringify(tail));
        assertEquals(tail.failed, 0);
      }
    }
  },
});
