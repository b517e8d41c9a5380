/**
 * What a process that closes is told, and what it is asked.
 *
 * @module
 */

import { single } from "@internode/grid";
import { method, service } from "@internode/grid/call";
import * as t from "@internode/grid/codec";
import type { MtlsConfig } from "../../lib/transport/certificates/mtls_config.ts";

/** How a process is set up; its argument as JSON. */
export interface ClosingPlan {
  /** Whether it is a node of a grid or serves a service. */
  readonly face: "grid" | "call";
  /** Where it listens. */
  readonly local: string;
  /** All hosts of the grid. */
  readonly hosts: readonly string[];
  /** What it shows and believes by mutual TLS. */
  readonly tls: MtlsConfig | null;
  /** How many calls it waits for before it closes. */
  readonly calls: number;
  /** Whether it exits as soon as it has closed; else it ends when nothing keeps it. */
  readonly exits: boolean;
}

/** How large an answer is. */
export const ANSWER_BYTES = 32 * 1024;
/** Enough for all answers. */
export const LIMITS = { sendBudgetBytes: 64 * 1024 * 1024 };
const shape = { request: t.nothing(), response: t.bytes() };
/** Answered when the other side closes. */
export const answer = single("answer", shape);
export const Answers = service("answers", { answer: method(shape) });
