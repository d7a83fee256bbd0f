package search

import (
	"context"
	"database/sql"
	"errors"
	"strings"

	"github.com/balie/balie"
)

// peopleWriter writes people in one transaction, which its statements end with.
type peopleWriter struct {
	tx                                    *sql.Tx
	find, insert, update, name, word, rid *sql.Stmt
}

func newPeopleWriter(ctx context.Context, tx *sql.Tx) (*peopleWriter, error) {
	w := &peopleWriter{tx: tx}
	for query, s := range map[string]**sql.Stmt{
		`SELECT place, version, words FROM names WHERE id = ?`:              &w.find,
		`INSERT INTO names (id, version, name, words) VALUES (?, ?, ?, ?)`:  &w.insert,
		`UPDATE names SET version = ?, name = ?, words = ? WHERE place = ?`: &w.update,
		`DELETE FROM names WHERE place = ?`:                                 &w.name,
		`INSERT OR IGNORE INTO words VALUES (?, ?)`:                         &w.word,
		`DELETE FROM words WHERE word = ? AND place = ?`:                    &w.rid,
	} {
		var err error
		if *s, err = tx.PrepareContext(ctx, query); err != nil {
			return nil, err
		}
	}
	return w, nil
}

// wordBreak stands between the words of a person; no word has it.
const wordBreak = "\n"

// listed is what the index has of somebody.
type listed struct {
	place   int64
	version uint64
	words   []string
}

func (w *peopleWriter) listed(ctx context.Context, id balie.ID) (e listed, there bool, err error) {
	var version int64
	var words string
	err = w.find.QueryRowContext(ctx, id[:]).Scan(&e.place, &version, &words)
	if errors.Is(err, sql.ErrNoRows) {
		return e, false, nil
	}
	e.version, e.words = uint64(version), strings.Split(words, wordBreak)
	return e, err == nil, err
}

// put writes somebody as they are, if the index has another version.
func (w *peopleWriter) put(ctx context.Context, p balie.Person) error {
	old, there, err := w.listed(ctx, p.ID)
	if err != nil || there && old.version == p.Version {
		return err
	}
	if p.Name == "" && len(p.Addresses) == 0 { // nobody: what merging left
		_, err := w.remove(ctx, p.ID)
		return err
	}
	words := personWords(p)
	values := []any{int64(p.Version), Fold(calledBy(p)), strings.Join(words, wordBreak)}
	if !there {
		r, err := w.insert.ExecContext(ctx, append([]any{p.ID[:]}, values...)...)
		if err != nil {
			return err
		}
		if old.place, err = r.LastInsertId(); err != nil {
			return err
		}
	} else {
		if _, err := w.update.ExecContext(ctx, append(values, old.place)...); err != nil {
			return err
		}
		if err := w.takeOut(ctx, old); err != nil {
			return err
		}
	}
	for _, word := range words {
		if _, err := w.word.ExecContext(ctx, word, old.place); err != nil {
			return err
		}
	}
	return nil
}

// remove takes somebody out, and says whether they were there.
func (w *peopleWriter) remove(ctx context.Context, id balie.ID) (bool, error) {
	old, there, err := w.listed(ctx, id)
	if err != nil || !there {
		return false, err
	}
	if err := w.takeOut(ctx, old); err != nil {
		return true, err
	}
	_, err = w.name.ExecContext(ctx, old.place)
	return true, err
}

func (w *peopleWriter) takeOut(ctx context.Context, old listed) error {
	for _, word := range old.words {
		if _, err := w.rid.ExecContext(ctx, word, old.place); err != nil {
			return err
		}
	}
	return nil
}

// keepOnly takes those out whose id lies between (from is not, to is one of
// them) and who are not among the people.
func (w *peopleWriter) keepOnly(ctx context.Context, people []balie.Person, from, to string) error {
	there := map[balie.ID]bool{}
	for _, p := range people {
		there[p.ID] = true
	}
	rows, err := w.tx.QueryContext(ctx, `SELECT id FROM names WHERE id > unhex(?) AND id <= unhex(?)`, from, to)
	if err != nil {
		return err
	}
	defer rows.Close()
	var gone []balie.ID
	for rows.Next() {
		var b []byte
		if err := rows.Scan(&b); err != nil {
			return err
		}
		var id balie.ID
		if copy(id[:], b); !there[id] {
			gone = append(gone, id)
		}
	}
	if err := rows.Err(); err != nil {
		return err
	}
	for _, id := range gone {
		if _, err := w.remove(ctx, id); err != nil {
			return err
		}
	}
	return nil
}
