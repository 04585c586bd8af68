// Package arch holds the rules of the house that a machine can check, each with its reason: which package may
// import which, what the production binary may carry, and how the tree and its pages are kept. It has tests only.
package arch
