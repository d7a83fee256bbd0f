package normalize

import (
	"encoding/base64"
	"strings"
	"unicode/utf16"
)

// decodeUTF7 reads RFC 2152. What is not well-formed stays as it is.
func decodeUTF7(b []byte) string {
	var out strings.Builder
	for i := 0; i < len(b); {
		if b[i] != '+' {
			if b[i] < 0x80 {
				out.WriteByte(b[i])
			} else {
				out.WriteRune('\ufffd')
			}
			i++
			continue
		}
		end := i + 1
		for end < len(b) && isBase64(b[end]) {
			end++
		}
		word := string(b[i+1 : end])
		switch raw, err := base64.RawStdEncoding.DecodeString(word); {
		case word == "":
			out.WriteByte('+')
		case err != nil || len(raw) < 2:
			out.WriteString("+" + word)
		default:
			units := make([]uint16, len(raw)/2)
			for j := range units {
				units[j] = uint16(raw[2*j])<<8 | uint16(raw[2*j+1])
			}
			out.WriteString(string(utf16.Decode(units)))
		}
		if end < len(b) && b[end] == '-' {
			end++
		}
		i = end
	}
	return out.String()
}

func isBase64(c byte) bool {
	return c >= 'A' && c <= 'Z' || c >= 'a' && c <= 'z' || c >= '0' && c <= '9' || c == '+' || c == '/'
}
