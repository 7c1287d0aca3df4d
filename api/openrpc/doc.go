// Package openrpc writes the contract of package api as an OpenRPC document
// (https://spec.open-rpc.org), for generators, editors and people. Types that
// have a name there are components here, and so are errors; everything else
// refers to them. What OpenRPC has no word for is in extensions:
//
//   - x-scope, x-since, x-alias-of, x-secret, x-account of a method: the scope
//     that a token needs, the release it appeared in, the method that it is
//     another name of, whether it handles secrets, and whether it works on the
//     account that is logged in (and takes a parameter account by name);
//   - x-notification of a method that subscribes: the name of the
//     notifications, and the schema of what they carry;
//   - x-setup of an example: calls to make first; what they answer, or the part
//     of it at the JSON pointer "at", is bound to a name and replaces {{name}};
//   - x-fails of an example: the code it fails with where what it is about
//     would have to come from others;
//   - x-errors of the document: what every method may answer with;
//   - x-events of the document: the types of events, when they come, and the
//     schemas of what they tell.
package openrpc
