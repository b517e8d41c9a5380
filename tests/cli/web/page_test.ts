import { assert, assertEquals, assertMatch, assertRejects } from "@std/assert";
import type { Browser, Page } from "playwright-core";
import { CHROMIUM, startChromium } from "./chromium.ts";
import { MeshProcesses } from "./mesh_process.ts";
import { servePage } from "./served_page.ts";

/** What a page has complained of: errors in its console, and what its policy has forbidden. */
function complaintsOf(page: Page): string[] {
  const complaints: string[] = [];
  page.on("pageerror", (error) => complaints.push(error.message));
  page.on("console", (message) => {
    if (message.type() === "error" || message.type() === "warning") complaints.push(message.text());
  });
  return complaints;
}

/** What functions that run in the page need of it; they may not be texts, as the page evaluates none. */
interface InPage {
  readonly document: {
    readonly activeElement: { readonly dataset: Readonly<Record<string, string>> };
    readonly body: object;
    readonly documentElement: { readonly scrollWidth: number; readonly clientWidth: number };
    createElement(tag: string): { textContent: string };
    querySelectorAll(selector: string): Iterable<Found> & { readonly length: number };
  };
  getComputedStyle(element: object): { readonly backgroundColor: string };
}

interface Found {
  readonly textContent: string;
  readonly outerHTML: string;
  readonly labels?: { readonly length: number };
  getAttribute(name: string): string | null;
}

/** Waits until there are so many elements. */
async function untilThere(page: Page, selector: string, count: number): Promise<void> {
  await page.waitForFunction(
    ([selector, count]) =>
      (globalThis as unknown as InPage).document.querySelectorAll(selector).length === count,
    [selector, count] as const,
    { timeout: 20_000, polling: 50 },
  );
}

/** Waits until so many nodes are in a state. */
async function nodes(page: Page, state: string, count: number): Promise<void> {
  await untilThere(page, `.node.${state}`, count);
}

async function newPage(browser: Browser): Promise<Page> {
  return await browser.newPage({ viewport: { width: 1_280, height: 800 }, colorScheme: "light" });
}

