package ui

// Stylesheet is the one that all pages have, for pages that are files of their
// own.
func Stylesheet() string {
	b, err := files.ReadFile("static/balie.css")
	if err != nil {
		panic(err) // it is part of the program
	}
	return string(b)
}
