/**
 * Signals that are none, or of somebody's own make and broken: at most the call
 * they were given to fails, never its connection.
 *
 * @module
 */

import {
  type CallOptions,
  InternodeError,
  Manager,
  single,
  type Stream,
  stream,
} from "@internode/grid";
import { register } from "@internode/grid/etcd";
import {
  client,
  connect,
  constantResolver,
  HandlerMap,
  implement,
  listen,
  ManualResolver,
  memory,
  method,
  methodStream,
  serve,
  service,
} from "@internode/grid/call";
import { assertEquals, assertRejects, assertThrows } from "@std/assert";
import { QuietLogger } from "../../support/log/quiet.ts";

const echo = single("odd.echo");
const flow = stream("odd.flow", { inputCapacity: 4, outputCapacity: 4 });
const Odd = service("odd", {
  echo: method(),
  flow: methodStream({ inputCapacity: 4, outputCapacity: 4 }),
});
const NONE = new Uint8Array(0);
const quiet = new QuietLogger();

/** What a face offers to a caller. */
interface Face extends AsyncDisposable {
  request(options: CallOptions): Promise<unknown>;
  stream(options: CallOptions): Stream<Uint8Array, Uint8Array>;
}

let worlds = 0;

async function gridFace(): Promise<Face> {
  const hosts = [`memory://signals-a-${++worlds}`, `memory://signals-b-${worlds}`] as const;
  const [server, user] = hosts.map((local) => new Manager({ local, hosts, logger: quiet }));
  server!.handle(echo, (bytes) => bytes);
  server!.handle(flow, (_, input) => input, { concurrency: 1, queue: 0 });
  await Promise.all([server!.listen(), user!.listen()]);
  await user!.waitForConnect();
  const to = user!.connection(hosts[0]);
  return {
    request: (options) => to.request(echo, NONE, options),
    stream: (options) => to.stream(flow, NONE, options),
    [Symbol.asyncDispose]: async () => {
      await Promise.all([server!.close({ graceMs: 0 }), user!.close({ graceMs: 0 })]);
    },
  };
}

async function callFace(): Promise<Face> {
  const name = `signals-${++worlds}`, stop = new AbortController();
  const handlers = implement(Odd, { echo: (bytes) => bytes, flow: (_, input) => input }, {
    methods: { flow: { concurrency: 1, queue: 0 } },
  });
  const served = serve(await listen(`memory://${name}`, handlers), {
    signal: stop.signal,
    logger: quiet,
    graceMs: 0,
  }).finished;
  const connection = await connect(constantResolver(memory(name)), { logger: quiet });
  const odd = client(Odd, connection);
  return {
    request: (options) => odd.echo(NONE, options),
    stream: (options) => odd.flow(NONE, options),
    [Symbol.asyncDispose]: async () => {
      await connection.close({ graceMs: 0 });
      stop.abort();
      await served;
    },
  };
}

const FACES: Readonly<Record<string, () => Promise<Face>>> = { grid: gridFace, call: callFace };

/** What users give in the place of a signal. */
const NO_SIGNALS: readonly unknown[] = [
  new AbortController(),
  { aborted: false },
  null,
  5,
  new Proxy({}, {
    get() {
      throw new Error("not to be looked at");
    },
  }),
];

function thrower(): never {
  throw new Error("broken signal");
}

/** Signals of which one part throws. */
function brokenSignals(): readonly (readonly [part: string, signal: AbortSignal])[] {
  const broken = (part: string, kind: "value" | "get"): readonly [string, AbortSignal] => {
    const controller = new AbortController();
    if (part === "reason") controller.abort();
    return [part, Object.defineProperty(controller.signal, part, { [kind]: thrower })];
  };
  return [
    broken("addEventListener", "value"),
    broken("removeEventListener", "value"),
    broken("reason", "get"),
  ];
}

