package email

import (
	"encoding/base64"
	"errors"
	"fmt"
	"strings"

	"github.com/emersion/go-imap/v2"
	"github.com/emersion/go-smtp"

	"github.com/balie/balie/channels"
)

// loginError says that logging in failed. When the server itself refused, it
// is a *channels.AuthError: trying often gets accounts locked. A server may
// repeat what it was sent, so its words are kept back when our password is in
// them (S12).
func loginError(host, user, password string, err error) error {
	told := fmt.Errorf("log in to %s as %s: %w", host, user, err)
	if repeats(err.Error(), user, password) {
		told = fmt.Errorf("log in to %s as %s: what the server answered repeats the password and is not shown", host, user)
	}
	if refusesLogin(err) {
		return &channels.AuthError{Err: told}
	}
	return told
}

// refusesLogin reports whether the server answered, and the answer is no for
// now and later: a refusal for a while (454, UNAVAILABLE) is none.
func refusesLogin(err error) bool {
	if e, ok := errors.AsType[*imap.Error](err); ok {
		return e.Type == imap.StatusResponseTypeNo && e.Code != imap.ResponseCodeUnavailable && e.Code != imap.ResponseCodeInUse
	}
	if e, ok := errors.AsType[*smtp.SMTPError](err); ok {
		return e.Code >= 500
	}
	return false
}

// repeats reports whether a text holds the password, in any of the forms in
// which it was sent.
func repeats(text, user, password string) bool {
	if password == "" {
		return false
	}
	quoted := strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(password)
	for _, form := range []string{
		password, quoted, base64.StdEncoding.EncodeToString([]byte(password)),
		base64.StdEncoding.EncodeToString([]byte("\x00" + user + "\x00" + password)),
	} {
		if strings.Contains(text, form) {
			return true
		}
	}
	return false
}
