package export_test

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"errors"
	"html"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/xuri/excelize/v2"

	"github.com/balie/balie"
	"github.com/balie/balie/report"
	"github.com/balie/balie/report/export"
)

// written is a factsheet in a form.
func written(t testing.TB, write func(*bytes.Buffer) error) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := write(&b); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// table is the CSV, by column name.
func table(t testing.TB, f report.Factsheet, w export.Words) []map[string]string {
	t.Helper()
	b := written(t, func(b *bytes.Buffer) error { return export.CSV(b, f, w) })
	rows, err := csv.NewReader(bytes.NewReader(bytes.TrimPrefix(b, []byte("\ufeff")))).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	var out []map[string]string
	for _, r := range rows[1:] {
		m := map[string]string{}
		for i, h := range rows[0] {
			m[h] = r[i]
		}
		out = append(out, m)
	}
	return out
}

// TestThePageTheTableAndTheJSONHaveTheSameNumbers compares every goal and count
// of the three, and the workbook's.
func TestThePageTheTableAndTheJSONHaveTheSameNumbers(t *testing.T) {
	f, w := sample(t), words(t, "nl")
	page := string(written(t, func(b *bytes.Buffer) error { return export.HTML(b, f, w, "") }))
	var file export.File
	if err := json.Unmarshal(written(t, func(b *bytes.Buffer) error { return export.JSON(b, f, w) }), &file); err != nil {
		t.Fatal(err)
	}
	rows := table(t, f, w)
	if len(rows) != len(file.Lines) || len(rows) < 100 {
		t.Fatalf("the table has %d rows, the JSON %d lines", len(rows), len(file.Lines))
	}
	for i, l := range file.Lines {
		want := ""
		if l.Value != nil {
			want = strconv.FormatFloat(*l.Value, 'f', -1, 64)
		}
		if r := rows[i]; r["value (see unit)"] != want || r["metric"] != l.Metric || r["section"] != l.Section || r["unit"] != l.Unit || r["period"] != l.Period {
			t.Errorf("line %d: the table has %v, the JSON %+v", i, r, l)
		}
	}
	for _, l := range file.Lines {
		if l.Section != "goal" {
			continue
		}
		if shown := w.Value(back(l, f)); !strings.Contains(page, `<td class="num val">`+shown+`</td>`) {
			t.Errorf("the page does not show %s of %s", shown, l.Name)
		}
	}
	for _, id := range []string{"pas", "klimaat", "ruimte"} {
		for _, l := range file.Lines {
			if l.Section == "product" && l.ID == id && l.Metric == report.Volume && !strings.Contains(page, html.EscapeString(l.Name)+`</th><td class="num strong">`+w.Number(int(*l.Value))+`</td>`) {
				t.Errorf("the page does not show %v of %s", *l.Value, l.Name)
			}
		}
	}
}

// back is a line's figure as the page gets it.
func back(l export.Line, f report.Factsheet) report.Figure {
	v := *l.Value
	for _, g := range f.Goals {
		if g.ID == l.ID && l.Unit == "EUR" {
			v = math.Round(v * 100)
		}
	}
	return report.Figure{Metric: l.Metric, Value: v}
}

// hostile begins formulas, and other things a cell must not do.
var hostile = []string{"=1+1", "+1", "-1+2", "@SUM(A1)", "\t=1", "\r=1", "\n=1", " =cmd|' /C calc'!A0", "＝1", "=HYPERLINK(\"http://evil.example\")", "<script>alert(1)</script>", "a\"b,c\nd"}

// TestS6_NoCellIsAFormula puts hostile names through every file and reads them back.
func TestS6_NoCellIsAFormula(t *testing.T) {
	f, w := sample(t), words(t, "en")
	f.Teams, f.Goals = nil, f.Goals[:1]
	for i, name := range hostile {
		id := strconv.Itoa(i)
		w.Names.Teams[id] = name
		f.Teams = append(f.Teams, report.Row{ID: id, Count: 40 + i})
	}
	f.Goals[0].Names = map[string]string{"en": "=1+1"}
	danger := regexp.MustCompile(`^[\s\x{feff}]*[=+\-@\t\r\n＝＋－＠]`)
	numeric := map[string]bool{"value (see unit)": true, "low (95%, see unit)": true}
	for _, r := range table(t, f, w) {
		for col, cell := range r {
			if danger.MatchString(cell) && !numeric[col] {
				t.Errorf("column %s has %q", col, cell)
			}
		}
	}
	b := written(t, func(b *bytes.Buffer) error { return export.XLSX(b, f, w) })
	x, err := excelize.OpenReader(bytes.NewReader(b))
	if err != nil {
		t.Fatal(err)
	}
	defer x.Close()
	seen := 0
	for _, sheet := range x.GetSheetList() {
		rows, err := x.GetRows(sheet)
		if err != nil {
			t.Fatal(err)
		}
		for r, row := range rows {
			for c, cell := range row {
				at, _ := excelize.CoordinatesToCellName(c+1, r+1)
				if formula, err := x.GetCellFormula(sheet, at); err != nil || formula != "" {
					t.Errorf("%s!%s is the formula %q (%v)", sheet, at, formula, err)
				}
				if kind, _ := x.GetCellType(sheet, at); kind == excelize.CellTypeSharedString && danger.MatchString(cell) {
					t.Errorf("%s!%s has %q", sheet, at, cell)
				}
				if strings.Contains(cell, "SUM(A1)") {
					seen++
				}
			}
		}
	}
	if seen == 0 {
		t.Error("the hostile names are not in the workbook at all")
	}
	page := string(written(t, func(b *bytes.Buffer) error { return export.HTML(b, f, w, "") }))
	if strings.Contains(page, "<script") {
		t.Error("a name is markup in the page")
	}
}

