// Package frame is what the commands of a program have in common: it reads
// command lines, explains commands, completes lines in shells, writes manual
// pages, and lays out tables.
//
// A program is a tree of Command values. They hold texts and what is done with
// arguments; their flags are made by Build, which is called for the command at
// hand alone, so that a start costs nothing for the others.
package frame
