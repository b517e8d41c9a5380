/**
 * Requests for WebSocket, and what they are answered with.
 *
 * @module
 */

/** One request. */
export interface RequestCase {
  readonly name: string;
  /** The request, a character for each byte. */
  readonly said: string;
  /** The answer's status. */
  readonly status: number;
  /** How many bytes come at a time. Default: 1, 2, 5 and all. */
  readonly chops?: readonly number[];
}

const KEY = "dGhlIHNhbXBsZSBub25jZQ==";
const GET = "GET /internode HTTP/1.1";
const FIELDS = [
  "Host: node-1.example:9000",
  "Upgrade: websocket",
  "Connection: Upgrade",
  "Sec-WebSocket-Version: 13",
  `Sec-WebSocket-Key: ${KEY}`,
];

/** What is changed in a proper request. */
interface Change {
  readonly first?: string;
  /** Lines in the place of those that begin like them, up to the colon; others come last. */
  readonly lines?: readonly string[];
  /** Fields that are missing. */
  readonly without?: readonly string[];
  readonly rest?: string;
}

function nameOf(line: string): string {
  return line.slice(0, line.indexOf(":")).toLowerCase();
}

function request({ first = GET, lines = [], without = [], rest = "" }: Change): string {
  const changed = lines.map(nameOf);
  const kept = FIELDS.filter((line) =>
    !changed.includes(nameOf(line)) && !without.includes(nameOf(line))
  );
  return [first, ...kept, ...lines, "", rest].join("\r\n");
}

const cases = (status: number, changes: readonly (readonly [string, Change])[]): RequestCase[] =>
  changes.map(([name, change]) => ({ name, status, said: request(change) }));

const lines = (...lines: string[]): Change => ({ lines });
const without = (...without: string[]): Change => ({ without });
const first = (first: string): Change => ({ first });

const agreed = cases(101, [
  ["a proper one", {}],
  ["one of a later version of HTTP/1", first("GET /internode HTTP/1.2")],
  ["names in upper case", lines("HOST: a", "UPGRADE: WEBSOCKET", "CONNECTION: UPGRADE")],
  ["names in lower case", lines(`sec-websocket-key: ${KEY}`, "sec-websocket-version: 13")],
  ["words in mixed case", lines("Upgrade: WebSocket", "Connection: uPgRaDe")],
  ["no blank behind colons", lines("Host:a", "Upgrade:websocket", "Connection:Upgrade")],
  [
    "blanks and tabs around values",
    lines("Upgrade: \t websocket \t", `Sec-WebSocket-Key:\t${KEY} `),
  ],
  ["a list of what the connection is for", lines("Connection: keep-alive, Upgrade")],
  ["a list with empty places", lines("Connection: , ,keep-alive,, upgrade ,")],
  ["a list in two fields", lines("Connection: keep-alive", "Connection: Upgrade")],
  ["a list of upgrades", lines("Upgrade: h2c, websocket")],
  ["upgrades in two fields", lines("Upgrade: h2c", "Upgrade: websocket")],
  ["extensions, which nobody has to take", lines("Sec-WebSocket-Extensions: permessage-deflate")],
  [
    "extensions in two fields",
    lines("Sec-WebSocket-Extensions: a", "Sec-WebSocket-Extensions: b; c=1"),
  ],
  ["subprotocols, which nobody has to take", lines("Sec-WebSocket-Protocol: chat, superchat")],
  ["subprotocols in two fields", lines("Sec-WebSocket-Protocol: a", "Sec-WebSocket-Protocol: b")],
  ["a body of no bytes", lines("Content-Length: 0")],
  ["a body of no bytes in several digits", lines("Content-Length: 000")],
  ["fields that nobody knows", lines("X-Trace: 1", "x_y: 2", "~: 3", "a.b|c: ")],
  ["a field with bytes beyond ASCII", lines("X-Name: \u00e9\u00ff\u0080")],
  ["a field with a tab within", lines("X-Tab: a\tb")],
  ["a query", first("GET /internode?a=b&c HTTP/1.1")],
  ["a whole URL", first("GET ws://node-1.example:9000/internode HTTP/1.1")],
  ["a whole URL of HTTP", first("GET http://node-1.example/internode HTTP/1.1")],
  ["another host's name, with a port", lines("Host: other.example:443")],
  ["a host's name without a port", lines("Host: localhost")],
  ["an IPv4 address", lines("Host: 10.0.0.1:9000")],
  ["an IPv6 address", lines("Host: [2001:db8::1]:9000")],
  ["a key whose last bits are not 0", lines("Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZR==")],
]);

