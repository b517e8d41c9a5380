/**
 * All that is asked of a host to find out what is wrong.
 *
 * @module
 */

import type { AdminClient } from "../../admin/admin_client.ts";
import type { AdminCall } from "../../admin/calls_contract.ts";
import type { AdminHandler } from "../../admin/describe_contract.ts";
import type { FiguresResponse } from "../../admin/figures_contract.ts";
import type { AdminStatus } from "../../admin/status_contract.ts";
import { isOwnError } from "../../foreign/own_error.ts";
import type { Health, HealthOptions } from "../../operations/health.ts";
import { pause } from "../../runtime/pause.ts";
import type { World } from "../world/world.ts";

/** What a host has said; `null` stands for what a node of an older version cannot tell. */
export interface HostLook {
  /** Its own verdict. */
  readonly health: Health;
  /** What it is. */
  readonly status: AdminStatus;
  /** Its calls that have taken long, those first that have taken longest. */
  readonly calls: readonly AdminCall[];
  /** Its handlers. */
  readonly handlers: readonly AdminHandler[];
  /** Its calls by handler and other side, at two moments; `null` also where none were to be counted. */
  readonly figures: readonly [before: FiguresResponse, after: FiguresResponse] | null;
}

/** How a host is looked at. */
export interface LookOptions {
  /** What is asked of its health. */
  readonly health: HealthOptions;
  /** The least age of calls, in milliseconds. */
  readonly olderMs: number;
  /** For how long calls are counted, in milliseconds; 0: they are not. */
  readonly countMs: number;
}

/** Asks a host for all of it. */
export async function lookAt(
  client: AdminClient,
  { health, olderMs, countMs }: LookOptions,
  { clock, signal }: World,
): Promise<HostLook> {
  const counting = async (): Promise<HostLook["figures"]> => {
    if (countMs === 0) return null;
    const before = await ifKnown(client.figures());
    if (before === null) return null;
    await pause(clock, countMs, signal);
    return [before, await client.figures()];
  };
  const [verdicts, status, calls, described, figures] = await Promise.all([
    client.health(health),
    client.status({ options: false }),
    ifKnown(client.calls({ minAgeMs: olderMs })),
    ifKnown(client.describe()),
    counting(),
  ]);
  return {
    health: verdicts,
    status,
    calls: calls?.calls ?? [],
    handlers: described?.handlers ?? [],
    figures,
  };
}

/** `null` where the host has no such question. */
async function ifKnown<Value>(asked: Promise<Value>): Promise<Value | null> {
  try {
    return await asked;
  } catch (error) {
    if (isOwnError(error) && error.code === "UnknownHandler") return null;
    throw error;
  }
}
