// Package node puts the daemon together: it owns the data directory, the node
// key and the devp2p server, builds every component from the configuration,
// runs them bottom-up and stops them top-down, and knows how they are doing.
//
// Invariants: one process uses a data directory at a time (flock on LOCK);
// files are replaced, never rewritten in place, so that a kill at any moment
// leaves the old or the new content; Ready is closed after the last component
// is up; Run returns after every goroutine has, except those of a component
// that exceeded its time to stop, which is named in the error.
//
// Goroutines: one per component of the list in start, those of the
// components themselves, the devp2p server's, and for each stop step one that
// ends with the step.
//
// The package does not parse configuration files, does not know the methods
// of the RPC surface (it runs the surface as a Frontend made by the caller),
// and never exits the process: its errors say what happened, the caller
// chooses the exit code.
package node
