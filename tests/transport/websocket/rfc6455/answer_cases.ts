/**
 * What a host answers to a request for WebSocket, and what the dialler makes of it.
 *
 * @module
 */

/** One answer. */
export interface AnswerCase {
  readonly name: string;
  /** The answer, a character for each byte, from what must stand in `sec-websocket-accept`. */
  readonly answer: (accept: string) => string;
  /** What the failure says; `null`: it is agreed. */
  readonly says: RegExp | null;
}

const SWITCHING = "HTTP/1.1 101 Switching Protocols";

/** What is changed in a proper answer. */
interface Change {
  readonly first?: string;
  /** Lines in the place of those that begin like them, up to the colon; others come last. */
  readonly lines?: readonly string[];
  /** Fields that are missing. */
  readonly without?: readonly string[];
  /** Changes what must be answered. */
  readonly accept?: (accept: string) => string;
  readonly before?: string;
  readonly rest?: string;
}

function nameOf(line: string): string {
  return line.slice(0, line.indexOf(":")).toLowerCase();
}

function answer(change: Change): (accept: string) => string {
  const { first = SWITCHING, lines = [], without = [], before = "", rest = "" } = change;
  const changed = lines.map(nameOf);
  return (accept) => {
    const right = change.accept?.(accept) ?? accept;
    const fields = ["Upgrade: websocket", "Connection: Upgrade", `Sec-WebSocket-Accept: ${right}`]
      .filter((line) => !changed.includes(nameOf(line)) && !without.includes(nameOf(line)));
    const all = [first, ...fields, ...lines, "", rest].join("\r\n");
    return before + all.replaceAll("ACCEPT", accept);
  };
}

const cases = (
  says: RegExp | null,
  changes: readonly (readonly [string, Change])[],
): AnswerCase[] => changes.map(([name, change]) => ({ name, says, answer: answer(change) }));

const lines = (...lines: string[]): Change => ({ lines });
const without = (...without: string[]): Change => ({ without });
const first = (first: string): Change => ({ first });
const accept = (accept: (right: string) => string): Change => ({ accept });

