/** Conversations with what their proofs are made of, which is worked out without the library. */

import { joined, parseFrames, u32, utf8 } from "../support/session/raw_frames.ts";
import { BINDING, CONVERSATIONS, converse, SECRET, type Turn } from "./conversations.ts";

/** A whole conversation. */
export interface ConversationVector {
  name: string;
  description: string;
  bytes: boolean;
  secret: string | null;
  /** What follows the hellos in the transcript. */
  bindingHex: string | null;
  /** The dialler's hello before its seal, and what is bound to; `null`: it has none. */
  sealedHex: string | null;
  sealHex: string | null;
  transcriptHex: string | null;
  diallerProofHex: string | null;
  acceptorProofHex: string | null;
  turns: Turn[];
}

/** All of them. */
export async function conversationVectors(): Promise<ConversationVector[]> {
  return await Promise.all(CONVERSATIONS.map(async (recipe) => {
    const { name, description, bytes } = recipe;
    const turns = converse(recipe);
    let transcript: Uint8Array | null = null, sealed: Uint8Array | null = null;
    // Both sides must know it.
    const isBound = recipe.dialler?.binding !== undefined && recipe.acceptor?.binding !== undefined;
    const binding = isBound ? BINDING : new Uint8Array(0);
    if (recipe.secret) {
      // The two hellos, which open their sides' first turns.
      const hellos = ["dialler", "acceptor"].map((from) => {
        const first = Uint8Array.fromHex(turns.find((turn) => turn.from === from)!.hex);
        return parseFrames(bytes ? first.subarray(8) : first)[0]!.payload;
      });
      transcript = joined(...hellos.flatMap((hello) => [u32(hello.length), hello]), binding);
      const [hello] = hellos, features = hello![8]!;
      if ((features & 128) !== 0) {
        const shown = (features & 8) === 0 ? new Uint8Array(0) : BINDING;
        sealed = joined(hello!.subarray(0, -32), shown);
      }
    }
    const proof = async (role: string): Promise<string | null> =>
      transcript === null
        ? null
        : (await hmac(SECRET, `internode proof 1\0${role}\0`, transcript)).toHex();
    return {
      name,
      description,
      bytes,
      secret: recipe.secret ? SECRET : null,
      bindingHex: isBound ? binding.toHex() : null,
      sealedHex: sealed?.toHex() ?? null,
      sealHex: sealed === null ? null : (await hmac(SECRET, "internode seal 1\0", sealed)).toHex(),
      transcriptHex: transcript?.toHex() ?? null,
      diallerProofHex: await proof("dialler"),
      acceptorProofHex: await proof("acceptor"),
      turns,
    };
  }));
}

/** The HMAC of a label and what follows it. */
export async function hmac(
  secret: string,
  label: string,
  message: Uint8Array,
): Promise<Uint8Array> {
  const algorithm = { name: "HMAC", hash: "SHA-256" };
  const key = await crypto.subtle.importKey("raw", utf8(secret), algorithm, false, ["sign"]);
  return new Uint8Array(await crypto.subtle.sign("HMAC", key, joined(utf8(label), message)));
}
