package configs

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
)

// SystemFile is read before the files of the user.
const SystemFile = "/etc/statusd/config.json"

// Override is a value given on the command line.
type Override struct {
	Key    string // key path
	Value  string
	Source string // as --http.port
}

// Input is everything that a configuration is made of.
type Input struct {
	Dir       string     // data directory from the command line; empty: elsewhere
	Files     []string   // given with -c, the last wins
	Draft     []byte     // as a file that wins over Files, and that errors do not name; nil: none
	Overrides []Override // from the command line
	// FlagKeys names flags that set a key, so that STATUSD_<FLAG> works too:
	// flag name without dashes to key path.
	FlagKeys   map[string]string
	Environ    []string // as os.Environ
	SystemFile string   // empty: not read
	Lenient    bool     // unknown keys are warnings
}

// Loaded is a configuration with its history.
type Loaded struct {
	Config   *Config
	Sources  map[string]string // key path to where its value comes from; missing: default
	Files    []string          // that were read, lowest precedence first
	Warnings []string
}

// Source says where a value comes from.
func (l *Loaded) Source(key string) string {
	if s := l.Sources[key]; s != "" {
		return s
	}
	return "default"
}

// Load reads and merges all layers, and validates the outcome. Errors about
// content match ErrInvalid; a file given with -c that is not there matches
// fs.ErrNotExist. What was read so far is returned with the error, for
// showing.
func Load(in Input) (*Loaded, error) {
	ld := &loader{in: in, out: &Loaded{Sources: map[string]string{}}}
	config := Default()
	ld.out.Config = &config
	if err := ld.findDir(); err != nil {
		return ld.out, err
	}
	fleet, err := ld.layers(true)
	if err != nil {
		return ld.out, err
	}
	config = Default()
	ld.out.Sources, ld.out.Files, ld.out.Warnings = map[string]string{}, nil, nil
	config.DataDir = ld.dir
	ld.out.Sources["DataDir"] = ld.dirSource
	if err := ld.applyFleet(fleet); err != nil {
		return ld.out, err
	}
	if _, err := ld.layers(false); err != nil {
		return ld.out, err
	}
	config.DataDir, ld.out.Sources["DataDir"] = ld.dir, ld.dirSource
	ld.discoverInFleet()
	return ld.out, ld.validate()
}

// loader holds what Load works with.
type loader struct {
	in        Input
	out       *Loaded
	dir       string
	dirSource string
}

func (ld *loader) warn(text string) {
	if !slices.Contains(ld.out.Warnings, text) {
		ld.out.Warnings = append(ld.out.Warnings, text)
	}
}

// layers applies files, environment and command line, lowest first. It returns
// the fleet that they name. In a dry run nothing is reported yet: the second
// run does.
func (ld *loader) layers(dry bool) (fleet string, err error) {
	var errs []error
	for _, f := range ld.files() {
		raw, err := os.ReadFile(f.path)
		switch {
		case f.optional && (errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.ENOTDIR)):
			continue
		case err != nil:
			return "", fmt.Errorf("read configuration: %w", err)
		}
		ld.out.Files = append(ld.out.Files, f.path)
		if err := ld.applyFile(f.path, "file:"+f.path, raw); err != nil {
			errs = append(errs, err)
		}
	}
	if ld.in.Draft != nil {
		errs = append(errs, ld.applyFile("", "", ld.in.Draft))
	}
	errs = append(errs, ld.applyEnviron(), ld.applyOverrides())
	if err := errors.Join(errs...); err != nil && !dry {
		return "", err
	}
	return ld.out.Config.ClusterConfig.Fleet, nil
}

type file struct {
	path     string
	optional bool
}

// files lists what to read, lowest precedence first.
func (ld *loader) files() []file {
	var out []file
	if ld.in.SystemFile != "" {
		out = append(out, file{ld.in.SystemFile, true})
	}
	if ld.dir != "" {
		out = append(out, file{filepath.Join(ld.dir, "config.json"), true})
	}
	for _, f := range ld.in.Files {
		if abs, err := filepath.Abs(f); err == nil {
			f = abs
		}
		out = append(out, file{f, false})
	}
	return out
}

func (ld *loader) applyFile(name, source string, raw []byte) error {
	all := leaves(ld.out.Config)
	r := fileReader{
		name: name, raw: raw, lenient: ld.in.Lenient, names: groups(all), leaves: make(map[string]leaf, len(all)),
		set: func(path string) { ld.out.Sources[path] = source }, warn: ld.warn,
	}
	for _, l := range all {
		r.leaves[strings.ToLower(l.path)] = l
	}
	return r.apply()
}

// applyOverrides stores the values of the command line.
func (ld *loader) applyOverrides() error {
	var errs []error
	all := leaves(ld.out.Config)
	for _, o := range ld.in.Overrides {
		i := slices.IndexFunc(all, func(l leaf) bool { return l.path == o.Key })
		if i < 0 {
			panic("configs: flag for unknown key " + o.Key)
		}
		if err := all[i].setText(o.Value); err != nil {
			errs = append(errs, badText(all[i], o.Value, o.Source, err))
			continue
		}
		ld.out.Sources[o.Key] = "flag:" + o.Source
	}
	return errors.Join(errs...)
}

func badText(l leaf, value, source string, err error) error {
	if l.secret() {
		return invalid("%s: %w", source, err)
	}
	return invalid("%s: %q: %w", source, value, err)
}

// validate checks the outcome and says of each problem where the value comes
// from.
func (ld *loader) validate() error {
	err := ld.out.Config.Validate()
	if err == nil {
		for _, text := range ld.out.Config.Advice() {
			ld.warn(text)
		}
	}
	var invalid *ValidationError
	if errors.As(err, &invalid) {
		for i, p := range invalid.Problems {
			if source := ld.out.Sources[p.Key]; source != "" {
				invalid.Problems[i].Reason += " (from " + source + ")"
			}
		}
	}
	return err
}

// discoverInFleet switches discovery on for a fleet that has boot nodes, unless
// somebody said what to do (spec 07 section 1.4).
func (ld *loader) discoverInFleet() {
	c := ld.out.Config
	if _, said := ld.out.Sources["NoDiscovery"]; !said && c.ClusterConfig.Fleet != "" && len(c.BootNodes()) > 0 {
		c.NoDiscovery, ld.out.Sources["NoDiscovery"] = false, "fleet:"+c.ClusterConfig.Fleet
	}
}
