// Package naming says what people and chats are called, and whom or what a
// name means.
//
// A name is worth as much as whoever gave it. Ours, a nickname or a public chat
// that we joined, stand bare: "ana", "#tea". What others call themselves does
// not: "~treasurer (zQ3sh…abc12)". Names of private groups stand in quotes,
// because members give them. A name of others that looks like one of ours, or
// like another kind of chat, is marked. What is typed means one thing, or is
// refused with the things that it could mean; names that others gave themselves
// are not looked up at all.
//
// The package is pure: it is given contacts and chats, and knows no database
// and no daemon.
package naming
