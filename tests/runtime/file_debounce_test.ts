import { assertEquals } from "@std/assert";
import { FileDebounce, type Verdict } from "../../lib/runtime/file_debounce.ts";

/** What each look means: pairs of when and what was seen. */
function verdicts(...looks: readonly (readonly [number, string | null])[]): Verdict[] {
  const debounce = new FileDebounce(100);
  return looks.map(([nowMs, text]) => debounce.see(text, nowMs));
}

Deno.test("the first state counts at once, if its last line is complete", () => {
  assertEquals(verdicts([0, "a\n"], [1, "a\n"]), ["changed", "unchanged"]);
  assertEquals(verdicts([0, null], [1, null]), ["changed", "unchanged"]);
  assertEquals(verdicts([0, ""]), ["changed"]);
  assertEquals(verdicts([0, "a\nb"], [99, "a\nb"], [100, "a\nb"]), [
    "pending",
    "pending",
    "changed",
  ]);
});

Deno.test("a change counts when it was seen twice, the settling time apart", () => {
  assertEquals(verdicts([0, "a\n"], [10, "b\n"], [109, "b\n"], [110, "b\n"], [111, "b\n"]), [
    "changed",
    "pending",
    "pending",
    "changed",
    "unchanged",
  ]);
});

Deno.test("each change on the way begins the time anew, and a way back is no change", () => {
  assertEquals(verdicts([0, "a\n"], [10, ""], [100, "b"], [190, "b\n"], [290, "b\n"]), [
    "changed",
    "pending",
    "pending",
    "pending",
    "changed",
  ]);
  assertEquals(verdicts([0, "a\n"], [10, null], [60, "a\n"], [200, null]), [
    "changed",
    "pending",
    "unchanged",
    "pending",
  ]);
});

Deno.test("a file that never rests counts after ten times, but only where it is complete", () => {
  assertEquals(verdicts([0, "a\n"], [100, "b\n"], [1_099, "c\n"], [1_100, "d\n"]), [
    "changed",
    "pending",
    "pending",
    "changed",
  ]);
  for (const cut of ["tcp://10.0.0.1:90", "", null]) {
    const debounce = new FileDebounce(100);
    debounce.see("a\n", 0);
    debounce.see("b\n", 100);
    assertEquals(debounce.see(cut, 1_100), "unstable");
    assertEquals(debounce.see("c\n", 1_101), "changed");
  }
});
