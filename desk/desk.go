// Package desk is in charge of what people may do with requests and documents,
// without HTTP: acts and views that pages, API and commands share.
//
// Guarantees:
//  1. An act is one Change; refused acts change nothing.
//  2. A document is checked, compiled and trained before it is in force, and
//     every version stays.
package desk
