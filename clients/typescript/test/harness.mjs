// A real daemon for tests. STATUSD_BINARY is the program; without it, what needs one is skipped.

import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { chmodSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { connect, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

export const BINARY = process.env.STATUSD_BINARY ?? "";
export const needsDaemon = BINARY
  ? {}
  : { skip: "STATUSD_BINARY is not set: scripts/test-clients.sh builds one and sets it" };

const PATIENCE = 60_000; // milliseconds that a start may take

export async function freePort() {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address();
  server.close();
  return port;
}

/** A daemon with one account in a directory of its own, on loopback, without the network. */
export class Daemon {
  static async make(settings = {}) {
    const d = new Daemon();
    d.dir = mkdtempSync(join(tmpdir(), "statusd-ts-"));
    d.port = await freePort();
    d.url = `http://127.0.0.1:${d.port}`;
    d.tokenFile = join(d.dir, "rpc-token");
    d.passwordFile = join(d.dir, "password");
    const all = {
      ListenAddr: `127.0.0.1:${await freePort()}`, EnableNTPSync: false, NoDiscovery: true, HTTPEnabled: true,
      HTTPHost: "127.0.0.1", HTTPPort: d.port, WakuConfig: { Enabled: true }, ...settings,
    };
    for (const [path, text] of [[join(d.dir, "config.json"), JSON.stringify(all)], [d.passwordFile, "for tests"]]) {
      writeFileSync(path, text);
      chmodSync(path, 0o600);
    }
    d.log = openSync(join(d.dir, "test.log"), "a");
    d.more = [];
    await d.start();
    d.command("account", "create", "--name", "bot", "--password-file", d.passwordFile);
    await d.stop("SIGTERM");
    d.more = ["--login", "bot", "--password-file", d.passwordFile];
    await d.start();
    return d;
  }

  command(...args) {
    return execFileSync(BINARY, [...args, "--dir", this.dir], { stdio: ["ignore", "pipe", "pipe"], encoding: "utf8" });
  }

  async start() {
    const args = ["run", "--dir", this.dir, "--nat", "none", "--light-kdf", ...this.more];
    this.process = spawn(BINARY, args, { stdio: ["ignore", this.log, this.log] });
    const end = Date.now() + PATIENCE;
    while (!(await answers(join(this.dir, "statusd.ipc")))) {
      if (this.process.exitCode !== null || Date.now() > end) {
        throw new Error("the daemon does not start:\n" + readFileSync(join(this.dir, "test.log"), "utf8"));
      }
      await sleep(20);
    }
  }

  async stop(signal = "SIGKILL") {
    if (this.process.exitCode !== null || this.process.signalCode !== null) return;
    const exited = once(this.process, "exit");
    this.process.kill(signal);
    await exited;
  }

  async close() {
    await this.stop();
    rmSync(this.dir, { recursive: true });
  }
}

function answers(path) {
  return new Promise((resolve) => {
    const socket = connect(path);
    socket.on("error", () => resolve(false));
    socket.on("connect", () => {
      socket.destroy();
      resolve(true);
    });
  });
}
