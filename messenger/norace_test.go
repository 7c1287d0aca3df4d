//go:build !race

package messenger

// raceDetector says that tests run under the race detector, which makes the
// long ones take minutes.
const raceDetector = false
