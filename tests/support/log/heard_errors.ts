/** A logger whose errors can be waited for. @module */

import { inTime } from "../asking.ts";
import { QuietLogger } from "./quiet.ts";

/** A logger whose errors can be waited for. */
export class HeardErrors extends QuietLogger {
  #check: () => void = () => {};

  override error(message: string): void {
    super.error(message);
    this.#check();
  }

  async heard(text: string): Promise<void> {
    await inTime(() =>
      new Promise<void>((resolve) => {
        this.#check = () => this.has(text) && resolve();
        this.#check();
      })
    );
  }
}
