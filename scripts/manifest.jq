# A document as YAML: words plain, all other strings as JSON quotes them, which YAML reads the same.
def scalar:
  if type == "string" and test("^[a-z][a-z_-]+$") and (test("^(true|false|null|yes|no|on|off)$") | not) then . else tojson end;
def lines:
  if type == "object" and . != {} then
    to_entries[] | .key as $key | .value
    | if (type == "object" or type == "array") and length > 0 then "\($key):", (lines | "  " + .) else "\($key): \(scalar)" end
  elif type == "array" and . != [] then
    .[] | [lines] | "- " + .[0], (.[1:][] | "  " + .)
  else scalar end;
# Between the lines that the scripts of open-agent-toolkit frame a manifest by; what is named in `$behind` comes after.
def manifest($name; $behind):
  "--- \($name) ---", (with_entries(select(.key | IN($behind[]) | not)) | lines), "---",
  ($behind[] as $key | .[$key] | if type == "object" then {($key): .} | lines else "\($key): \(tojson)" end);
