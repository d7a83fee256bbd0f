package yamltree_test

import (
	"errors"
	"fmt"
	"reflect"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/balie/balie"
	"github.com/balie/balie/internal/yamltree"
)

func reader() *yamltree.Reader { return &yamltree.Reader{File: "f.yaml", MaxBytes: 1 << 20} }

// walk reads all there is in every way there is.
func walk(r *yamltree.Reader, n yamltree.Node, field string) {
	n.Place()
	r.Source(n).Place(0, 3)
	switch {
	case n.Empty():
		r.Bool(n, field)
	case n.IsMapping():
		r.Text(n, field)
		for _, e := range r.Mapping(n, field) {
			e.At.Place()
			walk(r, e.Value, e.Field)
		}
	case n.IsScalar():
		r.Int(n, field, 0, 10)
		r.Mapping(n, field)
		r.List(n, field)
	default:
		for _, item := range r.Items(n, field) {
			if item == n { // an alias is an item by itself
				return
			}
			walk(r, item, field)
		}
	}
	r.Value(n, field)
}

// placed holds an error to what the package guarantees of it.
func placed(t *testing.T, text string, err error) {
	t.Helper()
	if err == nil {
		return
	}
	line, col := 0, 0
	for _, e := range err.(interface{ Unwrap() []error }).Unwrap() {
		bad, ok := errors.AsType[*balie.InvalidError](e)
		if !ok || bad.File != "f.yaml" || bad.Line < 1 || bad.Col < 1 || bad.Problem == "" {
			t.Fatalf("%q: %v has no place", text, e)
		}
		if bad.Line < line || bad.Line == line && bad.Col < col {
			t.Fatalf("%q: %v comes after %d:%d", text, bad, line, col)
		}
		line, col = bad.Line, bad.Col
	}
}

// What could take a recursive parser's stack, or its time, is refused before it.
func TestWhatNestsTooDeepIsRefusedAtOnce(t *testing.T) {
	for _, piece := range []string{"[", "{", "{a: ", "[,", "- ", "? ", "? - ", "!a ", "&a ", "!!x\n", "&a\n", "- !a ", "[!a ", "-\n ", "a:\n "} {
		text := strings.Repeat(piece, 1_000_000/len(piece))
		if rest, ok := strings.CutSuffix(piece, "\n "); ok { // deeper on each line
			var b strings.Builder
			for i := range 1000 {
				b.WriteString(strings.Repeat(" ", i) + rest + "\n")
			}
			text = b.String()
		}
		start, r := time.Now(), reader()
		root := r.Open([]byte(text))
		if err := r.Err(); !root.Absent() || err == nil || !strings.Contains(err.Error(), "nested too deep") {
			t.Errorf("%q over and over: %.200v", piece, err)
		}
		if d := time.Since(start); d > 5*time.Second {
			t.Errorf("%q over and over takes %v", piece, d)
		}
	}
}

// Brackets that are letters of a text open nothing, however many there are.
func TestBracketsWithinTextsAreNoDepth(t *testing.T) {
	body := "rules:\n" + strings.Repeat("- 'message.subject.matches(\"^[[(]\")' # [{[\n", 300) + "- |\n" + strings.Repeat(" ", 600) + "far in\n"
	r := reader()
	root := r.Open([]byte(body))
	if err := r.Err(); err != nil {
		t.Fatal(err)
	}
	if n := len(r.List(r.Mapping(root, "")[0].Value, "rules")); n != 301 {
		t.Errorf("%d rules came in", n)
	}
	long := "a: [" + strings.Repeat("[b], ", 500) + strings.Repeat("!x c, ", 500) + "d]"
	if r := reader(); r.Open([]byte(long)).Absent() {
		t.Errorf("many beside each other: %v", r.Err())
	}
}

func TestDamagedTextEndsAsAProblemWithAPlace(t *testing.T) {
	for _, text := range []string{"\x00", "a: [", "a: b\n---\nc: d", "*a", "a: &a [*a]", "? [a]\n: {b", "!!x", "!!x !!y", "a: !!x\nb: !y", "- !z\n- &b",
		"<<: {a: b}", "? a\n? b", "a: |9\n x", "a: |x", "'", "\"\\u00", "%YAML 9\n---\na", "a:\tb\n\tc", "{a, b: , ? c}", "!!binary x", "\xff\xfe", strings.Repeat("x", 2<<20)} {
		r := reader()
		walk(r, r.Open([]byte(text)), "")
		placed(t, text, r.Err())
	}
	r := reader()
	r.Open([]byte(strings.Repeat("x", 2<<20)))
	if err := r.Err(); err == nil || err.Error() != "f.yaml:1:1: the file has 2097152 bytes, the limit is 1048576" {
		t.Errorf("too large: %v", err)
	}
}

