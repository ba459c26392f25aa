#!/bin/sh
# Cuts out every picture of a folder: cut-out.sh PICTURES RESULTS. Needs curl and jq.
set -eu
api="${CLEARCUT_URL:-http://127.0.0.1:8787}/v1"; token="Authorization: Bearer ${CLEARCUT_TOKEN:-none}"; tab=$(printf '\t')
answer=$(cd "$1" && jq -n '{files: [$ARGS.positional[] | {name: .}]}' --args -- * |
  curl -fsS "$api/uploads" -H "$token" -H 'content-type: application/json' -d @-)
printf %s "$answer" | jq -r '.files[] | [.name, .upload.url] | join("\t")' |
  while IFS=$tab read -r name url; do curl -fsS -T "$1/$name" "$url"; done
batch="$api/batches/$(printf %s "$answer" | jq -r .batch)"
until curl -fsS "$batch?wait=60" -H "$token" >"$2/batch.json" && jq -e '.state == "finished"' "$2/batch.json" >/dev/null; do :; done
jq -r '.files[] | select(.result) | [.name, .result.url] | join("\t")' "$2/batch.json" |
  while IFS=$tab read -r name url; do curl -fsS -o "$2/$name.png" "$url"; done
