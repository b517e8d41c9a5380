import { assertEquals, assertThrows } from "@std/assert";
import { InternodeError } from "../../lib/errors.ts";
import {
  DEFAULT_LIMITS,
  largestMessage,
  type Limits,
  MAX_BATCH_BYTES,
  MAX_HANDSHAKE_BATCH_BYTES,
  resolveLimits,
} from "../../lib/wire/limits.ts";

Deno.test("the limits are the documented ones unless others are given", () => {
  assertEquals(resolveLimits(), DEFAULT_LIMITS);
  assertEquals(resolveLimits({ maxCalls: 7 }), { ...DEFAULT_LIMITS, maxCalls: 7 });
  assertEquals(DEFAULT_LIMITS, {
    maxMessageBytes: 104_857_600,
    maxFragmentBytes: 262_144,
    receiveBudgetBytes: 134_217_728,
    sendBudgetBytes: 10_485_760,
    streamBudgetBytes: 1_048_576,
    decodedBudgetBytes: 134_217_728,
    maxCalls: 10_240,
    maxCallsPerSecond: Infinity,
    maxBytesPerSecond: Infinity,
  });
});

const RANGES: { [K in keyof Limits]: [number, number] } = {
  maxMessageBytes: [1024, 1_879_048_064],
  maxFragmentBytes: [1024, 1_048_576],
  receiveBudgetBytes: [65_536, 0x7fff_ffff],
  sendBudgetBytes: [65_536, 0x7fff_ffff],
  streamBudgetBytes: [1024, 0x7fff_ffff],
  decodedBudgetBytes: [65_536, Number.MAX_SAFE_INTEGER],
  maxCalls: [1, 1_048_576],
  maxCallsPerSecond: [1, Infinity],
  maxBytesPerSecond: [1_024, Infinity],
};

for (const [name, [low, high]] of Object.entries(RANGES)) {
  Deno.test(`${name} is from ${low} to ${high}`, () => {
    // What else has to fit is made to.
    const rest = { maxMessageBytes: 1024, receiveBudgetBytes: 0x7fff_ffff };
    for (const value of [low, high]) {
      assertEquals(resolveLimits({ ...rest, [name]: value })[name as keyof Limits], value);
    }
    const over = high === Infinity ? [] : [high + 1, Infinity];
    for (
      const value of [...over, low - 1, low + 0.5, NaN, -Infinity, -1, "7" as unknown as number]
    ) {
      const error = assertThrows(() => resolveLimits({ ...rest, [name]: value }), InternodeError);
      assertEquals(error.code, "InvalidArgument");
      assertEquals(error.message.includes(`Limit ${name} must be`), true);
    }
  });
}

Deno.test("the largest message must fit the budget, whatever is held back of it", () => {
  for (const receiveBudgetBytes of [65_536, 65_537, 1_000_003]) {
    const most = largestMessage(receiveBudgetBytes);
    // An eighth may be held back, and each message counts 128 bytes more than it has.
    assertEquals(most, receiveBudgetBytes - Math.floor(receiveBudgetBytes / 8) - 128);
    resolveLimits({ receiveBudgetBytes, maxMessageBytes: most });
    assertThrows(
      () => resolveLimits({ receiveBudgetBytes, maxMessageBytes: most + 1 }),
      InternodeError,
      "raise the budget",
    );
  }
});

Deno.test("a batch holds its target and a fragment more", () => {
  assertEquals([MAX_HANDSHAKE_BATCH_BYTES, MAX_BATCH_BYTES], [4_096, 2_097_152]);
  assertEquals(MAX_BATCH_BYTES >= 64 * 1024 + RANGES.maxFragmentBytes[1] + 20, true);
});
