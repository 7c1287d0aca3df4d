// Package api is the contract of the control interface: what programs may ask
// of the daemon, what they get, what they are told. The server binds its
// handlers to the values of this package, clients call by them, and the
// documentation, the OpenRPC document and the clients in other languages are
// made of them. A method's name and a type's form on the wire stand here and
// nowhere else.
//
// A method is a value:
//
//	chats, err := api.WakuextChats.Call(ctx, conn, api.None{})
//
// The variable of a method is called like the method, with a capital letter at
// the beginning and in the place of each underscore: waku_post is WakuPost.
//
// Arguments are structs whose fields are the parameters, in their order on the
// wire. A parameter is optional if its field is a pointer or has omitempty or
// omitzero in its tag; the tag "doc" explains it. Enumerations are named
// string or integer types that implement Enum.
//
// The package imports nothing of the daemon and nothing outside the standard
// library, so that a program of others can use it alone.
package api

// ContractVersion is the version of the contract, by the rules of semantic versioning:
// the first number changes when a program that follows the contract may break,
// the second when something is added, the third when only words change.
const ContractVersion = "1.0.0"
