package normalize

import (
	"crypto/sha256"
	"encoding/hex"
	"strings"

	"github.com/balie/balie"
)

// parts lists the files of a mail: its own, then those packed inside others.
func parts(p parcel) []balie.Part {
	var out []balie.Part
	for _, n := range p.files {
		out = append(out, balie.Part{
			Name: fileName(n), Type: n.kind, Size: n.size, SHA256: n.sum,
			Inline: n.disposition == "inline" || n.cid() != "" && n.disposition != "attachment",
			CID:    n.cid(),
		})
	}
	for _, f := range inside(p) {
		out = append(out, balie.Part{Name: CleanName(f.name), Type: f.kind, Size: int64(len(f.content)), SHA256: sumOf(f.content)})
	}
	return out
}

// inside are the files packed inside of texts and containers.
func inside(p parcel) []file {
	var out []file
	for _, x := range p.texts {
		if x.plain != nil {
			out = append(out, x.plain.files...)
		}
	}
	for _, n := range p.files {
		out = append(out, n.files...)
	}
	return out
}

// packed is the content of a packed file.
func packed(p parcel, sum string) []byte {
	for _, f := range inside(p) {
		if sumOf(f.content) == sum {
			return f.content
		}
	}
	return nil
}

func sumOf(b []byte) string {
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:])
}

// cid is the Content-ID without <>, fit to be compared with a cid: link.
func (n *node) cid() string {
	if ids := messageIDs(n.h.get("content-id")); len(ids) > 0 {
		return clipBytes(ids[0], 300)
	}
	return clipBytes(strings.Trim(squeeze(n.h.get("content-id")), "<> "), 300)
}

// fileName is the name as a person would read it. An enclosed mail is called
// by its subject; a file without a name has none.
func fileName(n *node) string {
	if name := CleanName(n.name); name != "" {
		return name
	}
	if n.kind != "message/rfc822" && n.kind != "message/global" {
		return ""
	}
	head, _, _ := strings.Cut(strings.ReplaceAll(strings.TrimLeft(string(n.held), "\r\n"), "\r\n", "\n"), "\n\n")
	h, _, _ := parseHeader([]byte(head))
	subject := strings.NewReplacer("/", " ", `\`, " ").Replace(cleanLine(decodeWords(h.get("subject"))))
	if subject == "" {
		return ""
	}
	return CleanName(clipBytes(subject, maxName-len(".eml")) + ".eml")
}

// extractUU takes uuencoded files out of a text and leaves the rest.
func extractUU(n *node, text string) string {
	if !strings.Contains(text, "begin ") {
		return text
	}
	var out strings.Builder
	lines := strings.SplitAfter(text, "\n")
	for i := 0; i < len(lines); i++ {
		name, ok := uuBegin(strings.TrimRight(lines[i], "\r\n"))
		end := -1
		if ok {
			end = uuEnd(lines[i+1:])
		}
		if end < 0 || len(n.files) >= maxParts {
			out.WriteString(lines[i])
			continue
		}
		f := file{name: name, kind: "application/octet-stream"}
		for _, l := range lines[i+1 : i+1+end] {
			if l = strings.TrimRight(l, "\r\n"); l != "" {
				b, _ := uuLine(l)
				f.content = append(f.content, b...)
			}
		}
		n.files = append(n.files, f)
		i += end + 1
	}
	return out.String()
}

// uuEnd is the index of the line "end" when all lines before it are
// uuencoded, else -1.
func uuEnd(lines []string) int {
	for i, l := range lines {
		l = strings.TrimRight(l, "\r\n")
		if l == "end" {
			return i
		}
		if l == "" {
			continue
		}
		if _, ok := uuLine(l); !ok {
			return -1
		}
	}
	return -1
}
