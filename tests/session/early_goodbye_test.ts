import { assertEquals, assertStringIncludes } from "@std/assert";
import { InternodeError } from "../../lib/errors.ts";
import { sharedSecret } from "../../lib/driver/shared_secret.ts";
import { Pair } from "../support/session/pair.ts";

const SECRET = sharedSecret("a secret of more than 16 bytes");

for (const auth of [null, SECRET]) {
  Deno.test(`${auth ? "with" : "without"} a secret, an acceptor that counts on checksums hears why the dialler gave up`, () => {
    // The dialler has said all that the acceptor waits for, and is not open itself.
    const { dialler, acceptor } = new Pair({ bytes: true, unopened: true, both: { auth } });
    const say = (from: typeof dialler, to: typeof dialler): void => {
      from.drain();
      from.written();
      for (const bytes of from.transit.splice(0)) to.receiveBytes(bytes);
    };
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