for (const [face, open] of Object.entries(FACES)) {
  Deno.test(`${face}: what is no signal is refused before anything is sent`, async () => {
    await using to = await open();
    for (const given of NO_SIGNALS) {
      const signal = given as AbortSignal;
      const calls = [() => to.request({ signal }), () => to.stream({ signal }).finished];
      for (const call of calls) {
        const error = await assertRejects(call, InternodeError, "must be an AbortSignal");
        assertEquals([error.code, error.outcome], ["InvalidArgument", "notSent"]);
      }
      await to.request({});
    }
  });

  Deno.test(`${face}: a signal that throws harms its own call alone, and takes no place`, async () => {
    await using to = await open();
    for (const [part, signal] of brokenSignals()) {
      const fails = part !== "removeEventListener";
      const request = to.request({ signal }), opened = to.stream({ signal });
      opened.end();
      if (fails) await assertRejects(() => request, Error, "broken signal");
      else await request;
      if (fails) await assertRejects(() => opened.finished, Error, "broken signal");
      else await opened.finished;
      await to.request({});
      const next = to.stream({});
      next.end();
      assertEquals(await Array.fromAsync(next), []);
    }
  });

  Deno.test(`${face}: a signal without a reason ends its calls with an error`, async () => {
    await using to = await open();
    const { signal } = new AbortController();
    Object.defineProperty(signal, "reason", { value: undefined });
    const aborted = () => {
      Object.defineProperty(signal, "aborted", { value: true });
      signal.dispatchEvent(new Event("abort"));
    };
    const opened = to.stream({ signal });
    aborted();
    await assertRejects(() => opened.finished, DOMException, "aborted");
    await assertRejects(() => to.request({ signal }), DOMException, "aborted");
  });
}

Deno.test("what is no signal is refused wherever one is taken", async () => {
  const signal = new AbortController() as unknown as AbortSignal, part = "must be an AbortSignal";
  const hosts = ["memory://signals-one", "memory://signals-two"] as const;
  await using manager = new Manager({ local: hosts[0], hosts, logger: quiet });
  await assertRejects(() => manager.waitForConnect({ signal }), InternodeError, part);
  await assertRejects(
    () => connect(new ManualResolver(), { signal, logger: quiet }),
    InternodeError,
    part,
  );
  const listener = await listen("memory://signals-three", new HandlerMap());
  assertThrows(() => serve(listener, { signal, logger: quiet }), InternodeError, part);
  for (const name of ["a\ud800", "a\nb", ""]) {
    const named = await listen("memory://signals-four", new HandlerMap());
    assertThrows(() => serve(named, { name, logger: quiet }), InternodeError, "Option name");
  }
  await assertRejects(
    () => register("tcp://10.0.0.1:1", { urls: "http://10.0.0.2:1", prefix: "/a", signal }),
    InternodeError,
    part,
  );
});

Deno.test("numbers given as texts are refused, as sums of them would be longer texts", async () => {
  const text = "5" as unknown as number;
  const hosts = ["memory://texts"];
  for (
    const options of [
      { pingIntervalMs: text },
      { defaultTimeoutMs: text },
      { spinUs: text },
      { reconnect: { initialMs: text } },
      { reconnect: { factor: text } },
      { reconnect: { jitter: "1" as unknown as number } },
    ]
  ) {
    assertThrows(() => new Manager({ local: hosts[0]!, hosts, ...options }), InternodeError, '"');
  }
  await using manager = new Manager({ local: hosts[0]!, hosts });
  await assertRejects(() => manager.close({ graceMs: text }), InternodeError, 'not "5"');
  for (const open of Object.values(FACES)) {
    await using to = await open();
    for (const timeoutMs of [text, 5n as unknown as number, null as unknown as number]) {
      const calls = [() => to.request({ timeoutMs }), () => to.stream({ timeoutMs }).finished];
      for (const call of calls) await assertRejects(call, InternodeError, "must be a number");
    }
  }
});
