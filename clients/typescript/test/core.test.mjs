// The client with a daemon that is made up: what real ones do rarely.

import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer as createHttp } from "node:http";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, it } from "node:test";
import { Client, ConnectionLostError, RpcError, StatusdError, errors, requestId } from "statusd";
import { Backoff } from "../dist/backoff.js";
import { SseParser } from "../dist/events.js";
import { socketIn, transportTo } from "../dist/node.js";
import { sha256 } from "../dist/sha256.js";
import { decode, encode } from "../dist/wire.js";

describe("where the daemon is", () => {
  function withEnv(env, f) {
    const before = { ...process.env };
    for (const name of ["STATUSD_DIR", "STATUSD_URL", "STATUSD_TOKEN", "STATUSD_TOKEN_FILE", "XDG_RUNTIME_DIR"]) {
      delete process.env[name];
    }
    Object.assign(process.env, env);
    try {
      return f();
    } finally {
      for (const name of Object.keys(env)) delete process.env[name];
      Object.assign(process.env, before);
    }
  }
  const place = (address, env) => withEnv(env ?? {}, () => transportTo(address, {}).place);

  it("follows arguments, then variables", () => {
    assert.equal(place(undefined, { STATUSD_DIR: "/d" }), "/d/statusd.ipc");
    assert.equal(place(undefined, { STATUSD_DIR: "/d", STATUSD_URL: "http://127.0.0.1:8545" }), "http://127.0.0.1:8545");
    assert.equal(place("/x/y.ipc", { STATUSD_URL: "http://127.0.0.1:8545" }), "/x/y.ipc");
    assert.equal(place("unix:///x/y.ipc"), "/x/y.ipc");
    assert.equal(place("https://example.org/rpc/"), "https://example.org/rpc");
    assert.equal(place("http://127.0.0.1:8545/api/v1/rpc"), "http://127.0.0.1:8545");
  });

  it("refuses what is no address", () => {
    for (const wrong of ["ws://127.0.0.1", "http://", "http://user:secret@host", "http://host/?token=x"]) {
      assert.throws(() => place(wrong), wrong);
    }
  });

  it("moves long paths as the daemon does", () => {
    const path = withEnv({ XDG_RUNTIME_DIR: "/run/user/7" }, () => socketIn("/" + "d".repeat(100)));
    assert.equal(path, "/run/user/7/statusd/ed7335ef37ab3ae0.ipc");
  });

  it("knows which ways are confidential", () => {
    for (const [address, want] of Object.entries({
      "http://127.0.0.1": true, "http://[::1]": true, "http://localhost": true, "https://example.org": true,
      "http://example.org": false, "http://192.0.2.1": false, "http://127.evil.org": false, "/x.ipc": true,
    })) {
      assert.equal(transportTo(address, { token: "t" }).confidential, want, address);
    }
  });

  it("keeps secrets off open ways", async () => {
    class Open extends Client {
      secret() {
        return this._call({ method: "m", flags: 4, timeout: 1 }, {});
      }
    }
    await assert.rejects(new Open("http://192.0.2.1", { token: "t" }).secret(), /others could read it/);
  });
});

describe("the wire", () => {
  it("encodes bytes as hex and leaves out what is not given", () => {
    const { params } = JSON.parse(encode("m", { a: new Uint8Array([1, 255]), b: null, c: undefined, d: "ä😀" }));
    assert.deepEqual(params, { a: "0x01ff", d: "ä😀" });
  });

  it("has a class for each kind of error", () => {
    for (const [kind, of] of errors.BY_KIND) {
      const answer = JSON.stringify({ error: { code: -1, message: "no", data: { kind } } });
      assert.throws(() => decode(answer), (e) => e instanceof of && e.kind === kind);
    }
    const text = '{"error":{"code":-7,"message":"no","data":{"kind":"new","hint":"wait","retryAfterSeconds":3}}}';
    assert.throws(() => decode(text), (e) => e instanceof RpcError && e.message === "no (wait)" && e.retryAfter === 3);
  });

  it("refuses other programs", () => {
    const wrong = ["", "[]", "<html>", '{"jsonrpc":"2.0"}', '{"error":"no"}', '{"error":{}}', '{"error":{"data":[]}}', "null"];
    for (const text of wrong) assert.throws(() => decode(text), StatusdError, text);
  });

  it("takes server-sent events apart", () => {
    const parser = new SseParser();
    const text = ":\n\nid: 3\ndata: {}\n\nevent: gap\ndata: a\ndata:b\n\n\nevent: lone\n\ndata: x\n\n";
    const got = text.split("\n").map((line) => parser.line(line)).filter(Boolean);
    assert.deepEqual(got, [
      { type: "message", data: "{}" }, { type: "gap", data: "a\nb" }, { type: "message", data: "x" },
    ]);
  });

  it("hashes", () => {
    for (let n = 0; n < 300; n++) {
      const text = "ä".repeat(n);
      assert.equal(sha256(text), createHash("sha256").update(text).digest("hex"), `${n} characters`);
    }
  });

  it("makes the ids of requests that the other clients make", () => {
    const want = "a8d06eed9339d4a00b3597686218f43352f3c8120a6c9959fa8a08b153d18902";
    assert.equal(requestId("echo", { cursor: 7, account: "0xaa" }, "0x01", 1), want);
  });

  it("waits longer and longer, to a limit", () => {
    const backoff = new Backoff();
    const waits = Array.from({ length: 12 }, () => backoff.next());
    assert.ok(waits[0] < 200 && Math.max(...waits) < 7000 && waits[11] > 3000, waits.join());
    assert.ok(backoff.next(new RpcError(-32014, "busy", { kind: "busy", retryAfterSeconds: 9 })) >= 9000);
  });
});

