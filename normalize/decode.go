package normalize

import (
	"bytes"
	"encoding/base64"
	"strings"
)

// decoder undoes a transfer encoding piece by piece: what it is fed comes out
// at sink. None of them fails: what cannot be decoded is passed on or
// skipped, and broken tells so.
type decoder interface {
	feed(p []byte)
	end()
	broken() bool
}

// newDecoder is the decoder of a Content-Transfer-Encoding. known is false for
// a name nobody knows; the bytes then pass as they are.
func newDecoder(name string, sink func([]byte)) (d decoder, known bool) {
	name = strings.ToLower(strings.Trim(name, " \t\"';"))
	if i := strings.IndexAny(name, " \t(;"); i > 0 {
		name = name[:i]
	}
	switch name {
	case "quoted-printable", "quoted_printable", "quotedprintable", "qp":
		return &quotedPrintable{sink: sink}, true
	case "base64", "base-64", "b64", "base_64":
		return &base64Decoder{sink: sink}, true
	case "x-uuencode", "uuencode", "x-uue", "uue":
		return &uudecoder{sink: sink}, true
	case "", "7bit", "8bit", "binary", "7-bit", "8-bit", "none", "utf-8", "us-ascii", "7 bit":
		return &identity{sink: sink}, true
	}
	return &identity{sink: sink}, false
}

type identity struct{ sink func([]byte) }

func (d *identity) feed(p []byte) { d.sink(p) }
func (d *identity) end()          {}
func (d *identity) broken() bool  { return false }

// base64Decoder skips letters that do not belong and takes padding in the
// middle as the end of one piece and the start of the next.
type base64Decoder struct {
	sink func([]byte)
	quad []byte // clean letters not yet decoded
	out  []byte
	bad  bool
}

func (d *base64Decoder) feed(p []byte) {
	if len(d.quad) == 0 && len(p)%4 == 0 && d.clean(p) {
		return
	}
	for _, c := range p {
		switch {
		case isBase64(c):
			d.quad = append(d.quad, c)
		case c == '=':
			d.flush(false)
		case c == '\r' || c == '\n' || c == ' ' || c == '\t':
		default:
			d.bad = true
		}
	}
	d.flush(true)
}

// clean decodes a piece that is whole and faultless, as nearly all are.
func (d *base64Decoder) clean(p []byte) bool {
	if need := base64.StdEncoding.DecodedLen(len(p)); cap(d.out) < need {
		d.out = make([]byte, need)
	}
	n, err := base64.StdEncoding.Decode(d.out[:cap(d.out)], p)
	if err != nil {
		return false
	}
	if n > 0 {
		d.sink(d.out[:n])
	}
	return true
}

// flush decodes what is there, keeping an unfinished quad when more may come.
func (d *base64Decoder) flush(more bool) {
	n := len(d.quad)
	if more {
		n -= n % 4
	} else if n%4 == 1 {
		n--
		d.bad = true
	}
	if n > 0 {
		if need := base64.RawStdEncoding.DecodedLen(n); cap(d.out) < need {
			d.out = make([]byte, need)
		}
		m, _ := base64.RawStdEncoding.Decode(d.out[:cap(d.out)], d.quad[:n])
		d.sink(d.out[:m])
	}
	if !more {
		d.quad = d.quad[:0]
		return
	}
	d.quad = append(d.quad[:0], d.quad[n:]...)
}

func (d *base64Decoder) end()         { d.flush(false) }
func (d *base64Decoder) broken() bool { return d.bad }

// quotedPrintable works line by line, because white space at the end of a
// line does not count.
type quotedPrintable struct {
	sink func([]byte)
	line []byte
	out  []byte
	bad  bool
}

func (d *quotedPrintable) feed(p []byte) {
	for len(p) > 0 {
		i := bytes.IndexByte(p, '\n') + 1
		if i == 0 {
			d.line = append(d.line, p...)
			if len(d.line) >= lineBuffer {
				d.flush()
			}
			return
		}
		d.line = append(d.line, p[:i]...)
		d.flush()
		p = p[i:]
	}
}

