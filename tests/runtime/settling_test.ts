import { assertEquals } from "@std/assert";
import { Settling, type Verdict } from "../../lib/runtime/settling.ts";

/** What each look means: pairs of when and what was seen. */
function verdicts(...looks: readonly (readonly [number, string | null])[]): Verdict[] {
  const settling = new Settling(100);
  return looks.map(([nowMs, text]) => settling.see(text, nowMs));
}

Deno.test("the first state counts at once, if its last line is complete", () => {
  assertEquals(verdicts([0, "a\n"], [1, "a\n"]), ["counts", "known"]);
  assertEquals(verdicts([0, null], [1, null]), ["counts", "known"]);
  assertEquals(verdicts([0, ""]), ["counts"]);
  assertEquals(verdicts([0, "a\nb"], [99, "a\nb"], [100, "a\nb"]), [
    "unsettled",
    "unsettled",
    "counts",
  ]);
});

Deno.test("a change counts when it was seen twice, the settling time apart", () => {
  assertEquals(verdicts([0, "a\n"], [10, "b\n"], [109, "b\n"], [110, "b\n"], [111, "b\n"]), [
    "counts",
    "unsettled",
    "unsettled",
    "counts",
    "known",
  ]);
});

Deno.test("each change on the way begins the time anew, and a way back is no change", () => {
  assertEquals(verdicts([0, "a\n"], [10, ""], [100, "b"], [190, "b\n"], [290, "b\n"]), [
    "counts",
    "unsettled",
    "unsettled",
    "unsettled",
    "counts",
  ]);
  assertEquals(verdicts([0, "a\n"], [10, null], [60, "a\n"], [200, null]), [
    "counts",
    "unsettled",
    "known",
    "unsettled",
  ]);
});

Deno.test("a file that never rests counts after ten times, but only where it is complete", () => {
  assertEquals(verdicts([0, "a\n"], [100, "b\n"], [1_099, "c\n"], [1_100, "d\n"]), [
    "counts",
    "unsettled",
    "unsettled",
    "counts",
  ]);
  for (const cut of ["tcp://10.0.0.1:90", "", null]) {
    const settling = new Settling(100);
    settling.see("a\n", 0);
    settling.see("b\n", 100);
    assertEquals(settling.see(cut, 1_100), "restless");
    assertEquals(settling.see("c\n", 1_101), "counts");
  }
});
