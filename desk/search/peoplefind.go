package search

import (
	"context"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"

	"github.com/balie/balie"
)

// calledBy is how a list calls somebody.
func calledBy(p balie.Person) string {
	if p.Name != "" || len(p.Addresses) == 0 {
		return p.Name
	}
	return p.Addresses[0].Value
}

// orgMark begins the word that stands for an organisation.
const orgMark = "="

// longestKept is the length in bytes at which a person's word is cut off.
const longestKept = 120

// personWords are all words by which a person is found.
func personWords(p balie.Person) []string {
	var out []string
	words := func(s string) {
		out = append(out, strings.FieldsFunc(Fold(s), func(r rune) bool { return !isWordRune(r) })...)
	}
	words(p.Name)
	for _, a := range p.Addresses {
		words(a.Name)
		if a.Scheme == balie.Tel {
			out = append(out, numberWords(a.Value)...)
			continue
		}
		words(a.Value)
		out = append(out, Fold(a.Value))
	}
	if p.Organisation != "" {
		out = append(out, orgMark+p.Organisation)
	}
	for i := range out {
		out[i] = strings.ReplaceAll(out[i][:min(len(out[i]), longestKept)], wordBreak, " ")
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// numberWords are the ways in which people begin a number: from abroad, as it
// is dialled at home, and without either.
func numberWords(e164 string) []string {
	digits := strings.TrimPrefix(e164, "+")
	out := []string{digits}
	if rest, ok := strings.CutPrefix(digits, "31"); ok {
		out = append(out, "0"+rest, rest)
	}
	return out
}

// PeopleQuery is whom somebody looks for.
type PeopleQuery struct {
	Words        string
	Organisation string                      // only of this one
	Named        func(words string) []string // ids of organisations by their name
	After        string                      // Next of the page before
	Limit        int
}

// Find gives the people whom all words mean, by name. Ready says whether
// everybody is in the index.
func (x *People) Find(ctx context.Context, q PeopleQuery) (ids []balie.ID, next string, err error) {
	db := x.db.Load()
	if db == nil {
		return nil, "", nil
	}
	limit := min(max(q.Limit, 1), mostAnswered)
	where, args := q.clauses()
	const list = `SELECT name, id FROM names`
	rows, err := db.QueryContext(ctx, list+where+` ORDER BY name, id LIMIT ?`, append(args, limit+1)...)
	if err != nil {
		return nil, "", fmt.Errorf("look for people: %w", err)
	}
	defer rows.Close()
	var last string
	for rows.Next() {
		var name string
		var id balie.ID
		var b []byte
		if err := rows.Scan(&name, &b); err != nil {
			return nil, "", fmt.Errorf("look for people: %w", err)
		}
		if len(ids) == limit {
			return ids, last, nil
		}
		copy(id[:], b)
		ids, last = append(ids, id), hex.EncodeToString(b)+name
	}
	return ids, "", rows.Err()
}

// The pieces of a search: each word must be the beginning of one of a person's.
const (
	beginsWith = `place IN (SELECT place FROM words WHERE word >= ? AND word < ?)`
	hasOrg     = `place IN (SELECT place FROM words WHERE word = ?)`
	behind     = `(name, id) > (?, unhex(?))`
)

func (q PeopleQuery) clauses() (string, []any) {
	var all []string
	var args []any
	for _, w := range queryWords(q.Words) {
		either := []string{beginsWith}
		args = append(args, w, w+"\U0010ffff")
		if q.Named != nil && len(w) >= 2 {
			for _, org := range q.Named(w) {
				either, args = append(either, hasOrg), append(args, orgMark+org)
			}
		}
		all = append(all, "("+strings.Join(either, " OR ")+")")
	}
	if q.Organisation != "" {
		all, args = append(all, hasOrg), append(args, orgMark+q.Organisation)
	}
	if len(q.After) >= 32 {
		all, args = append(all, behind), append(args, q.After[32:], q.After[:32])
	}
	if len(all) == 0 {
		return "", args
	}
	return " WHERE " + strings.Join(all, " AND "), args
}

// queryWords are the words of a search. What has no letter is one number,
// however it is written.
func queryWords(s string) []string {
	s = Fold(strings.TrimSpace(s))
	if n, ok := number(s); ok {
		return []string{n}
	}
	var out []string
	for _, w := range strings.FieldsFunc(s, func(r rune) bool {
		return r == ' ' || r == ',' || r == ';' || r == '<' || r == '>' || r == '(' || r == ')'
	}) {
		if n, ok := number(w); ok {
			out = append(out, n)
			continue
		}
		if strings.Contains(w, "@") {
			out = append(out, strings.TrimPrefix(w, "@"))
			continue
		}
		out = append(out, strings.FieldsFunc(w, func(r rune) bool { return !isWordRune(r) })...)
	}
	return out[:min(len(out), mostWords)]
}

// number are the digits of what is written as a telephone number.
func number(s string) (string, bool) {
	var b strings.Builder
	for _, r := range s {
		switch {
		case r >= '0' && r <= '9':
			b.WriteRune(r)
		case strings.ContainsRune("+-./() \u00a0\u2011\u2013", r):
		default:
			return "", false
		}
	}
	digits := b.String()
	if len(digits) < 3 {
		return "", false
	}
	if strings.HasPrefix(strings.TrimLeft(s, " ("), "+") { // +31 (0)6 …
		if rest, ok := strings.CutPrefix(digits, "310"); ok {
			digits = "31" + rest
		}
		return digits, true
	}
	return strings.TrimPrefix(digits, "00"), true
}
