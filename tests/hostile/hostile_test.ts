import { GROUNDS } from "./scene/grounds.ts";
import { doorAttacks } from "./attacks/door_attacks.ts";
import { floodAttacks } from "./attacks/flood_attacks.ts";
import { type Attack, printFigures, Scene } from "./scene/scene.ts";
import { shapeAttacks } from "./attacks/shape_attacks.ts";
import { unreadAttacks } from "./attacks/unread_attacks.ts";

/** Short, so that what is cut off for silence is cut off soon. */
const TIMES = {
  pingIntervalMs: 200,
  livenessTimeoutMs: 600,
  // From accept until proven, the first TLS handshake of a busy machine included.
  handshakeTimeoutMs: 1_500,
  defaultTimeoutMs: 3_000,
};

const KINDS: readonly (readonly [string, readonly Attack[]])[] = [
  ["never read", unreadAttacks],
  ["flood", floodAttacks],
  ["send what nobody should", shapeAttacks],
  ["stand at the door", doorAttacks],
];

for (const ground of GROUNDS) {
  Deno.test({
    name: `${ground.name}: hostile peers cost little, and others are served meanwhile`,
    ignore: ground.ignore,
  }, async (test) => {
    await using scene = await Scene.open(ground, TIMES);
    for (const [kind, attacks] of KINDS) {
      await test.step(`those who ${kind}`, async () => {
        for (const attack of attacks) {
          if (attack.on?.(ground) ?? true) await scene.suffer(attack);
        }
      });
    }
    printFigures(scene.figures);
  });
}
