/** How the frames with a priority come about. */

import { FEATURE_PRIORITY } from "../../lib/session/frames/hello.ts";
import { type CallPriority, Priority } from "../../lib/session/frames/priority.ts";
import { FrameType } from "../../lib/wire/frame.ts";
import { TestCall } from "../support/session/calls.ts";
import { caller, type FrameRecipe } from "./recipe_makers.ts";

function request(name: CallPriority): FrameRecipe {
  const priority = Priority[name];
  return {
    name: `request of ${name} priority`,
    description: `both hellos have feature bit 6: flag bits 4 and 5 are ${priority}`,
    make: caller(
      FrameType.request,
      ({ side }) => {
        const call = new TestCall();
        call.priority = priority;
        side.request("lock.acquire", null, { call });
      },
      0,
      FEATURE_PRIORITY,
    ),
  };
}

/** One for each bit. */
export const PRIORITY_RECIPES: readonly FrameRecipe[] = [request("high"), request("low")];
