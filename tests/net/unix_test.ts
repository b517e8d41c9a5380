import { assertEquals, assertRejects } from "@std/assert";
import { InternodeError } from "../../lib/errors.ts";
import { parseHostAddress } from "../../lib/net/host_address.ts";
import { unixTransport } from "../../lib/net/unix.ts";
import { Acceptor, dialOptions } from "./acceptor.ts";
import { testTransport } from "./channel_conformance.ts";
import { FILES, NET, RUN } from "./permitted.ts";

const permitted = NET && FILES && Deno.build.os !== "windows";
const folder = permitted ? Deno.makeTempDirSync({ prefix: "internode-" }) : "";
let made = 0;
const freshAddress = (): string => `unix://${folder}/${++made}.sock`;

if (permitted) globalThis.addEventListener("unload", () => Deno.removeSync(folder));

testTransport({
  name: "unix",
  permitted,
  transport: unixTransport,
  freshAddress,
  acceptedRemote: "a client of unix://",
});

Deno.test(
  { name: "unix: a closed listener leaves no file behind", ignore: !permitted },
  async () => {
    const acceptor = await Acceptor.on(unixTransport(), freshAddress());
    assertEquals(Deno.lstatSync(acceptor.address.path).isSocket, true);
    await acceptor.end();
    await assertRejects(() => Deno.lstat(acceptor.address.path), Deno.errors.NotFound);
  },
);

Deno.test({
  name: "unix: the socket of a killed process is taken over",
  ignore: !permitted || !RUN,
}, async () => {
  const { path, href } = parseHostAddress(freshAddress());
  const code = `Deno.listen({ transport: "unix", path: ${JSON.stringify(path)} });` +
    `console.log("up"); setInterval(() => {}, 1000);`;
  const child = new Deno.Command(Deno.execPath(), { args: ["eval", code], stdout: "piped" })
    .spawn();
  const output = child.stdout.getReader();
  await output.read();
  const busy = await assertRejects(() => Acceptor.on(unixTransport(), href), InternodeError, href);
  assertEquals(busy.code, "Unreachable");
  child.kill("SIGKILL");
  await child.status;
  await output.cancel();
  assertEquals(Deno.lstatSync(path).isSocket, true);
  const acceptor = await Acceptor.on(unixTransport(), href);
  const near = await unixTransport().dial(acceptor.address, dialOptions());
  (await acceptor.next()).close();
  near.close();
  await acceptor.end();
});

Deno.test(
  { name: "unix: a file that is no socket is left alone", ignore: !permitted },
  async () => {
    const { path, href } = parseHostAddress(freshAddress());
    Deno.writeTextFileSync(path, "precious");
    const error = await assertRejects(
      () => Acceptor.on(unixTransport(), href),
      InternodeError,
      href,
    );
    assertEquals(error.code, "InvalidArgument");
    assertEquals(Deno.readTextFileSync(path), "precious");
    Deno.removeSync(path);
  },
);
