package normalize

import (
	"errors"

	"github.com/balie/balie"
)

func (n *Normalizer) slack(raw balie.Raw, open Open) (balie.Message, error) {
	return base(raw), errors.ErrUnsupported
}
