package webform_test

import (
	"regexp"
	"strings"
)

func replaceAll(re, s, with string) string { return regexp.MustCompile(re).ReplaceAllString(s, with) }

// trimmed is the status page a receipt belongs to.
func trimmed(at string) string {
	path, _, _ := strings.Cut(at, "/received")
	return path
}
