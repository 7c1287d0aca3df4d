// The client in a browser: through CORS and token, and not without them.

import assert from "node:assert/strict";
import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, it } from "node:test";
import { Daemon, needsDaemon } from "./harness.mjs";

const root = new URL("..", import.meta.url).pathname;

function browser() {
  for (const name of [process.env.CHROMIUM, "chromium", "chromium-browser", "google-chrome"]) {
    try {
      if (name) return execFileSync("which", [name], { encoding: "utf8" }).trim();
    } catch {
      // not this one
    }
  }
  return undefined;
}

const chromium = browser();
const needs = chromium ? needsDaemon : { skip: "there is no Chromium: apt-get install chromium" };

/** Serves the page, opens it in a browser, and returns what it reports. */
async function open(settings, host) {
  let tell;
  const reported = new Promise((resolve) => (tell = resolve));
  const server = createServer(async (request, response) => {
    const path = new URL(request.url, "http://x").pathname;
    if (path === "/settings") {
      response.end(JSON.stringify(await settings(server.address().port)));
    } else if (path === "/report") {
      let body = "";
      for await (const part of request) body += part;
      response.end();
      tell(JSON.parse(body));
    } else if (path === "/" || /^\/dist\/\w+\.js$/.test(path)) {
      const file = path === "/" ? "test/page.html" : path.slice(1);
      response.setHeader("Content-Type", path === "/" ? "text/html" : "text/javascript");
      response.end(readFileSync(join(root, file)));
    } else {
      response.writeHead(404).end();
    }
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  const profile = mkdtempSync(join(tmpdir(), "statusd-browser-"));
  const page = `http://${host}:${server.address().port}/`;
  const flags = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run", "--disable-background-networking"];
  const started = spawn(chromium, [...flags, `--user-data-dir=${profile}`, "--remote-debugging-port=0", page], {
    stdio: ["ignore", "ignore", "pipe"], detached: true,
  });
  let said = "";
  started.stderr.on("data", (part) => (said += part));
  const exited = once(started, "exit").then(() => {
    throw new Error("the browser ended:\n" + said);
  });
  try {
    return await Promise.race([reported, exited]);
  } finally {
    exited.catch(() => undefined);
    process.kill(-started.pid, "SIGKILL"); // with its children
    await exited.catch(() => undefined);
    server.closeAllConnections();
    server.close();
    rmSync(profile, { recursive: true, force: true, maxRetries: 10 });
  }
}

describe("in a browser", needs, () => {
  let daemon, port;

  /** Starts the daemon once the page's origin, which it has to list, is known. */
  async function settings(pagePort) {
    port = pagePort;
    daemon = await Daemon.make({ HTTPCors: [`http://127.0.0.1:${port}`] });
    return { url: daemon.url, token: readFileSync(daemon.tokenFile, "utf8").trim() };
  }

  it("a page calls, reads events and subscribes", { timeout: 90_000 }, async () => {
    try {
      const report = await open(settings, "127.0.0.1");
      assert.deepEqual(report, {
        version: true,
        error: true,
        "wrong token": true,
        bytes: "0x1c8aff950685c2ed4bc3174f3472287b56d9517b9c948127319a09a7a36deac8",
        events: ["account.login", 64, "page", true],
        subscription: "0x6f6e65",
      });
    } finally {
      await daemon?.close();
    }
  });

  it("a page of another origin gets nothing", { timeout: 90_000 }, async () => {
    try {
      const report = await open(settings, "localhost"); // another name is another origin
      assert.match(report.version, /^ConnectionLostError/);
      assert.match(String(report.bytes), /^ConnectionLostError/);
      assert.match(String(report.subscription), /^ConnectionLostError/);
    } finally {
      await daemon?.close();
    }
  });
});
