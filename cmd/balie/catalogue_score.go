package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"os"

	"github.com/balie/balie"
	"github.com/balie/balie/catalogue"
)

type catalogueScoreCmd struct {
	Train      string  `help:"JSON lines {text, label} to learn from." required:"" type:"existingfile"`
	Test       string  `help:"JSON lines {id, text, label} to be measured on; without a label: about no product." required:"" type:"existingfile"`
	Background string  `help:"JSON lines {text} that are about no product, to learn from." type:"existingfile"`
	Stream     string  `help:"JSON lines {text, label} that come after the training, each scored before its label is learnt." type:"existingfile"`
	Target     float64 `help:"Share of the answers that must be right." default:"0.98"`
}

// Run prints what the matcher makes of each test row, as a JSON line.
func (c *catalogueScoreCmd) Run() error {
	if c.Target <= 0 || c.Target >= 1 {
		return &balie.InvalidError{Field: "--target", Problem: fmt.Sprintf("%g is not a share", c.Target), Fix: "give one between 0 and 1, such as .98"}
	}
	var sets [4][]catalogue.Row
	for i, file := range []string{c.Train, c.Test, c.Background, c.Stream} {
		rows, err := readRows(file)
		if err != nil {
			return err
		}
		sets[i] = rows
	}
	w := bufio.NewWriter(os.Stdout)
	enc := json.NewEncoder(w)
	var werr error
	err := catalogue.Score(sets[0], sets[1], sets[2], sets[3], c.Target, func(l catalogue.ScoreLine) {
		if werr == nil {
			werr = enc.Encode(l)
		}
	})
	return errors.Join(err, werr, w.Flush())
}

// readRows reads JSON lines; none for no file.
func readRows(file string) ([]catalogue.Row, error) {
	if file == "" {
		return nil, nil
	}
	f, err := os.Open(file)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	var out []catalogue.Row
	s := bufio.NewScanner(f)
	s.Buffer(nil, lineLimit)
	for n := 1; s.Scan(); n++ {
		if len(s.Bytes()) == 0 {
			continue
		}
		var row catalogue.Row
		if err := json.Unmarshal(s.Bytes(), &row); err != nil {
			return nil, &balie.InvalidError{File: file, Line: n, Problem: "this is no JSON row: " + err.Error(), Fix: `write {"id": "1", "text": "…", "label": "…"}`}
		}
		if row.ID == "" {
			row.ID = fmt.Sprint(n)
		}
		out = append(out, row)
	}
	if err := s.Err(); err != nil {
		return nil, fmt.Errorf("read %s: %w", file, err)
	}
	return out, nil
}
