/**
 * Endpoints as lines of a text.
 *
 * @module
 */

import { messageOf } from "../../foreign/text_of.ts";
import { InternodeError } from "../../errors.ts";
import type { Endpoint } from "../../transport/channel/endpoint.ts";
import { readRecord } from "./endpoint_record.ts";

/** A line with an endpoint. */
export interface EndpointLine {
  /** Its number, from 1 on. */
  readonly number: number;
  /** What it says. */
  readonly entry: string;
}

/**
 * Finds the lines that say something. Blank lines do not count, nor does what
 * follows a `#` at a line's begin or after a space; behind a JSON object such a
 * comment may hold no quote and no brace.
 *
 * @param text The lines.
 * @returns Those with endpoints, in their order.
 */
export function endpointLines(text: string): EndpointLine[] {
  const lines: EndpointLine[] = [];
  for (const [index, line] of text.replace(/^\ufeff/, "").split(/\r\n|\r|\n/).entries()) {
    // Other blanks, such as a byte order mark, are no part of any endpoint, and are not passed over.
    const whole = line.replace(/^[ \t]+|[ \t]+$/g, "");
    // Within JSON there may be a "#"; what follows the object is a comment.
    const entry = whole.startsWith("{")
      ? whole.replace(/\}[ \t]+#[^"}]*$/, "}")
      : whole.replace(/(?:^|\s)#.*$/, "").replace(/[ \t]+$/, "");
    if (entry !== "") lines.push({ number: index + 1, entry });
  }
  return lines;
}

/**
 * Reads the endpoint of a line.
 *
 * @param line The line.
 * @param where What it comes from, for the error.
 * @param makeEndpoint Reads it.
 * @returns The endpoint.
 * @throws {InternodeError} `InvalidArgument`, naming the line, if it is none.
 */
export function readEndpointLine(
  { number, entry }: EndpointLine,
  where: string,
  makeEndpoint: (text: string) => Endpoint,
): Endpoint {
  try {
    return readRecord(entry, makeEndpoint);
  } catch (cause) {
    throw new InternodeError(
      "InvalidArgument",
      `Line ${number} of ${where} is not an endpoint: ${messageOf(cause)}. ` +
        'Each line must read like "tcp://10.0.0.1:9000", "unix:///run/a.sock" or ' +
        '{"address":"tcp://10.0.0.1:9000","zone":"eu-1a"}, or begin with "#".',
      { cause },
    );
  }
}
