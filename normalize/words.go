package normalize

import (
	"encoding/base64"
	"strings"
	"unicode"
	"unicode/utf8"
)

// decodeWords decodes RFC 2047 encoded words wherever they stand, also inside
// quotes and file names, and gives valid UTF-8. Neighbouring words in one
// charset are joined before decoding, because mailers split letters over them.
func decodeWords(s string) string {
	if !strings.Contains(s, "=?") {
		return rawText(s)
	}
	var out strings.Builder
	var pending []byte // decoded bytes of the words before, still in charset
	charset := ""
	flush := func() {
		if pending != nil {
			text, _ := decodeCharset(charset, pending)
			out.WriteString(text)
			pending = nil
		}
	}
	for s != "" {
		i := strings.Index(s, "=?")
		if i < 0 {
			break
		}
		w, n, ok := encodedWord(s[i:])
		if !ok {
			flush()
			out.WriteString(rawText(s[:i+2]))
			s = s[i+2:]
			continue
		}
		if gap := s[:i]; pending == nil || strings.TrimSpace(gap) != "" {
			flush()
			out.WriteString(rawText(gap))
		} else if !strings.EqualFold(charset, w.charset) {
			flush()
		}
		if w.text == nil {
			w.text = []byte{}
		}
		pending, charset = append(pending, w.text...), w.charset
		if pending == nil {
			pending = []byte{}
		}
		s = s[i+n:]
	}
	flush()
	out.WriteString(rawText(s))
	return out.String()
}

// rawText is header text that stands there unencoded: UTF-8, or 8-bit of a
// charset nobody named.
func rawText(s string) string {
	if utf8.ValidString(s) {
		if strings.Contains(s, "\x1b$") { // QUIRK: ISO-2022-JP without a label
			text, _ := decodeCharset("iso-2022-jp", []byte(s))
			return text
		}
		return s
	}
	return guessCharset([]byte(s))
}

type word struct {
	charset string
	text    []byte
}

// encodedWord reads one encoded word at the start of s and its length.
func encodedWord(s string) (word, int, bool) {
	rest := s[2:]
	i := strings.IndexByte(rest, '?')
	if i <= 0 || i > 60 || strings.ContainsAny(rest[:i], " \t\"") {
		return word{}, 0, false
	}
	charset := rest[:i]
	if len(rest) < i+3 || rest[i+2] != '?' {
		return word{}, 0, false
	}
	enc, body := rest[i+1], rest[i+3:]
	end := strings.Index(body, "?=")
	// QUIRK: "=?x?q?=61?=" ends behind the last "?=": a text that starts with
	// "=" must not end the word at once.
	if end == 0 && enc|0x20 == 'q' && len(body) > 2 && isHex(body[1+end:]) {
		if j := strings.Index(body[1:], "?="); j >= 0 {
			end = j + 1
		}
	}
	length := len(s) - len(body) + end + 2
	if end < 0 {
		return word{}, 0, false
	}
	text := body[:end]
	switch enc {
	case 'b', 'B':
		return word{charset, looseBase64(text)}, length, true
	case 'q', 'Q':
		return word{charset, qWord(text)}, length, true
	}
	return word{}, 0, false
}

func isHex(s string) bool {
	return len(s) >= 2 && unhex(s[0]) >= 0 && unhex(s[1]) >= 0
}

func unhex(c byte) int {
	switch {
	case c >= '0' && c <= '9':
		return int(c - '0')
	case c >= 'a' && c <= 'f':
		return int(c-'a') + 10
	case c >= 'A' && c <= 'F':
		return int(c-'A') + 10
	}
	return -1
}

func qWord(s string) []byte {
	out := make([]byte, 0, len(s))
	for i := 0; i < len(s); i++ {
		switch {
		case s[i] == '_':
			out = append(out, ' ')
		case s[i] == '=' && isHex(s[i+1:]):
			out = append(out, byte(unhex(s[i+1])<<4|unhex(s[i+2])))
			i += 2
		default:
			out = append(out, s[i])
		}
	}
	return out
}

