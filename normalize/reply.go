package normalize

import (
	"strings"
)

// Reply splits what was newly written from what was quoted and signed. In
// doubt text stays in the reply: a lost word weighs more than a quoted one too
// many. When nothing would be left (a forwarded mail, a quote alone) the whole
// text is the reply. It reads each line a bounded number of times.
func Reply(text string) (reply, rest string) { return splitReply(text, false) }

// splitReply is Reply; in a forwarded mail the enclosed message is what the
// sender wants read, so only the signature goes.
func splitReply(text string, forwarded bool) (reply, rest string) {
	lines := strings.Split(strings.ReplaceAll(text, "\r\n", "\n"), "\n")
	if !forwarded {
		lines, rest = cutQuotes(lines)
	}
	lines, signed := cutSignature(lines)
	reply = strings.Join(trimEnds(lines), "\n")
	if strings.TrimSpace(reply) == "" {
		if all := strings.Split(strings.Trim(text, "\r\n"), "\n"); quoteLength(all) == len(all) && introduced(all) {
			return "", strings.Join(all, "\n") // a program's quote and nothing else
		}
		return strings.Trim(text, "\r\n"), ""
	}
	return reply, strings.Trim(signed+"\n"+rest, "\n")
}

// cutQuotes takes out quotes with the lines that introduce them.
func cutQuotes(lines []string) (keep []string, rest string) {
	var out, cut []string
	tries := 0
	for i := 0; i < len(lines); {
		if forwardMark(lines[i]) {
			out = append(out, lines[i:]...)
			break
		}
		n, kind := 0, introductionKind(0)
		if tries < maxTries && promising(lines[i]) {
			tries++
			n, kind = introduction(lines[i:])
		}
		switch {
		case kind == headerBlock || kind == originalMark:
			if blank(out) && kind == headerBlock {
				// Nothing was written before it: a mail forwarded by hand.
				return lines, strings.Join(cut, "\n")
			}
			cut = append(cut, lines[i:]...)
			return out, strings.Join(cut, "\n")
		case kind == attribution:
			q := quoteLength(lines[i+n:])
			switch {
			case q == 0 && blank(out):
				cut = append(cut, lines[i:i+n]...) // only the introduction goes
				i += n
				continue
			case q == 0:
				out = append(out, before(lines[i])...)
				cut = append(cut, lines[i:]...)
				return out, strings.Join(cut, "\n")
			}
			out = append(out, before(lines[i])...)
			end := i + n + q
			if interleaved(lines[i+n:]) {
				out = append(out, lines[i+n:end]...)
				cut = append(cut, lines[i:i+n]...)
			} else {
				cut = append(cut, lines[i:end]...)
			}
			i = end
			continue
		case isQuoted(lines[i]):
			q := quoteLength(lines[i:])
			if blank(lines[i+q:]) && !blank(out) || introduced(lines[i:i+q]) {
				cut = append(cut, lines[i:i+q]...)
			} else {
				out = append(out, lines[i:i+q]...)
			}
			i += q
			continue
		}
		out = append(out, lines[i])
		i++
	}
	return out, strings.Join(cut, "\n")
}

// maxTries is how many lines of a text are looked at for the introduction of a
// quote. A mail of people has some tens that look like one.
const maxTries = 4000

// promising reports a line that could start an introduction at all.
func promising(line string) bool {
	t := strings.TrimSpace(line)
	return t != "" && (delimiter(t) || label(t) != 0 || strings.ContainsAny(t[:1], "-_=*>") || mayAttribute(t))
}

// before is what stands on the line of an introduction in front of it.
func before(line string) []string {
	if i := strings.Index(line, "--- On "); i > 0 {
		return []string{strings.TrimRight(line[:i], "- ")}
	}
	return nil
}

func blank(lines []string) bool {
	for _, l := range lines {
		if strings.TrimSpace(l) != "" {
			return false
		}
	}
	return true
}

func isQuoted(line string) bool {
	t := strings.TrimLeft(line, " \t")
	return strings.HasPrefix(t, ">") && len(line)-len(t) <= 3
}

// quoteLength is the number of lines of the quote that starts here, empty
// lines before and within it included; 0 when there is none.
func quoteLength(lines []string) int {
	n := 0
	for i, l := range lines {
		switch {
		case isQuoted(l):
			n = i + 1
		case strings.TrimSpace(l) != "":
			return n
		}
	}
	return n
}

// introduced reports a quote that holds its own introduction or a forwarded
// mail's header: it was put there by a mail program, not by hand.
func introduced(quote []string) bool {
	for i, l := range quote {
		t := unquote(l)
		if strings.TrimSpace(t) == "" {
			continue
		}
		if forwardMark(t) {
			return false
		}
		var plain []string
		for _, q := range quote[i:min(i+8, len(quote))] {
			plain = append(plain, unquote(q))
		}
		_, kind := introduction(plain)
		return kind != 0
	}
	return false
}

func unquote(l string) string {
	return strings.TrimPrefix(strings.TrimPrefix(strings.TrimLeft(l, " \t"), ">"), " ")
}

// interleaved reports an answer written between the lines: two or more quotes
// each followed by new text.
func interleaved(lines []string) bool {
	quotes, open := 0, false
	for _, l := range lines {
		switch {
		case isQuoted(l):
			open = true
		case strings.TrimSpace(l) == "":
		case open:
			if signatureMark(l) || forwardMark(l) {
				return false
			}
			open = false
			if quotes++; quotes == 2 {
				return true
			}
		}
	}
	return false
}

// trimEnds drops empty lines at both ends and delimiters at the lower one.
func trimEnds(lines []string) []string {
	for len(lines) > 0 && strings.TrimSpace(lines[0]) == "" {
		lines = lines[1:]
	}
	for len(lines) > 0 && (strings.TrimSpace(lines[len(lines)-1]) == "" || delimiter(lines[len(lines)-1])) {
		lines = lines[:len(lines)-1]
	}
	return lines
}

// delimiter reports a line drawn with signs.
func delimiter(line string) bool {
	t := strings.TrimSpace(line)
	if t == "ᐧ" {
		return true
	}
	return len(t) >= 2 && strings.Trim(t, "-_=*#~+—– ") == ""
}
