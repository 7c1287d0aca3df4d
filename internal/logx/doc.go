// Package logx builds the program's zap logger.
//
// One Logs value owns the outputs (standard error and, when asked for, a file
// that is rotated) and the levels. Each component logs through a child named
// after its package; the level of a name can be changed while the program
// runs. Three formats exist: terminal for eyes, logfmt and json for machines.
// Under systemd's journal the time is left out and each line starts with its
// priority.
//
// Every line passes a scrubber: fields whose key speaks of a secret are
// replaced, passwords inside URLs and bearer tokens are blanked, and long
// public keys are shortened. It is the safety net under the rule that secrets
// are never handed to a logger, not a replacement for it.
//
// Logs starts no goroutine of its own. The rotation library starts one for
// the log file, which compresses and deletes old files and ends with the
// process.
//
// The package knows nothing of configuration files, signals or components.
package logx
