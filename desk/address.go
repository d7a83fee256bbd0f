package desk

import (
	"fmt"
	"strings"

	"github.com/nyaruka/phonenumbers"

	"github.com/balie/balie"
	"github.com/balie/balie/normalize"
)

// country is where a telephone number without a country code is.
const country = "NL"

// readAddress makes an address as somebody typed it one of ours: mail in small
// letters, a number in E.164.
func readAddress(a balie.Address) (balie.Address, error) {
	a.Value = strings.TrimSpace(a.Value)
	switch a.Scheme {
	case balie.Mail:
		read, ok := normalize.ParseAddress(a.Value)
		if !ok {
			return a, &balie.InvalidError{Field: "address", Problem: fmt.Sprintf("%q is not a mail address", a.Value), Fix: "write it as name@example.nl"}
		}
		a.Value = read.Value
		return a, nil
	case balie.Tel:
		n, err := phonenumbers.Parse(a.Value, country)
		if err != nil || !phonenumbers.IsPossibleNumber(n) {
			return a, &balie.InvalidError{Field: "address", Problem: fmt.Sprintf("%q is not a telephone number", a.Value), Fix: "write it with its area code, or with + and the country"}
		}
		a.Value = phonenumbers.Format(n, phonenumbers.E164)
		return a, nil
	case balie.Slack:
		if team, user, ok := strings.Cut(a.Value, "/"); ok && team != "" && user != "" {
			return a, nil
		}
	}
	return a, &balie.InvalidError{Field: "address", Problem: "that is no address of a person", Fix: "give a mail address or a telephone number"}
}
