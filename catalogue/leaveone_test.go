package catalogue

import (
	"os"
	"testing"
)

func TestLeftOutExamplesFindTheirProductBetterThanWordSearch(t *testing.T) {
	every := 7
	if os.Getenv("BALIE_SHARED") != "" && !testing.Short() {
		every = 1
	}
	c := sampleCatalogue(t)
	for _, l := range Languages {
		f := leaveOut(c, l, every)
		t.Logf("%s: %d examples, first %.1f %%, among three %.1f %%; plain word search %.1f %%, %.1f %%",
			l, f.Examples, 100*f.First, 100*f.Third, 100*f.PlainFirst, 100*f.Plain3)
		if f.First <= f.PlainFirst || f.Third < f.Plain3 {
			t.Errorf("%s: %+v", l, f)
		}
	}
}
