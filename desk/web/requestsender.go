package web

import (
	"slices"
	"strings"
	"unicode"

	"github.com/balie/balie"
)

// sender is the address somebody really wrote from, to stand beside the name,
// and what is to be said of it (S5). Only what the desk's own mail server said
// counts as proof.
func (g *pager) sender(m *balie.Message) (address string, marks []mark) {
	switch m.From.Scheme {
	case balie.Mail, balie.Tel:
		if m.From.Value != m.From.Name {
			address = m.From.Value
		}
	}
	switch {
	case m.Proof == balie.Failed:
		marks = append(marks, mark{"bad", g.text("sender_failed")})
	case m.Proof == balie.Unproven && m.Channel == "email":
		marks = append(marks, mark{"line", g.text("sender_unproven")})
	}
	if m.Side == balie.CustomerSide && m.From.Scheme == balie.Mail {
		if like := g.lookAlike(m.From); like != "" {
			marks = append(marks, mark{"bad", g.text("sender_like", "like", like)})
		}
	}
	if m.Auto != "" {
		marks = append(marks, mark{"line", g.text("sender_auto")})
	}
	if m.ReplyTo.Value != "" && m.ReplyTo.Value != m.From.Value && m.From.Scheme == balie.Mail {
		marks = append(marks, mark{"line", g.text("sender_reply_to", "address", m.ReplyTo.Value)})
	}
	return address, marks
}

// lookAlike is what a sender seems to be and is not: an address in the name
// that is another one, the customer's own name or a colleague's from a foreign
// address, or a domain that reads like a customer's.
func (g *pager) lookAlike(from balie.Address) string {
	if claimed := addressIn(from.Name); claimed != "" && claimed != from.Value {
		return claimed
	}
	for _, name := range g.names {
		if strings.EqualFold(name, from.Name) {
			return g.text("colleague", "name", name)
		}
	}
	if like := g.likeCustomer(from); like != "" {
		return like
	}
	organisations := g.Library.Brain().Organisations
	for _, o := range organisations {
		if slices.Contains(o.Domains, from.Domain()) {
			return "" // a customer's own, however near to another's
		}
	}
	for _, o := range organisations {
		for _, d := range o.Domains {
			if resembles(d, from.Domain()) {
				return d
			}
		}
	}
	return ""
}

// likeCustomer is the customer's address that a sender is not, although name or
// domain read like it.
func (g *pager) likeCustomer(from balie.Address) string {
	p := g.v.Customer.Person
	if p.Has(from) {
		return ""
	}
	for _, known := range p.Addresses {
		if known.Scheme != balie.Mail {
			continue
		}
		if p.Name != "" && strings.EqualFold(p.Name, from.Name) && known.Domain() != from.Domain() {
			return known.Value
		}
		if resembles(known.Domain(), from.Domain()) {
			return known.Domain()
		}
	}
	return ""
}

// addressIn is the mail address that a display name contains, or "".
func addressIn(name string) string {
	for word := range strings.FieldsFuncSeq(name, func(r rune) bool { return unicode.IsSpace(r) || strings.ContainsRune(`<>()"',;`, r) }) {
		if at := strings.IndexByte(word, '@'); at > 0 && strings.Contains(word[at:], ".") {
			return strings.ToLower(word)
		}
	}
	return ""
}

// alike are signs and pairs that read like another.
var alike = strings.NewReplacer("0", "o", "1", "l", "i", "l", "rn", "m", "vv", "w", "-", "", "а", "a", "е", "e", "о", "o", "р", "p", "с", "c", "х", "x", "і", "l")

// resembles reports whether a domain is not another and reads like it: the same
// but for signs that look alike, or one letter away.
func resembles(real, other string) bool {
	if real == "" || other == "" || real == other || strings.HasSuffix(other, "."+real) {
		return false
	}
	if alike.Replace(real) == alike.Replace(other) {
		return true
	}
	a, b := []rune(real), []rune(other)
	return len(a) > 5 && len(b) > 5 && oneOff(a, b)
}

// oneOff reports whether one letter put in, left out, changed or swapped with
// its neighbour makes one of the other.
func oneOff(a, b []rune) bool {
	if len(a) > len(b) {
		a, b = b, a
	}
	if len(b)-len(a) > 1 {
		return false
	}
	i := 0
	for i < len(a) && a[i] == b[i] {
		i++
	}
	if len(a) < len(b) {
		return string(a[i:]) == string(b[i+1:])
	}
	if i == len(a) {
		return true
	}
	if string(a[i+1:]) == string(b[i+1:]) {
		return true
	}
	return i+1 < len(a) && a[i] == b[i+1] && a[i+1] == b[i] && string(a[i+2:]) == string(b[i+2:])
}
