package boltstore

import (
	"fmt"

	bolt "go.etcd.io/bbolt"

	"github.com/balie/balie"
)

// EndedReason is the LastError of deliveries that were being sent when the
// process ended: nobody knows whether the other side took them.
const EndedReason = "balie ended before it was known what became of it"

// release gives back what was leased when the last process ended. The lock of
// the folder says that nobody sends it any more, so it need not wait until the
// lease runs out. The fencing token stays: the next claim has a higher one.
func release(b *bolt.DB) error {
	var ids []balie.ID
	err := b.View(func(tx *bolt.Tx) (err error) {
		ids, err = (&reader{tx: tx}).withStatus(statusByte[balie.Leased])
		return err
	})
	if err != nil || len(ids) == 0 {
		return err
	}
	err = b.Update(func(tx *bolt.Tx) error {
		w := newWriter(tx)
		for _, id := range ids {
			if err := w.setDelivery(id, balie.Pending, EndedReason); err != nil {
				return err
			}
		}
		return w.err
	})
	if err != nil {
		return fmt.Errorf("give back what was being sent: %w", err)
	}
	return nil
}

// withStatus are the ids of all deliveries of a status; there are no more
// leased ones than senders.
func (r *reader) withStatus(status byte) ([]balie.ID, error) {
	var out []balie.ID
	c := r.bucket(kindList).Cursor()
	for k, _ := c.Seek([]byte{listStatus, status}); len(k) > 2 && k[0] == listStatus && k[1] == status; k, _ = c.Next() {
		if len(k) != 26 {
			return nil, damaged(kindList, k, "has a wrong length")
		}
		out = append(out, balie.ID(k[10:]))
	}
	return out, nil
}
