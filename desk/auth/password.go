package auth

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"encoding/base64"
	"fmt"
	"strconv"
	"strings"
	"sync/atomic"
	"unicode/utf8"

	"golang.org/x/crypto/argon2"

	"github.com/balie/balie"
)

// The work of one argon2id hash: 19 MiB and two passes, 18 ms on a small
// server. More memory per hash would mean fewer at once.
const (
	argonKiB    = 19 << 10
	argonPasses = 2
	saltBytes   = 16
	hashBytes   = 32
)

// Bounds of hashing as a whole: two at once are 38 MiB, and who stands behind
// the last waits about a third of a second.
const (
	hashesAtOnce = 2
	hashesWait   = 32
)

// hasher makes and checks password hashes, few at a time.
type hasher struct {
	kib     uint32 // of one hash
	slots   chan struct{}
	waiting atomic.Int64 // and at work
	done    atomic.Int64 // hashes made in all
}

func newHasher() *hasher { return &hasher{kib: argonKiB, slots: make(chan struct{}, hashesAtOnce)} }

// work is argon2id, when there is room: too many at once are ErrThrottled.
func (h *hasher) work(ctx context.Context, password string, salt []byte, passes, kib uint32, threads uint8) ([]byte, error) {
	defer h.waiting.Add(-1)
	if h.waiting.Add(1) > hashesAtOnce+hashesWait {
		return nil, fmt.Errorf("check a password: %w", balie.ErrThrottled)
	}
	select {
	case h.slots <- struct{}{}:
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
	defer func() { <-h.slots }()
	h.done.Add(1)
	return argon2.IDKey([]byte(password), salt, passes, kib, threads, hashBytes), nil
}

// hash hashes a new password, in PHC form.
func (h *hasher) hash(ctx context.Context, password string) (string, error) {
	salt := make([]byte, saltBytes)
	rand.Read(salt)
	sum, err := h.work(ctx, password, salt, argonPasses, h.kib, 1)
	if err != nil {
		return "", err
	}
	b64 := base64.RawStdEncoding.EncodeToString
	return fmt.Sprintf("$argon2id$v=%d$m=%d,t=%d,p=1$%s$%s", argon2.Version, h.kib, argonPasses, b64(salt), b64(sum)), nil
}

// check reports whether a password has a hash. No hash costs as much as a wrong
// password.
func (h *hasher) check(ctx context.Context, password, hash string) (bool, error) {
	p, ok := parsePHC(hash)
	if !ok {
		p = phc{kib: h.kib, passes: argonPasses, threads: 1, salt: make([]byte, saltBytes), sum: make([]byte, hashBytes)}
	}
	sum, err := h.work(ctx, password, p.salt, p.passes, p.kib, p.threads)
	if err != nil {
		return false, err
	}
	return subtle.ConstantTimeCompare(sum, p.sum) == 1 && ok, nil
}

// phc is a hash taken apart.
type phc struct {
	kib, passes uint32
	threads     uint8
	salt, sum   []byte
}

// parsePHC reads $argon2id$v=19$m=…,t=…,p=…$salt$hash.
func parsePHC(s string) (phc, bool) {
	parts := strings.Split(s, "$")
	if len(parts) != 6 || parts[1] != "argon2id" || parts[2] != "v="+strconv.Itoa(argon2.Version) {
		return phc{}, false
	}
	var p phc
	if n, err := fmt.Sscanf(parts[3], "m=%d,t=%d,p=%d", &p.kib, &p.passes, &p.threads); n != 3 || err != nil {
		return phc{}, false
	}
	var err1, err2 error
	p.salt, err1 = base64.RawStdEncoding.DecodeString(parts[4])
	p.sum, err2 = base64.RawStdEncoding.DecodeString(parts[5])
	// The bounds keep a record that somebody put there from taking the machine.
	ok := err1 == nil && err2 == nil && len(p.sum) == hashBytes && len(p.salt) >= 8 &&
		p.passes >= 1 && p.passes <= 16 && p.threads >= 1 && p.threads <= 8 && p.kib >= 8 && p.kib <= 256<<10
	return p, ok
}

// Length of a password: from the length on, guessing costs more than asking;
// the upper bound keeps hashing cheap.
const (
	passwordRunes = 12
	passwordBytes = 512
)

// commonWords are what weak passwords are made of, when digits and signs are
// taken away.
var commonWords = []string{"password", "passwort", "wachtwoord", "welkom", "welcome", "geheim", "secret", "qwerty", "azerty", "asdfgh", "letmein",
	"inloggen", "servicedesk", "helpdesk", "balie", "admin", "administrator", "iloveyou", "zomer", "winter", "lente", "herfst", "summer", "spring", "autumn", "changeme"}

// goodPassword says what is wrong with a password that somebody chose. It never
// repeats it.
func goodPassword(password string, u User) error {
	bad := func(problem, fix string) error {
		return &balie.InvalidError{Field: "password", Problem: problem, Fix: fix}
	}
	switch {
	case utf8.RuneCountInString(password) < passwordRunes:
		return bad(fmt.Sprintf("the password has fewer than %d characters", passwordRunes), "take a few words that do not belong together")
	case len(password) > passwordBytes:
		return bad(fmt.Sprintf("the password is longer than %d bytes", passwordBytes), "take a shorter one")
	case guessable(strings.ToLower(password), u):
		return bad("the password is easily guessed", "take a few words that do not belong together")
	}
	return nil
}

func guessable(password string, u User) bool {
	letters := strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r > 127 {
			return r
		}
		return -1
	}, password)
	for _, w := range append(commonWords, u.ID, strings.ToLower(strings.ReplaceAll(u.Name, " ", ""))) {
		rest := letters
		if w != "" {
			rest = strings.ReplaceAll(letters, w, "")
		}
		if utf8.RuneCountInString(rest) < 4 && rest != letters {
			return true
		}
	}
	return different(password) < 5 || runs(password)
}

// different counts the letters a password is made of.
func different(s string) int {
	seen := map[rune]bool{}
	for _, r := range s {
		seen[r] = true
	}
	return len(seen)
}

// runs reports whether most of a password counts up, down or along the keyboard.
func runs(s string) bool {
	const rows = "1234567890 qwertyuiop asdfghjkl zxcvbnm abcdefghijklmnopqrstuvwxyz 0987654321 9876543210"
	steps := 0
	for i := 0; i+1 < len(s); i++ {
		if strings.Contains(rows, s[i:i+2]) {
			steps++
		}
	}
	return steps*3 >= (len(s)-1)*2
}
