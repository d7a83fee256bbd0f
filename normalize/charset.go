package normalize

import (
	"bytes"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/htmlindex"
	"golang.org/x/text/encoding/ianaindex"
	"golang.org/x/text/encoding/japanese"
	"golang.org/x/text/encoding/korean"
	"golang.org/x/text/encoding/simplifiedchinese"
	"golang.org/x/text/encoding/traditionalchinese"
	encunicode "golang.org/x/text/encoding/unicode"
)

// decodeCharset makes valid UTF-8 of bytes in the named charset. Names that
// are missing, unknown or plainly wrong are guessed at; the second result
// says so.
func decodeCharset(label string, b []byte) (string, bool) {
	b = bytes.TrimPrefix(b, []byte("\xef\xbb\xbf"))
	name := charsetName(label)
	ascii := isASCII(b)
	if ascii && !stateful(name) {
		return string(b), false
	}
	valid := utf8.Valid(b)
	switch {
	case name == "utf-8" && valid:
		return string(b), false
	case name == "utf-8" && mostlyUTF8(b):
		return strings.ToValidUTF8(string(b), "\ufffd"), true
	case name == "utf-7":
		return decodeUTF7(b), false
	case valid && (name == "" || name == "us-ascii" || latin(name)):
		// QUIRK: UTF-8 under a Latin label is a common mistake; Latin text that
		// happens to be valid UTF-8 is very rare.
		return string(b), true
	}
	if name != "" && name != "us-ascii" && name != "utf-8" {
		if e := lookupCharset(name); e != nil {
			if s, ok := decodeWith(e, b); ok {
				return s, false
			}
		}
	}
	if strings.HasPrefix(name, "iso-2022-jp") {
		// QUIRK: Shift_JIS under the label of the mail standard.
		if s, ok := decodeWith(japanese.ShiftJIS, b); ok {
			return s, true
		}
	}
	return guessCharset(b), true
}

// charsetName is the label as the tables know it; "" when it says nothing.
func charsetName(label string) string {
	l := strings.ToLower(strings.Trim(label, " \t\"'<>;,"))
	if i := strings.IndexByte(l, '*'); i > 0 { // RFC 2231 section 5: language
		l = l[:i]
	}
	switch l {
	case "utf8", "utf-8", "utf_8", "unicode-1-1-utf-8", "utf8mb4", "utf-8-sig", "utf":
		return "utf-8"
	case "utf-7", "utf7", "unicode-1-1-utf-7", "x-unicode-2-0-utf-7":
		return "utf-7"
	case "ascii", "us-ascii", "ansi_x3.4-1968", "iso-ir-6", "646":
		return "us-ascii"
	case "unknown", "unknown-8bit", "x-unknown", "default", "default_charset", "_charset", "8bit", "binary", "none", "utf-16be?", "x-user-defined":
		return ""
	case "ansi", "latin", "cp-1252", "windows1252", "win-1252", "cp1252", "_iso-8859-1", "iso8859_1", "iso_8859_1", "iso88591", "iso-8859-1-windows-3.1-latin-1", "windows-1252http-equivcontent-type":
		return "windows-1252"
	case "cp932", "ms932", "windows-31j", "ms_kanji", "sjis", "x-ms-cp932", "cp943":
		return "shift_jis"
	case "cp936", "x-gbk", "gb_2312-80", "cn-gb", "gb18030-2000", "euc-cn":
		return "gb18030"
	case "cp949", "ms949", "uhc", "ks_c_5601", "ksc5601", "windows-949", "ks_c_5601-1987", "5601":
		return "euc-kr"
	case "cp950", "x-x-big5", "cn-big5":
		return "big5"
	case "iso-2022-jp-1", "iso-2022-jp-2", "iso-2022-jp-3", "iso-2022-jp-ms", "cp50220", "cp50221", "jis":
		return "iso-2022-jp"
	case "utf-16", "utf16", "ucs-2", "iso-10646-ucs-2", "unicode":
		return "utf-16"
	}
	if n, ok := strings.CutPrefix(l, "cp-125"); ok {
		return "windows-125" + n
	}
	if n, ok := strings.CutPrefix(l, "cp125"); ok {
		return "windows-125" + n
	}
	if n, ok := strings.CutPrefix(l, "win125"); ok {
		return "windows-125" + n
	}
	return l
}

func latin(name string) bool {
	switch name {
	case "windows-1252", "iso-8859-1", "latin1", "l1", "iso_8859-1", "iso8859-1", "iso-8859-15", "latin-9", "latin9", "windows-1250", "iso-8859-2", "windows-1254", "iso-8859-9":
		return true
	}
	return false
}

// stateful charsets write other scripts in plain ASCII bytes.
func stateful(name string) bool {
	return strings.HasPrefix(name, "iso-2022") || name == "hz-gb-2312" || name == "utf-7" || strings.HasPrefix(name, "utf-16") || strings.HasPrefix(name, "utf-32")
}

