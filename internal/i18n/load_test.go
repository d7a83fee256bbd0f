package i18n

import (
	"io/fs"
	"reflect"
	"testing"
)

// TestTextsReadPlainlyAreWhatYAMLSays reads every file both ways.
func TestTextsReadPlainlyAreWhatYAMLSays(t *testing.T) {
	names, err := fs.Glob(files, "texts/*.yaml")
	if err != nil || len(names) == 0 {
		t.Fatal(names, err)
	}
	for _, name := range names {
		b, err := files.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		want, err := readYAML(b)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		got, ok := readPlain(string(b))
		if !ok {
			t.Logf("%s is not plain; reading it takes long", name)
			continue
		}
		if !reflect.DeepEqual(got, want) {
			t.Errorf("%s: read plainly it has %d keys, as YAML %d, or other words", name, len(got), len(want))
		}
	}
}

// TestWhatIsNotPlainIsLeftToYAML: nothing is guessed.
func TestWhatIsNotPlainIsLeftToYAML(t *testing.T) {
	for _, s := range []string{
		"a: {nl: 'x', en: \"y\"}\n", "a: {nl: \"x\", en: \"y\"} # z\n", "a: {nl: \"\\u00e9\", en: \"y\"}\n", "a: {nl: \"x\", nl: \"y\"}\n",
		"a: {nl: \"x\"}\na: {nl: \"y\"}\n", "a:\n  nl: >\n    x\n", "a:\n  nl: \"x\n  y\"\n", "  nl: \"x\"\n", "a b: {nl: \"x\"}\n", "a: x\n", "a: {nl: \"x\"}\n  en: \"y\"\n",
	} {
		if got, ok := readPlain(s); ok {
			t.Errorf("%q was read as %v", s, got)
		}
	}
}
