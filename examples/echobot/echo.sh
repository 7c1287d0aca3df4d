#!/bin/sh
# Echo bot: answers each message with its text. Needs curl and jq; see README.md. STATUSD_DIR, STATUSD_URL: the daemon.
rpc() { printf 'Authorization: Bearer %s' "$(cat "$STATUSD_DIR/rpc-token")" | curl -sS -H @- -H 'Content-Type: application/json' \
  -d "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"$1\",\"params\":$2}" "${STATUSD_URL:-http://127.0.0.1:8545}" |
  jq -nc 'input | if has("result") then .result else error(.error.message) end'; }
while :; do page=$(rpc status_getEvents '[{"consumer":"echo-sh","since":-1,"types":["messages.new"],"limit":1,"wait":50}]') &&
  printf '%s' "$page" | jq -c '.events[].event.messages[]? | select(.new and .contentType == 1 and (.outgoingStatus | not))' |
  while read -r m; do
    chat=$(rpc wakuext_chatMessages "$(printf '%s' "$m" | jq -c '[.localChatId, "", 100]')") || exit 1
    printf '%s' "$chat" | jq -e --argjson m "$m" 'any(.messages[]; .responseTo == $m.id and .outgoingStatus)' >/dev/null ||
      rpc status_send "$(printf '%s' "$m" | jq -c '{recipient: .localChatId, message: .text, replyTo: .id}')" || exit 1
  done && rpc status_ackEvents "$(printf '%s' "$page" | jq -c '["echo-sh", .next]')" >/dev/null || sleep 1; done
