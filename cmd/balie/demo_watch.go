package main

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/balie/balie"
)

// watch shows what is asked by hand, until ctx ends.
func (w *world) watch(ctx context.Context) error {
	before, err := w.ledger(ctx)
	if err != nil {
		return fmt.Errorf("watch what is asked: %w", err)
	}
	for {
		lines, err := w.settled(ctx, before, 1)
		if err != nil {
			return fmt.Errorf("watch what is asked: %w", err)
		}
		before += len(lines)
		letters := w.newLetters()
		for _, line := range lines {
			t, err := w.byHand(ctx, line, letters)
			if err != nil {
				return err
			}
			w.told = append(w.told, t)
			w.out.question(w, len(w.told), t)
		}
	}
}

// byHand is what came of one line in the ledger. Whoever asked is not known
// here: balie itself has to say what it was.
func (w *world) byHand(ctx context.Context, line balie.LedgerEntry, letters []letter) (told, error) {
	m, err := w.db.Message(ctx, line.Message)
	if err != nil && !errors.Is(err, balie.ErrNotFound) {
		return told{}, fmt.Errorf("read what was asked: %w", err)
	}
	t := told{lines: []balie.LedgerEntry{line}, q: question{
		Via: line.Channel, From: m.From.Name + " <" + line.From + ">", Subject: line.Subject, Text: m.Text, Shows: "by hand"}}
	if err := w.look(ctx, &t); err != nil {
		return t, err
	}
	for _, l := range letters {
		if slices.Contains(l.refs, line.Ref) {
			t.letters = append(t.letters, l)
		}
	}
	t.end = t.ended(sending{})
	return t, nil
}
