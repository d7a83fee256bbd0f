// Package peers is in charge of the other side: small servers on loopback that
// a channel talks to in the demo and in tests, instead of mocks.
//
// Guarantees:
//  1. Every server listens on loopback only and ends with Close.
//  2. What was sent to a peer can be looked at byte for byte, and waited for
//     without sleeping.
//  3. A peer misbehaves only where a test scripted it.
package peers
