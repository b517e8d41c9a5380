import { InternodeError } from "@internode/grid";
import { SeededRandom, VirtualClock } from "@internode/grid/testing";
import { assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import type { ThreadWatcher, WorkerThread } from "../../../lib/runtime/worker_thread.ts";
import type {
  MessageFromWorker,
  MessageToWorker,
} from "../../../lib/call/workers/worker_message.ts";
import { type ServerStats, sumOfTraffic } from "../../../lib/rpc/connecting/connection_stats.ts";
import { WorkerServer } from "../../../lib/call/workers/worker_server.ts";
import type { WorkerState } from "../../../lib/call/workers/worker_slot.ts";
import { QuietLogger } from "../../support/log/quiet.ts";

/** What a worker of a test does when it is told something. */
type Script = (thread: FakeThread, message: MessageToWorker) => void;

/** A worker that exists in the test only. */
class FakeThread implements WorkerThread {
  readonly heard: MessageToWorker[] = [];
  readonly name: string;
  ended = false;
  /** Which messages cannot be sent to it. */
  refuses: ((message: MessageToWorker) => boolean) | undefined;
  readonly #clock: VirtualClock;
  readonly #watcher: ThreadWatcher;
  readonly #script: Script;

  constructor(clock: VirtualClock, name: string, watcher: ThreadWatcher, script: Script) {
    this.name = name;
    this.#clock = clock;
    this.#watcher = watcher;
    this.#script = script;
    this.say({ kind: "here" });
  }

  say(message: MessageFromWorker): void {
    this.post(message);
  }

  /** Sends anything, as the worker's module may. */
  post(message: unknown): void {
    this.#later(() => this.#watcher.onMessage(message));
  }

  fail(why: string): void {
    this.#later(() => this.#watcher.onFailure(why));
  }

  send(message: unknown): void {
    if (this.refuses?.(message as MessageToWorker) === true) {
      throw new DOMException("[object Foo] could not be cloned.", "DataCloneError");
    }
    this.#later(() => {
      this.heard.push(message as MessageToWorker);
      this.#script(this, message as MessageToWorker);
    });
  }

  end(): void {
    this.ended = true;
  }

  #later(callback: () => void): void {
    this.#clock.setTimer(1, () => {
      if (!this.ended) callback();
    });
  }
}

/** What workers of a test say of themselves. */
const STATS: ServerStats = { ...sumOfTraffic([]), connections: 2, runningCalls: 1, bytesSent: 7 };

/** Serves where it is told, at port 9000 if the system is to choose, and answers all questions. */
function obey(thread: FakeThread, message: MessageToWorker): void {
  if (message.kind === "serve") {
    thread.say({ kind: "serving", address: message.address.replace(/:0$/, ":9000") });
  } else if (message.kind === "ask") {
    thread.say({ kind: "told", stats: STATS });
  } else {
    thread.say({ kind: "stopped" });
  }
}

/** A server of workers of the test. */
class Ground {
  readonly clock = new VirtualClock();
  readonly logger = new QuietLogger();
  readonly threads: FakeThread[] = [];
  readonly server: WorkerServer;
  /** What threads do. */
  script: Script = obey;
  /** Sees each thread begin. */
  onThread: (thread: FakeThread) => void = () => {};

  constructor(workers: number) {
    this.server = new WorkerServer({
      module: new URL("file:///worker.ts"),
      data: "data",
      settings: { graceMs: 1_000 },
      graceMs: 1_000,
      startTimeoutMs: 9_000,
      hangTimeoutMs: 9_000,
      restart: { initialMs: 100, factor: 2, maxMs: 1_000, jitter: 0 },
      startThread: (_module, name, watcher) => {
        const thread = new FakeThread(this.clock, name, watcher, (...all) => this.script(...all));
        this.threads.push(thread);
        this.onThread(thread);
        return thread;
      },
      clock: this.clock,
      random: new SeededRandom(1),
      logger: this.logger,
    }, workers);
  }

  async states(): Promise<WorkerState[]> {
    return (await this.clock.complete(this.server.stats())).map(({ state }) => state);
  }

  start(address = "tcp://10.0.0.1:0"): Promise<void> {
    return this.clock.complete(this.server.start(address));
  }

  async close(): Promise<void> {
    await this.clock.complete(this.server.close());
    await this.server.finished;
    await this.clock.advance(2);
    assertEquals(this.threads.filter((thread) => !thread.ended), [], "every thread is ended");
    assertEquals(this.clock.pendingEvents, 0, "no timer is left");
  }
}

