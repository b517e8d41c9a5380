/**
 * What the options take that several functions have.
 *
 * @module
 */

import type { BackOffOptions, ConnectionOptions, HandshakeLimits, Limits } from "@internode/grid";
import type { KindsOf } from "./wrong_types.ts";

export const CONNECTION: KindsOf<ConnectionOptions> = {
  handshakeTimeoutMs: "number",
  pingIntervalMs: "number",
  livenessTimeoutMs: "number",
  maxClockSkewMs: "number",
  auth: "methods",
  limits: "fields",
  inlineHandlerUs: "number",
  spinUs: "number",
  writeFlattenLimit: "number",
  checksums: "flag",
  maxConnectionAgeMs: "number",
  renewalGraceMs: "number",
  logger: "fields",
  tracer: "methods",
  meter: "methods",
  clock: "methods",
  random: "methods",
};
export const HANDSHAKES: KindsOf<HandshakeLimits> = {
  maxUnproven: "number",
  maxUnprovenPerAddress: "number",
};
export const BACK_OFF: KindsOf<BackOffOptions> = {
  initialMs: "number",
  factor: "number",
  maxMs: "number",
  jitter: "number",
};
export const LIMITS: KindsOf<Limits> = {
  maxMessageBytes: "number",
  maxFragmentBytes: "number",
  receiveBudgetBytes: "number",
  sendBudgetBytes: "number",
  streamBudgetBytes: "number",
  decodedBudgetBytes: "number",
  maxCalls: "number",
  maxCallsPerSecond: "number",
  maxBytesPerSecond: "number",
};
