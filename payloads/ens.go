package payloads

import "strings"

const (
	ensSuffix = ".eth"
	// maxENSRetries and ensRetryStep bound and spread the verification of a
	// claimed name (spec 05 section 10.4).
	maxENSRetries = 11
	ensRetryStep  = 30 // seconds
)

// ENSNameChanged reports whether a received name replaces the stored one,
// which then is unverified: it differs, ends with .eth, and its clock is not
// older than that of the last change.
func ENSNameChanged(current string, lastClock uint64, received string, clock uint64) bool {
	return received != current && strings.HasSuffix(received, ensSuffix) && clock >= lastClock
}

// VerifyENSNow reports whether it is time to look up a claimed name. Times are
// Unix seconds; verifiedAt is the latest attempt.
func VerifyENSNow(name string, verified bool, retries int, verifiedAt, now uint64) bool {
	if verified || !strings.HasSuffix(name, ensSuffix) || retries < 0 || retries >= maxENSRetries {
		return false
	}
	return now >= verifiedAt+ensRetryStep*uint64(retries)<<retries
}
