import { assertEquals } from "@std/assert";
import {
  endOfHead,
  lists,
  parseHead,
  readHead,
} from "../../../lib/transport/websocket/http_head.ts";

const bytesOf = (text: string): Uint8Array<ArrayBuffer> => new TextEncoder().encode(text);

Deno.test("a head ends at the first empty line, of either kind", () => {
  assertEquals(endOfHead(bytesOf("HTTP/1.1 101 X\r\nA: b\r\n\r\nrest")), 24);
  assertEquals(endOfHead(bytesOf("HTTP/1.1 101 X\nA: b\n\nrest")), 21);
  const head = "HTTP/1.1 101 X\r\nA: b\r\n\r\n";
  for (let cut = 0; cut < head.length; cut++) {
    assertEquals(endOfHead(bytesOf(head.slice(0, cut))), -1, head.slice(0, cut));
  }
});

Deno.test("a head has a first line, and fields whose names have no case", () => {
  const head = parseHead(bytesOf("HTTP/1.1 404\r\nOne:two\r\nLIST: a ,B\r\nlist:  c  \r\n\r\n"))!;
  assertEquals(head.first, "HTTP/1.1 404");
  assertEquals([...head.repeated], ["list"]);
  assertEquals([...head.fields], [["one", "two"], ["list", "a ,B, c"]]);
  assertEquals(["a", "b", "c", "d"].map((word) => lists(head, "list", word)), [
    true,
    true,
    true,
    false,
  ]);
  assertEquals(lists(head, "none", "a"), false);
});

Deno.test("what is no head is none", () => {
  for (const line of ["no colon", "space : x", ": x", " folded", "a(b): x", "é: x"]) {
    assertEquals(parseHead(bytesOf(`HTTP/1.1 200 OK\r\nA: b\r\n${line}\r\n\r\n`)), undefined, line);
  }
});

/** Reads a head that comes in parts. */
async function headOf(parts: string[], maxBytes = 8192) {
  const found = await readHead((into) => {
    const part = parts.shift();
    if (part === undefined) return Promise.resolve(null);
    const bytes = bytesOf(part), count = Math.min(bytes.length, into.length);
    into.set(bytes.subarray(0, count));
    if (count < bytes.length) parts.unshift(part.slice(count));
    return Promise.resolve(count);
  }, maxBytes);
  if (found.kind !== "head") return found;
  const text = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);
  return { kind: found.kind, head: text(found.bytes), rest: text(found.rest) };
}

Deno.test("a head is read however it is cut, and what follows it is kept", async () => {
  const head = `GET / HTTP/1.1\r\nLong: ${"x".repeat(3000)}\r\n\r\n`, whole = `${head}rest`;
  const expected = { kind: "head" as const, head, rest: "rest" };
  assertEquals(await headOf([whole]), expected);
  for (const cut of [1, 20, head.length - 3, head.length - 2, head.length - 1]) {
    assertEquals((await headOf([whole.slice(0, cut), whole.slice(cut)])).kind, "head");
  }
  const found = await headOf([...head]);
  assertEquals(found, { kind: "head", head, rest: "" });
});

Deno.test("what is too long, ends or is no HTTP is told as such", async () => {
  assertEquals(await headOf([`GET ${"x".repeat(9000)}`]), { kind: "tooLong" });
  assertEquals(await headOf(["GET / HTTP/1.1\r\nAb: c\r\n\r\n"], 20), { kind: "tooLong" });
  assertEquals(await headOf(["GET / HT"]), { kind: "ended", length: 8 });
  assertEquals(await headOf([]), { kind: "ended", length: 0 });
  // A TLS client, a binary protocol, an empty line.
  for (const text of ["\u0016\u0003\u0001", "\u0000", "\r\nGET / HTTP/1.1\r\n\r\n", "220 smtp"]) {
    assertEquals(await headOf([text]), { kind: "notHttp" });
  }
});

Deno.test("a byte order mark is part of what it stands in, and no blank", () => {
  const bytes = new TextEncoder().encode("\ufeffGET / HTTP/1.1\r\nHost: \ufeffa \t\r\n\r\n");
  const head = parseHead(bytes)!;
  assertEquals(head.first, "\ufeffGET / HTTP/1.1");
  assertEquals(head.fields.get("host"), "\ufeffa");
});
