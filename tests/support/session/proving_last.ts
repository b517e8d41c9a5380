/**
 * The older order of proofs.
 *
 * @module
 */

import type { Authenticator } from "../../../lib/session/frames/authenticator.ts";

/** One that neither seals hellos nor knows seals, as those of before: the acceptor proves itself last. */
export function provingLast(auth: Authenticator): Authenticator {
  return {
    prove: (...given) => auth.prove(...given),
    verify: (...given) => auth.verify(...given),
    token: (...given) => auth.token(...given),
    checkToken: (...given) => auth.checkToken(...given),
  };
}
