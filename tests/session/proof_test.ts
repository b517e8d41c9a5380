import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import type { Authenticator } from "../../lib/session/frames/authenticator.ts";
import { sharedSecret } from "../../lib/driver/shared_secret.ts";
import {
  decodeHello,
  encodeHello,
  FEATURE_SEAL,
  type Hello,
} from "../../lib/session/frames/hello.ts";
import { ByteReader } from "../../lib/wire/byte_reader.ts";
import { FrameType } from "../../lib/wire/frame.ts";
import { Pair, type PairOptions } from "../support/session/pair.ts";
import { provingLast } from "../support/session/proving_last.ts";
import { joined, parseFrames, rawFrame } from "../support/session/raw_frames.ts";
import type { Side } from "../support/session/side.ts";

/** Whether the acceptor proves itself with its hello, as the dialler's has a seal, or last. */
const ORDERS = ["early", "late"] as const;
type Order = typeof ORDERS[number];

const secret = sharedSecret("a secret of more than 16 bytes");
/** Makes proofs in that order. */
const AUTH: Record<Order, Authenticator> = {
  early: secret,
  late: provingLast(secret),
};
const WRONG = "proof of the shared secret is wrong";

type Role = "dialler" | "acceptor";
const FRESH = new Uint8Array(32).fill(0x77);

/** Two sides that have a secret, and names that the tests choose. */
function strangers(order: Order, options: PairOptions = {}): Pair {
  const both = { auth: AUTH[order], ...options.both };
  return new Pair({ ...options, unopened: true, both });
}

/** What one side says next, each frame in a batch of its own. */
function said(side: Side): { type: number; batch: Uint8Array }[] {
  side.drain();
  side.written();
  return side.transit.splice(0).flatMap(parseFrames).map(({ type, payload, code, argument }) => ({
    type,
    batch: rawFrame(type, { payload, code, argument }),
  }));
}

/** The first of it, which is of that type. */
function nextFrame(side: Side, type: number): Uint8Array {
  const [frame] = said(side);
  assertEquals(frame?.type, type);
  return frame!.batch;
}

/** Carries a handshake on by hand, in the middle of which somebody sits. */
function handshake(pair: Pair, tamper: (type: number, batch: Uint8Array) => Uint8Array): void {
  const { dialler, acceptor } = pair;
  for (let moved = true; moved;) {
    moved = false;
    for (const [from, to] of [[dialler, acceptor], [acceptor, dialler]] as const) {
      for (const { type, batch } of said(from)) {
        moved = true;
        if (to.closed === null) to.receiveBatch(tamper(from === acceptor ? -type : type, batch));
      }
    }
  }
}

/** Both sides have refused, and neither was open for a moment. */
function assertRefused(pair: Pair, why: string, what: string): void {
  const { dialler, acceptor } = pair;
  for (const side of [dialler, acceptor]) {
    assertEquals(side.session.state, "closed", what);
    // Who is refused at its hello cannot tell, and takes it that it may not.
    const isAtHello = why === "has none" && side.closed!.code === "PermissionDenied";
    assert(isAtHello || side.closed!.code === "Unauthenticated", what);
    assertStringIncludes(side.closed!.message, why, what);
  }
  assertEquals(acceptor.opened, 0, what);
  assertEquals(dialler.opened, 0, what);
}

function helloIn(batch: Uint8Array): Hello {
  const { payload } = parseFrames(batch)[0]!;
  const reader = new ByteReader();
  reader.reset(payload, 0, payload.length);
  const hello = decodeHello(reader);
  assert(typeof hello !== "string");
  return hello;
}

/** Other words than these, which a peer could have said just as well. */
const CHANGES: { readonly [Field in keyof Hello]: (hello: Hello) => Hello[Field] } = {
  minVersion: () => 0,
  maxVersion: ({ maxVersion }) => maxVersion + 1,
  features: ({ features }) => features ^ 1,
  wallMs: ({ wallMs }) => wallMs + 1,
  instance: ({ instance }) => instance.map((byte) => byte ^ 1),
  nonce: ({ nonce }) => nonce.map((byte) => byte ^ 1),
  maxMessageBytes: ({ maxMessageBytes }) => maxMessageBytes - 1,
  maxFragmentBytes: ({ maxFragmentBytes }) => maxFragmentBytes - 1,
  receiveBudgetBytes: ({ receiveBudgetBytes }) => receiveBudgetBytes + 1,
  streamBudgetBytes: ({ streamBudgetBytes }) => streamBudgetBytes + 1,
  maxCalls: ({ maxCalls }) => maxCalls + 1,
  authenticates: ({ authenticates }) => !authenticates,
  name: ({ name }) => `${name}0`,
  peerName: ({ peerName }) => peerName === "" ? "tcp://b:2" : "",
  seal: ({ seal = FRESH }) => seal.map((byte) => byte ^ 1),
};