// TestTheWorkbookHasNumbersWithTheirUnits reads the workbook back.
func TestTheWorkbookHasNumbersWithTheirUnits(t *testing.T) {
	f, w := sample(t), words(t, "nl")
	b := written(t, func(b *bytes.Buffer) error { return export.XLSX(b, f, w) })
	x, err := excelize.OpenReader(bytes.NewReader(b))
	if err != nil {
		t.Fatal(err)
	}
	defer x.Close()
	if got, want := strings.Join(x.GetSheetList(), " "), "Doelen Verloop Kanalen Producten Teams Klanten Cijfers Definities"; got != want {
		t.Errorf("the sheets are %s, want %s", got, want)
	}
	rows, err := x.GetRows("Doelen", excelize.Options{RawCellValue: true})
	if err != nil || len(rows) != 9 {
		t.Fatalf("%d rows of goals, %v", len(rows), err)
	}
	if v, err := strconv.ParseFloat(rows[4][1], 64); err != nil || math.Abs(v-2317.0/2861) > 1e-9 || rows[4][2] != "%" {
		t.Errorf("row of the fourth goal: %q", rows[4])
	}
	if shown, _ := x.GetCellValue("Doelen", "B5"); shown != "80.99%" {
		t.Errorf("the fourth goal shows as %q", shown)
	}
	heads, err := x.GetRows("Teams")
	if err != nil || !strings.Contains(strings.Join(heads[0], "|"), "minuten openingstijd") {
		t.Errorf("no unit in the heads: %q %v", heads[0], err)
	}
	if again := written(t, func(b *bytes.Buffer) error { return export.XLSX(b, f, w) }); !bytes.Equal(again, b) {
		t.Log("a workbook made twice differs: its zip has times")
	}
	if dir := os.Getenv("BALIE_SHEET"); dir != "" {
		if err := os.WriteFile(filepath.Join(dir, "sheet.xlsx"), b, 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

// TestTheWorkbookOpensInASpreadsheet asks LibreOffice, where there is one.
func TestTheWorkbookOpensInASpreadsheet(t *testing.T) {
	office, err := exec.LookPath("soffice")
	if err != nil || testing.Short() {
		t.Skip("no LibreOffice here")
	}
	dir := t.TempDir()
	b := written(t, func(b *bytes.Buffer) error { return export.XLSX(b, sample(t), words(t, "nl")) })
	if err := os.WriteFile(filepath.Join(dir, "sheet.xlsx"), b, 0o644); err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), office, "--headless", "-env:UserInstallation=file://"+dir+"/profile", "--convert-to", "csv", "--outdir", dir, filepath.Join(dir, "sheet.xlsx"))
	if said, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, said)
	}
	if out, err := os.ReadFile(filepath.Join(dir, "sheet.csv")); err != nil || !bytes.Contains(out, []byte("Klant op tijd ingelicht")) {
		t.Errorf("it read %q, %v", out, err)
	}
}

// TestOnePageOfA4 prints the sheet with a real browser.
func TestOnePageOfA4(t *testing.T) {
	if _, err := export.Browser(""); err != nil || testing.Short() {
		t.Skip("no browser: scripts/install-test-tools.sh installs one")
	}
	for _, language := range []string{"nl", "en"} {
		var b bytes.Buffer
		if err := export.HTML(&b, sample(t), words(t, language), stylesheet(t)); err != nil {
			t.Fatal(err)
		}
		pdf, err := export.PDF(t.Context(), b.Bytes(), "")
		if err != nil {
			t.Fatal(err)
		}
		pages := regexp.MustCompile(`/Type\s*/Page\b`).FindAll(pdf, -1)
		box := regexp.MustCompile(`/MediaBox\s*\[0 0 (59[45]\S*) (84[12]\S*)\]`).Find(pdf)
		if !bytes.HasPrefix(pdf, []byte("%PDF-")) || len(pages) != 1 || box == nil {
			t.Errorf("%s: %d pages, box %s", language, len(pages), box)
		}
	}
}

// TestWithoutABrowserAPDFSaysWhatToDo looks where there is none.
func TestWithoutABrowserAPDFSaysWhatToDo(t *testing.T) {
	t.Setenv("PATH", t.TempDir())
	_, err := export.PDF(t.Context(), []byte("<p>"), "")
	var invalid *balie.InvalidError
	if !errors.As(err, &invalid) || !strings.Contains(invalid.Fix, "chromium") || !strings.Contains(invalid.Fix, "html") {
		t.Errorf("got %v", err)
	}
	if _, err = export.PDF(t.Context(), []byte("<p>"), "/no/such/browser"); !errors.As(err, &invalid) || invalid.Field != "browser" {
		t.Errorf("got %v", err)
	}
}