/** Runs a test with a daemon on a socket that answers each call with what a function says; undefined breaks the connection. */
async function withFake(answer, test) {
  const folder = mkdtempSync(join(tmpdir(), "statusd-fake-"));
  const calls = [];
  const sockets = new Set();
  const server = createServer((socket) => {
    sockets.add(socket);
    let rest = "";
    socket.on("error", () => undefined);
    socket.on("data", (part) => {
      const lines = (rest + part).split("\n");
      rest = lines.pop();
      for (const line of lines) {
        const request = JSON.parse(line);
        calls.push(request);
        const result = answer(request, calls.length);
        if (result === undefined) socket.destroy();
        else socket.write(JSON.stringify({ jsonrpc: "2.0", id: 1, ...result }) + "\n");
      }
    });
  }).listen(join(folder, "s"));
  await once(server, "listening");
  const client = new Client(join(folder, "s"));
  try {
    await test(client, calls);
  } finally {
    client.close();
    for (const socket of sockets) socket.destroy();
    server.close();
    rmSync(folder, { recursive: true });
  }
}

describe("calls whose connection breaks", () => {
  const once = (_, n) => (n === 2 ? undefined : { result: n });

  it("are not made twice if they change something", () =>
    withFake(once, async (c) => {
      await c.call("m");
      await assert.rejects(c.call("m"), (e) => e instanceof ConnectionLostError && e.sent);
      assert.equal(await c.call("m"), 3);
    }));

  it("are made again if they change nothing", () =>
    withFake(once, async (c) => {
      await c.call("m");
      assert.equal(await c.call("m", {}, { safe: true }), 3);
    }));

  it("are made again if they have an id", () =>
    withFake(once, async (c, calls) => {
      await c.call("m");
      assert.equal(await c.call("m", { requestId: "x" }), 3);
      assert.deepEqual(calls.slice(1).map((call) => call.params), [{ requestId: "x" }, { requestId: "x" }]);
    }));
});

describe("answers", () => {
  it("are taken up to a limit", () =>
    withFake((_, n) => ({ result: n === 1 ? "x".repeat(256 * 1024 * 1024) : n }), async (c) => {
      await assert.rejects(c.call("m"), (e) => e instanceof ConnectionLostError && /bytes/.test(e.message));
      assert.equal(await c.call("m"), 2);
    }));
});

/** An event log with one consumer, as a daemon keeps it. It counts answers by requestId. */
class Log {
  constructor(texts, breaks = []) {
    this.events = texts.map((text, i) => ({
      cursor: i + 1, account: "0xaa", type: "messages.new",
      event: { messages: [{ id: `0x${i}`, text, localChatId: "tea", from: "0x04", new: true, contentType: 1 }] },
    }));
    this.breaks = new Set(breaks);
    this.acked = 0;
    this.sent = new Map();
    this.order = [];
  }

  answer = (request, n) => {
    const result = this.do(request.method, request.params);
    return this.breaks.has(n) ? undefined : result;
  };