const refused = [
  ...cases(400, [
    ["no host", without("host")],
    ["an empty host", lines("Host:")],
    ["a host with a blank", lines("Host: a b")],
    ["a host with a path", lines("Host: a/b")],
    ["a host with a name and a password", lines("Host: me:secret@a")],
    ["a host with a port that is no number", lines("Host: a:http")],
    ["two hosts in a list", lines("Host: a, b")],
    ["a host twice", lines("Host: a", "Host: a")],
    ["a host twice, in another case", lines("Host: a", "HOST: b")],
    ["no key", without("sec-websocket-key")],
    ["an empty key", lines("Sec-WebSocket-Key:")],
    ["a key of 15 bytes", lines("Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25j")],
    ["a key of 17 bytes", lines("Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZWE=")],
    ["a key of 18 bytes", lines("Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZWVl")],
    ["a key without its end", lines("Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ")],
    ["a key in the other alphabet", lines("Sec-WebSocket-Key: dGhlIHNhbXBsZSBub-_jZQ==")],
    ["a key with a blank", lines("Sec-WebSocket-Key: dGhlIHNhbXBs ZSBub25jZQ==")],
    ["a key twice", lines(`Sec-WebSocket-Key: ${KEY}`, `Sec-WebSocket-Key: ${KEY}`)],
    ["two keys in a list", lines(`Sec-WebSocket-Key: ${KEY}, ${KEY}`)],
    ["a version twice", lines("Sec-WebSocket-Version: 13", "Sec-WebSocket-Version: 13")],
    ["a token twice", lines("Authorization: Bearer a", "Authorization: Bearer a")],
    ["a length twice", lines("Content-Length: 0", "Content-Length: 0")],
    ...["5", "-0", "+0", "0x0", "0e5", "0.0", "0, 0", "", "00 0", "none", "\u00b2"].map(
      (length) => [`a length of "${length}"`, lines(`Content-Length: ${length}`)] as const,
    ),
    ["a body in chunks", lines("Transfer-Encoding: chunked")],
    ["a body of another coding", lines("Transfer-Encoding: gzip, chunked")],
    ["a body as it is", lines("Transfer-Encoding: identity")],
    ["an empty coding", lines("Transfer-Encoding:")],
    ["a body in chunks of no length", lines("Transfer-Encoding: chunked", "Content-Length: 0")],
    ["a field that goes on in the next line", lines("X-Long: a", " b")],
    ["a field that goes on behind a tab", lines("X-Long: a", "\tb")],
    ["a first field that goes on from nowhere", first(`${GET}\r\n Host: a`)],
    ["a line without a colon", lines("nothing of the kind")],
    ["a field without a name", lines(": x")],
    ["a blank before a colon", lines("X-Blank : x")],
    ["a tab before a colon", lines("X-Tab\t: x")],
    ["a blank within a name", lines("X Blank: x")],
    ["a name with a bracket", lines("X(a): x")],
    ["a name beyond ASCII", lines("X-\u00e9: x")],
    ["a line feed alone", lines("X-A: a\nX-B: b")],
    ["a carriage return alone", lines("X-A: a\rX-B: b")],
    ["a carriage return before the line's end", lines("X-A: a\r")],
    ["a byte of zero", lines("X-A: a\0b")],
    ["a bell", lines("X-A: a\u0007b")],
    ["an escape", lines("X-A: \u001b[31m")],
    ["a delete", lines("X-A: a\u007f")],
    ["HTTP/1.0", first("GET /internode HTTP/1.0")],
    ["HTTP/0.9", first("GET /internode")],
    ["HTTP/2", first("GET /internode HTTP/2")],
    ["HTTP/2.0", first("GET /internode HTTP/2.0")],
    ["HTTP in lower case", first("GET /internode http/1.1")],
    ["a version of two digits", first("GET /internode HTTP/1.10")],
    ["two blanks behind the method", first("GET  /internode HTTP/1.1")],
    ["two blanks behind the target", first("GET /internode  HTTP/1.1")],
    ["a blank behind the version", first("GET /internode HTTP/1.1 ")],
    ["a tab for a blank", first("GET\t/internode HTTP/1.1")],
    ["a target with a control character", first("GET /inter\u0001node HTTP/1.1")],
    ["a target beyond ASCII", first("GET /internod\u00e9 HTTP/1.1")],
    ["a method in lower case", first("get /internode HTTP/1.1")],
  ]),
  ...cases(426, [
    ["no upgrade", without("upgrade")],
    ["no connection", without("connection")],
    ["an upgrade to something else", lines("Upgrade: h2c")],
    ["an upgrade to something longer", lines("Upgrade: websockets")],
    ["an upgrade to two words", lines("Upgrade: web socket")],
    ["a connection to be closed", lines("Connection: close")],
    ["a connection with a longer word", lines("Connection: keep-alive, upgraded")],
    ["no version", without("sec-websocket-version")],
    ["an empty version", lines("Sec-WebSocket-Version:")],
    ...["0", "8", "12", "14", "013", "13.0", "+13", "13, 8", "8, 13", "13;", "255", "x"].map(
      (version) => [`version "${version}"`, lines(`Sec-WebSocket-Version: ${version}`)] as const,
    ),
    ["POST", first("POST /internode HTTP/1.1")],
    ["HEAD", first("HEAD /internode HTTP/1.1")],
    ["CONNECT", first("CONNECT /internode HTTP/1.1")],
  ]),
  ...cases(404, [
    ["another path", first("GET /other HTTP/1.1")],
    ["a path in another case", first("GET /Internode HTTP/1.1")],
    ["a longer path", first("GET /internode/ HTTP/1.1")],
    ["no path but a star", first("GET * HTTP/1.1")],
  ]),
  ...cases(421, [
    ["somebody else's host", lines("Host: page.example")],
    ["a whole URL at somebody else's host", first("GET ws://page.example/internode HTTP/1.1")],
  ]),
  ...cases(403, [
    ["a web page", lines("Origin: https://page.example")],
    ["a web page of nowhere", lines("Origin: null")],
    ["two web pages", lines("Origin: https://a.example", "Origin: https://b.example")],
  ]),
  ...cases(431, [
    ["a long field", lines(`X-Long: ${"x".repeat(9_000)}`)],
    ["many fields", lines(...Array.from({ length: 1_500 }, (_, i) => `X-${i}: x`))],
  ]),
  ...cases(400, [
    [
      "more fields than anybody needs",
      lines(...Array.from({ length: 300 }, (_, i) => `X-${i}: x`)),
    ],
  ]),
  { name: "line feeds alone", said: request({}).replaceAll("\r\n", "\n"), status: 400 },
  { name: "another protocol", said: "220 mail.example ESMTP\r\n", status: 400 },
  { name: "TLS", said: "\u0016\u0003\u0001\u0002\u0000\u0001", status: 400 },
  { name: "an empty line before it", said: `\r\n${request({})}`, status: 400 },
  { name: "a blank before it", said: ` ${request({})}`, status: 400 },
  { name: "the beginning of HTTP/2", said: "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", status: 400 },
  ...cases(400, [
    ["a frame behind it, before the answer", { rest: "\u0082\u0080\0\0\0\0" }],
    ["a second request behind it, before the answer", { rest: request({}) }],
    ["an empty line behind it, before the answer", { rest: "\r\n" }],
  ]).map((one) => ({ ...one, chops: [Infinity] })),
];

/** All of them. */
export const requestCases: readonly RequestCase[] = [...agreed, ...refused];
