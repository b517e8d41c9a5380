/**
 * The parts of descriptions.
 *
 * @module
 */

import type { Description, LazyDescription } from "../codec/description/description.ts";
import { invalidArgument } from "../errors.ts";

/** What stands directly within a description. */
export function partsOf(description: Description): readonly Description[] {
  switch (description.type) {
    case "record":
      return description.fields.map((field) => field.value);
    case "union":
      return description.variants.flatMap(({ fields }) => fields.map((field) => field.value));
    case "list":
    case "map":
      return [description.item];
    case "tuple":
      return description.items;
    case "optional":
    case "nullable":
    case "validated":
    case "lazy":
      return [description.value];
    default:
      return [];
  }
}

/**
 * The values of a description that may contain their own kind, by their names.
 *
 * @throws {InternodeError} `InvalidArgument` for a reference that leads nowhere.
 */
export function laziesOf(description: Description): ReadonlyMap<number, LazyDescription> {
  const lazies = new Map<number, LazyDescription>();
  const refs = new Set<number>();
  const visit = (part: Description): void => {
    if (part.type === "lazy") lazies.set(part.id, part);
    if (part.type === "ref") refs.add(part.id);
    partsOf(part).forEach(visit);
  };
  visit(description);
  for (const id of refs) {
    if (lazies.has(id)) continue;
    throw invalidArgument(`A description refers to its part ${id}, which it does not have.`);
  }
  return lazies;
}

/** The `lazy` that a `lazy` or `ref` means. Refs are known to lead somewhere. */
export function lazyAt(
  lazies: ReadonlyMap<number, LazyDescription>,
  { id }: { readonly id: number },
): LazyDescription {
  return lazies.get(id)!;
}
