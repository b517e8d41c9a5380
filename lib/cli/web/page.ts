/**
 * The page as it is served.
 *
 * @module
 */

import { base64Of } from "../../runtime/base64.ts";
import { sha256 } from "../../runtime/sha256.ts";
import { BODY, SCRIPT, STYLE } from "./page_text.ts";

const utf8 = new TextEncoder();

/**
 * The page: one document, whose only style and only script are those that its
 * policy names by their hashes.
 */
export const PAGE: string = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>Internode</title>
<link rel="icon" href="data:,">
<style>${STYLE}</style>
</head>
<body>
${BODY}
<script type="module">${SCRIPT}</script>
</body>
</html>
`;

/** What browsers are told of each answer. */
export const SECURITY_FIELDS: Readonly<Record<string, string>> = {
  "content-security-policy": [
    "default-src 'none'",
    `script-src '${hashOf(SCRIPT)}'`,
    `style-src '${hashOf(STYLE)}'`,
    "connect-src 'self'",
    "img-src data:",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
    "require-trusted-types-for 'script'",
    "trusted-types 'none'",
  ].join("; "),
  "cache-control": "no-store",
  "cross-origin-opener-policy": "same-origin",
  "cross-origin-resource-policy": "same-origin",
  "referrer-policy": "no-referrer",
  "x-content-type-options": "nosniff",
  "x-frame-options": "DENY",
};

function hashOf(text: string): string {
  return `sha256-${base64Of(sha256(utf8.encode(text)))}`;
}
