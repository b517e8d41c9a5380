/** The names that a peer gives numbers to: how many, how long, and which may come anew. @module */

import { assertEquals, assertThrows } from "@std/assert";
import { InternodeError } from "../../../lib/errors.ts";
import { MAX_NAMES_BYTES, nameCost } from "../../../lib/session/frames/handler_name.ts";
import { PeerNames } from "../../../lib/session/calls/peer_names.ts";
import { ByteReader } from "../../../lib/wire/byte_reader.ts";
import { namePayload } from "../../support/session/raw_frames.ts";

const LONG = "n".repeat(255);
/** What the longest name costs, with the longest subroute. */
const MOST = nameCost(2 + 255 + 255);

/** The peer gives a number to a name; says whether that is a new one. */
function give(names: PeerNames, number: number, name: string, subroute = ""): boolean {
  const payload = namePayload(name, subroute), reader = new ByteReader();
  reader.reset(payload, 0, payload.length);
  return names.onName(number, reader);
}

Deno.test("names may cost 12,582,912 bytes together, to the byte, and those given anew count once", () => {
  const names = new PeerNames({ resolve: () => null });
  names.reuses = true;
  const whole = Math.floor(MAX_NAMES_BYTES / MOST), rest = MAX_NAMES_BYTES - whole * MOST;
  for (let n = 0; n < whole; n++) give(names, n, LONG, LONG);
  assertEquals(give(names, whole, LONG, "s".repeat(rest - nameCost(2 + 255))), true);
  for (let n = 0; n < 3; n++) assertEquals(give(names, n, LONG, LONG), false);
  assertThrows(() => give(names, whole + 1, ""), InternodeError, "names that the peer sent exceed");
});

Deno.test("a name that is given anew makes the room of the one before", () => {
  const names = new PeerNames({ resolve: () => null });
  names.reuses = true;
  const whole = Math.floor(MAX_NAMES_BYTES / MOST);
  for (let n = 0; n < whole; n++) give(names, n, LONG, LONG);
  assertThrows(
    () => give(names, whole, LONG, LONG),
    InternodeError,
    "names that the peer sent exceed",
  );
  const others = new PeerNames({ resolve: () => null });
  others.reuses = true;
  for (let n = 0; n < whole; n++) give(others, n, LONG, LONG);
  give(others, 0, "short");
  assertEquals(give(others, whole, LONG, LONG), true);
  assertEquals(others.get(0).name, "short");
});
