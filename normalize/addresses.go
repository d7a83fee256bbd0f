package normalize

import (
	"strings"

	"github.com/balie/balie"
)

// ParseAddress reads one mail address with or without a name. ok is false
// when there is no usable address; the name is kept all the same.
func ParseAddress(s string) (a balie.Address, ok bool) {
	for _, a = range parseAddresses(s) {
		if a.Value != "" {
			return a, true
		}
	}
	return a, false
}

// parseAddresses reads the addresses of a From, To or Cc as leniently as can
// be: groups, comments, routes, semicolons, encoded words, missing quotes. An
// entry without a usable address keeps its name only.
func parseAddresses(s string) []balie.Address {
	var out []balie.Address
	for _, m := range splitMailboxes(s) {
		if len(out) >= maxAddresses {
			break
		}
		if a := m.address(); a.Value != "" || a.Name != "" {
			out = append(out, a)
		}
	}
	return out
}

// mailbox is one entry of an address list, taken apart but not judged.
type mailbox struct {
	words   string // outside of <>, quotes removed
	quoted  bool   // part of words stood in quotes
	angle   string
	bracket bool
	comment string
}

// splitMailboxes walks the list once: quotes, comments and brackets hide the
// commas in them.
func splitMailboxes(s string) []mailbox {
	var out []mailbox
	var m mailbox
	var words strings.Builder
	end := func() {
		m.words = squeeze(words.String())
		if m.words != "" || m.bracket || m.comment != "" {
			out = append(out, m)
		}
		m = mailbox{}
		words.Reset()
	}
	for i := 0; i < len(s); i++ {
		switch c := s[i]; c {
		case '"':
			v, rest := quoted(s[i:])
			if rest == "" && !strings.HasSuffix(s, `"`) { // an odd quote: leave it out
				continue
			}
			words.WriteString(v)
			m.quoted = true
			i = len(s) - len(rest) - 1
		case '(':
			v, n := comment(s[i:])
			if n == 0 {
				words.WriteByte(c)
				continue
			}
			m.comment = v
			i += n - 1
		case '<':
			j := strings.IndexByte(s[i:], '>')
			if m.bracket { // a second bracket in one entry: a comma is missing
				end()
			}
			m.bracket = true
			if j < 0 {
				rest := s[i+1:]
				if k := strings.IndexAny(rest, ",;"); k >= 0 {
					rest = rest[:k]
				}
				m.angle = rest
				i += len(rest)
				continue
			}
			m.angle = s[i+1 : i+j]
			i += j
		case ',', ';':
			if c == ',' && !m.bracket && !strings.Contains(words.String(), "@") && bareName(s[i+1:]) {
				// QUIRK: "Jansen, Piet <piet@example.nl>" without quotes.
				words.WriteString(", ")
				continue
			}
			end()
			if len(out) > maxAddresses {
				return out
			}
		case ':':
			if !m.bracket && !strings.Contains(words.String(), "@") && !strings.Contains(words.String(), "=?") && words.Len() < 100 && !strings.EqualFold(words.String(), "mailto") {
				words.Reset() // the name of a group
				continue
			}
			words.WriteByte(c)
		default:
			words.WriteByte(c)
		}
	}
	end()
	return out
}

// bareName reports that the text up to the next separator is a name followed
// by an address in brackets, so that a comma before it was part of the name.
func bareName(s string) bool {
	for i := 0; i < len(s); i++ {
		switch s[i] {
		case ',', ';', '@', '"':
			return false
		case '<':
			return strings.TrimSpace(s[:i]) != ""
		}
	}
	return false
}

// comment reads a nested comment and its length; 0 when it does not end.
func comment(s string) (string, int) {
	depth := 0
	for i := 0; i < len(s) && i < 1000; i++ {
		switch s[i] {
		case '\\':
			i++
		case '(':
			depth++
		case ')':
			if depth--; depth == 0 {
				return s[1:i], i + 1
			}
		}
	}
	return "", 0
}

