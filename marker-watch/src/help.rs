//! The long parts of `--help`.

pub(super) const DETAILS: &str = "\
Read what agents print, and write their markers as records

Reads terminal output from stdin, files, panes of tmux or a command, and writes one JSON record per marker to stdout, each as soon as
its line is complete. Markers are lines such as `[DONE:ID] text`, of the kinds PROGRESS, DONE, ERROR and QUESTION. Only
markers at the start of a line count; a prompt that explains them completes nothing.";

pub(super) const EXAMPLES: &str = "\
Examples:
  my-agent < prompt.md | marker-watch --id \"$TERMINAL_ID\" --tee
  marker-watch --latest run.log | jq -r '[.task, .type, .text] | @tsv'
  marker-watch --follow --state .seen .orchestrate/logs | jq .
  marker-watch --follow --format bars 'logs/*.log'
  marker-watch --until any --timeout 30m --follow run.log
  marker-watch --all-states --stall 10m --notify desktop --tmux agents:0.1
  marker-watch --pty --all-states -- claude
  claude -p --output-format stream-json --verbose < prompt.md | marker-watch --dialect claude
  kubectl logs -f job/agent | marker-watch --on question 'mail -s \"$TASK_ID asks\" me'

Exit codes:
  0  done
  1  an error, or no result marker, or no time left
  2  called wrongly
  3  the input is empty or cannot be read
  4  the surroundings failed
  5  a question is open
  128+n  ended by signal n

What an id said last counts. Of several ids, an error outweighs one that has said nothing, which outweighs a
question, which outweighs done.";
