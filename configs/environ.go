package configs

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"

	"statusd/internal/nearest"
)

// envPrefix begins the name of every variable that is ours.
const envPrefix = "STATUSD_"

// otherVariables have a meaning elsewhere: the data directory, and secrets
// that commands read themselves.
func otherVariables() []string {
	return []string{"STATUSD_DIR", "STATUSD_PASSWORD", "STATUSD_PASSWORD_FILE", "STATUSD_TOKEN_FILE", "STATUSD_VECTORS"}
}

// EnvName is the variable that sets a key path or a flag.
func EnvName(name string) string {
	name = strings.NewReplacer(".", "_", "-", "_").Replace(name)
	return envPrefix + strings.ToUpper(name)
}

// applyEnviron stores the values of STATUSD_ variables: one for each key path,
// one for each flag, and for secrets X_FILE, which names a file.
func (ld *loader) applyEnviron() error {
	byName := map[string]leaf{}
	all := leaves(ld.out.Config)
	for _, l := range all {
		byName[EnvName(l.path)] = l
	}
	for flag, key := range ld.in.FlagKeys {
		i := slices.IndexFunc(all, func(l leaf) bool { return l.path == key })
		if _, taken := byName[EnvName(flag)]; i >= 0 && !taken {
			byName[EnvName(flag)] = all[i]
		}
	}
	var errs []error
	for _, entry := range slices.Sorted(slices.Values(ld.in.Environ)) {
		name, value, _ := strings.Cut(entry, "=")
		if !strings.HasPrefix(name, envPrefix) || slices.Contains(otherVariables(), name) {
			continue
		}
		if err := ld.variable(byName, name, value); err != nil {
			errs = append(errs, err)
		}
	}
	return errors.Join(errs...)
}

// variable stores one value of the environment.
func (ld *loader) variable(byName map[string]leaf, name, value string) error {
	l, ok := byName[name]
	if !ok {
		if l, ok = byName[strings.TrimSuffix(name, "_FILE")]; ok && l.secret() {
			raw, err := os.ReadFile(value)
			if err != nil {
				return invalid("%s: %w", name, err)
			}
			value = strings.TrimRight(string(raw), "\r\n")
		} else {
			hint := ""
			names := make([]string, 0, len(byName))
			for n := range byName {
				names = append(names, strings.TrimPrefix(n, envPrefix))
			}
			slices.Sort(names)
			if near := nearest.Word(strings.TrimPrefix(name, envPrefix), names); near != "" {
				hint = "; did you mean " + envPrefix + near + "?"
			}
			ld.warn(fmt.Sprintf("environment: %s sets nothing%s", name, hint))
			return nil
		}
	}
	if err := l.setText(value); err != nil {
		return badText(l, value, name, err)
	}
	ld.out.Sources[l.path] = "env:" + name
	return nil
}

// lookup returns a variable of the input's environment.
func (in *Input) lookup(name string) string {
	for _, entry := range in.Environ {
		if value, ok := strings.CutPrefix(entry, name+"="); ok {
			return value
		}
	}
	return ""
}
