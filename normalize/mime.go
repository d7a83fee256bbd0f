package normalize

import (
	"errors"
	"fmt"
	"net/mail"
	"slices"
	"strings"
	"time"

	"github.com/balie/balie"
)

// mime makes a message of a mail. Any bytes give one; the error says that the
// original could not be read to its end.
func (n *Normalizer) mime(raw balie.Raw, open Open) (balie.Message, error) {
	m := base(raw)
	t, sum, err := readTree(open)
	root := t.root
	if root == nil {
		root = &node{kind: "text/plain"}
		t.warn("the mail is empty")
	}
	p := unpack(root)
	named := n.envelope(&m, root.h, t)
	full := n.texts(&m, p, t)
	m.Parts = append(m.Parts, parts(p)...)
	report := reported(root, p)
	sender := m.From
	m.Bounce = bounce(root, p, sender, m.Subject, full)
	m.Auto = n.auto(root.h, sender, m.Bounce, report)
	m.NoReply = noReply(root.h, sender, m.Proof, named)
	m.Digest = digest(root.h, sum)
	m.Warnings = append(m.Warnings, t.warnings...)
	return m, err
}

// readTree reads a mail as it is and sums up its body on the way.
func readTree(open Open) (*tree, []byte, error) {
	t := &tree{}
	f, err := open()
	if err != nil {
		return t, nil, fmt.Errorf("open the original: %w", err)
	}
	defer f.Close()
	b := newBodySum(f)
	if err := readLenient(b, t); err != nil {
		return t, b.h.Sum(nil), fmt.Errorf("read the original: %w", err)
	}
	return t, b.h.Sum(nil), nil
}

// envelope fills what the header of the mail says, and reports whether From
// names an address.
func (n *Normalizer) envelope(m *balie.Message, h header, t *tree) (named bool) {
	var from []balie.Address
	for _, v := range h.all("from") {
		from = append(from, parseAddresses(v)...)
	}
	m.From = firstUsable(from)
	named = !m.From.IsZero()
	if !named {
		m.From = standIn(h, m.From.Name)
		t.warn("the sender is unknown: From names no usable address")
	}
	if len(h.all("from")) > 1 || len(from) > 1 {
		t.warn("the mail names several senders: the first is shown")
	}
	if a, ok := ParseAddress(h.get("reply-to")); ok && a.Value != m.From.Value {
		m.ReplyTo = a
	}
	m.To = usable(parseAddresses(strings.Join(h.all("to"), ", ")))
	m.Cc = usable(parseAddresses(strings.Join(h.all("cc"), ", ")))
	m.Proof = n.proof(h, from)
	m.Subject = clipBytes(cleanLine(decodeWords(h.get("subject"))), maxSubject)
	if ids := messageIDs(h.get("message-id")); len(ids) > 0 {
		m.MsgID = ids[0]
	} else {
		t.warn("there is no Message-ID")
	}
	m.Thread = thread(h)
	n.moment(m, h, t)
	return named
}

// standIn is the address shown for a mail whose From holds none.
func standIn(h header, name string) balie.Address {
	for _, f := range []string{"sender", "reply-to", "return-path"} {
		if a, ok := ParseAddress(h.get(f)); ok {
			if name != "" {
				a.Name = name
			}
			return a
		}
	}
	return balie.Address{Name: name}
}

func firstUsable(list []balie.Address) balie.Address {
	for _, a := range list {
		if !a.IsZero() {
			return a
		}
	}
	if len(list) > 0 {
		return list[0]
	}
	return balie.Address{}
}

func usable(list []balie.Address) []balie.Address {
	return slices.DeleteFunc(list, balie.Address.IsZero)
}

// moment sets when the mail arrived: what the mailbox says, else the time its
// last server wrote, else its own Date.
func (n *Normalizer) moment(m *balie.Message, h header, t *tree) {
	date, err := parseDate(h.get("date"))
	switch {
	case err != nil && h.has("date"):
		t.warn("the Date is not readable")
	case err != nil:
		t.warn("there is no Date")
	}
	if m.At.IsZero() {
		if r := h.get("received"); r != "" {
			if at, err := parseDate(r[strings.LastIndexByte(r, ';')+1:]); err == nil {
				m.At = at
			}
		}
	}
	if m.At.IsZero() && err == nil {
		m.At = date
	}
	if err == nil && !m.At.IsZero() && date.After(m.At.Add(24*time.Hour)) {
		t.warn("the Date lies in the future")
	}
	m.At = m.At.UTC()
}

var errNoDate = errors.New("no date")

