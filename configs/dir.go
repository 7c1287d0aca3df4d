package configs

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
)

// findDir settles the data directory before anything else, since it holds a
// configuration file itself: command line, environment, -c files, system file,
// and at last a place below the home directory.
func (ld *loader) findDir() error {
	dir, source := ld.chooseDir()
	abs, err := filepath.Abs(dir)
	if err != nil {
		return err
	}
	ld.dir, ld.dirSource = abs, source
	return nil
}

func (ld *loader) chooseDir() (dir, source string) {
	in := &ld.in
	if in.Dir != "" {
		return in.Dir, "flag:--dir"
	}
	for _, name := range []string{"STATUSD_DIR", "STATUSD_DATADIR"} {
		if dir := in.lookup(name); dir != "" {
			return dir, "env:" + name
		}
	}
	for i := len(in.Files) - 1; i >= 0; i-- {
		if dir := dirIn(in.Files[i]); dir != "" {
			return dir, "file:" + in.Files[i]
		}
	}
	if dir := dirIn(in.SystemFile); dir != "" {
		return dir, "file:" + in.SystemFile
	}
	home, data := in.lookup("HOME"), in.lookup("XDG_DATA_HOME")
	if home != "" {
		dir := filepath.Join(home, ".statusd")
		if _, err := os.Stat(dir); err == nil || data == "" {
			return dir, "default"
		}
	}
	if data != "" {
		return filepath.Join(data, "statusd"), "env:XDG_DATA_HOME"
	}
	return "statusd-data", "default"
}

// dirIn returns DataDir of a configuration file, or nothing. Whatever is wrong
// with the file is reported when it is read as a layer.
func dirIn(path string) string {
	raw, err := os.ReadFile(path)
	if err != nil || len(raw) > maxFile {
		return ""
	}
	var members map[string]json.RawMessage
	if json.Unmarshal(raw, &members) != nil {
		return ""
	}
	for key, value := range members {
		var dir string
		if strings.EqualFold(key, "DataDir") && json.Unmarshal(value, &dir) == nil {
			return dir
		}
	}
	return ""
}
