// The page in a real browser: at the width of a phone and of a desk, light and dark, without script,
// on paper; judged for access by axe.
//
//   page.mjs DEMO [CORPUS]

import { execFileSync, spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { pathToFileURL } from "node:url";

const [demo, corpus] = process.argv.slice(2);
const require = createRequire(join(process.env.WITNESS_MODULES, "node_modules", "page.cjs"));
const { chromium } = require("playwright-core");
const axe = readFileSync(require.resolve("axe-core/axe.min.js"), "utf8");
const folder = mkdtempSync(join(process.env.TMP, "page-"));
const check = (what, holds, why = "does not hold") =>
    console.log(holds ? `ok ${what}` : `FAIL ${what}: ${String(why).replaceAll("\n", " ")}`);

// Writes pages of every kind; name and file.
function pages() {
    const binary = process.env.COUNTERSIGN;
    const now = ["--now", process.env.DEMO_NOW];
    const run = (args, codes = [0, 1, 3]) => {
        const done = spawnSync(binary, args, { encoding: "utf8", maxBuffer: 1 << 28 });
        if (!codes.includes(done.status)) throw new Error(`${args.join(" ")}: ${done.stderr}`);
        return done.stdout;
    };
    const page = (name, args) => {
        const file = join(folder, `${name.replaceAll(" ", "-")}.html`);
        run(["report", ...args, ...now, "-o", file]);
        return [name, file];
    };
    const saved = (name, text) => {
        const file = join(folder, name);
        writeFileSync(file, text);
        return file;
    };
    const trust = ["--trust", join(demo, "trust-root.json")];
    const pair = ["--from", join(demo, "dist"), "--to", join(demo, "previous/dist")];
    const answer = run(["rollback", "check", ...pair, ...trust, "--format", "json", ...now]);
    const own = run(["check", "--format", "json", ...now]);
    const hostile = own.replaceAll("0 of ", '</style><script>document.title=1</script><img src=//x onerror=document.title=1> ');
    const all = [
        page("a release that holds", [join(demo, "dist"), ...trust, "--previous", join(demo, "previous/dist")]),
        page("a tampered release", [join(demo, "tampered-2"), ...trust]),
        page("the way back", [saved("answer.json", answer)]),
        page("hostile text", [saved("hostile.json", hostile)]),
    ];
    if (corpus && existsSync(corpus)) {
        const report = run(["check", "--root", corpus, "--format", "json", ...now]);
        all.push(page("the corpus", [saved("corpus.json", report)]));
    }
    return all;
}

// Where headings go down by more than one level.
function headings() {
    const levels = [...document.querySelectorAll("h1,h2,h3,h4")].map((it) => Number(it.tagName[1]));
    return levels.filter((level, at) => (at === 0 ? level !== 1 : level > levels[at - 1] + 1)).length;
}

async function judge(browser, name, file) {
    for (const [width, colorScheme] of [[390, "light"], [390, "dark"], [1280, "light"], [1280, "dark"]]) {
        const where = `${name} at ${width} pixels, ${colorScheme}`;
        const context = await browser.newContext({ viewport: { width, height: 900 }, colorScheme });
        const tab = await context.newPage();
        const asked = [];
        tab.on("request", (request) => asked.push(request.url()));
        await tab.goto(pathToFileURL(file).href);
        const overflow = await tab.evaluate(() => document.documentElement.scrollWidth - innerWidth);
        check(`${where}, does not scroll sideways`, overflow <= 0, `${overflow} pixels too wide`);
        check(`${where}, asks for nothing but itself`, asked.length === 1, asked.join(" "));
        if (width === 390) {
            await context.close();
            continue;
        }
        check(`${where}, has its headings in order`, (await tab.evaluate(headings)) === 0);
        // What is closed is read too.
        await tab.evaluate(() => document.querySelectorAll("details").forEach((it) => (it.open = true)));
        const session = await context.newCDPSession(tab);
        await session.send("Page.setBypassCSP", { enabled: true });
        const { result } = await session.send("Runtime.evaluate", {
            expression: `${axe}; axe.run(document, {resultTypes: ["violations"]}).then((found) => JSON.stringify(found.violations.map((one) => one.id + " " + one.nodes.length + " " + one.nodes[0].html.slice(0, 120))))`,
            awaitPromise: true,
        });
        const violations = JSON.parse(result.value ?? '["axe did not run"]');
        check(`${where}, axe finds nothing`, violations.length === 0, violations.join("; "));
        await context.close();
    }
    const context = await browser.newContext({ javaScriptEnabled: false });
    const tab = await context.newPage();
    await tab.goto(pathToFileURL(file).href);
    const text = await tab.locator("h1").innerText();
    check(`${name} is read without script`, /verify|check/i.test(text), text);
    check(`${name} has no element that runs or loads`,
        (await tab.locator("script,img,iframe,object,embed,link,form,a:not([href^='#'])").count()) === 0);
    const summaries = await tab.locator("summary").count();
    let reached = 0;
    for (let press = 0; press < Math.min(summaries, 8) + 20 && reached < Math.min(summaries, 8); press++) {
        await tab.keyboard.press("Tab");
        reached += await tab.locator("summary:focus").count();
    }
    check(`${name}, the keyboard reaches what is closed`, reached === Math.min(summaries, 8), `${reached} of ${summaries}`);
    const pdf = await tab.pdf({ format: "A4", preferCSSPageSize: true });
    check(`${name} goes to paper`, pdf.length > 10000, `${pdf.length} bytes`);
    await context.close();
}

execFileSync("chromium", ["--version"], { stdio: "ignore" });
const browser = await chromium.launch({
    executablePath: execFileSync("sh", ["-c", "command -v chromium"], { encoding: "utf8" }).trim(),
    args: ["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
        "--disable-background-networking", "--disable-component-update", "--disable-sync"],
});
try {
    for (const [name, file] of pages()) await judge(browser, name, file);
} finally {
    await browser.close();
}