/** The hello of one side. */
function nextHello(order: Order, role: Role, peerName = "tcp://b:2"): Uint8Array {
  const { dialler, acceptor } = strangers(order, { dialler: { peerName } });
  const hello = nextFrame(dialler, FrameType.hello);
  if (role === "dialler") return hello;
  acceptor.receiveBatch(hello);
  return nextFrame(acceptor, FrameType.hello);
}

/** What both sides have shown in TLS. */
const SHOWN = new Uint8Array(64).map((_, index) => index);

for (const order of ORDERS) {
  const test = (what: string, fn: () => void): void =>
    Deno.test(
      `where the acceptor proves itself ${order === "early" ? "with its hello" : "last"}: ${what}`,
      fn,
    );

  for (const role of ["dialler", "acceptor"] as const) {
    const type = role === "dialler" ? FrameType.hello : -FrameType.hello;

    for (const [field, change] of Object.entries(CHANGES)) {
      test(`the ${role}'s ${field} cannot be changed on the way`, () => {
        // Names that the sessions do not look at, so that it is the proof that shows it.
        const pair = strangers(order, {
          dialler: { peerName: field === "peerName" ? "tcp://b:2" : "" },
        });
        handshake(pair, (said, batch) => {
          if (said !== type) return batch;
          const hello = helloIn(batch), changed = { ...hello, [field]: change(hello) };
          if (field === "peerName" && role === "acceptor") changed.peerName = "tcp://a:1";
          const payload = encodeHello(changed);
          assert(payload.join() !== parseFrames(batch)[0]!.payload.join());
          return rawFrame(FrameType.hello, { payload });
        });
        assertRefused(pair, field === "authenticates" ? "has none" : WRONG, field);
      });
    }

    test(`not a byte of the ${role}'s hello can be changed, added or taken away`, () => {
      const length = parseFrames(nextHello(order, role, ""))[0]!.payload.length;
      for (let at = -1; at <= length; at++) {
        const pair = strangers(order, { dialler: { peerName: "" } });
        handshake(pair, (said, batch) => {
          if (said !== type) return batch;
          const { payload } = parseFrames(batch)[0]!;
          const changed = at < 0
            ? payload.slice(0, -1)
            : at === length
            ? joined(payload, new Uint8Array(1))
            : payload.map((byte, index) => index === at ? byte ^ 1 : byte);
          return rawFrame(FrameType.hello, { payload: changed });
        });
        for (const side of [pair.dialler, pair.acceptor]) {
          assertEquals([side.session.state, side.opened], ["closed", 0], `byte ${at}`);
        }
      }
    });
  }

  test("not a bit of a proof can be changed", () => {
    const last = order === "early" ? FrameType.proof : -FrameType.welcome;
    for (const type of [FrameType.proof, -FrameType.welcome]) {
      for (let bit = 0; bit < 256; bit += 5) {
        const pair = strangers(order);
        handshake(pair, (said, batch) => {
          if (said !== type) return batch;
          const payload = parseFrames(batch)[0]!.payload.slice();
          payload[bit >> 3]! ^= 1 << (bit & 7);
          return rawFrame(Math.abs(type), { payload });
        });
        // Who proves last is open before the other one has judged that, and is told that nothing was run.
        const opened = type !== last ? [0, 0] : order === "early" ? [1, 0] : [0, 1];
        assertEquals([pair.dialler.opened, pair.acceptor.opened], opened);
        assertEquals(pair.dialler.closed!.code, "Unauthenticated");
        assertStringIncludes(pair.dialler.closed!.message, WRONG);
      }
    }
  });

  test("a mirror that calls itself by the dialler's name gets a proof or a seal, and opens nothing", () => {
    for (const isEarly of order === "early" ? [false, true] : [false]) {
      // Nothing but the role in the proof tells it from a true peer.
      const own = { name: "tcp://a:1", peerName: "tcp://a:1" };
      const { dialler } = strangers(order, { dialler: own });
      const { features, seal, ...hello } = helloIn(nextFrame(dialler, FrameType.hello));
      const said = isEarly ? features : features & ~FEATURE_SEAL;
      dialler.receiveBatch(
        rawFrame(FrameType.hello, { payload: encodeHello({ ...hello, features: said }) }),
      );
      const payload = isEarly
        ? seal!
        : parseFrames(nextFrame(dialler, FrameType.proof))[0]!.payload;
      dialler.receiveBatch(rawFrame(FrameType.welcome, { payload }));
      assertEquals(dialler.opened, 0);
      assertStringIncludes(dialler.closed!.message, WRONG);
    }
  });

  test("an acceptor sends nothing that would be a proof for another listener", () => {
    // Whoever mirrors its words on a second connection has no proof to follow them, nor a seal.
    const first = strangers(order, { dialler: { peerName: "" } }).acceptor;
    const { seal: _, ...unsealed } = helloIn(nextHello(order, "dialler"));
    first.receiveBatch(rawFrame(FrameType.hello, { payload: encodeHello(unsealed) }));
    const hello = nextFrame(first, FrameType.hello);
    const second = strangers(order, { acceptor: { nonce: FRESH } }).acceptor;
    second.receiveBatch(hello);
    const answer = nextFrame(second, FrameType.hello);
    first.receiveBatch(answer);
    for (const side of [first, second]) {
      side.drain();
      const said = side.transit.splice(0).flatMap(parseFrames).map((frame) => frame.type);
      assert(!said.includes(FrameType.welcome) && !said.includes(FrameType.proof), said.join());
      assertEquals(side.opened, 0);
    }
  });

  test("a proof coaxed out of a dialler opens no acceptor", () => {
    const dialler = strangers(order, { dialler: { peerName: "" } }).dialler;
    const hello = nextFrame(dialler, FrameType.hello);
    // Somebody who listens in the place of a node answers with a hello made up.
    const { features, ...words } = helloIn(nextHello(order, "acceptor"));
    const made = encodeHello({ ...words, features: features & ~FEATURE_SEAL, nonce: FRESH });
    dialler.receiveBatch(rawFrame(FrameType.hello, { payload: made }));
    const proof = nextFrame(dialler, FrameType.proof);
    const { acceptor } = strangers(order);
    acceptor.receiveBatch(hello);
    nextFrame(acceptor, FrameType.hello);
    acceptor.receiveBatch(proof);
    assertEquals(acceptor.opened, 0);
    assertStringIncludes(acceptor.closed!.message, WRONG);
  });

  test("what a connection was opened by opens no other one, at either end", () => {
    const said: Record<Role, Uint8Array[]> = { dialler: [], acceptor: [] };
    const pair = strangers(order);
    handshake(pair, (type, batch) => {
      said[type > 0 ? "dialler" : "acceptor"].push(batch);
      return batch;
    });
    assertEquals([pair.dialler.opened, pair.acceptor.opened], [1, 1]);

    for (const name of ["tcp://b:2", "tcp://c:3"]) {
      const { acceptor } = strangers(order, { acceptor: { name, nonce: FRESH } });
      for (const batch of said.dialler) {
        if (acceptor.closed === null) acceptor.receiveBatch(batch);
      }
      const isNamed = name === "tcp://b:2";
      const code = isNamed ? "Unauthenticated" : "PermissionDenied";
      assertEquals([acceptor.opened, acceptor.closed?.code], [0, code]);
      const why = isNamed ? WRONG : 'wants to talk to "tcp://b:2"';
      assertStringIncludes(acceptor.closed!.message, why);
    }
    const { dialler } = strangers(order, { dialler: { nonce: FRESH } });
    for (const batch of said.acceptor) dialler.receiveBatch(batch);
    assertEquals(dialler.opened, 0);
    assertStringIncludes(dialler.closed!.message, WRONG);
  });

  test("proofs are bound to what both sides have shown, where both know it", () => {
    for (
      const [dialler, acceptor, opens] of [
        [SHOWN, SHOWN, true],
        [SHOWN, undefined, true],
        [undefined, SHOWN, true],
        [SHOWN, SHOWN.toReversed(), false],
        // Somebody in between has shown another certificate to one of them.
        [SHOWN, SHOWN.with(40, 0), false],
        [SHOWN.with(3, 0), SHOWN, false],
      ] as const
    ) {
      const pair = strangers(order, {
        dialler: { binding: dialler },
        acceptor: { binding: acceptor },
      });
      handshake(pair, (_, batch) => batch);
      if (!opens) assertRefused(pair, WRONG, `${dialler} ${acceptor}`);
      else assertEquals([pair.dialler.opened, pair.acceptor.opened], [1, 1]);
    }
  });

  test("the binding of proofs cannot be removed unnoticed", () => {
    for (const type of [FrameType.hello, -FrameType.hello]) {
      const other = SHOWN.with(40, 0);
      const pair = strangers(order, { dialler: { binding: SHOWN }, acceptor: { binding: other } });
      handshake(pair, (said, batch) => {
        if (said !== type) return batch;
        const hello = helloIn(batch);
        assertEquals(hello.features & 8, 8);
        const payload = encodeHello({ ...hello, features: hello.features & ~8 });
        return rawFrame(FrameType.hello, { payload });
      });
      assertRefused(pair, WRONG, `${type}`);
    }
  });

  test("without a secret nothing is said of what both sides have shown", () => {
    const pair = new Pair({ unopened: true, both: { binding: SHOWN } });
    assertEquals(helloIn(nextFrame(pair.dialler, FrameType.hello)).features & 8, 0);
  });
}
