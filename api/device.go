package api

// Installation is a device of this account. Timestamp is Unix nanoseconds.
type Installation struct {
	Identity  string                `json:"identity"`
	ID        string                `json:"id"`
	Version   uint32                `json:"version"`
	Enabled   bool                  `json:"enabled"`
	Timestamp int64                 `json:"timestamp"`
	Metadata  *InstallationMetadata `json:"metadata"`
}

// InstallationMetadata is how the owner tells devices apart.
type InstallationMetadata struct {
	Name       string `json:"name"`
	DeviceType string `json:"deviceType"`
	FCMToken   string `json:"fcmToken"`
}
