/**
 * One real session against a peer that mostly makes sense.
 *
 * @module
 */

import {
  encodeHello,
  FEATURE_ANSWER_METADATA,
  FEATURE_CHECKSUM,
  FEATURE_GROWING_WINDOWS,
  FEATURE_NAME_REUSE,
  FEATURE_PRIORITY,
} from "../../../lib/session/frames/hello.ts";
import type { SeededRandom } from "../../../lib/testing/time/seeded_random.ts";
import { FrameType } from "../../../lib/wire/frame.ts";
import { peerHello } from "../../support/session/scripted_peer.ts";
import { damage, EDGE_WORDS } from "../making/byte_mutator.ts";
import { CORPUS } from "../corpus.ts";
import { fakeAuthenticator, transcriptOf } from "../world/fake_authenticator.ts";
import { FrameMaker } from "../making/frame_maker.ts";
import { FrameWriter } from "../making/frame_writer.ts";
import { type FuzzCase, type Recorder, type Setup, type Step, step } from "../fuzz_case.ts";
import { type FuzzTarget, must } from "../fuzz_target.ts";
import { PeerModel } from "../making/peer_model.ts";
import { SessionWorld } from "../world/session_world.ts";
import type { Tally } from "../tally.ts";
import { drawAct } from "../making/user_acts.ts";

/** How many in a hundred runs damage a known conversation. */
const KNOWN = 0.04;
/** How many handshakes go wrong. */
const BAD_HANDSHAKES = 0.12;
/** How many peers ask and ask, and read no answer. */
const FLOODS = 0.0004;
const FLOOD_BATCHES = 120;
const writer = new FrameWriter();
const KNOWN_CASES = CORPUS.filter(({ target }) => target === "session");

/** Whole conversations, with handlers and callers on the session's side. */
export class SessionTarget implements FuzzTarget {
  readonly name = "session";

  play(random: SeededRandom, recorder: Recorder, tally: Tally): void {
    if (KNOWN_CASES.length > 0 && random.chance(KNOWN)) {
      this.#playKnown(random, recorder, tally);
    } else {
      new Conversation(random, recorder, tally).play();
    }
  }

  replay({ setup, steps }: FuzzCase, tally: Tally): void {
    const world = new SessionWorld(setup, tally);
    for (const taken of steps) world.apply(taken);
    world.finish();
  }

  /** A run of the corpus with one or two batches changed, left out, said twice or in another order. */
  #playKnown(random: SeededRandom, recorder: Recorder, tally: Tally): void {
    const known = random.pick(KNOWN_CASES);
    recorder.setup = known.setup;
    const steps = [...known.steps];
    for (let count = random.int(1, 2); count > 0 && steps.length > 0; count--) {
      const at = random.int(0, steps.length - 1), taken = steps[at]!;
      const draw = random.int(0, 5);
      if (draw === 0) steps.splice(at, 1);
      else if (draw === 1) steps.splice(at, 0, taken);
      else if (draw === 2) steps.splice(random.int(0, steps.length - 1), 0, taken);
      else if (taken.bytes !== null) steps[at] = { ...taken, bytes: damage(taken.bytes, random) };
    }
    for (const taken of steps) recorder.note(taken);
    this.replay({ setup: known.setup, steps }, tally);
  }
}

/** One conversation, made up as it goes. */
class Conversation {
  readonly #random: SeededRandom;
  readonly #recorder: Recorder;
  readonly #setup: Setup;
  readonly #model: PeerModel;
  readonly #maker: FrameMaker;
  readonly #world: SessionWorld;
  /** How likely it is that a frame is spoilt. */
  readonly #spoils: number;
  readonly #isHonest: boolean;

  constructor(random: SeededRandom, recorder: Recorder, tally: Tally) {
    this.#random = random;
    this.#recorder = recorder;
    const setup = this.#setup = recorder.setup = drawSetup(random);
    this.#spoils = random.pick([0, 0.004, 0.012, 0.03]);
    this.#isHonest = this.#spoils === 0 && random.chance(0.7);
    const model = this.#model = new PeerModel(Number(setup["budget"]), Number(setup["maxCalls"]));
    model.growsWindows = setup["grows"] === true;
    const world = this.#world = new SessionWorld(setup, tally, (frame) => model.onSpoken(frame));
    const limits = {
      maxFragmentBytes: Number(setup["maxFragment"]),
      maxMessageBytes: Number(setup["maxMessage"]),
    };
    this.#maker = new FrameMaker(model, writer, limits, () => world.bulkBytes);
    this.#maker.isHonest = this.#isHonest;
  }

