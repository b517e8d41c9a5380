import { assert, assertEquals, assertRejects } from "@std/assert";
import { InternodeError } from "@internode/grid";
import { missing } from "../../../lib/discovery/resolver/resolver.ts";
import {
  type ResolutionSink,
  WatchingResolver,
} from "../../../lib/discovery/resolver/watching_resolver.ts";
import { addressesOf, allNamed } from "../../support/endpoint_named.ts";

/** A resolver whose watches the test speaks for. */
class Watched {
  readonly resolver: WatchingResolver;
  /** Those that run. */
  readonly running: { sink: ResolutionSink; end: (failure?: Error) => void }[] = [];
  started = 0;

  constructor() {
    this.resolver = new WatchingResolver((sink, signal) => {
      this.started++;
      return new Promise((resolve, reject) => {
        const run = {
          sink,
          end: (failure?: Error) => {
            this.running.splice(this.running.indexOf(run), 1);
            if (failure === undefined) resolve();
            else reject(failure);
          },
        };
        this.running.push(run);
        signal.addEventListener("abort", () => run.end(), { once: true });
      });
    });
  }

  get sink(): ResolutionSink {
    assertEquals(this.running.length, 1);
    return this.running[0]!.sink;
  }
}

const { signal } = new AbortController();
/** Resolves when whoever was answered has had the time to ask again. */
const turn = () => new Promise((resolve) => setImmediate(resolve));

Deno.test("one watch serves all who wait, and none runs when nobody does", async () => {
  const watched = new Watched(), { resolver } = watched;
  assertEquals(watched.started, 0);
  const all = [1, 2, 3].map(() => resolver.resolve(null, signal));
  watched.sink.set(allNamed("a"));
  for (const resolution of await Promise.all(all)) assertEquals(addressesOf(resolution), ["a"]);
  await turn();
  assertEquals([watched.started, watched.running.length], [1, 0]);
});

Deno.test("whoever asks again at once keeps the watch running", async () => {
  const watched = new Watched(), { resolver } = watched;
  let asked = resolver.resolve(null, signal);
  for (const name of ["a", "b", "c"]) {
    watched.sink.set(allNamed(name));
    const resolution = await asked;
    assertEquals(addressesOf(resolution), [name]);
    asked = resolver.resolve(resolution.version, signal);
    await turn();
  }
  assertEquals([watched.started, watched.running.length], [1, 1]);
  watched.sink.setMissing();
  await asked;
  await turn();
  assertEquals(watched.running.length, 0);
});

Deno.test("a watch that starts again and finds the same wakes nobody", async () => {
  const watched = new Watched(), { resolver } = watched;
  const asked = resolver.resolve(null, signal);
  watched.sink.set(allNamed("a"));
  const { version } = await asked;
  await turn();

  let answered = false;
  const waiting = resolver.resolve(version, signal).finally(() => answered = true);
  watched.sink.set(allNamed("a"));
  // What is up to date is told at once, without ending the watch for the one who waits.
  assertEquals((await resolver.resolve(null, signal)).version, version);
  assert(!answered && watched.running.length === 1 && watched.started === 2);
  watched.sink.setMissing();
  assertEquals((await waiting).version, missing);
  await turn();
  assertEquals(watched.running.length, 0);
});

Deno.test("what is known is not told as the present until the watch has looked again", async () => {
  const watched = new Watched(), { resolver } = watched;
  const first = resolver.resolve(null, signal);
  watched.sink.set(allNamed("old"));
  await first;
  await turn();
  const second = resolver.resolve(null, signal);
  watched.sink.set(allNamed("new"));
  assertEquals(addressesOf(await second), ["new"]);
});

Deno.test("the last one who gives up ends the watch, and what it still tells is ignored", async () => {
  const watched = new Watched(), { resolver } = watched;
  const leaving = [new AbortController(), new AbortController()];
  const left = leaving.map(({ signal }) => assertRejects(() => resolver.resolve(null, signal)));
  const { sink } = watched;
  leaving[0]!.abort();
  await left[0];
  assertEquals(watched.running.length, 1);
  leaving[1]!.abort();
  await left[1];
  assertEquals(watched.running.length, 0);

  sink.set(allNamed("late"));
  const asked = resolver.resolve(null, signal);
  sink.set(allNamed("late"));
  watched.sink.set(allNamed("a"));
  assertEquals(addressesOf(await asked), ["a"]);
  assert(await assertRejects(() => resolver.resolve(null, leaving[0]!.signal)));
  assertEquals([watched.started, watched.running.length], [2, 0]);
});

Deno.test("a failure rejects who knows nothing, and leaves the others what is known", async () => {
  const watched = new Watched(), { resolver } = watched, reason = new Error("broken");
  const asked = assertRejects(() => resolver.resolve(null, signal));
  watched.sink.fail(reason);
  assert(await asked === reason);

  const again = resolver.resolve(null, signal);
  watched.sink.set(allNamed("a"));
  const { version } = await again;
  const waiting = resolver.resolve(version, signal);
  const fresh = resolver.resolve(null, signal);
  watched.sink.fail(reason);
  assertEquals(addressesOf(await fresh), ["a"]);
  assertEquals(addressesOf(await resolver.resolve(null, signal)), ["a"]);
  watched.sink.set(allNamed("b"));
  assertEquals(addressesOf(await waiting), ["b"]);
});

Deno.test("while a failure lasts, whoever asks gets it at once", async () => {
  const watched = new Watched(), { resolver } = watched, reason = new Error("broken");
  const leaving = new AbortController();
  const asked = assertRejects(() => resolver.resolve(null, signal));
  const sink = watched.sink;
  sink.fail(reason);
  // The watch has not had its turn to end.
  const late = assertRejects(() => resolver.resolve(null, leaving.signal));
  assert(await asked === reason && await late === reason);
  assertEquals(watched.running.length, 0);
});

Deno.test("a watch that ends by itself answers with the same version, to be asked again", async () => {
  const watched = new Watched(), { resolver } = watched;
  const asked = resolver.resolve(null, signal);
  watched.sink.set(allNamed("a"));
  const first = await asked;
  const waiting = resolver.resolve(first.version, signal);
  watched.running[0]!.end();
  assertEquals(await waiting, first);
});

Deno.test("a watch that ends and has told nothing, or throws, rejects", async () => {
  const silent = new WatchingResolver(() => Promise.resolve());
  await assertRejects(
    () => silent.resolve(null, signal),
    InternodeError,
    "returned without reporting anything",
  );
  const reason = new Error("broken");
  const throwing = new WatchingResolver(() => {
    throw reason;
  });
  assert(await assertRejects(() => throwing.resolve(null, signal)) === reason);
  const watched = new Watched();
  const asked = assertRejects(() => watched.resolver.resolve(null, signal));
  watched.running[0]!.end(reason);
  assert(await asked === reason);
});

Deno.test("a watch that tells before it waits for anything is heard", async () => {
  const resolver = new WatchingResolver((sink) => {
    sink.set(allNamed("a"));
    return Promise.resolve();
  });
  const first = await resolver.resolve(null, signal);
  assertEquals(addressesOf(first), ["a"]);
  assertEquals(await resolver.resolve(first.version, signal), first);
});