Deno.test({
  name: `the live page in Chromium${CHROMIUM.note}`,
  ignore: CHROMIUM.ignore,
  // Of the driver of the browser.
  sanitizeOps: false,
  sanitizeResources: false,
  async fn(t) {
    await using mesh = await MeshProcesses.start(3);
    await using served = await servePage(mesh.hosts);
    const browser = await startChromium();
    try {
      const page = await newPage(browser), complaints = complaintsOf(page);
      await page.goto(served.url);

      await t.step("shows nodes, connections, handlers and calls in flight", async () => {
        await nodes(page, "up", 3);
        await page.waitForSelector(".edge.fast, .edge.fair, .edge.slow", { state: "attached" });
        assertEquals(await page.locator(".edge").count(), 3);
        await page.getByRole("tab", { name: "Handlers" }).click();
        const handlers = page.getByRole("table", { name: "Handlers" });
        await handlers.getByRole("row", { name: /pay\.charge served single [1-9]/ }).waitFor();
        await page.locator("#totals", { hasText: /nodes up\s*3\/3/ }).waitFor();
        await page.keyboard.press("2");
        const calls = page.getByRole("table", { name: "Calls in flight" });
        await calls.getByRole("row", { name: /test\.hang/ }).first().waitFor();
      });

      await t.step("a node that is frozen is shown within 3 s, and the page goes on", async () => {
        const before = await page.locator("#charts b").first().textContent();
        assert(before !== "");
        mesh.freeze(1);
        const frozenMs = performance.now();
        await nodes(page, "silent", 1);
        const tookMs = performance.now() - frozenMs;
        assert(tookMs < 3_000, `it took ${tookMs} ms`);
        assertMatch(
          await page.locator(".node.silent").getAttribute("aria-label") ?? "",
          new RegExp(`^${mesh.hosts[1]}: silent`),
        );
        await page.locator("#problems li.grave", { hasText: mesh.hosts[1]! }).waitFor();
        // Others are still up to date.
        const text = "#panel-calls tbody tr", first = page.locator(text).first();
        await page.waitForFunction(
          ([text, before]) =>
            [...(globalThis as unknown as InPage).document.querySelectorAll(text)][0]
              ?.textContent !== before,
          [text, await first.textContent()] as const,
        );
        mesh.thaw(1);
        await nodes(page, "up", 3);
      });

      await t.step("a node that is killed is down, and up when it has started again", async () => {
        await mesh.kill(2);
        await nodes(page, "down", 1);
        await mesh.run(2);
        await nodes(page, "up", 3);
        await untilThere(page, ".edge.lost", 0);
      });

      await t.step("is used by keyboard alone", async () => {
        await page.locator("body").press("Escape");
        // Nodes come behind the button.
        await page.locator("#pause").focus();
        await page.keyboard.press("Tab");
        const focused = () =>
          page.evaluate(() =>
            (globalThis as unknown as InPage).document.activeElement.dataset["id"] ?? ""
          );
        const first = await focused();
        assert(mesh.hosts.includes(first), `${first} has the focus`);
        await page.keyboard.press("Enter");
        assertEquals(await page.locator("#side-title").textContent(), first);
        assertEquals(await page.locator('.node[aria-pressed="true"]').count(), 1);
        await page.keyboard.press("ArrowRight");
        assert(await focused() !== first);
        await page.keyboard.press("Escape");
        assertEquals(await page.locator("#side-title").textContent(), "All nodes");
        await page.keyboard.press("4");
        assertEquals(await page.locator("#panel-nodes").isVisible(), true);
        await page.keyboard.press("/");
        await page.keyboard.type(mesh.hosts[0]!.slice(-5));
        const rows = page.locator("#panel-nodes tbody tr");
        await untilThere(page, "#panel-nodes tbody tr", 1);
        assertMatch(await rows.first().textContent() ?? "", new RegExp(mesh.hosts[0]!));
        await page.keyboard.press("Escape");
        await untilThere(page, "#panel-nodes tbody tr", 3);
      });

      await t.step("traces calls, those with errors alone if that is wanted", async () => {
        await page.getByRole("tab", { name: "Trace" }).click();
        const rows = page.locator("#panel-trace tbody tr");
        await rows.filter({ hasText: "cart.read" }).first().waitFor();
        await page.getByLabel("errors only").check();
        await rows.filter({ hasText: "HandlerFailed" }).first().waitFor();
        assertEquals(await rows.filter({ hasText: /ok$/ }).count(), 0);
        await page.keyboard.press("Escape");
        await page.getByRole("tab", { name: "Handlers" }).click();
      });

      await t.step(
        "everything has a name, light and dark differ, and 700 pixels are enough",
        async () => {
          const unnamed = await page.evaluate(() =>
            [...(globalThis as unknown as InPage).document.querySelectorAll(
              "button, input, select, [role=button], [role=tab], svg[role]",
            )].filter((each) =>
              !(each.getAttribute("aria-label") || each.textContent.trim() || each.labels?.length)
            ).map(({ outerHTML }) => outerHTML)
          );
          assertEquals(unnamed, []);
          const colour = () =>
            page.evaluate(() => {
              const { document, getComputedStyle } = globalThis as unknown as InPage;
              return getComputedStyle(document.body).backgroundColor;
            });
          const light = await colour();
          await page.emulateMedia({ colorScheme: "dark" });
          assert(await colour() !== light);
          await page.setViewportSize({ width: 700, height: 900 });
          const excess = await page.evaluate(() => {
            const { scrollWidth, clientWidth } =
              (globalThis as unknown as InPage).document.documentElement;
            return scrollWidth - clientWidth;
          });
          assertEquals(excess, 0);
        },
      );

      await t.step("goes on when what serves it has started again", async () => {
        assertEquals(complaints, []);
        await served.restart();
        await page.locator("#link.lost").waitFor();
        await page.locator("#link.live").waitFor();
        await nodes(page, "up", 3);
      });

      await t.step("a policy keeps scripts out that are not its own", async () => {
        const tried = page.evaluate(() => {
          (globalThis as unknown as InPage).document.createElement("script").textContent = "1";
        });
        await assertRejects(() => tried, Error, "TrustedScript");
        complaints.length = 0;
        await page.addScriptTag({ url: `${served.url}state` }).catch(() => {});
        assertMatch(complaints.join(), /TrustedScriptURL/);
      });
    } finally {
      await browser.close();
    }
  },
});

Deno.test({
  name: `the live page with a token in Chromium${CHROMIUM.note}`,
  ignore: CHROMIUM.ignore,
  // Of the driver of the browser.
  sanitizeOps: false,
  sanitizeResources: false,
  async fn() {
    const token = "3q2-7wAAAAAAAAAAAAAAAA";
    await using served = await servePage(["tcp://127.0.0.1:1"], { token });
    const browser = await startChromium();
    try {
      const page = await newPage(browser), complaints = complaintsOf(page);
      await page.goto(`${served.url}#token=${token}`);
      await nodes(page, "down", 1);
      assertEquals(page.url(), served.url, "the token does not stay in the URL");
      await page.reload();
      await nodes(page, "down", 1);
      assertEquals([await page.context().cookies(), complaints], [[], []]);
      const other = await (await browser.newContext()).newPage();
      await other.goto(served.url);
      await other.locator("#link.lost", { hasText: "token" }).waitFor();
      assertEquals(await other.locator(".node").count(), 0);
    } finally {
      await browser.close();
    }
  },
});
