/**
 * Whether two decoded values are the same, and how large one is.
 *
 * @module
 */

/**
 * Compares values as codecs make them: NaN equals NaN, 0 does not equal -0.
 *
 * @param isLoose Whether 0 equals -0 all the same.
 */
export function sameValue(a: unknown, b: unknown, isLoose = false): boolean {
  if (Object.is(a, b) || (isLoose && a === b)) return true;
  if (typeof a !== "object" || typeof b !== "object" || a === null || b === null) return false;
  if (Object.getPrototypeOf(a) !== Object.getPrototypeOf(b)) return false;
  if (a instanceof Date) return Object.is(a.getTime(), (b as Date).getTime());
  if (a instanceof Uint8Array) return sameBytes(a, b as Uint8Array);
  if (a instanceof Map) {
    const other = b as Map<unknown, unknown>;
    if (a.size !== other.size) return false;
    for (const [key, value] of a) {
      if (!other.has(key) || !sameValue(value, other.get(key), isLoose)) return false;
    }
    return true;
  }
  const keys = Object.keys(a);
  if (keys.length !== Object.keys(b).length) return false;
  const left = a as Record<string, unknown>, right = b as Record<string, unknown>;
  return keys.every((key) =>
    Object.hasOwn(right, key) && sameValue(left[key], right[key], isLoose)
  );
}

/** Compares bytes. */
export function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false;
  for (let at = 0; at < a.length; at++) if (a[at] !== b[at]) return false;
  return true;
}

/** About how many bytes a value must have taken at least: one for each part, and those of texts and bytes. */
export function leastBytes(value: unknown): number {
  if (typeof value === "string" || value instanceof Uint8Array) return 1 + value.length;
  if (typeof value !== "object" || value === null || value instanceof Date) return 1;
  let sum = 1;
  if (value instanceof Map) {
    for (const [key, part] of value) sum += leastBytes(key) + leastBytes(part);
  } else if (Array.isArray(value)) {
    for (let at = 0; at < value.length; at++) sum += leastBytes(value[at]);
  } else {
    for (const part of Object.values(value)) sum += leastBytes(part);
  }
  return sum;
}
