// Package history is the client side of mailservers: it asks servers for the
// envelopes of past times, page by page to the end, checks what comes back,
// goes to another server when one fails, and keeps a ledger of what has been
// fetched, so that only gaps are asked for again.
//
// A Client is told by the Waku host what trusted servers send (waku.MailClient)
// and which peers are there (waku.PeerWatcher). Its callers' goroutines do the
// work: it starts none of its own. One request at a time is outstanding at a
// server, since envelopes do not say which request they answer.
//
// What a server sends is taken only while a request to it is outstanding or
// has just ended, only inside the range and for the topics asked for, once,
// and no more than was asked for. The envelopes themselves go to the filters
// of the host, or to a function of the request; a page counts as fetched only after all of its envelopes have
// gone through them.
//
// A server that trickles is given up: only what was asked for counts as
// progress, and a page has an end in any case.
//
// The package knows nothing about chats. Times are Unix seconds.
package history