// looseBase64 decodes what can be decoded: other letters are skipped, padding
// in the middle is a joint, a missing end is cut.
func looseBase64(s string) []byte {
	var out []byte
	for _, chunk := range strings.Split(s, "=") {
		clean := make([]byte, 0, len(chunk))
		for i := range len(chunk) {
			if isBase64(chunk[i]) {
				clean = append(clean, chunk[i])
			}
		}
		if len(clean)%4 == 1 {
			clean = clean[:len(clean)-1]
		}
		buf := make([]byte, base64.RawStdEncoding.DecodedLen(len(clean)))
		n, _ := base64.RawStdEncoding.Decode(buf, clean)
		out = append(out, buf[:n]...)
	}
	return out
}

// parameters reads a Content-Type or Content-Disposition: its value in lower
// case and its parameters, RFC 2231 pieces joined and decoded. Unquoted
// spaces, missing semicolons and doubled parameters are tolerated.
func parameters(s string) (value string, params map[string]string) {
	params = map[string]string{}
	value, rest, _ := strings.Cut(s, ";")
	if i := strings.IndexAny(value, "= "); i >= 0 && strings.Contains(value, "=") {
		// QUIRK: "text/plain charset=utf-8" without the semicolon.
		if j := strings.IndexAny(value, " \t"); j > 0 {
			rest = value[j:] + ";" + rest
			value = value[:j]
		}
	}
	value = strings.ToLower(strings.Trim(value, " \t\"'"))
	pieces := map[string]map[int]piece{}
	for rest != "" && len(params) < 100 {
		var name, v string
		name, v, rest = nextParameter(rest)
		if name == "" {
			continue
		}
		base, index, encoded := splitParameter(name)
		if index < 0 {
			if _, seen := params[base]; !seen {
				params[base] = decodeWords(v)
			}
			continue
		}
		if pieces[base] == nil {
			pieces[base] = map[int]piece{}
		}
		if _, seen := pieces[base][index]; !seen {
			pieces[base][index] = piece{v, encoded}
		}
	}
	for base, p := range pieces {
		if v := joinPieces(p); v != "" {
			params[base] = v // RFC 2231 wins from the plain form
		}
	}
	return value, params
}

type piece struct {
	text    string
	encoded bool
}

// splitParameter takes "filename*0*" apart. index is -1 for a plain name.
func splitParameter(name string) (base string, index int, encoded bool) {
	base, tail, found := strings.Cut(name, "*")
	if !found {
		return name, -1, false
	}
	if tail == "" {
		return base, 0, true
	}
	digits, _ := strings.CutSuffix(tail, "*")
	n := 0
	for _, c := range digits {
		if c < '0' || c > '9' || n > 1000 {
			return name, -1, false
		}
		n = n*10 + int(c-'0')
	}
	return base, n, strings.HasSuffix(tail, "*")
}

func joinPieces(p map[int]piece) string {
	var raw []byte
	charset := ""
	any8bit := false
	for i := 0; ; i++ {
		one, ok := p[i]
		if !ok {
			if i == 0 && len(p) > 0 {
				continue // QUIRK: some mailers count from 1
			}
			break
		}
		t := one.text
		if one.encoded {
			if parts := strings.SplitN(t, "'", 3); len(raw) == 0 && len(parts) == 3 {
				charset, t = parts[0], parts[2]
			}
			raw = append(raw, percent(t)...)
			any8bit = true
			continue
		}
		raw = append(raw, t...)
	}
	if !any8bit {
		return decodeWords(string(raw))
	}
	if strings.HasPrefix(string(raw), "=?") { // QUIRK: both encodings at once
		return decodeWords(string(raw))
	}
	text, _ := decodeCharset(charset, raw)
	return text
}

func percent(s string) []byte {
	out := make([]byte, 0, len(s))
	for i := 0; i < len(s); i++ {
		if s[i] == '%' && isHex(s[i+1:]) {
			out = append(out, byte(unhex(s[i+1])<<4|unhex(s[i+2])))
			i += 2
			continue
		}
		out = append(out, s[i])
	}
	return out
}

