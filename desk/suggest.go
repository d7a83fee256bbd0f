package desk

import "github.com/balie/balie"

// Suggestion is a catalogue answer for somebody's words.
type Suggestion struct {
	Product   balie.Product
	Score     float64
	Threshold float64  // from which it could go out by itself
	Terms     []string // that spoke for it, as the customer wrote them
	Like      string   // the nearest example
	Answer    string   // Markdown, filled in; "" when there is none or a value is missing
	NoAnswer  string   // why Answer is empty, in words
	Missing   []balie.Field
}

// Snippet is a piece of text that agents insert. Placeholders: Placeholders.
type Snippet struct {
	ID       string
	Version  uint64
	Name     string
	Language string // "": any
	Text     string // Markdown with {placeholders}
	By       string
}
