/** Values that have no text, or throw when one looks at them: all of them may be thrown or given as a reason. */

class ThrowingMessage extends Error {
  override get message(): string {
    throw new Error("no message for you");
  }
  override get name(): string {
    throw new Error("no name for you");
  }
}

function refuse(): never {
  throw new Error("no looking");
}

/** Each with what it is. */
export const TEXTLESS: readonly (readonly [what: string, value: unknown])[] = [
  ["undefined", undefined],
  ["null", null],
  ["a symbol", Symbol("s")],
  ["the empty text", ""],
  ["a plain object", { code: 1 }],
  ["a frozen error without a message", Object.freeze(new Error(""))],
  ["an object without prototype", Object.assign(Object.create(null), { code: 7 })],
  ["a toString that throws", { toString: refuse, [Symbol.toPrimitive]: refuse }],
  ["a toString that gives no text", { toString: () => ({}) }],
  ["a message getter that throws", new ThrowingMessage()],
  ["a message that is no text", Object.assign(new Error("x"), { message: { toString: refuse } })],
  [
    "a proxy that refuses everything",
    new Proxy({}, { get: refuse, has: refuse, getPrototypeOf: refuse, ownKeys: refuse }),
  ],
];