func lookupCharset(name string) encoding.Encoding {
	switch name {
	case "utf-16":
		return encunicode.UTF16(encunicode.BigEndian, encunicode.UseBOM)
	case "hz-gb-2312":
		return simplifiedchinese.HZGB2312
	case "iso-2022-jp":
		return japanese.ISO2022JP
	}
	// htmlindex knows what browsers make of a label; some of its answers are
	// "replacement", which would lose the text.
	if e, err := htmlindex.Get(name); err == nil && e != encoding.Replacement {
		return e
	}
	if e, err := ianaindex.MIME.Encoding(name); err == nil && e != nil {
		return e
	}
	if e, err := ianaindex.IANA.Encoding(name); err == nil && e != nil {
		return e
	}
	return nil
}

// decodeWith decodes and reports whether the result is plausible: at most one
// letter in twenty that the charset does not know.
func decodeWith(e encoding.Encoding, b []byte) (string, bool) {
	out, err := e.NewDecoder().Bytes(b)
	if err != nil {
		return "", false
	}
	s := strings.ToValidUTF8(string(out), "\ufffd")
	return s, strings.Count(s, "\ufffd")*20 <= utf8.RuneCountInString(s)
}

// guessCharset makes text of bytes without a usable label.
func guessCharset(b []byte) string {
	if utf8.Valid(b) {
		return string(b)
	}
	switch {
	case bytes.HasPrefix(b, []byte("\xff\xfe")), bytes.HasPrefix(b, []byte("\xfe\xff")):
		if s, ok := decodeWith(encunicode.UTF16(encunicode.BigEndian, encunicode.UseBOM), b); ok {
			return s
		}
	case mostlyUTF8(b):
		return strings.ToValidUTF8(string(b), "\ufffd")
	}
	best, score := "", -1.0
	sample := b[:min(len(b), maxClassified)]
	for _, c := range guesses {
		s, ok := decodeWith(c.enc, sample)
		if !ok {
			continue
		}
		if v := plausible(s, c.script); v > score {
			score = v
			best = s
			if len(sample) < len(b) {
				best, _ = decodeWith(c.enc, b)
			}
		}
	}
	if score >= 0 {
		return best
	}
	s, _ := decodeWith(charmap.Windows1252, b)
	return s
}

// guesses are the charsets tried, the likeliest on a European desk first: a
// later one must be clearly better.
var guesses = []struct {
	enc    encoding.Encoding
	script []*unicode.RangeTable
}{
	{charmap.Windows1252, []*unicode.RangeTable{unicode.Latin}},
	{charmap.Windows1251, []*unicode.RangeTable{unicode.Cyrillic}},
	{charmap.KOI8R, []*unicode.RangeTable{unicode.Cyrillic}},
	{japanese.ShiftJIS, []*unicode.RangeTable{unicode.Han, unicode.Hiragana, unicode.Katakana}},
	{japanese.EUCJP, []*unicode.RangeTable{unicode.Han, unicode.Hiragana, unicode.Katakana}},
	{simplifiedchinese.GBK, []*unicode.RangeTable{unicode.Han}},
	{traditionalchinese.Big5, []*unicode.RangeTable{unicode.Han}},
	{korean.EUCKR, []*unicode.RangeTable{unicode.Hangul}},
}

// plausible scores text by how its non-ASCII runes look: letters of the
// script in the middle of lower-case words count, odd signs and capitals in
// the middle of a word cost.
func plausible(s string, script []*unicode.RangeTable) float64 {
	var good, bad, n, kana float64
	prev := ' '
	for _, r := range s {
		if r < 0x80 {
			prev = r
			continue
		}
		n++
		switch {
		case unicode.IsControl(r) || r == '\ufffd' || r >= 0xff61 && r <= 0xff9f:
			bad += 2 // half-width kana are what other charsets look like in Shift_JIS
		case unicode.In(r, script...):
			good++
			if unicode.In(r, unicode.Hiragana, unicode.Katakana) && r < 0xff00 || r == 'ー' {
				kana++
			}
			if unicode.IsUpper(r) && unicode.IsLower(prev) {
				bad++
			}
			if script[0] == unicode.Latin && prev >= 0x80 && unicode.IsLetter(prev) {
				bad += 0.7 // accented letters seldom stand side by side
			}
		case unicode.IsLetter(r):
			bad++
		case !unicode.In(r, unicode.P, unicode.Sc, unicode.Zs):
			bad += 0.3
		}
		prev = r
	}
	if n == 0 {
		return 0
	}
	v := (good - bad) / n
	if len(script) > 1 && kana*3 > n {
		v += 0.3 // nobody else writes kana
	}
	if script[0] != unicode.Latin {
		v -= 0.15
		if n < 6 && kana == 0 {
			v -= 0.5 // too little to leave Latin for
		}
	}
	return v
}

// mostlyUTF8 reports text that is UTF-8 but for a few broken places, as when
// a mailer cut it in the middle of a letter.
func mostlyUTF8(b []byte) bool {
	good, bad := 0, 0
	for len(b) > 0 {
		r, n := utf8.DecodeRune(b)
		switch {
		case r == utf8.RuneError && n == 1:
			bad++
		case r >= 0x80:
			good++
		}
		b = b[n:]
	}
	return good > 0 && bad <= 1+good/10
}

func isASCII(b []byte) bool {
	for _, c := range b {
		if c >= 0x80 {
			return false
		}
	}
	return true
}
