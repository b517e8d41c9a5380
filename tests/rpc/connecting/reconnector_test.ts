/** Keeping one connection: each row of the table of states. @module */

import { assertEquals } from "@std/assert";
import { InternodeError } from "@internode/grid";
import { VirtualClock } from "@internode/grid/testing";
import type { Link } from "../../../lib/driver/link.ts";
import { DEFAULT_BACK_OFF, LastingBackOff } from "../../../lib/rpc/connecting/back_off.ts";
import { DialLimiter } from "../../../lib/rpc/connecting/dial_limiter.ts";
import { Reconnector } from "../../../lib/rpc/connecting/reconnector.ts";
import type { ReconnectorDelegate } from "../../../lib/rpc/connecting/reconnector_delegate.ts";
import { AnswerCounts } from "../../../lib/session/frames/answer_counts.ts";
import type { Peer } from "../../../lib/session/frames/session_options.ts";
import type { Channel } from "../../../lib/transport/channel/transport.ts";
import { QuietLogger } from "../../support/log/quiet.ts";

const REASON = new InternodeError("Closed", "The test says so.");
const LOST = new InternodeError("Disconnected", "The connection was cut.");
/** Waits of 100, 200, 400 and 400 ms. */
const RECONNECT = { ...DEFAULT_BACK_OFF, initialMs: 100, factor: 2, maxMs: 400, jitter: 0 };

/** A reconnector, its dials, which end as the test says, and what its delegate was told. */
class Scene {
  readonly clock = new VirtualClock();
  readonly told: string[] = [];
  readonly dials: PromiseWithResolvers<Channel>[] = [];
  /** All links made, in their order. */
  readonly links: Link[] = [];
  /** How each link was closed by this side. */
  readonly closings: string[] = [];
  readonly reconnector: Reconnector;
  /** Whether calls are under way. */
  isBusy = false;
  readonly #turns = new Set<() => void>();

  constructor(init: { dials?: boolean; peerCalls?: boolean; maxConnectionAgeMs?: number } = {}) {
    const { dials = true, peerCalls = false, maxConnectionAgeMs } = init, { clock } = this;
    const random = { next: () => 0, bytes: (count: number) => new Uint8Array(count) };
    const settings = {
      clock,
      random,
      logger: new QuietLogger(),
      reconnect: RECONNECT,
      dialTimeoutMs: 1_000,
      maxConnectionAgeMs,
      renewalGraceMs: 5_000,
    };
    const tell = (what: string) => (): void => void this.told.push(what);
    const delegate: ReconnectorDelegate = {
      isClosing: false,
      checkPeer: () => null,
      resolve: () => null,
      dial: () => {
        this.dials.push(Promise.withResolvers<Channel>());
        return this.dials.at(-1)!.promise;
      },
      makeLink: () => this.#link(),
      onConnected: tell("connected"),
      onRenewed: tell("renewed"),
      onLost: tell("lost"),
      onPeerClosing: tell("peer closing"),
      onUnreached: tell("unreached"),
      onRenewalFailed: tell("renewal failed"),
      onGone: () => {},
    };
    this.reconnector = new Reconnector({
      settings,
      limiter: new DialLimiter(clock, random),
      address: "memory://peer",
      dials,
      peerCalls,
      backOff: new LastingBackOff(RECONNECT, { clock, random }),
    }, delegate);
  }

  /** The last attempt fails. */
  async fail(): Promise<void> {
    this.dials.at(-1)!.reject(new Error("nobody there"));
    await this.clock.advance(0);
  }

  /** The last attempt gives a channel, whose handshake is not done yet. */
  async answer(): Promise<Link> {
    this.dials.at(-1)!.resolve({ kind: "bytes" } as Channel);
    await this.clock.advance(0);
    return this.links.at(-1)!;
  }

  /** The last attempt succeeds. */
  async open(): Promise<Link> {
    const link = await this.answer();
    this.reconnector.onOpen(link, { instance: "one" } as Peer);
    return link;
  }

  /** A connection comes in. */
  accept(instance: string, renews = false): Link {
    const link = this.#link(instance);
    this.reconnector.adopt(link);
    this.reconnector.onOpen(link, { instance, renews } as Peer);
    return link;
  }

  /** What was told since the last time. */
  news(): string[] {
    return this.told.splice(0);
  }

