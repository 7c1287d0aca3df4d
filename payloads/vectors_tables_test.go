package payloads

import (
	"testing"

	"statusd/internal/test/vectors"
)

func TestVectorMedia(t *testing.T) {
	v := vectors.Section[struct {
		Images []struct {
			Data vectors.Hex
			Type ImageType `json:"image_type"`
		}
		Audio []struct {
			Data vectors.Hex
			Type AudioType `json:"audio_type"`
		}
	}](t, vectors.Load(t, "payloads"), "media_sniffing")
	for _, c := range v.Images {
		if got := SniffImage(c.Data); got != c.Type {
			t.Errorf("image %x: %d, want %d", []byte(c.Data), got, c.Type)
		}
	}
	for _, c := range v.Audio {
		if got := SniffAudio(c.Data); got != c.Type {
			t.Errorf("audio %x: %d, want %d", []byte(c.Data), got, c.Type)
		}
	}
	t.Logf("media_sniffing: %d images, %d recordings", len(v.Images), len(v.Audio))
}

func TestVectorENS(t *testing.T) {
	v := vectors.Section[struct {
		Changed []struct {
			Changed   bool
			Clock     uint64
			Current   string `json:"current_name"`
			LastClock uint64 `json:"last_ens_clock"`
			New       string `json:"new_name"`
		}
		Verify []struct {
			Name       string
			Now        uint64
			Retries    int
			Verified   bool
			VerifiedAt uint64 `json:"verified_at"`
			Verify     bool
		} `json:"should_verify"`
	}](t, vectors.Load(t, "payloads"), "ens")
	for _, c := range v.Changed {
		if got := ENSNameChanged(c.Current, c.LastClock, c.New, c.Clock); got != c.Changed {
			t.Errorf("%+v: %v", c, got)
		}
	}
	for _, c := range v.Verify {
		if got := VerifyENSNow(c.Name, c.Verified, c.Retries, c.VerifiedAt, c.Now); got != c.Verify {
			t.Errorf("%+v: %v", c, got)
		}
	}
	t.Logf("ens: %d changes, %d verifications", len(v.Changed), len(v.Verify))
}
