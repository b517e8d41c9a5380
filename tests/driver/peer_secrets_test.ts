import { assert, assertEquals, assertNotEquals, assertThrows } from "@std/assert";
import { InternodeError } from "../../lib/errors.ts";
import { pairSecret } from "../../lib/driver/pair_secret.ts";
import { type Secret, sharedSecret } from "../../lib/driver/shared_secret.ts";
import { NO_VERDICTS } from "../support/foreign/no_verdicts.ts";

const TRANSCRIPT = new Uint8Array([1, 2, 3]);
const A = "ws://a.example:80", B = "ws://b.example:80", C = "ws://c.example:80";
const NOW = 1_700_000_000_000;
const AB = "the secret of a and b, long enough", BC = "the secret of b and c, long enough";
const NEW = "a new secret of just as many bytes";

/** What a node has: a secret for each peer. */
function having(secrets: Readonly<Record<string, Secret>>, usual?: Secret) {
  return sharedSecret({ byPeer: (peer) => secrets[peer], default: usual });
}

Deno.test("with a secret for each peer a proof convinces that peer alone", () => {
  const a = having({ [B]: AB }), b = having({ [A]: AB, [C]: BC }), c = having({ [B]: BC });
  const proof = a.prove("dialler", TRANSCRIPT, B);
  assert(b.verify("dialler", TRANSCRIPT, proof, A));
  // Whoever has stolen what a knows cannot pass for c there.
  assert(!b.verify("dialler", TRANSCRIPT, proof, C));
  assert(!b.verify("dialler", TRANSCRIPT, proof, "ws://nobody.example:80"));
  assert(c.verify("acceptor", TRANSCRIPT, b.prove("acceptor", TRANSCRIPT, C), B));
  // It is the same proof as with one secret.
  assertEquals(proof, sharedSecret(AB).prove("dialler", TRANSCRIPT));
});

Deno.test("with a secret for each peer, a token is valid for the peer it was made for, and for no other", () => {
  const a = having({ [B]: AB }), b = having({ [A]: AB, [C]: BC });
  const told = b.checkToken(a.token(A, B, NOW), B, NOW);
  assert("name" in told);
  assertEquals(told.name, A);
  // What a knows does not make a token of c's.
  const forged = b.checkToken(a.token(C, B, NOW), B, NOW);
  assert("refusal" in forged && forged.refusal.includes("signature"));
  const nobody = b.checkToken(a.token("ws://nobody.example:80", B, NOW), B, NOW);
  assert("refusal" in nobody && nobody.refusal.includes("signature"));
});

Deno.test("a peer's secret is changed by way of a list, as one for all is", () => {
  const before = having({ [B]: AB }), between = having({ [A]: [AB, NEW] });
  const after = having({ [A]: [NEW, AB] }), end = having({ [B]: NEW });
  for (const [mine, theirs] of [[before, between], [before, after], [end, between], [end, after]]) {
    assert(theirs!.verify("dialler", TRANSCRIPT, mine!.prove("dialler", TRANSCRIPT, B), A));
    assert("name" in theirs!.checkToken(mine!.token(A, B, NOW), B, NOW));
  }
  assertEquals(
    after.prove("acceptor", TRANSCRIPT, A),
    sharedSecret(NEW).prove("acceptor", TRANSCRIPT),
  );
});

Deno.test("a peer without a secret of its own has the default, and no peer has both", () => {
  const b = having({ [A]: AB }, [BC, NEW]);
  const proofOf = (secret: string) => sharedSecret(secret).prove("dialler", TRANSCRIPT);
  assert(b.verify("dialler", TRANSCRIPT, proofOf(BC), C));
  assert(b.verify("dialler", TRANSCRIPT, proofOf(NEW), C));
  assert(!b.verify("dialler", TRANSCRIPT, proofOf(BC), A));
});

Deno.test("without a secret for a peer, nothing is proven to it", () => {
  const a = having({ [B]: AB });
  for (
    const prove of [
      () => a.prove("dialler", TRANSCRIPT, C),
      () => a.token(A, C, NOW),
      () => a.prove("dialler", TRANSCRIPT),
    ]
  ) assertEquals(assertThrows(prove, InternodeError, "no secret").code, "Unauthenticated");
});

Deno.test("what byPeer answers that is no secret throws, and an unknown peer takes as long as a known one", () => {
  for (const [what, answer] of NO_VERDICTS) {
    const auth = sharedSecret({ byPeer: answer as () => Secret });
    let told: unknown;
    try {
      told = auth.verify("dialler", TRANSCRIPT, new Uint8Array(32), A);
    } catch {
      continue;
    }
    // No answer means the default, of which there is none.
    assertEquals(told, false, what);
  }
  for (const short of ["short", [], ["short"]]) {
    const auth = sharedSecret({ byPeer: () => short });
    assertThrows(() => auth.prove("dialler", TRANSCRIPT, A), InternodeError);
    assertThrows(() => sharedSecret({ byPeer: () => AB, default: short }), InternodeError);
  }
});

Deno.test("an object without byPeer is no secret", () => {
  for (const given of [{}, { byPeer: 5 }, { default: AB }, null, 5]) {
    assertThrows(() => sharedSecret(given as unknown as Secret), InternodeError, "a string, bytes");
  }
});

Deno.test("the secrets of pairs are made from one: the same in either order, and different for each pair", () => {
  const master = "6f1d9c62b0a84e7f93d2c5581be07a4c";
  const secrets = [[A, B], [A, C], [B, C]].map(([one, other]) => pairSecret(master, one!, other!));
  assertEquals(new Set(secrets).size, 3);
  assertEquals(pairSecret(master, B, A), secrets[0]);
  assertEquals(pairSecret(new TextEncoder().encode(master), A, B), secrets[0]);
  assertNotEquals(pairSecret(`${master}!`, A, B), secrets[0]);
  for (const secret of secrets) assert(/^[0-9a-f]{64}$/.test(secret));
  for (const [one, other] of [[A, A], ["", A], [A, ""]]) {
    assertThrows(() => pairSecret(master, one!, other!), InternodeError);
  }
  assertThrows(() => pairSecret("short", A, B), InternodeError, "16 bytes");
});