  play(): void {
    const random = this.#random, world = this.#world, { session } = world.app;
    this.#shakeHands();
    if (random.chance(FLOODS)) this.#flood();
    let steps = random.int(20, 160), stepsAfterEnd = 3;
    while (steps-- > 0 && stepsAfterEnd > 0) {
      if (session.state === "closed") stepsAfterEnd--;
      const draw = random.int(0, 99);
      if (draw < 52) this.#say();
      else if (draw < 74) this.#do(step("drain", { a: random.chance(0.9) ? 1 : 0 }));
      else if (draw < 77) this.#do(step("written"));
      else if (draw < 80) {
        this.#do(step(random.chance(0.7) ? "time" : "late", { a: drawMs(random) }));
      } else this.#do(drawAct(random));
    }
    world.finish();
    const { closed } = world.app;
    must(
      !this.#isHonest || closed?.code !== "ProtocolError",
      () => `an honest peer is accused: ${closed?.message}`,
    );
  }

  /** Asks again and again, and reads no answer, but says that it has read them all. */
  #flood(): void {
    const { session } = this.#world.app, isGreedy = this.#random.chance(0.5);
    if (session.state !== "open" || this.#isHonest) return;
    for (let batch = 0; batch < FLOOD_BATCHES && session.state === "open"; batch++) {
      writer.clear();
      if (isGreedy) {
        const used = Number(this.#setup["peerBudget"]) - session.sendWindowBytes;
        writer.frame(FrameType.window, 0, 0, 0, Math.max(0, used), 0);
        for (let count = 0; count < 60; count++) this.#maker.greedy();
      } else {
        for (let count = 0; count < 500; count++) this.#maker.useless();
      }
      this.#send();
    }
  }

  #do(taken: Step): void {
    this.#world.apply(this.#recorder.note(taken));
  }

