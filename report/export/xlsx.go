package export

import (
	"fmt"
	"io"

	"github.com/xuri/excelize/v2"

	"github.com/balie/balie/internal/i18n"
	"github.com/balie/balie/report"
)

// format is how a column of numbers is shown.
type format int

const (
	asText format = iota
	asCount
	asShare // 0.68 shows as 68.0%
	asMinutes
	asScore
	asMoney
)

// column is a column of a sheet: its head with its unit, and how wide.
type column struct {
	head  string
	as    format
	width float64
}

// book is a workbook being written.
type book struct {
	*excelize.File
	styles map[format]int
	head   int
	w      Words
}

// XLSX writes a factsheet as a workbook: goals, trend, breakdowns, every
// figure, and what each of them counts.
func XLSX(out io.Writer, f report.Factsheet, w Words) (err error) {
	b := &book{File: excelize.NewFile(), styles: map[format]int{}, w: w}
	defer func() {
		if cerr := b.Close(); err == nil {
			err = cerr
		}
	}()
	if err := b.style(); err != nil {
		return fmt.Errorf("style the workbook: %w", err)
	}
	for i, write := range []func(report.Factsheet) error{b.goals, b.months, b.channels, b.products, b.teams, b.customers, b.figures, b.definitions} {
		if err := write(f); err != nil {
			return fmt.Errorf("write sheet %d of the workbook: %w", i+1, err)
		}
	}
	if err := b.DeleteSheet("Sheet1"); err != nil {
		return err
	}
	b.SetActiveSheet(0)
	made := f.Made.UTC().Format("2006-01-02T15:04:05Z")
	if err := b.SetDocProps(&excelize.DocProperties{Title: w.Heading(f), Creator: "balie", Created: made, Modified: made}); err != nil {
		return err
	}
	return b.Write(out)
}

func (b *book) style() error {
	money := `#,##0.00`
	score, minutes := `0.0`, `#,##0.0`
	for as, s := range map[format]excelize.Style{
		asCount: {NumFmt: 3}, asShare: {NumFmt: 10}, asMinutes: {CustomNumFmt: &minutes}, asScore: {CustomNumFmt: &score}, asMoney: {CustomNumFmt: &money},
		asText: {Alignment: &excelize.Alignment{Vertical: "top", WrapText: true}},
	} {
		id, err := b.NewStyle(&s)
		if err != nil {
			return err
		}
		b.styles[as] = id
	}
	var err error
	b.head, err = b.NewStyle(&excelize.Style{Font: &excelize.Font{Bold: true}, Alignment: &excelize.Alignment{WrapText: true, Vertical: "top"},
		Border: []excelize.Border{{Type: "bottom", Style: 2, Color: "1D222C"}}})
	return err
}

// sheet writes a sheet: its heads, then its rows. A nil cell stays empty.
func (b *book) sheet(name string, columns []column, rows [][]any) error {
	if _, err := b.NewSheet(name); err != nil {
		return err
	}
	for i, c := range columns {
		col, err := excelize.ColumnNumberToName(i + 1)
		if err != nil {
			return err
		}
		if err := b.SetColWidth(name, col, col, c.width); err != nil {
			return err
		}
		if err := b.SetCellStr(name, col+"1", plain(c.head)); err != nil {
			return err
		}
		for r, row := range rows {
			if err := b.cell(name, fmt.Sprintf("%s%d", col, r+2), c.as, row[i]); err != nil {
				return err
			}
		}
	}
	last, err := excelize.ColumnNumberToName(len(columns))
	if err != nil {
		return err
	}
	if err := b.SetCellStyle(name, "A1", last+"1", b.head); err != nil {
		return err
	}
	return b.SetPanes(name, &excelize.Panes{Freeze: true, YSplit: 1, TopLeftCell: "A2", ActivePane: "bottomLeft"})
}

func (b *book) cell(sheet, at string, as format, v any) error {
	var err error
	switch v := v.(type) {
	case nil:
		return nil
	case string:
		err = b.SetCellStr(sheet, at, plain(v)) // a string cell is no formula; once saved as CSV it would be
	case int:
		err = b.SetCellInt(sheet, at, int64(v))
	case float64:
		err = b.SetCellFloat(sheet, at, v, -1, 64)
	default:
		err = fmt.Errorf("cell %s holds a %T", at, v)
	}
	if err == nil && as != asText || err == nil && sheet == b.w.t("x_definitions") {
		err = b.SetCellStyle(sheet, at, at, b.styles[as])
	}
	return err
}

