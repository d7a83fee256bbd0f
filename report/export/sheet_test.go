package export_test

import (
	"os"
	"testing"

	"github.com/balie/balie/report/export"
)

// TestShowSheet writes the sample where BALIE_SHEET says, to look at it.
func TestShowSheet(t *testing.T) {
	dir := os.Getenv("BALIE_SHEET")
	if dir == "" {
		t.Skip("BALIE_SHEET names a folder to write the sample to")
	}
	for _, language := range []string{"nl", "en"} {
		out, err := os.Create(dir + "/sheet." + language + ".html")
		if err != nil {
			t.Fatal(err)
		}
		if err := export.HTML(out, sample(t), words(t, language), stylesheet(t)); err != nil {
			t.Fatal(err)
		}
		if err := out.Close(); err != nil {
			t.Fatal(err)
		}
	}
}
