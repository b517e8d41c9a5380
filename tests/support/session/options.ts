import type { SessionOptions } from "../../../lib/session/frames/session_options.ts";
import { DEFAULT_TIMES } from "../../../lib/session/frames/session_options.ts";
import { type Limits, resolveLimits } from "../../../lib/wire/limits.ts";
import { DecodedMemory } from "../../../lib/wire/decoded_memory.ts";
import { WriterPool } from "../../../lib/wire/writer_pool.ts";

/** The wall clock at the session's time 0. */
export const WALL_MS = 1_750_000_000_000;

/** What a test says of one side. */
export type SideOptions = Partial<Omit<SessionOptions, "limits">> & { limits?: Partial<Limits> };

/** Everything a session needs, with fixed nonces. */
export function sessionOptions(
  role: SessionOptions["role"],
  options: SideOptions = {},
): SessionOptions {
  const dialler = role === "dialler";
  return {
    ...DEFAULT_TIMES,
    role,
    name: dialler ? "tcp://a:1" : "tcp://b:2",
    renews: false,
    peerName: dialler ? "tcp://b:2" : "",
    instance: new Uint8Array(16).fill(dialler ? 0xa1 : 0xb2),
    nonce: new Uint8Array(32).fill(dialler ? 0x0a : 0x0b),
    auth: null,
    envelope: false,
    checksum: null,
    writeFlattenLimit: 4096,
    memory: new DecodedMemory(Infinity),
    pool: new WriterPool(),
    ...options,
    limits: resolveLimits(options.limits),
  };
}
