/** What is called over a distance. @module */

import { method, methodStream, service } from "@internode/grid/call";

/** A service over a distance; without codecs bytes travel. */
export const Far = service("far", {
  /** Gives back what it is sent. */
  echo: method(),
  /** Takes what it is sent. */
  upload: methodStream({ inputCapacity: 16, outputCapacity: 0 }),
});
