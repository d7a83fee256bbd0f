package normalize

// Reply splits what was newly written from quotes and signature.
func Reply(text string) (reply, rest string) { return text, "" }
