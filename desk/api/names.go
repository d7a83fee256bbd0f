package api

import (
	"reflect"
	"strings"

	"github.com/danielgtaylor/huma/v2"
)

// naming names the bodies in the document. One without a name of its own is
// named after the operation that has it first.
type naming struct {
	operation string // that is being registered
	known     map[reflect.Type]string
	taken     map[string]bool
}

func newNaming() *naming { return &naming{known: map[reflect.Type]string{}, taken: map[string]bool{}} }

func (n *naming) name(t reflect.Type, hint string) string {
	for t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	if t.Name() != "" || t.Kind() != reflect.Struct {
		return huma.DefaultSchemaNamer(t, hint)
	}
	if name, ok := n.known[t]; ok {
		return name
	}
	var b strings.Builder
	for _, part := range strings.Split(n.operation, "-") {
		b.WriteString(strings.ToUpper(part[:1]) + part[1:])
	}
	b.WriteString("Body")
	if n.taken[b.String()] {
		b.WriteString("Answer")
	}
	n.known[t], n.taken[b.String()] = b.String(), true
	return b.String()
}
