/**
 * What counts as a failure of communication.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import { InternodeError } from "@internode/grid";
import { isCommunicationError } from "@internode/grid/call";

Deno.test("failures of communication are told from those of handlers and callers", () => {
  const codes = ["Unreachable", "Disconnected", "GoingAway", "ProtocolError"] as const;
  for (const code of codes) {
    assertEquals(isCommunicationError(new InternodeError(code, "lost")), true, code);
  }
  for (
    const code of ["HandlerFailed", "DeadlineExceeded", "Cancelled", "PermissionDenied"] as const
  ) {
    assertEquals(isCommunicationError(new InternodeError(code, "no")), false, code);
  }
  assertEquals(isCommunicationError(new Error("Disconnected")), false);
});
