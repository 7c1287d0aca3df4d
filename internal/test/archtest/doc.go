// Package archtest holds the tests of the repository's own rules: who may
// import whom (docs/architecture.md), how long files and functions may be,
// and which calls product code does without. It needs only the Go tool. The
// package has no code of its own.
package archtest