Deno.test("workers share the port that the first one got", async () => {
  const ground = new Ground(3);
  await ground.start();
  assertEquals(ground.server.addresses, ["tcp://10.0.0.1:9000"]);
  const orders = ground.threads.map(({ heard }) => heard[0]);
  const order = (worker: number, address: string): unknown => (
    { kind: "serve", worker, address, sharePort: true, data: "data", settings: { graceMs: 1_000 } }
  );
  assertEquals(orders, [
    order(1, "tcp://10.0.0.1:0"),
    order(2, "tcp://10.0.0.1:9000"),
    order(3, "tcp://10.0.0.1:9000"),
  ]);
  assertEquals(await ground.states(), ["serving", "serving", "serving"]);
  await ground.close();
});

Deno.test("workers with addresses of their own share none", async () => {
  const ground = new Ground(2);
  const starting = ground.server.start((worker) => `unix:///run/${worker}.sock`);
  await ground.clock.complete(starting);
  assertEquals(ground.server.addresses, ["unix:///run/1.sock", "unix:///run/2.sock"]);
  const shared = ground.threads.map(({ heard }) => (heard[0] as { sharePort: boolean }).sharePort);
  assertEquals(shared, [false, false]);
  await ground.close();
});

Deno.test("one worker has its address for itself", async () => {
  const ground = new Ground(1);
  await ground.start();
  assertEquals((ground.threads[0]!.heard[0] as { sharePort: boolean }).sharePort, false);
  await ground.close();
});

Deno.test("one that fails to start fails the start, and nothing is left of the others", async () => {
  const ground = new Ground(3);
  ground.script = (thread, message) => {
    if (message.kind === "serve" && message.worker === 2) {
      thread.say({ kind: "failed", code: "Unreachable", message: "the port is taken." });
    } else obey(thread, message);
  };
  const error = await assertRejects(() => ground.start(), InternodeError);
  assertEquals([error.code, error.host], ["Unreachable", "tcp://10.0.0.1:9000"]);
  assertStringIncludes(
    error.message,
    "tcp://10.0.0.1:9000 (worker 2) did not start: the port is taken. Its module is file:///worker.ts.",
  );
  await ground.close();
});

Deno.test("a module that throws fails the start, and so does one that never serves", async () => {
  const throwing = new Ground(2);
  const starting = throwing.server.start("tcp://10.0.0.1:0");
  throwing.threads[0]!.fail("Uncaught Error: no such file (file:///worker.ts:3)");
  const thrown = await assertRejects(
    () => throwing.clock.complete(starting),
    InternodeError,
    "did not start: Uncaught Error: no such file (file:///worker.ts:3).",
  );
  assertEquals([thrown.code, throwing.threads.length], ["InvalidArgument", 1]);
  await throwing.close();

  const silent = new Ground(2);
  silent.script = () => {};
  const error = await assertRejects(() => silent.start(), InternodeError, "within 9000 ms");
  assertStringIncludes(error.message, "must call serveWorker");
  assertEquals(silent.clock.elapsedMs, 9_000);
  await silent.close();
});

Deno.test("one that fails is replaced after a back-off, at the same port", async () => {
  const ground = new Ground(2);
  await ground.start();
  ground.threads[1]!.fail("Uncaught Error: bang");
  await ground.clock.advance(50);
  assertEquals(await ground.states(), ["serving", "waiting"]);
  assertEquals(ground.threads[1]!.ended, true);
  assertStringIncludes(
    ground.logger.lines.join(),
    "tcp://10.0.0.1:9000 (worker 2) has failed: Uncaught Error: bang. Another worker replaces it in 100 ms.",
  );
  await ground.clock.advance(60);
  const again = ground.threads[2]!;
  assertEquals(again.name, "tcp://10.0.0.1:9000 (worker 2)");
  assertEquals((again.heard[0] as { address: string }).address, "tcp://10.0.0.1:9000");
  const stats = await ground.clock.complete(ground.server.stats());
  assertEquals(stats, [
    { ...STATS, number: 1, state: "serving", restarts: 0 },
    { ...STATS, number: 2, state: "serving", restarts: 1 },
  ]);
  await ground.close();
});

Deno.test("one that keeps failing is tried ever more seldom, until it has lasted", async () => {
  const ground = new Ground(1);
  await ground.start();
  const { clock } = ground;
  ground.script = (thread, message) => {
    if (message.kind === "serve") thread.fail("no memory");
    else obey(thread, message);
  };
  ground.threads[0]!.fail("no memory");
  const startedMs: number[] = [];
  const beganMs = clock.now();
  for (let count = 2; count <= 7; count++) {
    await clock.runUntil(() => ground.threads.length === count, 10_000);
    startedMs.push(Math.round((clock.now() - beganMs) / 50) * 50);
  }
  // Waits of 100, 200, 400, 800 and then 1,000 ms.
  assertEquals(startedMs, [100, 300, 700, 1_500, 2_500, 3_500]);
  ground.script = obey;
  await clock.advance(2_100);
  ground.threads[6]!.fail("once");
  await clock.advance(120);
  assertEquals(ground.threads.length, 8, "it had lasted, and the back-off starts over");
  await ground.close();
});

