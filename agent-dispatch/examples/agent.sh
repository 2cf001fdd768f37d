#!/bin/sh
# The smallest agent: reads its task from stdin, says how it stands, is done.
prompt=$(cat)
echo "[PROGRESS:$TERMINAL_ID] 50% - read ${#prompt} characters"
echo "[DONE:$TERMINAL_ID] pretended to do $TASK_ID"