// parseDate reads RFC 5322 dates and what is often written instead.
func parseDate(s string) (time.Time, error) {
	s = squeeze(s)
	if s == "" {
		return time.Time{}, errNoDate
	}
	if t, err := mail.ParseDate(s); err == nil {
		return plausibleDate(t)
	}
	if i := strings.IndexByte(s, '('); i > 0 {
		s = strings.TrimSpace(s[:i])
	}
	for _, layout := range []string{
		time.RFC1123Z, time.RFC1123, time.RFC3339, time.ANSIC, time.UnixDate,
		"Mon, 2 Jan 2006 15:04:05", "2 Jan 2006 15:04:05 -0700", "2 Jan 2006 15:04:05", "2006-01-02 15:04:05 -0700", "2006-01-02 15:04:05",
		"Mon, 2 Jan 2006 15:04 -0700", "Mon, 2-Jan-2006 15:04:05 -0700",
	} {
		if t, err := time.Parse(layout, s); err == nil {
			return plausibleDate(t)
		}
	}
	return time.Time{}, errNoDate
}

func plausibleDate(t time.Time) (time.Time, error) {
	if y := t.Year(); y < 1970 || y > 9998 {
		return time.Time{}, errNoDate
	}
	return t, nil
}

// messageIDs are the ids in a field, without <>. Ids without brackets, with
// spaces inside or with comments are tolerated.
func messageIDs(s string) []string {
	var out []string
	add := func(id string) {
		id = strings.Map(func(r rune) rune {
			if r <= ' ' || r == 0x7f || r >= 0x80 && r < 0xa0 || hidden(r) || r == '\ufffd' {
				return -1
			}
			return r
		}, strings.ToValidUTF8(id, ""))
		if id != "" && len(id) <= maxSubject {
			out = append(out, id)
		}
	}
	for s != "" && len(out) < 10*maxThread {
		i := strings.IndexByte(s, '<')
		bare := s
		if i >= 0 {
			bare = s[:i]
		}
		for _, w := range strings.Fields(bare) {
			if w = strings.Trim(w, `"',;>`); strings.Contains(w, "@") && !strings.HasPrefix(w, "(") {
				add(w)
			}
		}
		if i < 0 {
			break
		}
		s = s[i+1:]
		j := strings.IndexByte(s, '>')
		if j < 0 {
			add(s)
			break
		}
		add(s[:j])
		s = s[j+1:]
	}
	return out
}

// thread are the ids a mail answers to, newest first: In-Reply-To, then
// References from its end.
func thread(h header) []string {
	refs := messageIDs(strings.Join(h.all("references"), " "))
	slices.Reverse(refs)
	var out []string
	for _, id := range append(messageIDs(strings.Join(h.all("in-reply-to"), " ")), refs...) {
		if len(out) < maxThread && !slices.Contains(out, id) {
			out = append(out, id)
		}
	}
	return out
}

// texts fills what was written and returns the whole text.
func (n *Normalizer) texts(m *balie.Message, p parcel, t *tree) string {
	var full, page []string
	anyHTML := false
	for _, x := range p.texts {
		anyHTML = anyHTML || x.html != nil
	}
	for _, x := range p.texts {
		plain, html := "", ""
		if x.html != nil {
			html = n.decoded(x.html, t)
		}
		if x.plain != nil {
			plain = n.decoded(x.plain, t)
			plain = extractUU(x.plain, plain)
		}
		if strings.TrimSpace(plain) == "" && html != "" {
			plain = TextOfHTML(html)
		}
		full = append(full, strings.TrimRight(plain, "\n "))
		if !anyHTML {
			continue
		}
		if html == "" {
			html = "<pre>" + escapeHTML(plain) + "</pre>"
		}
		page = append(page, SanitizeHTML(html))
	}
	whole := strings.Trim(strings.Join(full, "\n\n"), "\n")
	m.Text, _ = splitReply(whole, forwardSubject(m.Subject))
	if m.Text != whole {
		m.Full = whole
	}
	m.HTML = strings.Join(page, "<hr>\n")
	m.Language = Language(m.Text)
	if m.Language == "" {
		m.Language = Language(m.Subject + " " + m.Text)
	}
	return whole
}

func (n *Normalizer) decoded(x *node, t *tree) string {
	s, guessed := x.text()
	if guessed {
		t.warn("the charset " + quoteName(x.params["charset"]) + " is missing, unknown or wrong: it was guessed")
	}
	return s
}

var htmlEscaper = strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;", `"`, "&#34;")

func escapeHTML(s string) string { return htmlEscaper.Replace(s) }

// reported reports read receipts and feedback reports (RFC 8098, RFC 5965).
func reported(root *node, p parcel) bool {
	switch strings.ToLower(root.params["report-type"]) {
	case "disposition-notification", "feedback-report":
		return root.kind == "multipart/report"
	}
	for _, r := range p.reports {
		if r.kind == "message/feedback-report" || r.kind == "message/disposition-notification" {
			return true
		}
	}
	return false
}

// forwardSubject reports the prefixes mail programs give a forwarded mail.
func forwardSubject(s string) bool {
	low := strings.ToLower(s)
	for _, p := range []string{"fwd:", "fw:", "doorst:", "doorgestuurd:", "wg:", "tr:", "rv:", "vb:", "enc:"} {
		if strings.HasPrefix(low, p) {
			return true
		}
	}
	return false
}
