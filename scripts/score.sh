#!/bin/sh
# Measures what balie reads in public mails, replies, bounces and hostile HTML, with the scorers that lie beside the
# repository (BALIE_SHARED, or ../shared). Without them it says so and ends well. Figures go to standard output.
set -eu
cd "$(dirname "$0")/.."
data="${BALIE_SHARED:-../shared}/data"
if [ ! -d "$data/scorers" ]; then
	echo "score: no $data/scorers; set BALIE_SHARED" >&2
	exit 0
fi
data=$(cd "$data" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
balie="${BALIE:-}"
if [ -z "$balie" ]; then
	balie="$work/balie"
	go build -o "$balie" ./cmd/balie
fi

cd "$data"
for set in zammad mail-parser enmime mimekit mikel-mail rt bounce-sisimai; do
	"$balie" normalize --json "$set"
done >"$work/out.jsonl"
"$balie" normalize --json --text reply-* >>"$work/out.jsonl"
"$balie" normalize --html html-*/cases.jsonl >"$work/html.jsonl"

echo "== mails"
python3 scorers/mail_score.py --out "$work/out.jsonl" zammad mail-parser
echo "== replies"
python3 scorers/reply_score.py --out "$work/out.jsonl" reply-*
echo "== automatic mail"
python3 scorers/auto_score.py --out "$work/out.jsonl" zammad bounce-sisimai mimekit mikel-mail
echo "== hostile HTML"
python3 scorers/sanitize_score.py --out "$work/html.jsonl" html-*/cases.jsonl

echo "== catalogue (BANKING77, 10 examples a class, no certified stream)"
python3 - "$work" <<'PY'
import json, sys
out = sys.argv[1]
for part, name in (("train_10", "train"), ("test", "test")):
    x, y = (open(f"intents/BANKING77/{part}/{f}", encoding="utf-8").read().splitlines() for f in ("seq.in", "label"))
    with open(f"{out}/{name}.jsonl", "w", encoding="utf-8") as w:
        for i, (text, label) in enumerate(zip(x, y)):
            w.write(json.dumps({"id": str(i), "text": text, "label": label}) + "\n")
PY
"$balie" catalogue score --train "$work/train.jsonl" --test "$work/test.jsonl" >"$work/pred.jsonl"
python3 intents/score.py "$work/pred.jsonl" --target .98 || true
