package api

import (
	"errors"
	"strconv"
	"strings"

	"github.com/gofiber/fiber/v2"

	"github.com/balie/balie"
	"github.com/balie/balie/internal/httpd"
)

// etag is a version as HTTP says it.
func etag[N int | uint64](version N) string {
	return `"` + strconv.FormatUint(uint64(version), 10) + `"`
}

// errIfMatch refuses an edit that does not say on what it was made.
var errIfMatch = &httpd.Refusal{Status: fiber.StatusPreconditionRequired, Slug: "if-match", Err: errors.New("there is no If-Match")}

// ifMatch is the version an edit was made on.
func ifMatch(header string) (uint64, error) {
	header = strings.TrimSpace(header)
	if header == "" {
		return 0, errIfMatch
	}
	n, err := strconv.ParseUint(strings.Trim(strings.TrimPrefix(header, "W/"), `"`), 10, 63)
	if err != nil {
		return 0, &balie.InvalidError{Field: "If-Match", Problem: "it is no ETag of ours", Fix: `send the ETag as it was given, such as "12"`}
	}
	return n, nil
}
