#!/bin/sh
# Echo bot: answers each message with its text, once, whatever is killed in between. Needs curl and jq; see README.md.
# STATUSD_URL is the address of the daemon, STATUSD_TOKEN_FILE a file with the bot's token.
rpc() { printf 'Authorization: Bearer %s' "$(cat "$STATUSD_TOKEN_FILE")" | curl -sS -H @- -H 'Content-Type: application/json' \
  -d "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"$1\",\"params\":$2}" "${STATUSD_URL:-http://127.0.0.1:8545}" |
  jq -nc 'input | if has("result") then .result else error(.error.message) end'; }
while :; do page=$(rpc status_getEvents '[{"consumer":"echo-sh","since":-1,"types":["messages.new"],"limit":1,"wait":50}]') &&
  printf '%s' "$page" | jq -c '.events[] | .cursor as $at | .event.messages // [] | to_entries[] | {number: .key} + .value |
    select(.new and .contentType == 1 and (.outgoingStatus | not)) |
    {recipient: .localChatId, message: .text, replyTo: .id, requestId: "echo-sh:\($at):\(.number)"}' |
  while read -r answer; do rpc status_send "$answer" || exit 1; done &&
  rpc status_ackEvents "$(printf '%s' "$page" | jq -c '["echo-sh", .next]')" >/dev/null || sleep 1; done
