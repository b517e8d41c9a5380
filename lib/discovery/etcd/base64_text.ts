/**
 * Text as etcd's JSON carries bytes.
 *
 * @module
 */

import { base64Of, bytesOfBase64 } from "../../runtime/base64.ts";
import { InternodeError } from "../../errors.ts";
import { quoted } from "../../foreign/plain_text.ts";

const encoder = new TextEncoder();
const decoder = new TextDecoder("utf-8", { ignoreBOM: true });

/**
 * Writes text as Base64 of its UTF-8 bytes.
 *
 * @param text Any text.
 * @returns The Base64.
 */
export function encodeBase64(text: string): string {
  return base64Of(encoder.encode(text));
}

/**
 * Reads text back.
 *
 * @param base64 The Base64; anything but text counts as empty, as JSON leaves out what is.
 * @returns The text, with replacement characters where bytes are not UTF-8.
 * @throws {InternodeError} `ProtocolError` for what is no Base64.
 */
export function decodeBase64(base64: unknown): string {
  if (typeof base64 !== "string") return "";
  try {
    return decoder.decode(bytesOfBase64(base64));
  } catch (cause) {
    throw new InternodeError(
      "ProtocolError",
      `etcd answered with ${quoted(base64, 60)} where Base64 must be. ` +
        "Check that the URL leads to an etcd.",
      { origin: "remote", outcome: "executed", cause },
    );
  }
}
