/**
 * Endpoints as lines of a text.
 *
 * @module
 */

import { InternodeError } from "../errors.ts";
import type { Endpoint } from "../net/endpoint.ts";
import { messageOf } from "../net/transport_error.ts";

/**
 * Reads endpoints, one a line. Blank lines do not count, nor does what follows
 * a `#` at a line's begin or after a space.
 *
 * @param text The lines.
 * @param where What they come from, for the error.
 * @param makeEndpoint Reads one.
 * @returns The endpoints, in the order of their lines.
 * @throws {InternodeError} `InvalidArgument`, naming the first line that is no endpoint.
 */
export function parseEndpointList(
  text: string,
  where: string,
  makeEndpoint: (text: string) => Endpoint,
): Endpoint[] {
  const endpoints: Endpoint[] = [];
  for (const [index, line] of text.replace(/^\ufeff/, "").split(/\r\n|\r|\n/).entries()) {
    const entry = line.replace(/(?:^|\s)#.*$/, "").trim();
    if (entry === "") continue;
    try {
      endpoints.push(makeEndpoint(entry));
    } catch (cause) {
      throw new InternodeError(
        "InvalidArgument",
        `Line ${index + 1} of ${where} is no endpoint: ${messageOf(cause)}. ` +
          'Each line must read like "tcp://10.0.0.1:9000" or "unix:///run/a.sock", or begin with "#".',
        { cause },
      );
    }
  }
  return endpoints;
}