func formatOf(metric string) format {
	switch unitOf(metric) {
	case report.Share:
		return asShare
	case report.Time:
		return asMinutes
	case report.Score:
		return asScore
	case report.Money:
		return asMoney
	}
	return asCount
}

// inSheet is a figure's value as a sheet shows it: times in minutes, money in
// whole units. nil: there is nothing to count.
func inSheet(f report.Figure) any {
	if f.None || f.Metric == "" {
		return nil
	}
	return valueIn(f.Metric, f.Value)
}

func valueIn(metric string, v float64) any {
	switch unitOf(metric) {
	case report.Time:
		return v / 60
	case report.Money:
		return v / 100
	}
	return v
}

// unitName is the unit of a metric, for a head or beside a number.
func (b *book) unitName(metric string) string {
	switch unitOf(metric) {
	case report.Share:
		return "%"
	case report.Time:
		return b.w.t("x_minutes")
	case report.Score:
		return "1–5"
	case report.Money:
		return b.w.currency()
	}
	return b.w.t("unit_count")
}

func (b *book) goals(f report.Factsheet) error {
	w := b.w
	columns := []column{{w.t("goal"), asText, 36}, {w.t("x_value"), asText, 12}, {w.t("d_unit"), asText, 14}, {w.t("target"), asText, 12},
		{w.t("x_at_most"), asText, 12}, {w.t("met_head"), asText, 14}, {w.t("x_numerator"), asCount, 12}, {w.t("x_denominator"), asCount, 12},
		{w.t("x_low"), asText, 12}, {w.t("x_high"), asText, 12}, {w.t("period"), asText, 14}}
	var rows [][]any
	var formats []format
	for _, g := range f.Goals {
		if g.NoTarget {
			continue
		}
		x := g.Figure
		row := []any{w.Goal(g), inSheet(x), b.unitName(x.Metric), nil, nil, w.t("not_measured"), nil, nil, nil, nil, f.Period.ID()}
		if !g.NoMetric {
			row[3], row[5] = valueIn(x.Metric, g.Target), w.t(stateOf(g))
		}
		if g.AtMost {
			row[4] = w.t("x_yes")
		}
		if !x.None && !g.NoMetric {
			row[7] = x.N
			if unitOf(x.Metric) == report.Share {
				row[6] = x.Of
			}
			if x.Low != 0 || x.High != 0 {
				row[8], row[9] = valueIn(x.Metric, x.Low), valueIn(x.Metric, x.High)
			}
		}
		rows, formats = append(rows, row), append(formats, formatOf(x.Metric))
	}
	name := w.t("x_goals")
	if err := b.sheet(name, columns, rows); err != nil {
		return err
	}
	for i, as := range formats { // a row each: the metrics differ
		for _, col := range []string{"B", "D", "I", "J"} {
			at := fmt.Sprintf("%s%d", col, i+2)
			if err := b.SetCellStyle(name, at, at, b.styles[as]); err != nil {
				return err
			}
		}
	}
	return nil
}

// stateOf is what became of a goal, as a key of the texts.
func stateOf(g report.Goal) string {
	switch {
	case g.NoMetric:
		return "not_measured"
	case g.Figure.None:
		return "no_figure"
	case g.Reached:
		return "met"
	}
	return "missed"
}

func (b *book) months(f report.Factsheet) error {
	w := b.w
	var rows [][]any
	for _, m := range f.Months {
		rows = append(rows, []any{m.Period.ID(), w.Period(m.Period), m.Total, m.Automatic})
	}
	return b.sheet(w.t("x_months"), []column{{w.t("period"), asText, 24}, {w.t("x_name"), asText, 24},
		{b.head1("total"), asCount, 14}, {b.head1("automatic"), asCount, 16}}, rows)
}

// head1 is a head of counts.
func (b *book) head1(key string) string { return b.w.t(key) + " (" + b.w.t("unit_count") + ")" }