func TestNoSettingIsIgnoredInSilence(t *testing.T) {
	r := reader()
	root := r.Open([]byte("lsten: 1\nlog: {level: info, level: warn}\nif: x\nlisten: [a]\nmany: no\nhttp: &h {a: b}\nform: *h\nlate: 5\n"))
	r.Others = map[string]string{"if": "when"}
	got := map[string]any{}
	for _, e := range r.Mapping(root, "", "listen", "log", "when", "many", "http", "form", "late") {
		switch e.Key {
		case "log":
			for _, k := range r.Mapping(e.Value, e.Field) {
				got[k.Field] = r.OneOf(k.Value, k.Field, "info", "warn")
			}
		case "late":
			got["late"] = r.Int(e.Value, e.Field, 6, 9)
		case "many":
			got["many"] = r.Bool(e.Value, e.Field)
		default:
			got[e.Key] = r.Text(e.Value, e.Field)
		}
	}
	want := `f.yaml:1:1: "lsten" is not a key here; did you mean "listen"?
f.yaml:2:20: log: "level" stands here twice; remove one of them
f.yaml:3:1: "if" is not a key here; did you mean "when"?
f.yaml:4:9: listen: here one value is expected; write a text, a number, true or false
f.yaml:5:7: many: "no" is neither true nor false; write false
f.yaml:6:7: http: anchors and aliases are not read here; write the value out
f.yaml:7:7: form: anchors and aliases are not read here; write the value out
f.yaml:8:7: late: 5 is too little; give 6 or more`
	if err := r.Err(); err == nil || err.Error() != want {
		t.Errorf("got\n%v\nwant\n%s", err, want)
	}
	if got["log.level"] != "info" {
		t.Errorf("the first of two holds: %v", got)
	}
}

func TestTagsAreLookedThroughAndNumbersStayAsWritten(t *testing.T) {
	r := reader()
	root := r.Open([]byte("? a\n: !!str 0x10\nb: !x [1_0, ~, !y {c: 007}]\n'd e': |\n  two\n  lines\n"))
	want := map[string]any{"a": "0x10", "d e": "two\nlines\n"}
	for _, e := range r.Mapping(root, "") {
		if e.Key == "b" {
			items := r.List(e.Value, e.Field)
			if r.Text(items[0], "") != "1_0" || !items[1].Empty() || r.Text(r.Mapping(items[2], "")[0].Value, "") != "007" {
				t.Error("b is not as written")
			}
			continue
		}
		if got := r.Text(e.Value, e.Field); got != want[e.Key] {
			t.Errorf("%s: %q, want %q", e.Key, got, want[e.Key])
		}
	}
	if err := r.Err(); err != nil {
		t.Error(err)
	}
}

func TestValuesOfAnyKind(t *testing.T) {
	r := reader()
	got := r.Value(r.Open([]byte("{a: [1, 2.5, true, x, ~], b: {c: -3}}")), "")
	want := map[string]any{"a": []any{uint64(1), 2.5, true, "x", nil}, "b": map[string]any{"c": int64(-3)}}
	if !reflect.DeepEqual(got, want) || r.Err() != nil {
		t.Errorf("got %#v, %v", got, r.Err())
	}
	// Nine lines of it would be a thousand million values.
	r = reader()
	bomb := "a: &a [x, x]\n"
	for c := 'b'; c < 'z'; c++ {
		bomb += fmt.Sprintf("%c: &%c [*%c, *%c, *%c]\n", c, c, c-1, c-1, c-1)
	}
	r.Value(r.Open([]byte(bomb)), "")
	if err := r.Err(); err == nil || strings.Count(err.Error(), "anchors and aliases") != 25 {
		t.Errorf("got %v", err)
	}
}

func TestWhatMayHoldASecretIsNotQuoted(t *testing.T) {
	for _, text := range []string{"a: |kanarie", "a: 'kanarie", "a: \"kanarie\\q\"", "a: b\n kanarie: c", "kanarie", "{kanarie"} {
		r := reader()
		r.Private = true
		root := r.Open([]byte(text))
		r.List(root, "")
		if err := r.Err(); err == nil || strings.Contains(err.Error(), "kanarie") {
			t.Errorf("%q: %v", text, err)
		}
	}
}

// A letter of a text is found where it stands in the file, however the text is
// quoted.
func TestLettersOfATextAreFoundInTheFile(t *testing.T) {
	for _, x := range []struct{ in, place string }{
		{"a: x1 $", "1:7"}, {"a: 'it''s $'", "1:11"}, {`a: "\"é\u00e9\x41 $"`, "1:19"}, {"a: |\n  one\n  to $\n", "3:6"},
	} {
		r := reader()
		v := r.Mapping(r.Open([]byte(x.in)), "")[0].Value
		text := r.Text(v, "")
		line := strings.Count(text[:strings.Index(text, "$")], "\n")
		col := len([]rune(strings.Split(text, "\n")[line])) - 1
		l, c := r.Source(v).Place(line, col)
		if got := fmt.Sprintf("%d:%d", l, c); got != x.place {
			t.Errorf("%q: got %s, want %s", x.in, got, x.place)
		}
	}
}

