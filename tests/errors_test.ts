import { assertEquals } from "@std/assert";
import { HandlerError, InternodeError } from "../lib/errors.ts";

Deno.test("an error has the cause that it was given, and the property only then", () => {
  const cause = new Error("disk full");
  assertEquals(new InternodeError("Unreachable", "No way.", { cause }).cause, cause);
  assertEquals("cause" in new InternodeError("Unreachable", "No way."), false);
});

Deno.test("an error of which nothing else is known is one of ours, about something never sent", () => {
  const { name, origin, outcome, host, handler } = new InternodeError("Unreachable", "No way.");
  assertEquals([name, origin, outcome], ["InternodeError", "local", "notSent"]);
  assertEquals([host, handler], [undefined, undefined]);
});

Deno.test("a handler's error carries its detail", () => {
  const { name, message, detail } = new HandlerError("not enough", { missing: 2 });
  assertEquals([name, message, detail], ["HandlerError", "not enough", { missing: 2 }]);
});
