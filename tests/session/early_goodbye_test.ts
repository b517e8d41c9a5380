import { assertEquals, assertStringIncludes } from "@std/assert";
import { type ErrorCode, InternodeError } from "../../lib/errors.ts";
import { sharedSecret } from "../../lib/driver/shared_secret.ts";
import { Pair } from "../support/session/pair.ts";
import { provingLast } from "../support/session/proving_last.ts";
import type { Side } from "../support/session/side.ts";

const SECRET = sharedSecret("a secret of more than 16 bytes");

/** What one side has to say reaches the other one. */
function say(from: Side, to: Side): void {
  from.drain();
  from.written();
  for (const bytes of from.transit.splice(0)) to.receiveBytes(bytes);
}

for (const auth of [null, provingLast(SECRET)]) {
  Deno.test(`${auth ? "with" : "without"} a secret, an acceptor that counts on checksums hears why the dialler gave up`, () => {
    // The dialler has said all that the acceptor waits for, and is not open itself.
    const { dialler, acceptor } = new Pair({ bytes: true, unopened: true, both: { auth } });
    say(dialler, acceptor);
    if (auth !== null) {
      say(acceptor, dialler);
      say(dialler, acceptor);
    }
    assertEquals([dialler.session.state, acceptor.session.state], ["handshake", "open"]);
    dialler.session.close(new InternodeError("PermissionDenied", "nobody here knows you"), 1000);
    say(dialler, acceptor);
    assertEquals(acceptor.closed?.code, "Unauthenticated");
    assertStringIncludes(acceptor.closed!.message, "nobody here knows you");
  });
}

Deno.test("a dialler that counts on checksums hears why the acceptor gave up before its proof came", () => {
  const { dialler, acceptor } = new Pair({ bytes: true, unopened: true, both: { auth: SECRET } });
  say(dialler, acceptor);
  say(acceptor, dialler);
  assertEquals([dialler.session.state, acceptor.session.state], ["open", "handshake"]);
  const call = dialler.request("echo", null);
  acceptor.session.close(new InternodeError("PermissionDenied", "nobody here knows you"), 1000);
  say(acceptor, dialler);
  assertEquals(dialler.closed?.code, "Unauthenticated");
  assertStringIncludes(dialler.closed!.message, "nobody here knows you");
  assertEquals(call.error?.outcome, "notExecuted");
});

const CODES: readonly ErrorCode[] = [
  "Closed",
  "GoingAway",
  "NotListed",
  "PermissionDenied",
  "ProtocolError",
];

for (const code of CODES) {
  const error = new InternodeError(code, "the end");
  const told = code === "GoingAway" ? code : "Disconnected";

  Deno.test(`a dialler that ends its handshake with ${code} has run no call of an acceptor that is open`, () => {
    const { dialler, acceptor } = new Pair({ bytes: true, unopened: true });
    say(dialler, acceptor);
    assertEquals([dialler.session.state, acceptor.session.state], ["handshake", "open"]);
    const call = acceptor.request("echo", null), stream = acceptor.open("flow", null, { input: 2 });
    acceptor.drain();
    acceptor.written();
    dialler.session.close(error, 1000);
    say(dialler, acceptor);
    for (const { error } of [call, stream]) {
      assertEquals([error?.code, error?.outcome], [told, "notExecuted"]);
    }
  });

  Deno.test(`an acceptor that ends with ${code} before a call has come has run none`, () => {
    const { dialler, acceptor } = new Pair({ bytes: true, unopened: true });
    say(dialler, acceptor);
    say(acceptor, dialler);
    assertEquals(dialler.session.state, "open");
    const call = dialler.request("echo", null);
    acceptor.session.close(error, 1000);
    say(acceptor, dialler);
    assertEquals([call.error?.code, call.error?.outcome], [told, "notExecuted"]);
  });

  if (code === "NotListed") continue;
  Deno.test(`a side that ends with ${code} may have run a call that has come`, () => {
    const pair = new Pair({ bytes: true });
    pair.keep();
    const call = pair.dialler.request("keep", null), later = pair.acceptor.request("keep", null);
    say(pair.dialler, pair.acceptor);
    pair.acceptor.session.close(error, 1000);
    say(pair.acceptor, pair.dialler);
    assertEquals([call.error?.code, call.error?.outcome], [told, "maybeExecuted"]);
    assertEquals(later.error?.outcome, "maybeExecuted");
  });
}
