// Package email is in charge of mail: taking it in from IMAP mailboxes and
// handing answers to an SMTP server.
//
// Guarantees:
//  1. A mail counts as taken in only after Sink.Receive returned nil; the
//     position in the mailbox (UIDVALIDITY and UID) travels with the mails and
//     is never ahead of them. Flags and dates play no part in it, and nothing
//     in the mailbox changes unless tidying up is asked for.
//  2. A mail that cannot be fetched does not hold up the others: it is tried
//     again, and in the end a person is told that it is there.
//  3. Everything a server says is hostile input: sizes, numbers, silence. Every
//     command has a deadline and a limit on what may come back.
//  4. What goes out is one transaction per recipient; addresses outside a
//     strict grammar never reach the wire, headers cannot be broken out of.
//
// line.go holds the deadlines, imap.go one connection, fetch.go what comes
// over it, round.go what becomes of each mail, cursor.go the position (pure);
// compose.go writes a mail (pure), smtp.go hands it over, verdict.go says what
// the answer means.
package email