func TestNearestIsNearAndOnlyThen(t *testing.T) {
	known := []string{"listen", "log", "limits", "nl", "en", ""}
	for word, want := range map[string]string{"lisen": "listen", "litsen": "listen", "LOG": "log", "gol": "", "limit": "limits", "x": "", "": "", "telephone": "", "enn": "en", "ln": "nl", "de": ""} {
		if want != "" {
			want = fmt.Sprintf("did you mean %q?", want)
		}
		if got := yamltree.Nearest(word, known); got != want {
			t.Errorf("%q: got %q, want %q", word, got, want)
		}
	}
	if got := yamltree.Suggest("telephone", known); got != "use one of listen, log, limits, nl, en" {
		t.Error(got)
	}
	if got := yamltree.Suggest("telephone", make([]string, 3)) + yamltree.Suggest("telephone", strings.Fields(strings.Repeat("a ", 99))); got != "" {
		t.Error(got)
	}
	rapid.Check(t, func(t *rapid.T) {
		word := rapid.StringMatching(`[a-z]{5,70}`).Draw(t, "word")
		i := rapid.IntRange(0, len(word)-2).Draw(t, "at")
		for _, typo := range []string{word[:i] + word[i+1:], word[:i] + "_" + word[i:], word[:i] + "_" + word[i+1:],
			word[:i] + word[i+1:i+2] + word[i:i+1] + word[i+2:], strings.ToUpper(word)} {
			if got := yamltree.Nearest(typo, []string{"0", word}); got != fmt.Sprintf("did you mean %q?", word) {
				t.Errorf("%q for %q: %q", typo, word, got)
			}
		}
	})
}

func TestValuesAsPeopleWriteThem(t *testing.T) {
	for _, x := range []struct {
		text string
		read func(string) (any, error)
		want any // nil: refused
	}{
		{"True", bools, true}, {"0", bools, false}, {"ja", bools, nil}, {"", bools, nil},
		{"1_000", ints, 1000}, {"-3", ints, -3}, {"1.5", ints, nil}, {"", ints, nil},
		{"1_000.5", floats, 1000.5}, {"1e3", floats, 1000.0}, {"NaN", floats, nil}, {".inf", floats, nil}, {"inf", floats, nil},
		{"1h30m", durations, 90 * time.Minute}, {"90", durations, nil},
		{"30MiB", sizes, int64(30 << 20)}, {"9999999999GiB", sizes, nil}, {"1 TiB", sizes, nil},
		{"2026-11-24", times, time.Date(2026, 11, 24, 0, 0, 0, 0, time.UTC)}, {"2026-11-24T09:00:00Z", times, time.Date(2026, 11, 24, 9, 0, 0, 0, time.UTC)}, {"24-11-2026", times, nil},
	} {
		got, err := x.read(x.text)
		if (err == nil) != (x.want != nil) || err == nil && got != x.want {
			t.Errorf("%q: got %v, %v, want %v", x.text, got, err, x.want)
		}
		if bad, ok := errors.AsType[*balie.InvalidError](err); err != nil && (!ok || !strings.Contains(bad.Problem, fmt.Sprintf("%q", x.text))) {
			t.Errorf("%q: %v does not name it", x.text, err)
		}
	}
}

func of[T any](parse func(string) (T, error)) func(string) (any, error) {
	return func(s string) (any, error) { return parse(s) }
}

var (
	bools, ints, floats     = of(yamltree.ParseBool), of(yamltree.ParseInt), of(yamltree.ParseFloat)
	durations, sizes, times = of(yamltree.ParseDuration), of(yamltree.ParseSize), of(yamltree.ParseTime)
)

// A file that was edited on Windows is read the same, at the same places.
func TestLinesThatEndInCRLFHaveTheSamePlaces(t *testing.T) {
	const text = "# remark\na: 1   # why\n\n# b\nb:\n  # c\n  - x: |\n      one\n\n      two\n  - [y,\n     z]\nc: 2\n"
	var places, texts []string
	for _, body := range []string{text, strings.ReplaceAll(text, "\n", "\r\n")} {
		r, at, all := reader(), "", ""
		for _, e := range r.Mapping(r.Open([]byte(body)), "") {
			line, col := e.At.Place()
			at += fmt.Sprintf("%s %d:%d ", e.Key, line, col)
			all += fmt.Sprint(r.Value(e.Value, e.Field))
		}
		places, texts = append(places, at), append(texts, all)
	}
	if places[0] != "a 2:1 b 5:1 c 13:1 " || places[1] != places[0] || texts[1] != texts[0] {
		t.Errorf("places %q, texts %q", places, texts)
	}
}

func FuzzOpen(f *testing.F) {
	for _, s := range []string{"a: &a [b, *a]\n? x\n: - |\n  y\n", "- !a\n- !!x &b\n- 'it''s'\n", "? [a]\n: {b", "a: \"\\u00\"\n<<: *b\n", "{a, b: , ? c}\n---\n- -\n", "- 0x1_0\n- .nan\n- 1e9\n"} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		r := reader()
		walk(r, r.Open(body), "")
		placed(t, string(body), r.Err())
	})
}
