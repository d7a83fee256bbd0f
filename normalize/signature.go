package normalize

import (
	"regexp"
	"strings"
)

// signatureLines is how many lines a signature has at most; a longer text
// behind the mark is not taken for one.
const signatureLines = 25

// cutSignature takes the signature off the end. The greeting and the name
// stay: they are the customer's words.
func cutSignature(lines []string) (keep []string, signed string) {
	lines = trimEnds(lines)
	cut := len(lines)
	for i := len(lines) - 1; i >= 0 && filled(lines[i:]) <= signatureLines; i-- {
		if signatureMark(lines[i]) || sentFrom(lines[i], lines[i+1:]) || listFooter(lines[i:]) {
			cut = i
		}
		if len(lines)-i > 4*signatureLines {
			break
		}
	}
	if cut == 0 && !blank(lines) {
		return lines, "" // a mail that is nothing but a signature stays
	}
	signed = strings.Join(lines[cut:], "\n")
	keep = trimEnds(lines[:cut])
	if k := contactBlock(keep); k < len(keep) {
		signed = strings.Join(keep[k:], "\n") + "\n" + signed
		keep = keep[:k]
	}
	if k := dashedName(keep); k < len(keep) {
		signed = keep[k] + "\n" + signed
		keep = keep[:k]
	}
	return keep, signed
}

// filled counts lines with something on them.
func filled(lines []string) int {
	n := 0
	for _, l := range lines {
		if strings.TrimSpace(l) != "" {
			n++
		}
	}
	return n
}

// signatureMark is the line "-- " of RFC 3676 section 4.3 and its common
// misspellings.
func signatureMark(line string) bool {
	switch strings.TrimRight(line, " \t\u00a0") {
	case "--", "—", "__", "---":
		return true
	}
	return false
}

var device = regexp.MustCompile(`^(?i)[\s*_(\[]*(?:sent from (?:my|mail for|outlook|yahoo|samsung|the|a|windows|gmail|proton ?mail|mobile|ipad|iphone|blackberry|android|mailbox|aol|nine|bluemail|spark|email)\b.{0,80}|sent (?:with|via|by|using) .{1,60}|get outlook for (?:ios|android).{0,60}|verzonden (?:vanaf|vanuit|via|met|met behulp van) .{1,80}|verstuurd (?:vanaf|vanuit|via|met) .{1,80}|gesendet von (?:meinem|mail|outlook|unterwegs|mobil).{0,80}|von meinem .{1,40} gesendet.{0,20}|diese nachricht wurde von meinem .{1,60}gesendet.{0,20}|envoyé (?:de|depuis|à partir d).{1,80}|enviado (?:desde|do|de|a partir d).{1,80}|inviato da.{1,80}|sendt fra .{1,80}|skickat från .{1,80}|lähetetty .{1,80}|wysłane z .{1,80}|outlook (?:voor|for|für|pour) (?:ios|android).{0,60}|download outlook voor .{1,60})[\s*_)\].]*$`)

// sentFrom reports the line a phone or program adds, when it stands at the
// end and is not a sentence of the writer.
func sentFrom(line string, after []string) bool {
	t := strings.TrimSpace(line)
	if len(t) > 140 || len(t) < 8 || !device.MatchString(t) {
		return false
	}
	return !strings.Contains(strings.TrimRight(t, "."), ", ") && filled(after) <= 8
}

// listFooter reports the lines a mailing list adds below a drawn line.
func listFooter(lines []string) bool {
	t := strings.TrimSpace(lines[0])
	if len(t) < 20 || strings.Trim(t, "_-") != "" || filled(lines) > 8 {
		return false
	}
	low := strings.ToLower(strings.Join(lines, "\n"))
	return strings.Contains(low, "mailing list") || strings.Contains(low, "unsubscribe") || strings.Contains(low, "afmelden")
}

var (
	greeting = regexp.MustCompile(`^(?i)[\s*_]*(?:met (?:vriendelijke|hartelijke|zonnige|sportieve|beste) (?:groet|groeten|groetjes)|(?:vriendelijke|hartelijke) groet(?:en|jes)?|mvg|m\.v\.g\.?|groet(?:en|jes)?|hoogachtend|alvast bedankt|(?:with )?(?:kind|best|warm|many)?\s*regards|best wishes|yours (?:sincerely|faithfully|truly)|sincerely(?: yours)?|cheers|thanks|thank you|many thanks|mit (?:freundlichen|besten) grü(?:ß|ss)en|(?:viele|beste|liebe|freundliche) grü(?:ß|ss)e|cordialement|bien à vous|sincères salutations|saludos(?: cordiales)?|un saludo|atentamente)[\s*_]*[,.!]?[\s*_]*$`)
	contact  = regexp.MustCompile(`(?i)(?:\+?\d[\d\s().\-]{7,}\d|\bwww\.|https?://|[^\s@]+@[^\s@]+\.[a-z]{2,}|\b(?:tel|t|m|mob|mobiel|telefoon|phone|fax|kvk|btw)\s?[:.]\s?\+?[\d(]|\b\d{4}\s?[A-Z]{2}\b|linkedin|disclaimer|confidential|vertrouwelijk)`)
)

// contactBlock is where the block with function, company and numbers starts
// that stands under a greeting and a name; len(lines) when there is none.
func contactBlock(lines []string) int {
	for i := len(lines) - 1; i >= 0 && len(lines)-i <= 4*signatureLines && filled(lines[i:]) <= signatureLines; i-- {
		if !greeting.MatchString(lines[i]) {
			continue
		}
		name := i + 1
		for name < len(lines) && strings.TrimSpace(lines[name]) == "" {
			name++
		}
		if name >= len(lines) || len(lines[name]) > 60 || strings.ContainsAny(lines[name], ".?!") {
			return len(lines)
		}
		below := lines[name+1:]
		if filled(below) == 0 || !contact.MatchString(strings.Join(below, "\n")) {
			return len(lines)
		}
		if prose(below) {
			return len(lines)
		}
		return name + 1
	}
	return len(lines)
}

// prose reports that somebody goes on writing below the name: a question, a
// postscript, a sentence to the reader.
func prose(lines []string) bool {
	for _, l := range lines {
		t := strings.ToLower(strings.TrimSpace(l))
		if strings.HasSuffix(t, "?") || strings.HasPrefix(t, "ps") || strings.HasPrefix(t, "p.s") || strings.HasPrefix(t, "nb:") || strings.HasPrefix(t, "n.b.") {
			return true
		}
		words := len(strings.Fields(t))
		if words >= 6 && words < 30 && (strings.HasSuffix(t, ".") || strings.HasSuffix(t, "!")) && !contact.MatchString(t) {
			return true
		}
	}
	return false
}

var dashed1 = regexp.MustCompile(`^[-–—]\p{Lu}[\p{L}.'-]*(?: \p{Lu}[\p{L}.'-]*){0,3}$`)

// dashedName is the index of a last line such as "-Jan Jansen" below an empty
// line.
func dashedName(lines []string) int {
	n := len(lines)
	if n >= 3 && strings.TrimSpace(lines[n-2]) == "" && dashed1.MatchString(strings.TrimSpace(lines[n-1])) {
		return n - 1
	}
	return n
}
