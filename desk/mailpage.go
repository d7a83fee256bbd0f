package desk

import (
	"context"
	"fmt"
	"io"

	"github.com/balie/balie"
	"github.com/balie/balie/normalize"
)

// MailPictures is the HTML of a mail like MailHTML, with the pictures it would
// fetch from elsewhere and the hosts it would ask for them: somebody decides
// with those before their eyes.
func (d *Desk) MailPictures(ctx context.Context, a Actor, message balie.ID) (normalize.PicturePage, error) {
	open := func() (io.ReadCloser, error) {
		body, _, err := d.Original(ctx, a, message)
		return body, err
	}
	p, err := normalize.Pictures(open)
	if err != nil {
		return p, fmt.Errorf("read the pictures of message %s: %w", message, err)
	}
	return p, nil
}
