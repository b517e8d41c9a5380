import { assertEquals, assertMatch } from "@std/assert";
import { callsOf, handlersOf } from "../../../lib/cli/web/activity.ts";
import { Chart } from "../../../lib/cli/web/charts.ts";
import { meshOf } from "../../../lib/cli/web/mesh.ts";
import type { NodeView } from "../../../lib/cli/web/node_view.ts";
import { callOf, figuresOf, readingOf, remoteOf, statusOf, viewOf } from "./views.ts";

const A = "tcp://a:1", B = "tcp://b:1", DAY_MS = 86_400_000;
const at = (nowMs: number, wallMs = 0) => ({ nowMs, wallMs });

function stateOf(view: NodeView, nowMs: number) {
  return meshOf([view], at(nowMs)).nodes[0]!.state;
}

Deno.test("a node is up, silent when its answer is two seconds old, down when it cannot be reached", () => {
  const view = viewOf(A, [readingOf(1_000, statusOf(A))]);
  assertEquals(stateOf(view, 1_500), "up");
  assertEquals(stateOf(view, 3_000), "up");
  assertEquals(stateOf(view, 3_001), "silent");
  const gone = { isLate: false, message: "Connection refused." };
  assertEquals(stateOf({ ...view, problem: gone }, 1_500), "down");
  assertEquals(stateOf({ ...view, problem: { isLate: true, message: "late" } }, 9_000), "silent");
  assertEquals(stateOf(viewOf(A, []), 9_000), "waiting");
  assertEquals(stateOf(viewOf(A, [], gone), 9_000), "down");
});

Deno.test("what is wrong with a node that answers is told", () => {
  const problems = (more: Parameters<typeof statusOf>[1], wallMs = 0): string => {
    const view = viewOf(A, [readingOf(0, statusOf(A, more))]);
    const [node] = meshOf([view], at(0, wallMs)).nodes;
    assertEquals(node!.state, node!.problems.length > 0 ? "warning" : "up");
    return node!.problems.join(" ");
  };
  assertEquals(problems({}), "");
  assertMatch(problems({ phase: "closing" }), /closing/);
  assertMatch(
    problems({ remotes: [remoteOf(B, { state: "connecting" })] }),
    /not connected with tcp/,
  );
  assertEquals(problems({ remotes: [remoteOf(B, { state: "idle" })] }), "");
  const loopDelay = { looks: 1, meanMs: 1, p99Ms: 900, maxMs: 900, lastMs: 1 };
  assertMatch(problems({ loopDelay }), /900 ms/);
  const certificate = (whose: string, days: number) => ({
    certificates: [{ whose, host: "", subject: "", expiresMs: days * DAY_MS }],
  });
  assertMatch(problems(certificate("own", 1)), /24 hours/);
  assertMatch(problems(certificate("own", 5)), /5 days/);
  assertMatch(problems(certificate("own", 1), 2 * DAY_MS), /has ended/);
  assertEquals(problems(certificate("own", 8)), "");
  assertEquals(problems(certificate("remote", 1)), "");
});

Deno.test("that a node has lost one which does not answer is not its own problem", () => {
  const lost = remoteOf(B, { state: "connecting", lastFailure: "refused" });
  const views = [
    viewOf(A, [readingOf(9_000, statusOf(A, { remotes: [lost] }))]),
    viewOf(B, [readingOf(1_000, statusOf(B, { remotes: [remoteOf(A)] }))]),
  ];
  const { nodes, edges } = meshOf(views, at(9_000));
  assertEquals(nodes.map(({ id, state }) => [id, state]), [[A, "up"], [B, "silent"]]);
  assertEquals(edges.map(({ state, failure }) => [state, failure]), [["connecting", "refused"]]);
});

Deno.test("both sides of a connection are one edge, with the traffic each way and the shorter ping", () => {
  const stats = (bytesSent: number, bytesReceived: number, roundTripMs: number) => ({
    stats: { bytesSent, bytesReceived, roundTripMs },
  });
  const views = [
    viewOf(B, [
      readingOf(0, statusOf(B, { remotes: [remoteOf(A, stats(0, 0, 3))] })),
      readingOf(2_000, statusOf(B, { remotes: [remoteOf(A, stats(400, 2_000, 3))] })),
    ]),
    viewOf(A, [readingOf(2_000, statusOf(A, { remotes: [remoteOf(B, stats(0, 0, 2))] }))]),
  ];
  assertEquals(meshOf(views, at(2_000)).edges, [{
    a: A,
    b: B,
    state: "connected",
    failure: "",
    roundTripMs: 2,
    sentBytes: 1_000,
    receivedBytes: 200,
  }]);
});

