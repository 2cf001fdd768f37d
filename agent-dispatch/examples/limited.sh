#!/bin/sh
# An agent with an event stream whose quota is used up at first: it says so, and when it is there again.
cat >/dev/null
echo '{"type":"system","subtype":"init","session_id":"s-1","model":"m"}'
if [ "$ATTEMPT" = 1 ]; then
  echo '{"type":"result","session_id":"s-1","is_error":true,"api_error_status":429,"result":"usage limit, try again in 1s"}'
  exit 1
fi
echo '{"type":"assistant","message":{"id":"m1","role":"assistant","content":[{"type":"text","text":"[DONE:'"$TERMINAL_ID"'] ok"}]}}'
echo '{"type":"result","subtype":"success","is_error":false,"session_id":"s-1","result":"ok"}'
