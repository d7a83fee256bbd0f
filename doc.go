// Package balie is in charge of the words of a service desk: what a request,
// a message, an event, a hand-out and a delivery are, and which moves a
// request may make.
//
// Guarantees:
//  1. A [Request] is the fold of its [Event]s: only [Request.Apply] changes it.
//  2. A move that is not in the table of moves is refused with [*MoveError].
//  3. A [Change] is one step of one request: all of it is stored, or nothing.
//
// The package imports only the standard library and does no I/O.
package balie
