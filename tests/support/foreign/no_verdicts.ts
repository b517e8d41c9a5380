/** Answers that are no verdict, of a rule that is asked who may come in: none of them may let anyone in. */

/** Each with what it is, as the function that answers so. */
export const NO_VERDICTS: readonly (readonly [what: string, rule: () => unknown])[] = [
  ["throws", () => {
    throw new Error("the database is down");
  }],
  ["throws an object without prototype", () => {
    throw Object.create(null);
  }],
  ["undefined", () => undefined],
  ["0", () => 0],
  ["1", () => 1],
  ["a symbol", () => Symbol("yes")],
  ["an empty object", () => ({})],
  ["an object with an empty name", () => ({ name: "" })],
  ["an object whose name is no text", () => ({ name: 5 })],
  ["an object whose getters throw", () => ({
    get name(): never {
      throw new Error("no name");
    },
    get then(): never {
      throw new Error("no then");
    },
    get refusal(): never {
      throw new Error("no refusal");
    },
  })],
  ["a function", () => () => null],
  ["a promise that is rejected", () => Promise.reject(new Error("the database is down"))],
  ["a promise of undefined", () => Promise.resolve(undefined)],
  ["a promise of an object", () => Promise.resolve({})],
];
