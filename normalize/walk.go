package normalize

import (
	"crypto/sha256"
	"encoding/hex"
	"hash"
	"slices"
	"strings"
)

// node is one entity of a mail: a multipart with children, or a leaf.
type node struct {
	h           header
	kind        string // media type, "text/plain"
	params      map[string]string
	disposition string
	name        string // as claimed, decoded, not yet cleaned
	children    []*node
	depth       int

	index int // among the leaves, from 0
	size  int64
	sum   string // SHA-256 of the decoded bytes, hex
	held  []byte // decoded bytes, for texts and reports
	cut   bool   // held is not all
	files []file // files found inside of a text or a container
}

// file is content that is not an entity of its own: uuencoded in a text, or
// packed in a winmail.dat.
type file struct {
	name, kind string
	content    []byte
}

// tree collects the entities of one mail from a source that calls enter,
// write and leave. It holds texts up to the limits and only hashes the rest.
type tree struct {
	root     *node
	stack    []*node
	leaves   int
	texts    int // bytes held so far
	warnings []string

	// of the leaf that is being written
	dec  decoder
	hash hash.Hash
	hold int

	// tap, when set, receives the decoded bytes of the leaf with that index.
	tap      func([]byte)
	tapIndex int
}

func (t *tree) warn(s string) {
	if len(t.warnings) < maxWarnings && !slices.Contains(t.warnings, s) {
		t.warnings = append(t.warnings, s)
	}
}

// enter starts an entity and reports the boundary when it is a multipart
// whose parts are to be looked at.
func (t *tree) enter(h header) (n *node, multipart bool) {
	n = describe(h)
	if len(t.stack) > 0 {
		parent := t.stack[len(t.stack)-1]
		n.depth = parent.depth + 1
		if !h.has("content-type") && parent.kind == "multipart/digest" {
			n.kind = "message/rfc822"
		}
		if t.leaves < maxParts {
			parent.children = append(parent.children, n)
		}
	} else {
		t.root = n
	}
	t.stack = append(t.stack, n)
	if strings.HasPrefix(n.kind, "multipart/") {
		if n.depth < maxDepth {
			return n, true
		}
		t.warn("parts nested deeper than 32 levels were left unread")
		n.kind = "application/octet-stream"
	}
	t.startLeaf(n)
	return n, false
}

// startLeaf sets up decoding, hashing and holding for a leaf.
func (t *tree) startLeaf(n *node) {
	if t.leaves == maxParts {
		t.warn("more than 1,000 parts: the others were left unread")
	}
	index := t.leaves
	t.leaves++
	n.index = index
	if index >= maxParts {
		t.dec = &identity{func([]byte) {}}
		t.hash, t.hold = nil, 0
		return
	}
	t.hold = holdOf(n)
	t.hash = sha256.New()
	encoding := n.h.get("content-transfer-encoding")
	var known bool
	t.dec, known = newDecoder(encoding, func(p []byte) {
		n.size += int64(len(p))
		t.hash.Write(p)
		if t.tap != nil && index == t.tapIndex {
			t.tap(p)
		}
		t.keep(n, p)
	})
	if !known {
		t.warn("unknown transfer encoding " + quoteName(encoding) + ": taken as it is")
	}
}

// keep holds decoded bytes as far as the limits allow.
func (t *tree) keep(n *node, p []byte) {
	if t.hold == 0 {
		return
	}
	room := min(t.hold-len(n.held), maxTexts-t.texts)
	if n.kind == "application/ms-tnef" {
		room = t.hold - len(n.held)
	}
	if room < len(p) {
		n.cut = true
		p = p[:max(room, 0)]
		if isText(n.kind) {
			t.warn("a text longer than 2 MB was cut")
		}
	}
	if n.kind != "application/ms-tnef" {
		t.texts += len(p)
	}
	n.held = append(n.held, p...)
}

// holdOf is how many decoded bytes of a leaf are needed to read it.
func holdOf(n *node) int {
	switch {
	case n.kind == "application/ms-tnef":
		return maxTNEF
	case isReport(n.kind) || n.kind == "message/rfc822" || n.kind == "message/global":
		return maxReport
	case isText(n.kind) && n.disposition != "attachment":
		return maxText
	}
	return 0
}

