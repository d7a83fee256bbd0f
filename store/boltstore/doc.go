// Package boltstore is in charge of a store in one folder of one machine, on
// bbolt.
//
// Guarantees besides those of package store:
//  1. A Change is encoded by its caller and put by one committer, which takes
//     all Changes that wait into one transaction with one sync.
//  2. A changed byte in a record, and an index entry that its record does not
//     confirm, is balie.ErrCorrupt with the bucket and the key.
//  3. A store that was here and is missing, empty, cut off or newer than this
//     balie is refused; it is never begun anew.
//  4. After a failed sync nothing is written any more: Fault says why.
//  5. What an Erase removed is unreachable when it returns, and overwritten at
//     the next Open. The files that an upgrade keeps (balie.db.v1) have it still.
//
// On disk:
//
//	DIR/balie.db        the store (buckets in record.go, index entries in keys.go)
//	DIR/balie.db.v1     the store before it was migrated from data version 1
//	DIR/INSTANCE        which store must be here, and its data version
//	DIR/LOCK            held while a balie has the store open
//	DIR/originals/      originals over 64 KiB (package blobdir)
package boltstore