// nextParameter reads one name=value and what follows it.
func nextParameter(s string) (name, value, rest string) {
	s = strings.TrimLeft(s, "; \t")
	eq := strings.IndexByte(s, '=')
	if semi := strings.IndexByte(s, ';'); eq < 0 || semi >= 0 && semi < eq {
		if semi < 0 {
			return "", "", ""
		}
		return "", "", s[semi+1:]
	}
	name = strings.ToLower(strings.TrimSpace(s[:eq]))
	if i := strings.LastIndexAny(name, " \t"); i >= 0 {
		name = name[i+1:]
	}
	s = strings.TrimLeft(s[eq+1:], " \t")
	if strings.HasPrefix(s, `"`) {
		value, rest = quoted(s)
		return name, value, rest
	}
	end := strings.IndexByte(s, ';')
	if end < 0 {
		end = len(s)
	}
	value = strings.TrimSpace(s[:end])
	if name != "filename" && name != "name" {
		// Only names are written with bare spaces; elsewhere a space ends the
		// value, or a comment follows.
		if i := strings.IndexAny(value, " \t("); i > 0 && !strings.Contains(value, "=?") {
			return name, value[:i], s[i:]
		}
	}
	return name, value, s[min(end, len(s)):]
}

// quoted reads a quoted string. A backslash stays when what follows is not
// special: Windows paths are written so.
func quoted(s string) (value, rest string) {
	var b strings.Builder
	for i := 1; i < len(s); i++ {
		switch c := s[i]; {
		case c == '"':
			return b.String(), s[i+1:]
		case c == '\\' && i+1 < len(s) && (s[i+1] == '"' || s[i+1] == '\\'):
			i++
			b.WriteByte(s[i])
		default:
			b.WriteByte(c)
		}
	}
	return b.String(), ""
}

// CleanName makes a file or display name safe to show and to send on: the
// last path element, without controls, bidirectional overrides and invisible
// signs, on one line, at most 150 bytes.
func CleanName(s string) string {
	s = cleanLine(decodeWords(s))
	if i := strings.LastIndexAny(s, `/\`); i >= 0 {
		s = s[i+1:]
	}
	s = strings.TrimSpace(s)
	if strings.Trim(s, ". ") == "" {
		return ""
	}
	return clipName(s, maxName)
}

// cleanLine strips what must not stand in a subject or a name: controls,
// bidirectional overrides, invisible signs, line ends.
func cleanLine(s string) string {
	s = strings.Map(func(r rune) rune {
		switch {
		case r == '\t' || r == '\n' || r == '\r' || r == '\u2028' || r == '\u2029' || r == '\u00a0':
			return ' '
		case unicode.IsControl(r) || hidden(r):
			return -1
		}
		return r
	}, strings.ToValidUTF8(s, "\ufffd"))
	return squeeze(s)
}

// hidden reports signs that change how the text around them is shown.
func hidden(r rune) bool {
	switch {
	case r >= '\u202a' && r <= '\u202e', r >= '\u2066' && r <= '\u2069': // bidi overrides and isolates
		return true
	case r == '\u200e', r == '\u200f', r == '\u061c', r == '\u200b', r == '\u2060', r == '\ufeff', r == '\u180e', r == '\u00ad':
		return true
	case r >= 0xe0000 && r <= 0xe007f: // tags
		return true
	}
	return false
}

// clipName cuts a long name in the middle of its stem, so that the extension
// stays.
func clipName(s string, limit int) string {
	if len(s) <= limit {
		return s
	}
	ext := ""
	if i := strings.LastIndexByte(s, '.'); i > 0 && len(s)-i <= 12 {
		ext = s[i:]
	}
	return clipBytes(s, limit-len(ext)-len("…")) + "…" + ext
}

// clipBytes cuts at a letter, never within one.
func clipBytes(s string, limit int) string {
	if len(s) <= limit {
		return s
	}
	for limit > 0 && !utf8.RuneStart(s[limit]) {
		limit--
	}
	return s[:limit]
}