  /** Ends a turn of all links. */
  turn(): void {
    for (const watcher of [...this.#turns]) watcher();
  }

  #link(instance = "one"): Link {
    const link = {
      identity: undefined,
      bytesSent: 0,
      bytesReceived: 0,
      polledReads: 0,
      beginTurn: () => this.clock.now(),
      checkDrained: () => !this.isBusy,
      watch: (watcher: () => void) => {
        this.#turns.add(watcher);
        return () => this.#turns.delete(watcher);
      },
      close: (error: InternodeError) => {
        if (link.session.state === "closed") return;
        this.closings.push(error.code);
        this.end(link as unknown as Link, error);
      },
      session: {
        state: "open",
        peer: { instance },
        incoming: { answers: new AnswerCounts() },
        sendDrain: (reason: string) => void this.told.push(`said ${reason}`),
      },
    };
    this.links.push(link as unknown as Link);
    return this.links.at(-1)!;
  }

  /** A link ends. */
  end(link: Link, error: InternodeError = LOST): void {
    (link.session as { state: string }).state = "closed";
    this.reconnector.onClosed(link, error);
    this.reconnector.onGone(link);
  }
}

Deno.test("it dials at once, then after growing waits, and the peer is down from the first failure to the next handshake", async () => {
  const scene = new Scene(), { reconnector, clock } = scene;
  assertEquals([scene.dials.length, reconnector.isDown], [0, false]);
  reconnector.start();
  reconnector.start();
  for (const [at, waitMs] of [100, 200, 400, 400].entries()) {
    assertEquals([scene.dials.length, reconnector.isDialling], [at + 1, true]);
    await scene.fail();
    assertEquals([scene.news(), reconnector.isDown], [["unreached"], true]);
    await clock.advance(waitMs - 1);
    assertEquals([scene.dials.length, reconnector.isDialling], [at + 1, false]);
    await clock.advance(1);
  }
  const link = await scene.open();
  assertEquals([scene.news(), reconnector.isDown, reconnector.link], [["connected"], false, link]);
  assertEquals(reconnector.lastFailure, undefined);
});

Deno.test("a connection that was short-lived goes on with the back-off, one that has lasted starts it over", async () => {
  const scene = new Scene(), { reconnector, clock } = scene;
  reconnector.start();
  await scene.fail();
  await clock.advance(100);
  scene.end(await scene.open());
  assertEquals([scene.news(), reconnector.isDown], [["unreached", "connected", "lost"], false]);
  await clock.advance(199);
  assertEquals(scene.dials.length, 2);
  await clock.advance(1);
  const link = await scene.open();
  await clock.advance(2 * RECONNECT.maxMs);
  scene.end(link);
  await clock.advance(100);
  assertEquals(scene.dials.length, 4);
});

Deno.test("a connection is renewed at its age, and stays while that fails", async () => {
  const scene = new Scene({ maxConnectionAgeMs: 10_000 }), { reconnector, clock } = scene;
  reconnector.start();
  const old = await scene.open();
  await clock.advance(10_000);
  assertEquals([scene.dials.length, reconnector.isDialling], [2, true]);
  await scene.fail();
  assertEquals([scene.news(), reconnector.link], [["connected", "renewal failed"], old]);
  scene.isBusy = true;
  await clock.advance(100);
  const link = await scene.open();
  assertEquals([scene.news(), reconnector.link, reconnector.isDown], [["renewed"], link, false]);
  scene.turn();
  assertEquals([scene.closings, reconnector.openLinks.length], [[], 2]);
  scene.isBusy = false;
  scene.turn();
  assertEquals([scene.closings, reconnector.openLinks], [["Closed"], [link]]);
});

Deno.test("what runs on a renewed connection ends after its grace time", async () => {
  const scene = new Scene({ maxConnectionAgeMs: 10_000 }), { reconnector, clock } = scene;
  reconnector.start();
  await scene.open();
  scene.isBusy = true;
  await clock.advance(10_000);
  await scene.open();
  await clock.advance(4_999);
  assertEquals(scene.closings, []);
  await clock.advance(1);
  assertEquals(scene.closings, ["GoingAway"]);
});

Deno.test("an attempt to renew goes on as one to connect when the connection is lost meanwhile", async () => {
  const scene = new Scene({ maxConnectionAgeMs: 10_000 }), { reconnector, clock } = scene;
  reconnector.start();
  const old = await scene.open();
  await clock.advance(10_000);
  scene.end(old);
  await clock.advance(500);
  assertEquals([scene.dials.length, reconnector.isDialling], [2, true]);
  await scene.open();
  assertEquals(scene.news(), ["connected", "lost", "connected"]);
});

Deno.test("a peer that is closing is down, and is dialled again while what runs there finishes", async () => {
  const scene = new Scene(), { reconnector, clock } = scene;
  reconnector.start();
  const old = await scene.open();
  scene.isBusy = true;
  reconnector.onDraining(old, "closing");
  assertEquals([reconnector.link, reconnector.isDown], [null, true]);
  await clock.advance(100);
  const link = await scene.open();
  assertEquals(scene.news(), ["connected", "peer closing", "connected"]);
  assertEquals([reconnector.link, scene.closings], [link, []]);
  scene.isBusy = false;
  scene.turn();
  assertEquals(scene.closings, ["Closed"]);
});

Deno.test("what is stopped gives its attempt up, whether it dials or shakes hands, and keeps its connection", async () => {
  for (const shakesHands of [false, true]) {
    const scene = new Scene(), { reconnector, clock } = scene;
    reconnector.start();
    if (shakesHands) await scene.answer();
    reconnector.stop(REASON);
    assertEquals([reconnector.isDialling, reconnector.isGone], [false, true]);
    assertEquals(scene.closings, shakesHands ? ["Closed"] : []);
    await clock.advance(10_000);
    assertEquals([scene.dials.length, scene.news()], [1, []]);
  }
  const scene = new Scene(), { reconnector } = scene;
  reconnector.start();
  const link = await scene.open();
  reconnector.stop(REASON);
  assertEquals([reconnector.link, scene.closings], [link, []]);
});

Deno.test("what is started again waits until its back-off is over", async () => {
  const scene = new Scene(), { reconnector, clock } = scene;
  reconnector.start();
  await scene.fail();
  reconnector.stop(REASON);
  await clock.advance(40);
  reconnector.start();
  await clock.advance(59);
  assertEquals(scene.dials.length, 1);
  await clock.advance(1);
  assertEquals(scene.dials.length, 2);
});

Deno.test("a retired connection ends after its last call, unless it is wanted again before", async () => {
  const scene = new Scene(), { reconnector } = scene;
  reconnector.start();
  const link = await scene.open();
  scene.isBusy = true;
  reconnector.retire(REASON);
  reconnector.start();
  scene.isBusy = false;
  scene.turn();
  assertEquals([reconnector.link, scene.closings], [link, []]);
  reconnector.retire(REASON);
  scene.turn();
  assertEquals([reconnector.link, scene.closings, reconnector.isGone], [null, ["Closed"], true]);
  assertEquals(scene.dials.length, 1);
});

Deno.test("a connection that is wanted again is renewed at the age that it has since it was opened", async () => {
  const scene = new Scene({ maxConnectionAgeMs: 10_000 }), { reconnector, clock } = scene;
  reconnector.start();
  await scene.open();
  scene.isBusy = true;
  await clock.advance(4_000);
  reconnector.retire(REASON);
  await clock.advance(4_000);
  reconnector.start();
  await clock.advance(1_999);
  assertEquals(scene.dials.length, 1);
  await clock.advance(1);
  assertEquals(scene.dials.length, 2);
});

Deno.test("what is closed stays closed, and leaves no timer and no channel that comes late", async () => {
  const scene = new Scene(), { reconnector, clock } = scene;
  reconnector.start();
  await scene.fail();
  reconnector.close(REASON);
  reconnector.start();
  await clock.advance(10_000);
  assertEquals([scene.dials.length, clock.pendingEvents, reconnector.isGone], [1, 0, true]);
  const link = scene.accept("late");
  assertEquals([reconnector.link, scene.closings, link.session.state], [
    null,
    ["Closed"],
    "closed",
  ]);
});

Deno.test("a peer that dials counts as down when it has not connected in time, and again when it does not reconnect", async () => {
  const scene = new Scene({ dials: false, peerCalls: true }), { reconnector, clock } = scene;
  reconnector.start();
  await clock.advance(999);
  assertEquals([scene.news(), reconnector.isDown], [[], false]);
  await clock.advance(1);
  assertEquals([scene.news(), reconnector.isDown], [["unreached"], true]);
  scene.end(scene.accept("one"));
  assertEquals([scene.news(), reconnector.isDown], [["connected", "lost"], false]);
  await clock.advance(200);
  assertEquals([scene.news(), reconnector.isDown, clock.pendingEvents], [["unreached"], true, 0]);
});

Deno.test("a peer that dials renews its connection or replaces it, and may go on with the older one", () => {
  const scene = new Scene({ dials: false, peerCalls: true }), { reconnector, clock } = scene;
  reconnector.start();
  const first = scene.accept("one");
  scene.isBusy = true;
  const second = scene.accept("one", true);
  assertEquals([scene.news(), reconnector.link], [["connected", "renewed"], second]);
  scene.end(second);
  assertEquals([scene.news(), reconnector.link], [["lost"], first]);
  const third = scene.accept("two", true);
  assertEquals([reconnector.link, scene.closings], [third, ["Disconnected"]]);
  assertEquals([scene.news(), clock.pendingEvents], [["connected"], 0]);
});

Deno.test("the side that is dialled asks for a newer connection, and closes one that is too old all the same", async () => {
  const scene = new Scene({ dials: false, peerCalls: true, maxConnectionAgeMs: 10_000 });
  const { reconnector, clock } = scene;
  reconnector.start();
  scene.accept("one");
  await clock.advance(10_000);
  assertEquals(scene.news(), ["connected", "said renewal"]);
  await clock.advance(5_000);
  assertEquals([scene.closings, scene.news()], [["GoingAway"], ["lost"]]);
});
