// Command clientgen writes the parts of the clients in other languages that
// follow from the contract, package api: their types, one function for each
// method, one error class for each kind of error. What it writes is in the
// repository; make generate brings it up to date, make check compares.
//
// The contract is read in two ways. Reflection gives the methods and the form
// of their types in JSON; the source of package api gives what reflection does
// not know: comments and the names of constants.
//
//	clientgen -api DIR -out DIR
//
// -api is the folder of package api, -out the folder of the clients.
package main

//go:generate go run . -api ../../api -out ../../clients
