#!/usr/bin/env python3
"""Echo bot: answers each message with its text; see README.md. STATUSD_DIR, STATUSD_URL: the daemon."""
import json, os, time, urllib.request
URL, TOKEN = os.environ.get("STATUSD_URL", "http://127.0.0.1:8545"), open(os.environ["STATUSD_DIR"] + "/rpc-token").read()
def rpc(method, params):
    body = json.dumps({"jsonrpc": "2.0", "id": 1, "method": method, "params": params}).encode()
    headers = {"Content-Type": "application/json", "Authorization": "Bearer " + TOKEN.strip()}
    with urllib.request.urlopen(urllib.request.Request(URL, body, headers), timeout=90) as answer:
        return json.load(answer)["result"]  # KeyError: an error came instead
def answered(m):  # a crash may have come between the answer and its acknowledgement
    page = rpc("wakuext_chatMessages", [m["localChatId"], "", 100])
    return any(own["responseTo"] == m["id"] and own.get("outgoingStatus") for own in page["messages"])
while True:
    try:
        page = rpc("status_getEvents", {"consumer": "echo-py", "since": -1, "types": ["messages.new"], "wait": 50})
        for m in (m for e in page["events"] for m in e["event"].get("messages", [])):
            if m.get("new") and m["contentType"] == 1 and not m.get("outgoingStatus") and not answered(m):
                rpc("status_send", {"recipient": m["localChatId"], "message": m["text"], "replyTo": m["id"]})
        rpc("status_ackEvents", ["echo-py", page["next"]])
    except (OSError, KeyError) as problem:
        print("trying again:", problem)
        time.sleep(1)
