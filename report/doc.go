// Package report is in charge of figures: what the desk did, against the goals
// it set itself.
//
// Guarantees:
//  1. Every figure is folded from events and can be made anew from them at any
//     time; a slow recount gives the same.
//  2. A figure names what it counts: numerator, denominator, and how many.
//     With few of them it says so.
//  3. It holds nothing of a person but an id, and that goes when they are erased.
package report
