/**
 * The rules of this house that a linter can see.
 *
 * @module
 */

import { fileLength, fractionalTimes, noSleep } from "./lint/file_rules.ts";
import { foreignErrors } from "./lint/foreign_rules.ts";
import { edgeOnly, injectedTime, pureRooms } from "./lint/global_rules.ts";
import { dependencies, layerOrder } from "./lint/import_rules.ts";

/** The plugin that deno.json names. */
const plugin: Deno.lint.Plugin = {
  name: "internode",
  rules: {
    "dependencies": dependencies,
    "edge-only": edgeOnly,
    "file-length": fileLength,
    "foreign-errors": foreignErrors,
    "fractional-times": fractionalTimes,
    "injected-time": injectedTime,
    "layer-order": layerOrder,
    "no-sleep": noSleep,
    "pure-rooms": pureRooms,
  },
};

export default plugin;
