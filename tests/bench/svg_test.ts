/** Figures in a few characters. @module */

import { assertEquals } from "@std/assert";
import { shortBytes, shortCount, shortTime } from "../../bench/report/svg.ts";

for (
  const [text, expected] of [
    [shortCount(9.4), "9.4"],
    [shortCount(950), "950"],
    [shortCount(1_500), "1.5 k"],
    [shortCount(12_340), "12 k"],
    [shortCount(999_499), "999 k"],
    [shortCount(999_500), "1 M"],
    [shortCount(1_837_000), "1.8 M"],
    [shortTime(4.46), "4.5 µs"],
    [shortTime(0.5), "0.5 µs"],
    [shortTime(120.4), "120 µs"],
    [shortTime(2_140), "2.1 ms"],
    [shortTime(44_000), "44 ms"],
    [shortTime(1_200_000), "1.2 s"],
    [shortBytes(512), "512 B"],
    [shortBytes(65_536), "64 KiB"],
  ] as const
) {
  Deno.test(`it is ${expected}`, () => assertEquals(text, expected));
}
