package main

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"path/filepath"
)

func main() {
	source := flag.String("api", "api", "folder of package api")
	out := flag.String("out", "clients", "folder of the clients")
	flag.Parse()
	if err := run(*source, *out); err != nil {
		fmt.Fprintln(os.Stderr, "clientgen:", err)
		os.Exit(1)
	}
}

// run writes all generated files.
func run(source, out string) error {
	words, err := readSource(source)
	if err != nil {
		return err
	}
	c, err := collect(words)
	if err != nil {
		return err
	}
	for path, text := range files(c) {
		path = filepath.Join(out, path)
		if old, err := os.ReadFile(path); err == nil && bytes.Equal(old, text) {
			continue // so that nothing is built anew for it
		}
		if err := os.WriteFile(path, text, 0o644); err != nil {
			return err
		}
	}
	return nil
}

// files are the generated files by their path in the folder of the clients.
func files(c *contract) map[string][]byte {
	python, typeScript := "python/src/statusd/", "typescript/src/"
	return map[string][]byte{
		python + "types.py":    pythonTypes(c),
		python + "_version.py": pythonVersion(),
		python + "errors.py":   pythonErrors(c),
		python + "_methods.py": pythonMethods(c),

		typeScript + "types.ts":   typeScriptTypes(c),
		typeScript + "errors.ts":  typeScriptErrors(c),
		typeScript + "methods.ts": typeScriptMethods(c),
	}
}
