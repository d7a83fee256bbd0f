package normalize

// Bounds on the work one mail can cause. A mail beyond them is still taken in:
// what is left unread is named in Message.Warnings, and the original is kept.
const (
	maxDepth      = 32        // levels of multipart; deeper ones are one opaque file
	maxParts      = 1000      // leaves that are looked at
	maxHeader     = 1 << 20   // bytes of one header block; the rest of it is skipped
	maxFields     = 2000      // header fields of one block
	maxText       = 2 << 20   // decoded bytes held of one text part
	maxTexts      = 6 << 20   // decoded bytes held of all text parts together
	maxReport     = 256 << 10 // bytes held of a delivery status or an enclosed message
	maxSubject    = 998       // bytes of a subject, one full line of RFC 5322
	maxName       = 150       // bytes of a file or display name
	maxAddresses  = 500       // addresses of one header field
	maxThread     = 100       // ids of References that are looked at
	maxWarnings   = 20        // warnings of one message
	maxHTMLDepth  = 100       // nested elements of sanitised HTML
	lineBuffer    = 64 << 10  // bytes of one line that are seen at once
	maxTNEF       = 32 << 20  // bytes of a winmail.dat that is opened
	maxClassified = 64 << 10  // bytes of text that language and bounce rules look at
)
