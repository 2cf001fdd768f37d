#!/bin/sh
# An agent that speaks the Agent Client Protocol: it says hello, asks for leave, and pretends to have done its work.
say() { printf '%s\n' "$1"; }
text() {
  say "{\"jsonrpc\":\"2.0\",\"method\":\"session/update\",\"params\":{\"sessionId\":\"s1\",\"update\":{\"sessionUpdate\":\"agent_message_chunk\",\"content\":{\"type\":\"text\",\"text\":\"$1\"}}}}"
}
while IFS= read -r line; do
  case $line in
    *'"method":"initialize"'*) say '{"jsonrpc":"2.0","id":0,"result":{"protocolVersion":1}}' ;;
    *'"method":"session/new"'*) say '{"jsonrpc":"2.0","id":1,"result":{"sessionId":"s1"}}' ;;
    *'"method":"session/prompt"'*)
      say '{"jsonrpc":"2.0","id":9,"method":"session/request_permission","params":{"sessionId":"s1","toolCall":{"toolCallId":"c1","kind":"edit","title":"write colour.json"},"options":[{"optionId":"y","name":"Allow","kind":"allow_once"},{"optionId":"n","name":"Reject","kind":"reject_once"}]}}'
      ;;
    *'"optionId":"y"'*)
      text "[DONE:$TERMINAL_ID] was given leave"
      say '{"jsonrpc":"2.0","id":3,"result":{"stopReason":"end_turn"}}'
      ;;
  esac
done
