package normalize

import (
	"bytes"
	"strings"
)

// field is one header field: the name in lower case, the value unfolded and
// not yet decoded.
type field struct{ name, value string }

// header is a block of fields in their order, topmost first.
type header []field

// get is the first field of that name, or "".
func (h header) get(name string) string {
	for _, f := range h {
		if f.name == name {
			return f.value
		}
	}
	return ""
}

// all are the values of every field of that name, topmost first.
func (h header) all(name string) []string {
	var out []string
	for _, f := range h {
		if f.name == name {
			out = append(out, f.value)
		}
	}
	return out
}

// has reports whether there is a field of that name, even an empty one.
func (h header) has(name string) bool {
	for _, f := range h {
		if f.name == name {
			return true
		}
	}
	return false
}

// parseHeader reads a header block as leniently as can be: lines without a
// colon continue the field before them when more fields follow, and belong to
// the body when none do. It returns those body lines and whether anything had
// to be guessed.
func parseHeader(block []byte) (h header, body []byte, guessed bool) {
	lines := bytes.SplitAfter(block, []byte("\n"))
	var value []byte // of the last field, so that thousands of folds cost no more
	done := func() {
		if len(h) > 0 && value != nil {
			h[len(h)-1].value, value = string(value), nil
		}
	}
	defer done()
	last := -1 // the last line that starts a field
	for i, l := range lines {
		if fieldName(l) != "" {
			last = i
		}
	}
	for i, l := range lines {
		text := strings.TrimRight(string(l), "\r\n")
		name := fieldName(l)
		switch {
		case text == "":
		case (text[0] == ' ' || text[0] == '\t') && len(h) > 0:
			value = append(value, text...)
		case name != "":
			if len(h) >= maxFields {
				return h, nil, true
			}
			done()
			h = append(h, field{name: name})
			value = append([]byte{}, strings.TrimLeft(text[strings.IndexByte(text, ':')+1:], " \t")...)
		case i == 0 && isMailbox(text):
			// QUIRK: an mbox separator left in front of the header.
		case len(h) > 0 && (i < last || continues(h[len(h)-1].name, text)):
			value = append(append(value, ' '), text...)
			guessed = true
		default:
			return h, bytes.Join(lines[i:], nil), true
		}
	}
	return h, nil, guessed
}

// fieldName is the lower-cased name when the line starts a header field.
func fieldName(line []byte) string {
	i := bytes.IndexByte(line, ':')
	if i <= 0 || i > 100 {
		return ""
	}
	name := bytes.TrimRight(line[:i], " \t")
	for _, c := range name {
		if c <= ' ' || c >= 0x7f {
			return ""
		}
	}
	return strings.ToLower(string(name))
}

// isMailbox reports an mbox "From " line, quoted or not.
func isMailbox(line string) bool {
	return strings.HasPrefix(strings.TrimPrefix(line, ">"), "From ")
}

// continues reports whether a line without colon is more likely the rest of
// a wrongly folded field than the start of the text.
func continues(name, line string) bool {
	switch name {
	case "content-type", "content-disposition", "mime-version", "content-transfer-encoding":
		return strings.Contains(line, "=") && !strings.Contains(strings.TrimSpace(line[:strings.IndexByte(line, '=')]), " ")
	case "references", "in-reply-to", "message-id":
		return strings.HasPrefix(strings.TrimSpace(line), "<")
	}
	return false
}

// squeeze makes white space single spaces and trims it.
func squeeze(s string) string { return strings.Join(strings.Fields(s), " ") }