/** All of them. */
export const answerCases: readonly AnswerCase[] = [
  ...cases(null, [
    ["a proper one", {}],
    ["one without words", first("HTTP/1.1 101 ")],
    ["one with other words", first("HTTP/1.1 101 Here you are")],
    ["names in upper case", lines("UPGRADE: websocket", "CONNECTION: Upgrade")],
    ["words in another case", lines("Upgrade: WebSocket", "Connection: UPGRADE")],
    ["no blanks behind colons", lines("Upgrade:websocket", "Sec-WebSocket-Accept:ACCEPT")],
    ["blanks and tabs around values", lines("Upgrade:\t websocket \t", "Connection:   upgrade ")],
    ["a list of what the connection is for", lines("Connection: keep-alive, Upgrade")],
    ["a list in two fields", lines("Connection: keep-alive", "Connection: Upgrade")],
    ["fields that nobody knows", lines("Server: x", "Date: today", "X-Empty:")],
    ["a body of no bytes", lines("Content-Length: 0")],
    ["a field beyond ASCII", lines("Server: \u00e9\u0080")],
    ["a frame behind it", { rest: "\u0082\u0001x" }],
    ["hints before it", { before: "HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n" }],
    ["leave to go on before it", { before: "HTTP/1.1 100 Continue\r\n\r\n" }],
    ["both before it", { before: "HTTP/1.1 100 \r\n\r\nHTTP/1.1 102 Wait\r\nX: y\r\n\r\n" }],
  ]),
  ...cases(/an upgrade to another protocol/, [
    ["no upgrade", without("upgrade")],
    ["no connection", without("connection")],
    ["an upgrade to something else", lines("Upgrade: h2c")],
    ["an upgrade to something longer", lines("Upgrade: websockets")],
    ["a list of upgrades", lines("Upgrade: websocket, h2c")],
    ["upgrades in two fields", lines("Upgrade: h2c", "Upgrade: websocket")],
    ["an upgrade twice", lines("Upgrade: websocket", "Upgrade: websocket")],
    ["an empty upgrade", lines("Upgrade:")],
    ["a connection to be closed", lines("Connection: close")],
    ["a connection with a longer word", lines("Connection: upgraded")],
  ]),
  ...cases(/the answer to another request/, [
    ["nothing accepted", without("sec-websocket-accept")],
    ["an empty acceptance", accept(() => "")],
    ["another key's acceptance", accept(() => "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=")],
    ["an acceptance in lower case", accept((right) => `${right.toLowerCase()}a`)],
    ["an acceptance without its end", accept((right) => right.replace("=", ""))],
    ["an acceptance and more", accept((right) => `${right}x`)],
    [
      "an acceptance with a blank within",
      accept((right) => `${right.slice(0, 5)} ${right.slice(5)}`),
    ],
    ["an acceptance twice", lines("Sec-WebSocket-Accept: ACCEPT", "Sec-WebSocket-Accept: ACCEPT")],
    ["an acceptance between quotation marks", accept((right) => `"${right}"`)],
  ]),
  ...cases(/sec-websocket-extensions, which was not asked for/, [
    ["an extension", lines("Sec-WebSocket-Extensions: permessage-deflate")],
    ["an empty extension", lines("Sec-WebSocket-Extensions:")],
  ]),
  ...cases(/sec-websocket-protocol, which was not asked for/, [
    ["a subprotocol", lines("Sec-WebSocket-Protocol: chat")],
    ["an empty subprotocol", lines("sec-websocket-protocol:")],
  ]),
  ...cases(/an upgrade that has a body/, [
    ...["1", "-0", "0x0", "", "0, 0", "x"].map(
      (length) => [`a length of "${length}"`, lines(`Content-Length: ${length}`)] as const,
    ),
    ["a length twice", lines("Content-Length: 0", "Content-Length: 0")],
    ["a body in chunks", lines("Transfer-Encoding: chunked")],
  ]),
  ...cases(/something other than HTTP\/1\.1/, [
    ["HTTP/1.0", first("HTTP/1.0 101 Switching Protocols")],
    ["HTTP/2", first("HTTP/2 101")],
    ["HTTP in lower case", first("Http/1.1 101 Switching Protocols")],
    ["another protocol", first("ICY 101 OK")],
    ["a status of two digits", first("HTTP/1.1 10 Switching")],
    ["a status of four digits", first("HTTP/1.1 1011 Switching")],
    ["a status that is none", first("HTTP/1.1 000 Nothing")],
    ["two blanks before the status", first("HTTP/1.1  101 Switching Protocols")],
    ["a tab before the status", first("HTTP/1.1\t101 Switching Protocols")],
    ["a field that goes on in the next line", lines("X-Long: a", " b")],
    ["a field that goes on behind a tab", lines("X-Long: a", "\tb")],
    ["a line without a colon", lines("nothing of the kind")],
    ["a field without a name", lines(": x")],
    ["a blank before a colon", lines("X-Blank : x")],
    ["a name beyond ASCII", lines("X-\u00e9: x")],
    ["a line feed alone", lines("X-A: a\nX-B: b")],
    ["a carriage return alone", lines("X-A: a\rX-B: b")],
    ["a byte of zero", lines("X-A: a\0b")],
    ["an escape", lines("X-A: \u001b[31m")],
  ]),
  {
    name: "line feeds alone",
    answer: (accept) => answer({})(accept).replaceAll("\r\n", "\n"),
    says: /something other than HTTP\/1\.1/,
  },
  {
    name: "an empty line before it",
    answer: (a) => `\r\n${answer({})(a)}`,
    says: /something other than HTTP/,
  },
  { name: "a frame", answer: () => "\u0082\u0001x", says: /something other than HTTP/ },
  ...cases(/a head of more than 8192 bytes/, [
    ["a long field", lines(`X-Long: ${"x".repeat(9_000)}`)],
    [
      "hints without end before it",
      { before: "HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n".repeat(300) },
    ],
  ]),
  ...cases(/closed the connection without an answer/, [
    ["hints, and nothing more", { first: "HTTP/1.1 103 Early Hints" }],
  ]),
  ...[200, 204, 301, 307, 400, 401, 403, 404, 407, 426, 500, 503].flatMap((status) =>
    cases(new RegExp(`status ${status}\\b`), [
      [`status ${status}`, first(`HTTP/1.1 ${status} So be it`)],
      [`status ${status} of HTTP/1.0`, first(`HTTP/1.0 ${status} So be it`)],
    ])
  ),
  ...cases(/status 401 \(no entrance\)/, [
    ["a refusal in chunks", {
      first: "HTTP/1.1 401 No",
      lines: ["Transfer-Encoding: chunked"],
      rest: "3\r\nno \r\n8;a=b\r\nentrance\r\n0\r\n\r\nmore",
    }],
    ["a refusal of some length", {
      first: "HTTP/1.1 401 No",
      lines: ["Content-Length: 11"],
      rest: "no entrance and more",
    }],
    ["a refusal up to the end", { first: "HTTP/1.1 401 No", rest: "no entrance" }],
    ["a refusal whose length is none", {
      first: "HTTP/1.1 401 No",
      lines: ["Content-Length: 0x2"],
      rest: "no entrance",
    }],
  ]),
];
