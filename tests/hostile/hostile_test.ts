import { testBeside } from "../support/beside.ts";
import { ATTACKED } from "./scene/grounds.ts";
import { handshakeAttacks } from "./attacks/handshake_attacks.ts";
import { floodAttacks } from "./attacks/flood_attacks.ts";
import { type Attack, printFigures, Scene } from "./scene/scene.ts";
import { shapeAttacks } from "./attacks/shape_attacks.ts";
import { unreadAttacks } from "./attacks/unread_attacks.ts";

/**
 * Short, so that what is cut off for silence is cut off soon, and more than a
 * neighbour takes that has done nothing: beside other tests on two cores, one
 * of its calls took 844 ms.
 */
const TIMES = {
  pingIntervalMs: 500,
  livenessTimeoutMs: 1_500,
  // From accept until proven, the first TLS handshake of a busy machine included.
  handshakeTimeoutMs: 1_500,
  defaultTimeoutMs: 3_000,
};

const KINDS: readonly (readonly Attack[])[] = [
  unreadAttacks,
  floodAttacks,
  shapeAttacks,
  handshakeAttacks,
];

/** Each ground has processes of its own, which wait for most of their time. */
const GROUNDS_AT_ONCE = 2;

testBeside(
  "hostile peers cost little, and others are served meanwhile",
  GROUNDS_AT_ONCE,
  ATTACKED.map((ground) => ({
    name: `over ${ground.name}`,
    ignore: ground.ignore,
    fn: async () => {
      await using scene = await Scene.open(ground, TIMES);
      for (const attacks of KINDS) {
        for (const attack of attacks) {
          if (attack.on?.(ground) ?? true) await scene.suffer(attack);
        }
      }
      printFigures(scene.figures);
    },
  })),
);