func (b *book) channels(f report.Factsheet) error {
	return b.rows("x_channels", "channel", f.Channels, b.w.Channel)
}

func (b *book) products(f report.Factsheet) error {
	return b.rows("x_products", "product", f.Products, b.w.Product)
}

func (b *book) teams(f report.Factsheet) error {
	return b.rows("x_teams", "team", f.Teams, b.w.Team)
}

func (b *book) customers(f report.Factsheet) error {
	return b.rows("x_customers", "customer", f.Customer, b.w.Organisation)
}

// rows is a breakdown.
func (b *book) rows(title, head string, all []report.Row, of func(string) string) error {
	w := b.w
	minutes := " (" + w.t("x_minutes") + ")"
	columns := []column{{w.t(head), asText, 32}, {"id", asText, 22}, {b.head1("count"), asCount, 12}, {w.Metric(report.AutoAnswered) + " (%)", asShare, 16}, {w.Metric(report.AtOnce) + " (%)", asShare, 16},
		{w.t("respond") + " p50" + minutes, asMinutes, 14}, {w.t("respond") + " p90" + minutes, asMinutes, 14},
		{w.t("resolve") + " p50" + minutes, asMinutes, 14}, {w.t("resolve") + " p90" + minutes, asMinutes, 14},
		{w.Metric(report.ResolveKept) + " (%)", asShare, 14}, {w.Metric(report.Satisfaction) + " (1–5)", asScore, 14}, {w.Metric(report.Satisfaction) + " (n)", asCount, 14}, {b.head1("open"), asCount, 12}}
	var rows [][]any
	for _, r := range all {
		row := []any{of(r.ID), r.ID, r.Count, nil, nil, nil, nil, nil, nil, inSheet(withMetric(r.Kept, report.ResolveKept)), inSheet(withMetric(r.Score, report.Satisfaction)), r.Score.N, r.Open}
		if r.Count > 0 {
			row[3], row[4] = float64(r.Automatic)/float64(r.Count), float64(r.AtOnce)/float64(r.Count)
		}
		if r.Respond.N > 0 {
			row[5], row[6] = r.Respond.P50.Minutes(), r.Respond.P90.Minutes()
		}
		if r.Resolve.N > 0 {
			row[7], row[8] = r.Resolve.P50.Minutes(), r.Resolve.P90.Minutes()
		}
		rows = append(rows, row)
	}
	return b.sheet(w.t(title), columns, rows)
}

// figures is every line there is, as in the CSV.
func (b *book) figures(f report.Factsheet) error {
	var columns []column
	for i, h := range csvHeader {
		columns = append(columns, column{h, asText, map[int]float64{1: 22, 2: 32, 3: 18}[i]})
		columns[i].width = max(columns[i].width, 13)
	}
	var rows [][]any
	for _, l := range Lines(f, b.w) {
		rows = append(rows, []any{l.Section, l.ID, l.Name, l.Metric, given(l.Value), l.Unit, given(l.Numerator), given(l.Denominator),
			given(l.Low), given(l.High), given(l.Target), yes(&l.AtMost), yes(l.Reached), yes(&l.Few), l.Period})
	}
	return b.sheet(b.w.t("x_figures"), columns, rows)
}

// given is a value that may be missing.
func given[T int | float64](v *T) any {
	if v == nil {
		return nil
	}
	return *v
}

func (b *book) definitions(report.Factsheet) error {
	w := b.w
	say := func(by map[string]string) string { return by[i18n.Language(w.Language)] }
	var rows [][]any
	for _, m := range report.Metrics() {
		rows = append(rows, []any{m.ID, m.Name(w.language()), w.t("unit_" + string(m.Unit)), w.t("better_" + string(m.Better)), say(m.Counts), say(m.Of), say(m.Except), say(m.When), say(m.Few)})
	}
	return b.sheet(w.t("x_definitions"), []column{{"metric", asText, 18}, {w.t("x_name"), asText, 30}, {w.t("d_unit"), asText, 16}, {w.t("d_better"), asText, 14},
		{w.t("d_counts"), asText, 50}, {w.t("d_of"), asText, 40}, {w.t("d_except"), asText, 40}, {w.t("d_when"), asText, 40}, {w.t("d_few"), asText, 40}}, rows)
}