Deno.test("one that gives no sign of life is ended and replaced", async () => {
  const ground = new Ground(2);
  await ground.start();
  let deaf = true;
  const [, second] = ground.threads;
  ground.script = (thread, message) => {
    if (!deaf || thread !== second || message.kind !== "ask") obey(thread, message);
  };
  await ground.clock.advance(8_000);
  deaf = false;
  await ground.clock.advance(3_000);
  assertEquals(second!.ended, false, "its late answer counts");
  deaf = true;
  await ground.clock.advance(13_000);
  assertEquals([second!.ended, ground.threads.length], [true, 3]);
  assertStringIncludes(ground.logger.lines.join(), "it did not respond for 9000 ms");
  await ground.close();
});

Deno.test("figures are those of the last answer where a worker is too busy", async () => {
  const ground = new Ground(1);
  await ground.start();
  ground.script = () => {};
  const beforeMs = ground.clock.elapsedMs;
  const [stats] = await ground.clock.complete(ground.server.stats());
  assertEquals([stats!.connections, ground.clock.elapsedMs - beforeMs], [0, 1_000]);
  ground.script = obey;
  await ground.close();
});

Deno.test("one that does not stop is ended after grace time and 5 s", async () => {
  const ground = new Ground(2);
  await ground.start();
  const [first] = ground.threads;
  ground.script = (thread, message) => {
    if (thread !== first) obey(thread, message);
  };
  const beforeMs = ground.clock.elapsedMs;
  await ground.clock.complete(ground.server.close());
  assertEquals(ground.clock.elapsedMs - beforeMs, 6_000);
  await ground.close();
  assertStringIncludes(ground.logger.lines.join(), "(worker 1) has not stopped within 6000 ms");
});

Deno.test("closing ends what starts, what waits to start again, and what fails while it stops", async () => {
  const starting = new Ground(2);
  starting.script = () => {};
  const started = assertRejects(
    () => starting.server.start("tcp://10.0.0.1:0"),
    InternodeError,
    "was stopped before it was ready",
  );
  await starting.clock.advance(5);
  await starting.close();
  const error = await started;
  assertEquals([error.code, starting.threads.length], ["Closed", 1]);

  const waiting = new Ground(2);
  await waiting.start();
  waiting.threads[0]!.fail("bang");
  await waiting.clock.advance(10);
  waiting.script = (thread, message) => {
    if (message.kind === "stop") thread.fail("bang again");
  };
  await waiting.close();
  assertStringIncludes(waiting.logger.lines.join(), "failed while it stopped: bang again.");
});

/** Messages that are none of ours, though some look like it. */
const FOREIGN: readonly unknown[] = [
  ...[null, undefined, "hello", 7, [], new Map(), new Error("x"), { kind: "other" }, { kind: {} }],
  { kind: "serving" },
  { kind: "serving", address: 7 },
  { kind: "told", connections: "many", runningCalls: 0 },
  { kind: "failed", message: 7, code: "Closed" },
  { kind: "failed" },
];

Deno.test("messages of the module's own are passed over, whatever they are", async () => {
  const ground = new Ground(1);
  ground.script = (thread, message) => {
    for (const said of FOREIGN) thread.post(said);
    obey(thread, message);
    for (const said of FOREIGN) thread.post(said);
  };
  await ground.start();
  assertEquals(await ground.states(), ["serving"]);
  const [stats] = await ground.clock.complete(ground.server.stats());
  assertEquals([stats!.connections, stats!.runningCalls, stats!.restarts], [2, 1, 0]);
  assertEquals(ground.logger.lines, []);
  await ground.close();
});

Deno.test("data that cannot be sent any more when another takes a place is a failure like others", async () => {
  const ground = new Ground(1);
  await ground.start();
  const isSpoilt = (thread: FakeThread): boolean => thread !== ground.threads[0];
  ground.script = obey;
  ground.onThread = (thread) => {
    if (isSpoilt(thread)) thread.refuses = ({ kind }) => kind === "serve";
  };
  ground.threads[0]!.fail("bang");
  await ground.clock.advance(150);
  assertEquals(await ground.states(), ["waiting"]);
  assertStringIncludes(
    ground.logger.lines.join(),
    "did not start: its instructions cannot be sent to it: [object Foo] could not be cloned. Another",
  );
  ground.onThread = () => {};
  await ground.clock.advance(1_000);
  assertEquals(await ground.states(), ["serving"]);
  await ground.close();
});
