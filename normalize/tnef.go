package normalize

import (
	"encoding/binary"
	"unicode/utf16"
)

// Attributes and properties of TNEF ([MS-OXTNEF] sections 2.1.3 and 2.2).
const (
	tnefSignature  = 0x223e9f78
	tnefNextFile   = 0x00069002 // attAttachRendData: starts a file
	tnefTitle      = 0x00018010
	tnefContent    = 0x0006800f
	tnefFileProps  = 0x00069005
	tnefMailProps  = 0x00069003
	propDataObject = 0x3701
	propShortName  = 0x3704
	propLongName   = 0x3707
	propMediaType  = 0x370e
	propHTML       = 0x1013
)

// readTNEF takes the files out of a winmail.dat, and its HTML body as one more
// when there is one. Damaged input gives the files before the damage.
func readTNEF(b []byte) []file {
	if len(b) < 6 || binary.LittleEndian.Uint32(b) != tnefSignature {
		return nil
	}
	r := reader{b: b[6:]}
	var out []file
	current := -1
	for len(out) < maxParts {
		level := r.take(1)
		id := r.u32()
		data := r.take(int(r.u32()))
		r.take(2) // checksum
		if level == nil || r.bad {
			break
		}
		if id == tnefNextFile {
			out = append(out, file{kind: "application/octet-stream"})
			current = len(out) - 1
			continue
		}
		if id == tnefMailProps {
			if html := properties(data)[propHTML]; len(html) > 0 {
				out = append(out, file{name: "body.html", kind: "text/html", content: html})
			}
			continue
		}
		if current < 0 {
			continue
		}
		f := &out[current]
		switch id {
		case tnefTitle:
			if f.name == "" {
				f.name = tnefText(data)
			}
		case tnefContent:
			f.content = data
		case tnefFileProps:
			f.describe(properties(data))
		}
	}
	return out
}

func (f *file) describe(p map[uint16][]byte) {
	for _, id := range []uint16{propLongName, propShortName} {
		if v := tnefText(p[id]); v != "" {
			f.name = v
			break
		}
	}
	if v, _ := parameters(tnefText(p[propMediaType])); v != "" {
		f.kind = mediaType(v, nil, f.name)
	}
	if v := p[propDataObject]; len(f.content) == 0 && len(v) > 16 {
		f.content = v[16:] // behind the id of the interface
	}
}

// reader reads little-endian values and remembers running out.
type reader struct {
	b   []byte
	bad bool
}

func (r *reader) take(n int) []byte {
	if n < 0 || n > len(r.b) {
		r.bad = true
		r.b = nil
		return nil
	}
	v := r.b[:n]
	r.b = r.b[n:]
	return v
}

func (r *reader) u32() uint32 {
	v := r.take(4)
	if v == nil {
		return 0
	}
	return binary.LittleEndian.Uint32(v)
}

func (r *reader) u16() uint16 {
	v := r.take(2)
	if v == nil {
		return 0
	}
	return binary.LittleEndian.Uint16(v)
}

// properties reads a property list. Text in UTF-16 becomes UTF-8; of several
// values the first counts.
func properties(b []byte) map[uint16][]byte {
	out := map[uint16][]byte{}
	r := reader{b: b}
	for n := min(r.u32(), 2000); n > 0 && !r.bad; n-- {
		kind, id := r.u16(), r.u16()
		if id >= 0x8000 { // named: a GUID and a number or a name
			r.take(16)
			if r.u32() == 0 {
				r.u32()
			} else {
				r.padded(int(r.u32()))
			}
		}
		v := r.value(kind)
		if _, seen := out[id]; !seen && !r.bad {
			out[id] = v
		}
	}
	return out
}

func (r *reader) value(kind uint16) []byte {
	multi := kind&0x1000 != 0
	kind &^= 0x1000
	values := uint32(1)
	variable := kind == 0x1e || kind == 0x1f || kind == 0x102 || kind == 0x0d
	if multi || variable {
		values = min(r.u32(), 2000)
	}
	var first []byte
	for i := range values {
		var v []byte
		switch kind {
		case 0x1e, 0x102, 0x0d:
			v = r.padded(int(r.u32()))
		case 0x1f:
			v = fromUTF16(r.padded(int(r.u32())))
		case 0x05, 0x06, 0x07, 0x14, 0x40:
			v = r.take(8)
		case 0x48:
			v = r.take(16)
		default:
			v = r.take(4)
		}
		if i == 0 {
			first = v
		}
		if r.bad {
			return nil
		}
	}
	return first
}

// padded takes n bytes and what fills them up to a multiple of four.
func (r *reader) padded(n int) []byte {
	v := r.take(n)
	if v != nil {
		r.take(min((4-n%4)%4, len(r.b)))
	}
	return v
}

func fromUTF16(b []byte) []byte {
	u := make([]uint16, len(b)/2)
	for i := range u {
		u[i] = binary.LittleEndian.Uint16(b[2*i:])
	}
	return []byte(string(utf16.Decode(u)))
}

// tnefText is text up to its NUL.
func tnefText(b []byte) string {
	for i, c := range b {
		if c == 0 {
			b = b[:i]
			break
		}
	}
	return rawText(string(b))
}
