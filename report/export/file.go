package export

import (
	"crypto/sha256"
	"encoding/base64"
	"html/template"
	"io"
	"strings"

	"github.com/balie/balie/report"
)

// HTML writes a factsheet as a file that stands by itself: it opens from disk,
// asks nothing of any host, and no script in it would run. css is the desk's
// stylesheet.
func HTML(out io.Writer, f report.Factsheet, w Words, css string) error {
	sheet, err := Sheet(f, w, "")
	if err != nil {
		return err
	}
	return Standalone(out, w.Language, w.Heading(f), css, sheet)
}

// Standalone writes a page that stands by itself around a <main>. What its
// policy allows is this stylesheet, by its hash, and nothing else.
func Standalone(out io.Writer, language, title, css string, body template.HTML) error {
	css = inStyle(css)
	sum := sha256.Sum256([]byte(css))
	for _, s := range []string{
		"<!doctype html>\n<html lang=\"", esc(language), "\">\n<head>\n<meta charset=\"utf-8\">\n",
		`<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'sha256-`, base64.StdEncoding.EncodeToString(sum[:]), "'; img-src data:; base-uri 'none'; form-action 'none'\">\n",
		"<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<meta name=\"color-scheme\" content=\"light dark\">\n<meta name=\"generator\" content=\"balie\">\n<title>", esc(title), "</title>\n<style>", css, "</style>\n</head>\n<body class=\"sheet\">\n",
		string(body), "\n</body>\n</html>\n",
	} {
		if _, err := io.WriteString(out, s); err != nil {
			return err
		}
	}
	return nil
}

// inStyle is a stylesheet that cannot end its element early.
func inStyle(css string) string {
	return strings.ReplaceAll(strings.ReplaceAll(css, "\r", ""), "</", `<\/`)
}