  /** Says a batch of whatever fits. */
  #say(): void {
    const random = this.#random;
    writer.clear();
    for (let frames = random.pick([1, 1, 2, 3, 5, 12]); frames > 0 && writer.hasRoom(0); frames--) {
      const start = writer.length;
      this.#maker.add(random);
      if (writer.length === start) continue;
      if (random.chance(this.#spoils)) writer.spoil(start, random);
      // The session believes otherwise: the frame is lost.
      else if (random.chance(this.#spoils / 4)) writer.length = start;
    }
    this.#send();
  }

  #send(): void {
    if (writer.length === 0) return;
    let bytes: Uint8Array = writer.bytes.slice(0, writer.length);
    if (this.#random.chance(this.#spoils / 4)) bytes = damage(bytes, this.#random);
    if (bytes.length > 0) this.#do(step("batch", { bytes }));
  }

  #shakeHands(): void {
    const random = this.#random, setup = this.#setup, model = this.#model;
    const isDialler = setup["role"] === "dialler",
      isBad = !this.#isHonest && random.chance(BAD_HANDSHAKES);
    const hello = makeHello(setup, random, isBad && random.chance(0.4));
    model.ranks = (new DataView(hello.buffer).getUint32(8, true) & FEATURE_PRIORITY) !== 0;
    if (isDialler) this.#do(step("drain", { a: 1 }));
    writer.clear();
    writer.with(FrameType.hello, 0, 0, 0, 0, hello);
    if (isDialler && setup["auth"] !== true && random.chance(0.5)) {
      writer.frame(FrameType.welcome, 0, 0, 0, 0, 0);
    }
    this.#shake(isBad);
    this.#do(step("drain", { a: 1 }));
    const proves = setup["auth"] === true;
    if (model.hello !== null && proves) {
      const transcript = isDialler
        ? transcriptOf(model.hello, hello)
        : transcriptOf(hello, model.hello);
      const role = isDialler ? "acceptor" : "dialler";
      const proof = fakeAuthenticator.prove(role, transcript);
      writer.clear();
      writer.with(isDialler ? FrameType.welcome : FrameType.proof, 0, 0, 0, 0, proof);
      this.#shake(isBad);
    } else if (isDialler && this.#world.app.session.state === "handshake") {
      writer.clear();
      writer.frame(FrameType.welcome, 0, 0, 0, 0, 0);
      this.#shake(isBad);
    }
    if (this.#world.app.session.state !== "open") return;
    writer.clear();
    this.#maker.names();
    this.#send();
  }

  /** Says a part of the handshake, or something like it. */
  #shake(isBad: boolean): void {
    const random = this.#random;
    if (isBad && random.chance(0.6)) {
      const draw = random.int(0, 7);
      if (draw === 0) this.#maker.add(random);
      else if (draw === 1) writer.frame(random.int(0, 40), 0, 0, 0, 0, 0);
      else if (draw === 2) writer.filled(FrameType.hello, 0, 0, 0, 0, random.int(0, 5_000));
      else if (draw === 3) writer.filled(FrameType.goodbye, 0, 10, 0, 0, random.int(0, 40));
      else if (draw === 4) this.#do(step("time", { a: random.pick([9_999, 10_000, 60_000]) }));
      else if (draw === 5) return;
      else if (writer.length > 0) writer.spoil(0, random);
    }
    if (isBad && random.chance(0.3)) {
      const bytes = damage(writer.bytes.slice(0, writer.length), random);
      if (bytes.length > 0) this.#do(step("batch", { bytes }));
      return;
    }
    this.#do(step("batch", { bytes: writer.bytes.slice(0, writer.length) }));
  }
}

function drawMs(random: SeededRandom): number {
  return random.pick([0, 1, 20, 20, 60, 300, 3_000, random.chance(0.3) ? 10_000 : 40]) +
    (random.chance(0.02) ? 30_000 : 0);
}

function drawSetup(random: SeededRandom): Setup {
  const budget = random.pick([65_536, 100_000, 400_000, 4_000_000]);
  const envelope = random.chance(0.35);
  const isOdd = random.chance(0.15);
  return {
    role: random.pick(["dialler", "acceptor"]),
    auth: random.chance(0.5),
    envelope,
    checksum: envelope && random.chance(0.6),
    endTurns: random.chance(0.2),
    callsOn: random.chance(0.3),
    pieceBytes: random.pick([1_000, 100_000, 30]),
    budget,
    grows: random.chance(0.5),
    maxMessage: random.pick([1_024, 4_000, 50_000]),
    maxFragment: random.pick([1_024, 1_500, 4_096]),
    maxCalls: random.pick([1, 4, 20, 1_000]),
    streamBudget: random.pick([1_024, 70_000]),
    sendBudget: random.pick([65_536, 300_000]),
    maxSend: random.pick([100, 3_000, 12_000, random.chance(0.3) ? 250_000 : 30_000]),
    peerBudget: isOdd
      ? random.pick([65_536, 0xffff_ffff])
      : random.pick([65_536, 300_000, 2_000_000]),
    peerMaxMessage: isOdd ? random.pick([0, 1, 0xffff_ffff]) : random.pick([9_000, 100_000]),
    peerMaxFragment: isOdd
      ? random.pick([1_024, 0xffff_ffff])
      : random.pick([1_024, 5_000, 65_536]),
    peerMaxCalls: isOdd ? random.pick([1, 0xffff_ffff]) : random.pick([1, 3, 100]),
  };
}

function makeHello(setup: Setup, random: SeededRandom, isWrong: boolean): Uint8Array<ArrayBuffer> {
  const isDialler = setup["role"] === "dialler";
  const hello = encodeHello(peerHello({
    name: isDialler ? "tcp://b:2" : "tcp://a:1",
    peerName: random.chance(0.5) ? "" : isDialler ? "tcp://a:1" : "tcp://b:2",
    features: (setup["checksum"] === true || random.chance(0.5) ? FEATURE_CHECKSUM : 0) |
      (random.chance(0.5) ? FEATURE_NAME_REUSE : 0) |
      (setup["grows"] === true ? FEATURE_GROWING_WINDOWS : 0) |
      (random.chance(0.8) ? FEATURE_ANSWER_METADATA : 0) |
      (random.chance(0.8) ? FEATURE_PRIORITY : 0),
    authenticates: setup["auth"] === true,
    maxMessageBytes: Number(setup["peerMaxMessage"]),
    maxFragmentBytes: Number(setup["peerMaxFragment"]),
    receiveBudgetBytes: Number(setup["peerBudget"]),
    streamBudgetBytes: random.pick([0, 1_000, 1_000_000, 0xffff_ffff]),
    maxCalls: Number(setup["peerMaxCalls"]),
    ...(isWrong && random.pick([
      { name: "tcp://stranger:6" },
      { peerName: "somebody else" },
      { wallMs: random.pick([NaN, Infinity, 0, -1e300, 1_750_000_400_000]) },
      { minVersion: 2, maxVersion: random.pick([0, 2, 65_535]) },
      { authenticates: setup["auth"] !== true },
      { maxFragmentBytes: random.pick([0, 1_023]) },
      { maxCalls: 0 },
      { receiveBudgetBytes: 65_535 },
      { name: "n".repeat(random.pick([300, 3_000, 4_200])) },
    ])),
  }));
  if (isWrong && random.chance(0.3)) {
    const view = new DataView(hello.buffer), at = random.int(0, hello.length - 4);
    view.setUint32(at, random.pick(EDGE_WORDS), true);
  }
  return hello;
}