Deno.test("a process that has started again has no traffic from before", () => {
  const status = (processId: number, bytesSent: number) =>
    statusOf(A, { processId, remotes: [remoteOf(B, { stats: { bytesSent } })] });
  const readings = [
    readingOf(0, status(1, 1e9)),
    readingOf(1_000, status(2, 10)),
    readingOf(2_000, status(2, 30)),
  ];
  assertEquals(meshOf([viewOf(A, readings)], at(2_000)).edges[0]!.sentBytes, 20);
});

Deno.test("who is not asked is shown as well, up to a bound, and who is asked twice is shown once", () => {
  const remotes = Array.from({ length: 60 }, (_, at) => remoteOf(`client-${at}`));
  const one = viewOf(A, [readingOf(0, statusOf(A, { remotes }))]);
  const { nodes, hiddenNodes, edges } = meshOf([one, { ...one, host: "tcp://other:1" }], at(0));
  assertEquals([nodes.length, hiddenNodes, edges.length], [49, 12, 48]);
  const withTool = viewOf(A, [readingOf(0, statusOf(A, { remotes: [remoteOf("tool")] }))]);
  assertEquals(meshOf([withTool], at(0), "tool").nodes.length, 1);
  assertEquals(nodes[1], { ...nodes[1]!, id: "client-0", state: "unasked", kind: "other" });
});

Deno.test("texts of nodes are on one line and bounded", () => {
  const name = `tcp://\u202e${"x".repeat(1_000)}\n<script>`;
  const [node] = meshOf([viewOf(A, [readingOf(0, statusOf(name))])], at(0)).nodes;
  assertEquals(node!.id.length <= 300 && !/[\n\u202e]/.test(node!.id), true);
});

Deno.test("handlers of several nodes are added up, percentiles over all of their calls", () => {
  const row = (ended: number, buckets: number[]) => figuresOf(ended, { buckets, inFlight: 1 });
  const views = [
    viewOf(A, [
      readingOf(0, statusOf(A), [row(0, [0, 0, 0])]),
      readingOf(2_000, statusOf(A), [row(198, [198, 0, 0])]),
    ]),
    viewOf(B, [
      readingOf(0, statusOf(B), [row(0, [0, 0, 0])]),
      readingOf(2_000, statusOf(B), [row(2, [0, 0, 2])]),
    ]),
  ];
  const [all, first, second] = handlersOf(views, at(2_000));
  assertEquals([all!.node, all!.perSecond, all!.inFlight, all!.p99Ms], ["", 100, 2, 1]);
  assertEquals([first!.node, first!.perSecond], [A, 99]);
  assertEquals([second!.node, second!.perSecond, second!.p50Ms], [B, 1, -1]);
});

Deno.test("rates leave out what was counted in an earlier life, or more than some seconds ago", () => {
  const rate = (first: ReturnType<typeof readingOf>) =>
    handlersOf(
      [viewOf(A, [first, readingOf(10_000, statusOf(A), [figuresOf(50)])])],
      at(10_000),
    )[0]!
      .perSecond;
  assertEquals(rate(readingOf(5_000, statusOf(A), [figuresOf(0)])), 10);
  assertEquals(rate(readingOf(5_000, statusOf(A), [figuresOf(0)], [], "life-0")), 0);
  assertEquals(rate(readingOf(1_000, statusOf(A), [figuresOf(0)])), 0);
});

Deno.test("calls in flight of all nodes that answer, the oldest first, up to a bound", () => {
  const calls = Array.from({ length: 80 }, (_, at) => callOf(at, { subroute: "s" }));
  const views = [
    viewOf(A, [readingOf(0, statusOf(A), [figuresOf(0, { inFlight: 500 })], calls)]),
    viewOf(B, [readingOf(0, statusOf(B), [], calls)]),
    viewOf("tcp://c:1", [readingOf(-9_000, statusOf("tcp://c:1"), [], [callOf(1e6)])]),
  ];
  const { calls: shown, inFlight } = callsOf(views, at(0));
  assertEquals([shown.length, inFlight], [100, 580]);
  assertEquals(shown[0], {
    node: A,
    direction: "incoming",
    kind: "single",
    handler: "cart.read/s",
    host: B,
    state: "running",
    ageMs: 79,
    leftMs: null,
    attempt: 1,
    messages: null,
  });
});

Deno.test("a chart has a point for each second of the last five minutes, without figures while nobody answers", () => {
  const chart = new Chart();
  const view = viewOf(A, [
    readingOf(0, statusOf(A), [figuresOf(0)]),
    readingOf(1_000, statusOf(A), [figuresOf(70)]),
  ]);
  chart.add([view], 1);
  chart.add([], 2);
  assertEquals(chart.points, [
    { timeMs: 1, perSecond: 70, errorsPerSecond: 0, p99Ms: 0.99, loopDelayMs: 1 },
    { timeMs: 2, perSecond: null, errorsPerSecond: null, p99Ms: null, loopDelayMs: null },
  ]);
  for (let at = 0; at < 400; at++) chart.add([view], at);
  assertEquals(chart.points.length, 300);
});
