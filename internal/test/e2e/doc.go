// Package e2e tests the product as its users meet it: real statusd processes
// that talk to each other and to scripts over real sockets. Its tests carry
// the build tag integration.
package e2e