func (m mailbox) address() balie.Address {
	a := balie.Address{Scheme: balie.Mail}
	if m.bracket {
		a.Value = addrSpec(decodeAddress(m.angle))
		a.Name = personName(m.words)
		if a.Value == "" {
			// QUIRK: the address stands where the name belongs.
			if v := addrSpec(decodeAddress(m.words)); v != "" && strings.TrimSpace(m.angle) == "" {
				a.Value, a.Name = v, ""
			}
		}
	} else {
		words := decodeAddress(m.words)
		a.Value = addrSpec(words)
		if a.Value == "" {
			a.Value, a.Name = looseAddress(words)
		}
		if a.Value == "" {
			a.Name = personName(m.words)
		}
	}
	if m.comment != "" && (a.Name == "" || a.Value == "") {
		a.Name = personName(m.comment)
	}
	if strings.EqualFold(a.Name, a.Value) {
		a.Name = ""
	}
	if a.Value == "" {
		a.Scheme = ""
	}
	return a
}

// decodeAddress undoes encoded words inside of an address, where they do not
// belong but stand all the same.
func decodeAddress(s string) string {
	if strings.Contains(s, "=?") {
		s = decodeWords(s)
	}
	return strings.TrimSpace(s)
}

// looseAddress finds the one word with an @ among others.
func looseAddress(s string) (value, name string) {
	words := strings.Fields(s)
	for i, w := range words {
		if v := addrSpec(strings.Trim(w, `"'[]<>(),;:`)); v != "" {
			rest := append(append([]string{}, words[:i]...), words[i+1:]...)
			return v, personName(strings.Join(rest, " "))
		}
	}
	return "", ""
}

// addrSpec is the address in lower case when it is one, else "".
func addrSpec(s string) string {
	s = strings.TrimSpace(s)
	for _, p := range []string{"mailto:", "MAILTO:", "smtp:", "SMTP:"} {
		s = strings.TrimPrefix(s, p)
	}
	if strings.HasPrefix(s, "@") { // RFC 5322 section 4.4: a route
		_, s, _ = strings.Cut(s, ":")
	}
	s = strings.Trim(s, " <>'")
	i := strings.LastIndexByte(s, '@')
	if i <= 0 || i == len(s)-1 || len(s) > 320 {
		return ""
	}
	local, domain := strings.TrimSpace(s[:i]), strings.TrimSuffix(strings.TrimSpace(s[i+1:]), ".")
	if len(local) > 1 && local[0] == '"' && local[len(local)-1] == '"' {
		local = local[1 : len(local)-1]
	}
	if badLocal(local) || badDomain(domain) {
		return ""
	}
	return strings.ToLower(local + "@" + domain)
}

func badLocal(s string) bool {
	for _, r := range s {
		if r <= ' ' || r == 0x7f || strings.ContainsRune("<>()[]\",;:\\@\ufffd", r) || hidden(r) || r >= 0x80 && r < 0xa0 {
			return true
		}
	}
	return s == ""
}

func badDomain(s string) bool {
	if strings.HasPrefix(s, "[") && strings.HasSuffix(s, "]") {
		s = strings.NewReplacer("[", "", "]", "", ":", "").Replace(s)
	}
	for _, r := range s {
		ok := r == '.' || r == '-' || r == '_' || r >= '0' && r <= '9' || r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= 0xa0 && r != '\ufffd' && !hidden(r)
		if !ok {
			return true
		}
	}
	return s == "" || strings.HasPrefix(s, ".") || strings.HasPrefix(s, "-") || strings.Contains(s, "..")
}

// personName is a display name as a person would read it.
func personName(s string) string {
	s = cleanLine(decodeWords(s))
	for len(s) > 1 && (s[0] == '"' && s[len(s)-1] == '"' || s[0] == '\'' && s[len(s)-1] == '\'') {
		s = strings.TrimSpace(s[1 : len(s)-1])
	}
	if strings.Count(s, `"`) == 1 { // the other one was lost
		s = strings.ReplaceAll(s, `"`, "")
	}
	return clipBytes(strings.TrimSpace(s), maxName)
}
