package wire

// Envelope is an immutable sealed message.
type Envelope struct{}
