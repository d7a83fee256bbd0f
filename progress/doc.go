// Package progress is in charge of what the desk promised: how long is left,
// who must hear of it, and what is done when a promise is about to break, so
// that no request is forgotten.
//
// Guarantees:
//  1. Clocks and timers are functions of a request, the documents in force and
//     a moment. Nothing about time is stored beside the events.
//  2. A timer goes off once for a request and a cause, whatever restarts and
//     however many of us there are: its claim is in the same Change as what it
//     does.
//  3. What came due while nobody looked is caught up in order, with at most one
//     notice for each request.
//  4. Nothing goes out by itself to a sender who may not be answered by itself,
//     in quiet hours, or more often than the desk allows (S4).
package progress
