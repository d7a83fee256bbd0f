package progress

import (
	_ "embed"
	"slices"
)

//go:embed sample.yaml
var sample []byte

// Sample is the document that a desk begins with. It names nothing of a
// catalogue, so it holds with any.
func Sample() []byte { return slices.Clone(sample) }
