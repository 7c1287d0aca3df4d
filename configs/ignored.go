package configs

import (
	"slices"
	"strings"
)

// ignoredKeys are the keys that status-go had from 2018 to 2022 and that have
// no meaning here. They are accepted, with one warning each. A name that ends
// with an asterisk stands for all that begin with it.
func ignoredKeys() []string {
	return []string{
		// Parts of status-go that are no part of a messaging node.
		"WhisperConfig", "BridgeConfig", "LightEthConfig", "SwarmConfig", "WalletConfig", "BrowsersConfig",
		"PermissionsConfig", "LocalNotificationsConfig", "UpstreamConfig", "PushNotificationServerConfig",
		"IncentivisationConfig", "AnonMetrics*", "TorrentConfig", "WakuV2Config", "Web3ProviderConfig", "EnsConfig",
		"StickersConfig", "AppearanceConfig", "StatusAccountsConfig", "BootClusterConfig", "Networks",
		// Settings of the program around it.
		"TLSEnabled", "LogMobileSystem", "LogNamespaces", "MailServerRegistryAddress", "Version", "RPCEnabled",
		"DebugAPIEnabled", "StatusServiceEnabled", "BackupDisabledDataDir", "RootDataDir",
		"KeycardPairingDataFile", "WSEnabled", "WSHost", "WSPort",
		"ProcessBackedupMessages", "OutputMessageCSVEnabled",
		// Nodes of the network that followed Waku v1.
		"ClusterConfig.WakuNodes", "ClusterConfig.WakuStoreNodes", "ClusterConfig.RelayNodes", "ClusterConfig.StoreNodes",
		"ClusterConfig.FilterNodes", "ClusterConfig.LightpushNodes", "ClusterConfig.WakuRendezvousNodes",
		"ClusterConfig.DiscV5BootstrapNodes", "ClusterConfig.ClusterID",
		// Settings of its clients.
		"ShhextConfig.WhisperCacheDir", "ShhextConfig.DisableGenericDiscoveryTopic", "ShhextConfig.SendV1Messages",
		"ShhextConfig.VerifyTransactionURL", "ShhextConfig.VerifyTransactionChainID",
		"ShhextConfig.DefaultPushNotificationsServers", "ShhextConfig.PushNotificationsServers",
		"ShhextConfig.AnonMetrics*", "ShhextConfig.BandwidthStatsEnabled", "ShhextConfig.DebugAPIEnabled",
		"ShhextConfig.AsymKeyID", "ShhextConfig.BackupDisabledDataDir",
	}
}

func isIgnored(path string) bool {
	path = strings.ToLower(path)
	return slices.ContainsFunc(ignoredKeys(), func(k string) bool {
		name, open := strings.CutSuffix(strings.ToLower(k), "*")
		return path == name || open && strings.HasPrefix(path, name)
	})
}
