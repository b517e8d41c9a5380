/**
 * URLs of servers.
 *
 * @module
 */

import type { InternodeError } from "../../errors.ts";
import { quoted } from "../../foreign/plain_text.ts";

/**
 * Checks the URL of a server that is asked over HTTP.
 *
 * @param text What the user wrote.
 * @param example What it must look like.
 * @param refuse Makes the error, given what to show of the URL and what is wrong: "may not …".
 * @returns The URL without a slash at its end.
 * @throws What `refuse` gives.
 */
export function baseUrl(
  text: string,
  example: string,
  refuse: (url: string, why: string) => InternodeError,
): string {
  const url = typeof text === "string" ? URL.parse(text) : null;
  if (url === null || (url.protocol !== "http:" && url.protocol !== "https:")) {
    throw refuse(quoted(String(text)), `must look like "${example}"`);
  }
  if (url.username !== "" || url.password !== "") {
    throw refuse(quoted(url.host), "may hold neither a user nor a password");
  }
  if (url.search !== "" || url.hash !== "") {
    throw refuse(quoted(text), "may not go on after its path");
  }
  return url.href.replace(/\/+$/, "");
}
