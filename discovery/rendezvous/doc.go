// Package rendezvous has a registry where nodes leave their records under
// topics for a few seconds, and the client that registers and asks there. The
// messages are those of status-im/rendezvous, byte for byte (spec 08 section
// 3); the carrier is ours: a TCP connection with RLPx encryption instead of
// libp2p.
//
// On the wire a request is one RLPx message, its code the type of the request
// and its data one RLP list; the answer has the same form. Hello is not sent
// and nothing is compressed. The server proves that it has the key of its
// address; the client has a fresh key for each connection, so that a server
// cannot tell who asks for whom.
//
//	1 REGISTER            [topic, record, TTL in nanoseconds]
//	2 REGISTER_RESPONSE   [status, message]
//	3 DISCOVER            [limit, topic]
//	4 DISCOVER_RESPONSE   [status, message, [record…]]
//	5 REMOTEIP            [] (nothing at all on a stream)
//	6 REMOTEIP_RESPONSE   [status, IP address as text]
//
// A connection carries one request after the other. What is sent before the
// answer to an earlier request came is read and answered after it. A body that
// cannot be read is answered with StatusContent, and the connection closed; an
// unknown type, a frame that is too large, or 10 seconds of waiting close it
// without an answer.
//
// registry and placement are pure: they get the time and return what to do.
// Server.Run has one goroutine, and one for each connection; Client.Search and
// Client.Advertise have one for each request in progress. The package does not
// decide which found node is worth a connection.
package rendezvous