func (d *quotedPrintable) flush() {
	line := d.line
	eol := ""
	if n := len(line); n > 0 && line[n-1] == '\n' {
		eol = "\n"
		line = line[:n-1]
		if n > 1 && line[n-2] == '\r' {
			eol, line = "\r\n", line[:n-2]
		}
		line = trimRight(line)
	}
	if n := len(line); n > 0 && line[n-1] == '=' && eol != "" {
		line, eol = line[:n-1], ""
	}
	keep := 0 // letters of an escape that the next piece completes
	d.out = d.out[:0]
	for i := 0; i < len(line); i++ {
		switch {
		case line[i] != '=':
			d.out = append(d.out, line[i])
		case i+2 < len(line) && unhex(line[i+1]) >= 0 && unhex(line[i+2]) >= 0:
			d.out = append(d.out, byte(unhex(line[i+1])<<4|unhex(line[i+2])))
			i += 2
		case eol == "" && i+2 >= len(line):
			keep = len(line) - i
			i = len(line)
		default:
			d.bad = true
			d.out = append(d.out, '=')
		}
	}
	d.sink(append(d.out, eol...))
	d.line = append(d.line[:0], line[len(line)-keep:]...)
	if eol != "" || keep == 0 {
		d.line = d.line[:0]
	}
}

func (d *quotedPrintable) end() {
	if len(d.line) > 0 {
		d.flush()
		if string(d.line) != "=" {
			d.sink(d.line)
		}
	}
}

func (d *quotedPrintable) broken() bool { return d.bad }

func trimRight(b []byte) []byte {
	for len(b) > 0 && (b[len(b)-1] == ' ' || b[len(b)-1] == '\t') {
		b = b[:len(b)-1]
	}
	return b
}

// uudecoder reads one uuencoded file. Lines before "begin" are skipped.
type uudecoder struct {
	sink  func([]byte)
	line  []byte
	begun bool
	ended bool
	bad   bool
	name  string
}

func (d *uudecoder) feed(p []byte) {
	for len(p) > 0 {
		i := bytes.IndexByte(p, '\n') + 1
		if i == 0 {
			d.line = append(d.line, p...)
			if len(d.line) > 1000 {
				d.line, d.bad = d.line[:0], true
			}
			return
		}
		d.one(strings.TrimRight(string(d.line)+string(p[:i]), "\r\n"))
		d.line = d.line[:0]
		p = p[i:]
	}
}

func (d *uudecoder) one(line string) {
	switch {
	case d.ended || line == "":
	case !d.begun:
		d.name, d.begun = uuBegin(line)
	case line == "end":
		d.ended = true
	default:
		out, ok := uuLine(line)
		d.bad = d.bad || !ok
		d.sink(out)
	}
}

func (d *uudecoder) end() {
	if len(d.line) > 0 {
		d.feed([]byte("\n"))
	}
}

func (d *uudecoder) broken() bool { return d.bad || !d.begun }

// uuBegin reads "begin 644 name".
func uuBegin(line string) (name string, ok bool) {
	f := strings.SplitN(line, " ", 3)
	if len(f) != 3 || f[0] != "begin" || len(f[1]) < 3 || len(f[1]) > 4 || strings.Trim(f[1], "01234567") != "" {
		return "", false
	}
	return strings.TrimSpace(f[2]), true
}

// uuLine decodes one line; ok is false when it is not one.
func uuLine(line string) (out []byte, ok bool) {
	n := int(line[0]-' ') & 63
	body := line[1:]
	need := (n + 2) / 3 * 4
	if line[0] < ' ' || line[0] > '`' || len(body) > need+3 {
		return nil, false
	}
	for len(body) < need { // QUIRK: trailing spaces are lost on the way
		body += " "
	}
	for i := 0; i+4 <= need; i += 4 {
		a, b, c, d := (body[i]-' ')&63, (body[i+1]-' ')&63, (body[i+2]-' ')&63, (body[i+3]-' ')&63
		out = append(out, a<<2|b>>4, b<<4|c>>2, c<<6|d)
	}
	return out[:min(n, len(out))], true
}
