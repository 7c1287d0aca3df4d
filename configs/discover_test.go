package configs

import "testing"

// TestFleetSwitchesDiscoveryOn unless somebody switched it off.
func TestFleetSwitchesDiscoveryOn(t *testing.T) {
	const boot = "enode://7cd9fb61f0cd537c13cfa6b6941257faefef565a0ad8e345ee2ce9aa045791333dd03df4cc9f6848c6bb9c265b823" +
		"eee2825853076c112095f8243fbb0c15c46@192.0.2.1:0?discport=30301"
	with := write(t, "with.json", `{"ClusterConfig":{"BootNodes":["`+boot+`"]}}`)
	without := write(t, "without.json", `{"ClusterConfig":{"StaticNodes":[]}}`)
	for _, tt := range []struct {
		name      string
		overrides []Override
		off       bool
	}{
		{"fleet with boot nodes", []Override{{"ClusterConfig.Fleet", with, "--fleet"}}, false},
		{"fleet without", []Override{{"ClusterConfig.Fleet", without, "--fleet"}}, true},
		{"switched off", []Override{{"ClusterConfig.Fleet", with, "--fleet"}, {"NoDiscovery", "true", "test"}}, true},
		{"no fleet", []Override{{"ClusterConfig.BootNodes", boot, "test"}}, true},
	} {
		loaded, err := Load(Input{Dir: t.TempDir(), Overrides: tt.overrides})
		if err != nil {
			t.Errorf("%s: %v", tt.name, err)
			continue
		}
		if loaded.Config.NoDiscovery != tt.off {
			t.Errorf("%s: NoDiscovery %v (from %s)", tt.name, loaded.Config.NoDiscovery, loaded.Source("NoDiscovery"))
		}
	}
}
