import {
  type AuditEvent,
  type Authenticator,
  InternodeError,
  Manager,
  sharedSecret,
} from "@internode/grid";
import {
  connect,
  constantResolver,
  NetEndpoint,
  type ServiceConnection,
} from "@internode/grid/call";
import { SeededRandom, SimulatedNetwork, VirtualClock } from "@internode/grid/testing";
import { assert, assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { parseHostAddress } from "../../../lib/runtime/host_address.ts";
import { RawClient } from "../../call/server/raw_client.ts";
import { QuietLogger } from "../../support/log/quiet.ts";
import { provingLast } from "../../support/session/proving_last.ts";
import { freshHost, holdingMethod, tool, whoMethod } from "./guest_world.ts";

const EMPTY = new Uint8Array();
const SECRET = "a secret of these tests alone";

/** A node on virtual time, and what guests need. */
class Scene {
  readonly clock = new VirtualClock();
  readonly random = new SeededRandom(3);
  readonly network = new SimulatedNetwork({
    clock: this.clock,
    random: this.random,
    link: { latencyMinMs: 5, latencyMaxMs: 5 },
  });
  readonly local = freshHost();
  readonly log = new QuietLogger();
  readonly events: AuditEvent[] = [];
  readonly node: Manager;
  #guests = 0;

  constructor(options: Partial<ConstructorParameters<typeof Manager>[0]> = {}) {
    const clock = this.clock.view();
    this.node = new Manager({
      local: this.local,
      hosts: [this.local],
      clock,
      random: this.random,
      transports: { memory: this.network.transport(this.local, clock) },
      logger: this.log,
      audit: (event) => this.events.push(event),
      ...options,
    });
    this.node.handle(tool, {});
  }

  /** Plays to the end, after which nothing may be left. */
  async play(scenes: () => Promise<void>): Promise<void> {
    await this.clock.complete((async () => {
      await this.node.listen();
      await scenes();
      await this.node.close();
    })());
  }

  /** A guest that does nothing but what it is told. */
  raw(name: string, secret?: string | Authenticator): Promise<RawClient> {
    const clock = this.clock.view();
    const transport = this.network.transport(`memory://tool-${++this.#guests}`, clock);
    const auth = typeof secret === "string" ? sharedSecret(secret) : secret;
    const options = { name, clock, random: this.random, transport, logger: new QuietLogger() };
    return RawClient.connect(this.local, { ...options, ...(auth !== undefined && { auth }) });
  }

  /** A guest as they usually are. */
  guest(name: string, secret?: string): Promise<ServiceConnection> {
    const clock = this.clock.view();
    const memory = this.network.transport(`memory://tool-${++this.#guests}`, clock);
    const endpoint = new NetEndpoint(parseHostAddress(this.local), "", { transports: { memory } });
    return connect(constantResolver(endpoint), {
      name,
      auth: secret === undefined ? undefined : sharedSecret(secret),
      clock,
      random: this.random,
      logger: new QuietLogger(),
    });
  }

  pause(ms: number): Promise<void> {
    return new Promise((done) => this.clock.setTimer(ms, done));
  }
}

async function codeOf(promise: Promise<unknown>): Promise<string> {
  try {
    await promise;
    return "OK";
  } catch (error) {
    return error instanceof InternodeError ? error.code : String(error);
  }
}

Deno.test("a guest that is deaf to renewal is ended when its connection is too old", async () => {
  const scene = new Scene({ maxConnectionAgeMs: 10_000, renewalGraceMs: 5_000 });
  await scene.play(async () => {
    const guest = await scene.raw("deaf");
    await scene.pause(9_000);
    assertEquals(guest.isDrained, false);
    await scene.pause(2_000);
    assertEquals(guest.isDrained, true);
    const startMs = scene.clock.now();
    assertEquals((await guest.closed).code, "GoingAway");
    assert(scene.clock.now() - startMs <= 4_200);
    await guest.gone;
  });
});

Deno.test("a guest's connections are renewed, and none of its calls fails", async () => {
  const scene = new Scene({ maxConnectionAgeMs: 5_000, renewalGraceMs: 5_000 });
  await scene.play(async () => {
    const guest = await scene.guest("ops");
    for (let count = 0; count < 120; count++) {
      assertEquals((await guest.request(whoMethod, new Uint8Array())).length, 3);
      await scene.pause(250);
    }
    assert(guest.replicas[0]!.stats().renewals >= 4);
    await guest.close();
  });
});

Deno.test("at most 16 guests are there at a time, and the next one hears so until one leaves", async () => {
  const scene = new Scene();
  await scene.play(async () => {
    const guests: ServiceConnection[] = [];
    for (let count = 0; count < 16; count++) {
      const guest = await scene.guest(`ops-${count}`);
      assertEquals((await guest.request(whoMethod, EMPTY)).length, `ops-${count}`.length);
      guests.push(guest);
    }
    const late = await scene.guest("late");
    const refused = late.request(whoMethod, EMPTY, { waitForReady: false });
    const error = await assertRejects(() => refused, InternodeError);
    assertStringIncludes(error.message, "has 16 guests, and takes no more at a time");
    await guests.pop()!.close();
    assertEquals((await late.request(whoMethod, EMPTY)).length, 4);
    await Promise.all([late, ...guests].map((guest) => guest.close()));
  });
});

Deno.test("however many come at once, no more than 16 guests are served", async () => {
  const scene = new Scene({ auth: sharedSecret(SECRET) });
  await scene.play(async () => {
    const names = Array.from({ length: 40 }, (_, index) => `ops-${index}`);
    const guests = await Promise.all(names.map((name) => scene.guest(name, SECRET)));
    const answers = await Promise.all(
      guests.map((guest) => codeOf(guest.request(whoMethod, EMPTY, { waitForReady: false }))),
    );
    assertEquals(answers.filter((code) => code === "OK").length, 16);
    await Promise.all(guests.map((guest) => guest.close()));
  });
});

Deno.test("a guest that calls names without end is refused each time, and logged in sums", async () => {
  const scene = new Scene();
  await scene.play(async () => {
    const guest = await scene.raw("curious");
    const codes = new Set<string>();
    for (let round = 0; round < 50; round++) {
      const calls = Array.from(
        { length: 100 },
        (_, index) => codeOf(guest.call(`${round}`, `${index}`)),
      );
      for (const code of await Promise.all(calls)) codes.add(code);
    }
    assertEquals([...codes], ["PermissionDenied"]);
    assert(scene.log.lines.length <= 3, scene.log.lines.join("\n"));
    assertStringIncludes(scene.log.lines[0]!, 'Refused calls of the guest "curious"');
    assert(scene.events.length <= 120, `${scene.events.length}`);
    await guest.close();
  });
});

Deno.test("who has proven nothing takes no place of a guest, however many come", async () => {
  const scene = new Scene({ auth: sharedSecret(SECRET) });
  await scene.play(async () => {
    const liars = Array.from(
      { length: 100 },
      (_, index) =>
        codeOf(scene.raw(index % 2 === 0 ? "ops" : `ops-${index}`, "another secret of 16 bytes")),
    );
    const naked = Array.from({ length: 50 }, () => codeOf(scene.raw("ops")));
    assertEquals(new Set(await Promise.all([...liars, ...naked])), new Set(["Unauthenticated"]));
    const guests: RawClient[] = [];
    for (let count = 0; count < 16; count++) guests.push(await scene.raw("ops", SECRET));
    assertEquals(await codeOf(scene.raw("ops", SECRET)), "PermissionDenied");
    await Promise.all(guests.map((guest) => guest.close()));
    const late = await scene.raw("ops", SECRET);
    await late.close();
  });
});

Deno.test("who has overheard the hello of a guest takes no place of one, however often it is sent again", async () => {
  const scene = new Scene({ auth: sharedSecret(SECRET) });
  const own = sharedSecret(SECRET), other = sharedSecret("another secret of 16 bytes");
  // Its hello has a good seal, and that is all.
  const auth: Authenticator = {
    ...provingLast(own),
    seal: (hello, peer) => own.seal!(hello, peer),
    prove: (role, transcript) => other.prove(role, transcript),
  };
  await scene.play(async () => {
    const replays = Array.from({ length: 100 }, async () => {
      const replayed = await scene.raw("ops", auth);
      // Behind its proof, and as useless.
      const error = await replayed.call("a", "b").catch((thrown) => thrown);
      assertEquals([error.code, error.outcome], ["Disconnected", "notExecuted"]);
      return (await replayed.closed).code;
    });
    const guests = Array.from({ length: 16 }, () => scene.raw("ops", SECRET));
    assertEquals(new Set(await Promise.all(replays)), new Set(["Unauthenticated"]));
    for (const guest of await Promise.all(guests)) await guest.close();
    assertEquals(scene.log.of("client_up").length, 16);
  });
});

Deno.test("guests' names that cannot be theirs are refused", async () => {
  const scene = new Scene();
  await scene.play(async () => {
    const codes = await Promise.all(
      ["", "x".repeat(256), "é".repeat(128), "ops\u202e", "tcp://10.0.0.1:9000", "a://b"].map(
        (name) => codeOf(scene.raw(name)),
      ),
    );
    assertEquals(codes, [
      "Unauthenticated",
      "Unauthenticated",
      "Unauthenticated",
      "Unauthenticated",
      "NotListed",
      "NotListed",
    ]);
  });
});

Deno.test("a guest that proves itself while the node closes is ended at once", async () => {
  let ended = 0;
  for (let aheadMs = 0; aheadMs <= 30; aheadMs += 2) {
    const scene = new Scene({ auth: sharedSecret(SECRET) });
    await scene.play(async () => {
      const first = await scene.guest("first", SECRET);
      const held = codeOf(first.request(holdingMethod, EMPTY, { retry: false }));
      await scene.pause(1_000);
      let closingMs = Infinity;
      const late = scene.raw("late", SECRET).then(async (guest) => {
        // Its proof takes 5 ms.
        if (scene.clock.now() + 5 <= closingMs) return;
        await guest.closed;
        assert(scene.clock.now() - closingMs < 1_000, "it need not wait for the grace time");
        ended++;
      }, () => {});
      await scene.pause(aheadMs);
      closingMs = scene.clock.now();
      await scene.node.close({ graceMs: 3_000 });
      await late;
      assert(await held !== "OK");
      await first.close();
    });
  }
  assert(ended > 0);
});
