// Package export is in charge of how a factsheet leaves the desk: as one page
// for people (HTML and PDF, with drawings), and as files for programs (CSV,
// JSON, XLSX).
//
// Guarantees:
//  1. Every way out has the same numbers: all of them are written from one list
//     of lines, and the page from the same Factsheet.
//  2. A cell of text never becomes a formula in a spreadsheet; a number stays a
//     number (S6).
//  3. The page is one A4, has no style attribute and no script, and can be read
//     without colour: what is missed is also said in words and drawn hatched.
//  4. It is pure but for PDF: the same factsheet gives the same bytes.
package export
