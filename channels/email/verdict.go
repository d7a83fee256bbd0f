package email

import (
	"errors"
	"fmt"
	"time"

	"github.com/emersion/go-smtp"

	"github.com/balie/balie/channels"
)

// stage is how far a transaction came.
type stage string

const (
	atMail stage = "the sender"
	atRcpt stage = "the recipient"
	atData stage = "the mail"
	atDot  stage = "the end of the mail"
)

// stageError is what went wrong, and when.
type stageError struct {
	at  stage
	err error
}

func (e *stageError) Error() string { return fmt.Sprintf("at %s: %v", e.at, e.err) }
func (e *stageError) Unwrap() error { return e.err }

// tenMinutes is the pause after our account was refused: trying more often may
// lock it.
const tenMinutes = 10 * time.Minute

func later(after time.Duration, err error) error {
	return &channels.LaterError{After: after, Pause: true, Err: err}
}

// judge says what an error of a transaction means for the delivery.
func (s *SMTP) judge(to envelope, err error) error {
	var at *stageError
	if !errors.As(err, &at) {
		return err
	}
	var e *smtp.SMTPError
	if !errors.As(err, &e) {
		if at.at == atDot {
			return &channels.UnknownError{Err: err}
		}
		return err
	}
	switch class(at.at, e) {
	case isTemporary:
		return err
	case isClosing:
		return later(time.Minute, err)
	case isOurs:
		return later(tenMinutes, err)
	case isPolicy:
		if s.onlyThis(to) {
			return channels.Permanent(err)
		}
		return later(tenMinutes, err)
	}
	return channels.Permanent(err)
}

// verdict is what a server's answer means.
type verdict int

const (
	isTemporary verdict = iota + 1 // later, this mail alone
	isClosing                      // later, all mail
	isOurs                         // our account or address is refused: all mail
	isPolicy                       // ours or this recipient's: cannot be told from one answer
	isFinal                        // never, this mail
)

// class sorts a server's answer (RFC 5321 section 4.2.1, RFC 3463).
func class(at stage, e *smtp.SMTPError) verdict {
	switch {
	case e.Code == 421:
		return isClosing
	case e.Code < 500:
		return isTemporary
	case e.Code == 552 || e.EnhancedCode[0] == 5 && e.EnhancedCode[1] == 3 && e.EnhancedCode[2] == 4:
		return isFinal // too large
	case e.Code == 530 || e.Code == 534 || e.Code == 535 || e.Code == 538 || at == atMail:
		return isOurs
	case e.EnhancedCode[0] == 5 && e.EnhancedCode[1] == 7:
		return isPolicy
	}
	return isFinal
}

// refusedMost bounds how many refused recipients are remembered.
const refusedMost = 1000

// onlyThis reports whether a policy refusal concerns only this recipient: it
// was refused before, and the server took other mail since. Else one recipient
// whose own server says 5.7.1 would hold up everybody's mail again and again.
func (s *SMTP) onlyThis(to envelope) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	first, known := s.refused[to.value]
	if known && s.accepted.After(first) {
		delete(s.refused, to.value)
		return true
	}
	if !known && len(s.refused) < refusedMost {
		s.refused[to.value] = time.Now()
	}
	return false
}
