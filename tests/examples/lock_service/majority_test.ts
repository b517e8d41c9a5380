/** Majorities. @module */

import { assertEquals } from "@std/assert";
import { askMajority, majorityOf } from "../../../examples/lock_service/lock/majority.ts";

Deno.test("any two majorities have a member in common", () => {
  for (let count = 1; count <= 64; count++) {
    assertEquals(2 * majorityOf(count) > count, true);
    assertEquals(2 * (majorityOf(count) - 1) > count, false);
  }
});

/** Members that answer only when told to. */
function makeMembers(count: number) {
  return Array.from({ length: count }, (_, index) => ({
    host: `member ${index}`,
    ...Promise.withResolvers<boolean>(),
  }));
}

const ask = (members: ReturnType<typeof makeMembers>, enough: number) =>
  askMajority(members, enough, (member) => member.promise, (reply) => reply);

Deno.test("enough are enough, whatever becomes of the rest", async () => {
  const members = makeMembers(5);
  const asked = ask(members, 3);
  members[4]!.resolve(true);
  members[0]!.reject(new Error("down"));
  members[2]!.resolve(true);
  members[1]!.resolve(true);
  assertEquals(await asked, [true, true, true]);
});

Deno.test("it is over as soon as it cannot succeed", async () => {
  const members = makeMembers(5);
  const asked = ask(members, 3);
  members[0]!.reject(new Error("down"));
  members[1]!.resolve(false);
  members[2]!.resolve(false);
  assertEquals(await asked, undefined);
});

Deno.test("too few members can never agree", async () => {
  assertEquals(await ask([], 1), undefined);
});
