import { assert, assertEquals, assertRejects } from "@std/assert";
import { X509Certificate } from "node:crypto";
import type { ServerResponse } from "node:http";
import { createServer, type Server } from "node:https";
import type { AddressInfo } from "node:net";
import type { TLSSocket } from "node:tls";
import type { HttpClient, HttpIdentity } from "../../lib/runtime/platform/http_client.ts";
import { thisPlatform } from "../../lib/runtime/this_platform.ts";
import { certificates } from "../support/certificates/certificates.ts";
import { FILES, NET } from "../support/permitted.ts";

type Answer = (path: string, response: ServerResponse, body: string) => void;

/** Starts an HTTPS server whose authority only these tests know. */
async function withServer(answer: Answer, body: (url: string) => Promise<void>): Promise<void> {
  const { cert, key } = certificates();
  const wants = { requestCert: true, rejectUnauthorized: false };
  const server: Server = createServer(
    { cert: cert!, key: key!, ...wants },
    async (request, response) => {
      let text = "";
      for await (const chunk of request) text += chunk;
      answer(request.url!, response, text);
    },
  );
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  try {
    await body(`https://localhost:${(server.address() as AddressInfo).port}`);
  } finally {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  }
}

async function withClient(
  body: (client: HttpClient) => Promise<void>,
  identity: HttpIdentity | null = null,
): Promise<void> {
  const client = thisPlatform().openHttp(certificates().caCerts!, identity);
  try {
    await body(client);
  } finally {
    client.close();
  }
}

function httpTest(name: string, answer: Answer, body: (url: string) => Promise<void>): void {
  Deno.test(
    `HTTP with an authority: ${name}`,
    { ignore: !NET || !FILES },
    () => withServer(answer, body),
  );
}

httpTest(
  "method, headers and body arrive, and so do status, headers and text",
  (path, response, body) => {
    const { method, headers } = response.req;
    response.writeHead(418, { "x-tea": ["green", "black"] });
    response.end(`${method} ${path} ${headers["authorization"]} ${body}`);
  },
  (url) =>
    withClient(async (client) => {
      const response = await client.fetch(`${url}/pot?hot=1`, {
        method: "POST",
        headers: { authorization: "Bearer me" },
        body: "água",
      });
      assertEquals(response.status, 418);
      assertEquals(response.headers.get("x-tea"), "green, black");
      assertEquals(await response.text(), "POST /pot?hot=1 Bearer me água");
    }),
);

httpTest(
  "a certificate is shown where there is one",
  (_path, response) => {
    const socket = response.req.socket as TLSSocket;
    response.end(JSON.stringify(socket.getPeerCertificate().fingerprint256 ?? null));
  },
  async (url) => {
    // The server of Bun does not tell which certificate it was shown.
    if ("Bun" in globalThis) return;
    const { cert, key } = certificates();
    const shown = async (client: HttpClient): Promise<unknown> =>
      await (await client.fetch(url, {})).json();
    await withClient(async (client) => assertEquals(await shown(client), null));
    await withClient(async (client) => {
      assertEquals(await shown(client), new X509Certificate(cert!).fingerprint256);
    }, { cert: cert!, key: key! });
  },
);

httpTest(
  "a redirection is not followed, and an answer may have no body",
  (path, response) => {
    response.writeHead(path === "/old" ? 302 : 204, { location: "/new" }).end();
  },
  (url) =>
    withClient(async (client) => {
      const moved = await client.fetch(`${url}/old`, { redirect: "manual" });
      assertEquals([moved.status, await moved.text()], [302, ""]);
      const empty = await client.fetch(`${url}/new`, { redirect: "manual" });
      assertEquals([empty.status, await empty.text()], [204, ""]);
    }),
);

httpTest(
  "a body comes piece by piece, and ends when the signal aborts",
  (_path, response) => void response.writeHead(200).write("first\n"),
  (url) =>
    withClient(async (client) => {
      const controller = new AbortController();
      const response = await client.fetch(url, { signal: controller.signal });
      const reader = response.body!.getReader();
      const { value } = await reader.read();
      assertEquals(new TextDecoder().decode(value), "first\n");
      const next = reader.read();
      controller.abort(new Error("enough"));
      await assertRejects(() => next);
    }),
);

httpTest(
  "a signal that aborts before the answer ends the request",
  () => {},
  (url) =>
    withClient(async (client) => {
      const controller = new AbortController();
      const asked = client.fetch(url, { signal: controller.signal });
      controller.abort(new Error("enough"));
      await assertRejects(() => asked);
    }),
);

httpTest(
  "without the authority the server is not believed",
  (_path, response) => void response.end(),
  async (url) => {
    const client = thisPlatform().openHttp([], null);
    try {
      await assertRejects(() => client.fetch(url, {}));
    } finally {
      client.close();
    }
  },
);

Deno.test("a variable of the environment", {
  ignore: Deno.permissions.querySync({ name: "env" }).state !== "granted",
}, () => {
  assert(thisPlatform().env("PATH") !== undefined);
  assertEquals(thisPlatform().env("INTERNODE_TEST_NOT_THERE"), undefined);
});