  do(method, params) {
    switch (method) {
      case "status_ackEvents":
        this.acked = Math.max(this.acked, params.cursor);
        this.order.push(`ack ${params.cursor}`);
        return { result: null };
      case "status_send": {
        const before = this.sent.get(params.requestId);
        if (before !== undefined && before !== params.message) {
          return { error: { code: -32013, message: "other arguments", data: { kind: "already_exists" } } };
        }
        this.sent.set(params.requestId, params.message);
        this.order.push(`send ${params.message}`);
        return { result: { messageId: "0x1" } };
      }
      default:
        return { result: { events: this.events.filter((e) => e.cursor > this.acked), next: this.events.length } };
    }
  }
}

describe("answers", () => {
  it("are sent once each, wherever the connection breaks", async () => {
    const texts = ["one", "two", "three"];
    for (let broken = 2; broken < 10; broken++) {
      const log = new Log(texts, [broken, broken + 1]);
      await withFake(log.answer, async (c) => {
        await c.call("status_getEvents"); // it has been there
        for await (const message of c.messages("echo")) {
          await message.answer(message.text);
          if (message.text === "three") break;
        }
      });
      assert.deepEqual([...log.sent.values()], texts, `calls ${broken} and the next broke`);
    }
  });

  it("come before the event is acknowledged", async () => {
    const log = new Log(["one", "two"]);
    await withFake(log.answer, async (c) => {
      for await (const message of c.messages("echo")) {
        await message.answer(message.text);
        if (message.text === "two") break;
      }
    });
    assert.deepEqual(log.order, ["send one", "ack 1", "send two"]);
  });

  it("of an earlier life stay", async () => {
    const log = new Log(["one"]);
    await withFake(log.answer, async (c) => {
      for (const text of ["it is ten", "it is eleven"]) {
        for await (const message of c.messages("clock")) {
          assert.equal((await message.answer(text)) === undefined, text === "it is eleven");
          break;
        }
      }
    });
    assert.deepEqual([...log.sent.values()], ["it is ten"]);
  });

  it("are for messages of others alone", async () => {
    const log = new Log(["own", "old", "note", "real"]);
    const changes = [{ outgoingStatus: "sent" }, { new: false }, { contentType: 6 }];
    changes.forEach((change, i) => Object.assign(log.events[i].event.messages[0], change));
    await withFake(log.answer, async (c) => {
      assert.equal((await c.messages("echo").next()).value.text, "real");
    });
  });

  it("gaps are told", async () => {
    const gaps = [];
    const page = { events: [{ cursor: 9, account: "0xaa", event: {} }], next: 9, gap: true, from: 9 };
    await withFake(() => ({ result: page }), async (c) => {
      await c.events("slow", { onGap: (oldest) => gaps.push(oldest) }).next();
    });
    assert.deepEqual(gaps, [9]);
  });
});

describe("HTTP", () => {
  async function ask(status, body, options) {
    let seen;
    const server = createHttp((request, response) => {
      seen = request.headers.authorization;
      response.writeHead(status, { Location: "http://127.0.0.1:1/" }).end(body);
    }).listen(0, "127.0.0.1");
    await once(server, "listening");
    try {
      const result = await new Client(`http://127.0.0.1:${server.address().port}`, options).call("m");
      return { result, seen };
    } finally {
      server.closeAllConnections();
      server.close();
    }
  }

  it("sends the token, which a file may hold", async () => {
    assert.equal((await ask(200, '{"result":1}', { token: "t" })).seen, "Bearer t");
    const folder = mkdtempSync(join(tmpdir(), "statusd-token-"));
    const tokenFile = join(folder, "token");
    writeFileSync(tokenFile, "first\n");
    assert.equal((await ask(200, '{"result":1}', { tokenFile })).seen, "Bearer first");
    rmSync(folder, { recursive: true });
    assert.equal((await ask(200, '{"result":1}', { tokenFile })).seen, undefined);
  });

  it("makes no headers of tokens", () => assert.rejects(ask(200, "{}", { token: "a\r\nX: y" }), /characters/));

  it("follows no redirection", () => assert.rejects(ask(307, "", { token: "t" }), ConnectionLostError));

  it("tells errors of the daemon from those on the way", async () => {
    const busy = '{"error":{"code":-32014,"message":"x","data":{"kind":"busy"}}}';
    await assert.rejects(ask(503, busy, { token: "t" }), errors.BusyError);
    await assert.rejects(ask(502, "<html>", { token: "t" }), ConnectionLostError);
    await assert.rejects(ask(404, "<html>", { token: "t" }), (e) => e instanceof StatusdError && !(e instanceof RpcError));
  });
});
