package router

import (
	_ "embed"
	"slices"
)

//go:embed sample.yaml
var sample []byte

// Sample is the ruleset a desk begins with, with a test for every rule.
func Sample() []byte { return slices.Clone(sample) }
