/**
 * The points of charts.
 *
 * @module
 */

import type { NodeView } from "./node_view.ts";
import { known, lately, servedRates } from "./numbers.ts";
import type { ChartPoint } from "./page_state.ts";

/** How many points are kept: five minutes. */
const MAX_POINTS = 300;
/** Over how long the rates of a point are taken, in milliseconds. */
const POINT_MS = 2_500;

/** The points of the last minutes. */
export class Chart {
  /** The points, the newest last. */
  readonly points: ChartPoint[] = [];

  /**
   * Adds the point of this moment.
   *
   * @param views The nodes that answer; figures of several are taken together.
   * @param timeMs The wall clock, in milliseconds since 1970.
   */
  add(views: readonly NodeView[], timeMs: number): void {
    const readings = views.flatMap(({ readings }) => {
      const both = lately(readings, POINT_MS);
      return both === null || both[0] === null ? [] : [both];
    });
    const rates = readings.length === 0 ? null : servedRates(readings);
    const delays = views.flatMap(({ readings }) =>
      known(readings.at(-1)?.status.loopDelay.lastMs) ?? []
    );
    this.points.push({
      timeMs,
      perSecond: rates?.perSecond ?? null,
      errorsPerSecond: rates?.errorsPerSecond ?? null,
      p99Ms: rates?.p99Ms ?? null,
      loopDelayMs: delays.length === 0 ? null : Math.max(...delays),
    });
    if (this.points.length > MAX_POINTS) this.points.shift();
  }
}
