import { type Authenticator, InternodeError, Manager, sharedSecret, single } from "@internode/grid";
import * as t from "@internode/grid/codec";
import { VirtualClock } from "@internode/grid/testing";
import { assert, assertEquals, assertThrows } from "@std/assert";
import { authenticatorOf } from "../../../lib/rpc/proof/guarded_authenticator.ts";
import { NO_VERDICTS } from "../../support/foreign/no_verdicts.ts";
import { QuietLogger } from "../../support/log/quiet.ts";
import { simulatedGrid } from "../../support/simulation/simulated_grid.ts";

const secret = sharedSecret("a secret of at least 16 bytes");
const METHODS = ["prove", "verify", "token", "checkToken"] as const;
const bytes = new Uint8Array(8);

/** The other half of an authenticator. */
const sealing: Pick<Authenticator, "seal" | "checkSeal"> = {
  seal: (hello, peer) => secret.seal!(hello, peer),
  checkSeal: (hello, seal, peer) => secret.checkSeal!(hello, seal, peer),
};

/** The shared secret without seals, but for one method. */
function changed(method: string, answer: () => unknown): Authenticator {
  const inner: Authenticator = {
    prove: (role, transcript) => secret.prove(role, transcript),
    verify: (role, transcript, proof) => secret.verify(role, transcript, proof),
    token: (local, remote, wallNowMs) => secret.token(local, remote, wallNowMs),
    checkToken: (token, local, wallNowMs) => secret.checkToken(token, local, wallNowMs),
  };
  return { ...inner, [method]: answer };
}

Deno.test("an authenticator's answers pass as they are", () => {
  const guarded = authenticatorOf(secret, new QuietLogger(), new VirtualClock())!;
  const proof = guarded.prove("dialler", bytes);
  assertEquals(proof, secret.prove("dialler", bytes));
  assertEquals(guarded.verify("dialler", bytes, proof), true);
  assertEquals(guarded.verify("acceptor", bytes, proof), false);
  const token = guarded.token("tcp://a:1", "tcp://b:1", 0);
  const verdict = guarded.checkToken(token, "tcp://b:1", 0);
  assertEquals(verdict, secret.checkToken(token, "tcp://b:1", 0));
  assert("refusal" in guarded.checkToken(null, "tcp://b:1", 0));
  assertEquals(authenticatorOf(guarded, new QuietLogger(), new VirtualClock()), guarded);
  assertEquals(authenticatorOf(undefined, new QuietLogger(), new VirtualClock()), null);
});

Deno.test("an authenticator's answer that is none is refused, and logged", () => {
  for (const [what, answer] of NO_VERDICTS) {
    const log = new QuietLogger();
    const of = (method: string) =>
      authenticatorOf(changed(method, answer), log, new VirtualClock())!;
    const told = of("checkToken").checkToken("a token", "tcp://b:1", 0);
    assert("refusal" in told && told.refusal.includes("could not judge"), what);
    for (
      const use of [
        () => of("prove").prove("dialler", bytes),
        () => of("verify").verify("dialler", bytes, bytes),
        () => of("token").token("tcp://a:1", "tcp://b:1", 0),
      ]
    ) assertEquals(assertThrows(use, InternodeError).code, "Unauthenticated", what);
    assertEquals(log.lines.length, 4, what);
  }
});

Deno.test("an authenticator that lacks a method is refused when the node is made", () => {
  const hosts = ["memory://a", "memory://b"];
  for (const method of METHODS) {
    const auth = changed(method, 5 as unknown as () => void);
    const error = assertThrows(
      () => new Manager({ local: "memory://a", hosts, auth }),
      InternodeError,
      `Option auth has no method ${method}`,
    );
    assertEquals(error.code, "InvalidArgument");
  }
});

Deno.test("a peer is refused if the authenticator returns no valid result", async () => {
  for (const scheme of ["memory", "ws"]) {
    for (const method of METHODS) {
      // Only WebSocket carries tokens.
      if (scheme === "memory" && /token/i.test(method)) continue;
      for (const [what, answer] of NO_VERDICTS) {
        const grid = simulatedGrid({
          ...(scheme === "ws" && { host: (index: number) => `ws://node-${index}:80` }),
          options: () => ({ auth: changed(method, answer), dialTimeoutMs: 200 }),
        });
        await grid.run(async () => {
          await grid.start();
          await grid.clock.advance(1_000);
          for (const index of [0, 1]) {
            const { state } = grid.node(index).connections()[0]!;
            assertEquals(state, "disconnected", `${scheme}, ${method}: ${what}`);
          }
        });
        await grid.close();
      }
    }
  }
});

Deno.test("a seal that is none, or that cannot be judged, costs a round trip and nothing else", async () => {
  const answers = [...NO_VERDICTS, [
    "a promise that never settles",
    () => new Promise(() => {}),
  ]] as const;
  for (const method of ["seal", "checkSeal"] as const) {
    for (const [what, answer] of answers) {
      const logger = new QuietLogger();
      const auth = { ...changed("", () => {}), ...sealing, [method]: answer };
      const grid = simulatedGrid({ options: () => ({ auth, logger }) });
      await grid.run(async () => {
        await grid.start();
        await Promise.all([0, 1].map((index) => grid.node(index).waitForConnect()));
      });
      assertEquals(logger.lines, [], `${method}: ${what}`);
      await grid.close();
    }
  }
});

const hello = single("hello", { request: t.nothing(), response: t.nothing() });

for (
  const [who, method] of [["dialler", "prove"], ["dialler", "verify"], ["acceptor", "prove"], [
    "acceptor",
    "verify",
  ]] as const
) {
  Deno.test(`though hellos have good seals, nobody comes in where the ${who} cannot ${method}`, async () => {
    for (const [what, answer] of NO_VERDICTS) {
      let ran = 0;
      const loggers = [new QuietLogger(), new QuietLogger()];
      const grid = simulatedGrid({
        options: ({ index }) => ({
          logger: loggers[index]!,
          auth: who === (index === 0 ? "dialler" : "acceptor")
            ? { ...changed(method, answer), ...sealing }
            : secret,
        }),
        serve: (manager) => manager.handle(hello, () => void ran++),
      });
      await grid.run(async () => {
        await grid.start();
        const calls = [0, 1].flatMap((from) =>
          [0, 1, 2].map(async () => {
            const way = grid.node(from).connection(grid.hosts[1 - from]!);
            const options = { waitForReady: true, timeoutMs: 2_000 };
            const error = await way.request(hello, undefined, options).catch((thrown) => thrown);
            assert(error instanceof InternodeError, `${what}: it was answered`);
            assert(error.outcome !== "maybeExecuted", `${what}: ${error}`);
          })
        );
        await grid.clock.advance(5_000);
        await Promise.all(calls);
        const acceptors = grid.node(1).connections()[0]!.stats();
        assertEquals([ran, acceptors.reconnects, acceptors.messagesReceived], [0, 0, 0], what);
        // Also where the dialler was open for a moment.
        assertEquals(grid.node(0).connections()[0]!.state, "disconnected", what);
      });
      // It is told once, however often it is tried, and that seldom enough though some attempts seem to succeed.
      const failures = loggers.flatMap((log) => log.of("authenticator_failed"));
      assertEquals(failures.filter(({ level }) => level === "error").length, 1, what);
      assert(failures.length > 4 && failures.length < 20, `${failures.length} attempts`);
      await grid.close();
    }
  });
}
