// The client with a real daemon.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { after, before, describe, it } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { BEGINNING, Client, ConnectionLostError, errors } from "statusd";
import { Daemon, freePort, needsDaemon } from "./harness.mjs";

const LIMIT = { timeout: 60_000 };

describe("calls", needsDaemon, () => {
  let daemon, clients;

  before(async () => {
    daemon = await Daemon.make();
    clients = [new Client(undefined, { directory: daemon.dir }), new Client(daemon.url, { tokenFile: daemon.tokenFile })];
  });
  after(() => daemon.close());

  it("answers with types", LIMIT, async () => {
    for (const c of clients) {
      assert.equal(await c.adminDatadir(), daemon.dir);
      const hash = await c.web3Sha3({ data: new TextEncoder().encode("hello") });
      assert.equal(hash, "0x1c8aff950685c2ed4bc3174f3472287b56d9517b9c948127319a09a7a36deac8");
      assert.ok((await c.statusVersion()).version);
      assert.equal(await c.adminSetLogLevel({ level: "info" }), true);
    }
  });

  it("throws typed errors", LIMIT, async () => {
    for (const c of clients) {
      await assert.rejects(c.web3Sha3({ data: "no hex" }), (e) => {
        assert.ok(e instanceof errors.InvalidParamsError);
        assert.deepEqual([e.code, e.kind, e.name], [-32602, "invalid_params", "InvalidParamsError"]);
        assert.ok(e.requestId);
        return true;
      });
      await assert.rejects(c.call("status_helth"), (e) => {
        assert.ok(e instanceof errors.MethodNotFoundError);
        assert.match(e.hint, /status_health/);
        assert.match(e.message, /status_health/);
        return true;
      });
      await assert.rejects(c.wakuextChats({ account: "0x" + "1".repeat(64) }), errors.NotLoggedInError);
    }
  });

  it("says that a token is wrong, to calls and to readers of events", LIMIT, async () => {
    const c = new Client(daemon.url, { token: "x".repeat(32) });
    await assert.rejects(c.statusVersion(), errors.UnauthenticatedError);
    await assert.rejects(c.events("nobody").next(), errors.UnauthenticatedError);
  });

  it("works with a token of its own", LIMIT, async () => {
    const made = daemon.command("token", "add", "--name", "ts", "--scope", "read,send,events").trim();
    const c = new Client(daemon.url, { token: made.split(/\s+/).at(-1) });
    assert.equal(await c.netVersion(), "1");
  });

  it("says that nobody is there", LIMIT, async () => {
    for (const address of ["/nonexistent/statusd.ipc", `http://127.0.0.1:${await freePort()}`]) {
      await assert.rejects(new Client(address).statusVersion(), (e) => {
        assert.ok(e instanceof ConnectionLostError);
        assert.equal(e.sent, false);
        assert.match(e.message, /statusd run/);
        return true;
      });
    }
  });

  it("makes many calls at a time", LIMIT, async () => {
    for (const c of clients) {
      const answers = await Promise.all(Array.from({ length: 100 }, (_, i) => c.web3Sha3({ data: new Uint8Array([i]) })));
      assert.equal(new Set(answers).size, 100);
    }
  });

  it("is usable after calls were aborted", LIMIT, async () => {
    for (const c of clients) {
      for (let i = 0; i < 20; i++) {
        const end = new AbortController();
        const call = c.adminDatadir({ signal: end.signal });
        end.abort(new Error("enough"));
        await assert.rejects(call, /enough/);
        assert.equal(await c.netVersion(), "1");
      }
    }
  });

  it("subscribes", LIMIT, async () => {
    const c = clients[0];
    const symKeyID = await c.wakuGenerateSymKeyFromPassword({ password: "tea" });
    const subscription = c.wakuSubscribe({ criteria: { symKeyID, topics: ["0x11223344"] } });
    await subscription.open();
    for (const payload of ["0x6f6e65", "0x74776f"]) {
      await c.wakuPost({ message: { symKeyID, topic: "0x11223344", payload, powTarget: 0.002, powTime: 5 } });
      assert.equal((await subscription.next()).value.payload, payload);
    }
    const next = subscription.next();
    await subscription.return();
    assert.equal((await next).done, true);
  });
});

describe("events", needsDaemon, () => {
  let daemon, ways;

  before(async () => {
    daemon = await Daemon.make();
    ways = {
      socket: () => new Client(undefined, { directory: daemon.dir }),
      http: () => new Client(daemon.url, { tokenFile: daemon.tokenFile }),
    };
  });
  after(() => daemon.close());

  const cursor = async (c, name) => (await c.statusListConsumers()).find((one) => one.name === name)?.cursor;
  const known = async (c, name) => {
    while ((await cursor(c, name)) === undefined) await sleep(10);
  };

  async function one(c, name) {
    const events = c.events(name, { since: BEGINNING, types: ["account.login"] });
    for await (const event of events) {
      await events.ack();
      return event;
    }
  }

  it("go on where they stopped, over a kill of the daemon", LIMIT, async () => {
    for (const [way, make] of Object.entries(ways)) {
      const c = make();
      const first = await one(c, way);
      assert.equal(await cursor(c, way), first.cursor);
      await daemon.stop();
      await daemon.start();
      const second = await one(c, way);
      assert.ok(second.cursor > first.cursor);
      c.close();
    }
  });

  it("come again after the daemon was killed while they were read", LIMIT, async () => {
    for (const [way, make] of Object.entries(ways)) {
      const c = make();
      const troubles = [];
      const events = c.events("steady " + way, { onTrouble: (e) => troubles.push(e) });
      const next = events.next();
      await known(c, "steady " + way);
      await daemon.stop();
      await daemon.start();
      assert.equal((await next).value.type, "account.login");
      assert.ok(troubles.length > 0);
      await events.return();
      c.close();
    }
  });

  it("come again if they were not acknowledged, with the same ids for requests", LIMIT, async () => {
    for (const [way, make] of Object.entries(ways)) {
      const c = make();
      const seen = [];
      for (let i = 0; i < 2; i++) {
        const events = c.events("again " + way, { since: BEGINNING });
        for await (const event of events) {
          seen.push([event.cursor, events.requestId("a"), events.requestId("a"), events.requestId("b")]);
          break;
        }
      }
      assert.deepEqual(seen[0], seen[1]);
      assert.equal(new Set(seen[0]).size, 4);
      c.close();
    }
  });

  it("wait while nobody is logged in", LIMIT, async () => {
    for (const [way, make] of Object.entries(ways)) {
      const c = make();
      const events = c.events("patient " + way);
      const next = events.next();
      await known(c, "patient " + way);
      const [{ "key-uid": keyUid }] = await c.call("account_list");
      await c.call("account_logout");
      await c.call("account_login", { keyUid, password: readFileSync(daemon.passwordFile, "utf8") });
      assert.match((await next).value.type, /^account\.log(in|out)$/);
      await events.return();
      c.close();
    }
  });

  it("end with a signal", LIMIT, async () => {
    for (const make of Object.values(ways)) {
      const c = make();
      const end = new AbortController();
      const next = c.events(undefined, { signal: end.signal }).next();
      await c.netVersion();
      end.abort(new Error("enough"));
      await assert.rejects(next, /enough/);
      c.close();
    }
  });
});
