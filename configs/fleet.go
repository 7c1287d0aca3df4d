package configs

import (
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

//go:embed fleets
var embedded embed.FS

// retired is the source of presets whose nodes are gone.
const retired = "retired"

// Retired reports whether the preset is a known name and no more: it adds no
// nodes.
func (f Fleet) Retired() bool { return f.Source == retired }

// retiredFleets are names that status-go knows. Their nodes are gone.
func retiredFleets() []string { return []string{"eth.prod", "eth.staging", "eth.test", "eth.beta"} }

// Fleet is a named preset: a partial configuration in JSON.
type Fleet struct {
	Name   string
	Source string // "embedded", "retired", or a path
	JSON   []byte
}

// Fleets lists the presets that can be named: those in <dir>/fleets, those
// that come with the program, and the retired ones.
func Fleets(dir string) ([]Fleet, error) {
	var out []Fleet
	own, err := filepath.Glob(filepath.Join(dir, "fleets", "*.json"))
	if err != nil {
		return nil, err
	}
	for _, path := range own {
		raw, err := os.ReadFile(path)
		if err != nil {
			return nil, fmt.Errorf("read fleet: %w", err)
		}
		out = append(out, Fleet{strings.TrimSuffix(filepath.Base(path), ".json"), path, raw})
	}
	presets, err := fs.Glob(embedded, "fleets/*.json")
	if err != nil {
		return nil, err
	}
	for _, path := range presets {
		raw, err := embedded.ReadFile(path)
		if err != nil {
			return nil, err
		}
		out = append(out, Fleet{strings.TrimSuffix(filepath.Base(path), ".json"), "embedded", raw})
	}
	for _, name := range retiredFleets() {
		out = append(out, Fleet{name, retired, []byte("{}")})
	}
	return out, nil
}

// FindFleet returns the preset with a name, or the one in a file.
func FindFleet(dir, name string) (Fleet, error) {
	all, err := Fleets(dir)
	if err != nil {
		return Fleet{}, err
	}
	var names []string
	for _, f := range all {
		if f.Name == name {
			return f, nil
		}
		names = append(names, f.Name)
	}
	raw, err := os.ReadFile(name)
	switch {
	case err == nil:
		return Fleet{name, name, raw}, nil
	case !errors.Is(err, fs.ErrNotExist):
		return Fleet{}, fmt.Errorf("read fleet: %w", err)
	}
	return Fleet{}, invalid("fleet %q is neither a file nor one of %s; put it in %s",
		name, orList(names), filepath.Join(dir, "fleets", name+".json"))
}

// applyFleet applies the preset that the other layers name.
func (ld *loader) applyFleet(name string) error {
	if name == "" {
		return nil
	}
	f, err := FindFleet(ld.dir, name)
	if err != nil {
		return err
	}
	if f.Retired() {
		ld.warn(fmt.Sprintf("fleet %s is retired: its nodes are gone, and naming it adds none", f.Name))
		return nil
	}
	ld.out.Files = append(ld.out.Files, f.Source)
	return ld.applyFile("fleet "+f.Name, "fleet:"+f.Name, f.JSON)
}