func isText(kind string) bool { return strings.HasPrefix(kind, "text/") }

func isReport(kind string) bool {
	switch kind {
	case "message/delivery-status", "message/global-delivery-status", "message/feedback-report",
		"message/disposition-notification", "message/partial", "text/rfc822-headers", "message/rfc822-headers":
		return true
	}
	return false
}

func (t *tree) write(p []byte) {
	if t.dec != nil {
		t.dec.feed(p)
	}
}

// leave ends the innermost entity.
func (t *tree) leave() {
	n := t.stack[len(t.stack)-1]
	t.stack = t.stack[:len(t.stack)-1]
	if t.dec == nil {
		return
	}
	t.dec.end()
	if t.dec.broken() {
		t.warn("a part is damaged: what could be decoded is shown")
	}
	if u, ok := t.dec.(*uudecoder); ok && n.name == "" {
		n.name = u.name
	}
	if t.hash != nil {
		n.sum = hex.EncodeToString(t.hash.Sum(nil))
	}
	t.dec, t.hash = nil, nil
	if n.kind == "application/ms-tnef" && !n.cut {
		n.files = readTNEF(n.held)
		n.held = nil
	}
}

// describe reads what the header says about an entity.
func describe(h header) *node {
	n := &node{h: h}
	n.kind, n.params = parameters(contentType(h))
	var dp map[string]string
	n.disposition, dp = parameters(h.get("content-disposition"))
	n.name = dp["filename"]
	if n.name == "" {
		n.name = n.params["name"]
	}
	if n.name == "" {
		n.name = n.params["filename"]
	}
	if n.name == "" && n.disposition != "" {
		n.name = dp["name"]
	}
	n.kind = mediaType(n.kind, n.params, n.name)
	if n.disposition != "inline" && n.disposition != "attachment" && n.disposition != "" {
		n.disposition = "attachment" // RFC 2183 section 2.8
		if strings.HasPrefix(n.kind, "text/") && n.name == "" {
			n.disposition = "inline"
		}
	}
	return n
}

// contentType is the field that says most: mails with several exist.
func contentType(h header) string {
	all := h.all("content-type")
	for _, v := range all {
		if strings.Contains(strings.ToLower(v), "multipart/") && strings.Contains(strings.ToLower(v), "boundary") {
			return v
		}
	}
	for _, v := range all {
		if strings.Contains(v, "/") {
			return v
		}
	}
	return ""
}

// mediaType mends types that are missing or malformed.
func mediaType(kind string, params map[string]string, name string) string {
	kind = strings.Join(strings.Fields(kind), "")
	main, sub, found := strings.Cut(kind, "/")
	switch {
	case kind == "" && name == "":
		return "text/plain"
	case main == "multipart" && sub == "":
		return "multipart/mixed"
	case main == "text" && sub == "":
		return "text/plain"
	case !found || main == "" || sub == "":
		if params["charset"] != "" && name == "" {
			return "text/plain"
		}
		return "application/octet-stream"
	case kind == "application/vnd.ms-tnef":
		return "application/ms-tnef"
	case kind == "text/htm" || kind == "text/xhtml" || kind == "application/xhtml+xml":
		return "text/html"
	case !onlyOf(kind, "abcdefghijklmnopqrstuvwxyz0123456789!#$&^_.+-/") || strings.Count(kind, "/") > 1 || len(kind) > 127:
		return "application/octet-stream"
	}
	if kind == "application/octet-stream" && strings.EqualFold(name, "winmail.dat") {
		return "application/ms-tnef"
	}
	return kind
}

// quoteName shows a foreign word in a warning.
func quoteName(s string) string { return `"` + clipBytes(cleanLine(s), 40) + `"` }

// onlyOf reports whether s has no other letters than the allowed ones.
func onlyOf(s, allowed string) bool {
	return strings.IndexFunc(s, func(r rune) bool { return !strings.ContainsRune(allowed, r) }) < 0
}
