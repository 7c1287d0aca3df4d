package payloads

import "bytes"

// ImageType is the format of an image.
type ImageType int32

// The image formats.
const (
	PNG  ImageType = 1
	JPEG ImageType = 2
	WEBP ImageType = 3
	GIF  ImageType = 4
)

// AudioType is the format of a recording.
type AudioType int32

// The audio formats.
const (
	AAC AudioType = 1
	AMR AudioType = 2
)

func (t ImageType) known() bool { return t >= PNG && t <= GIF }

func (t AudioType) known() bool { return t == AAC || t == AMR }

// MIME returns the media type, "" for an unknown format.
func (t ImageType) MIME() string {
	switch t {
	case PNG:
		return "image/png"
	case JPEG:
		return "image/jpeg"
	case WEBP:
		return "image/webp"
	case GIF:
		return "image/gif"
	}
	return ""
}

// MIME returns the media type, "" for an unknown format.
func (t AudioType) MIME() string {
	switch t {
	case AAC:
		return "audio/aac"
	case AMR:
		return "audio/amr"
	}
	return ""
}

// SniffImage tells the format of an image from its first bytes, 0 when it is
// none of those that peers display (spec 05 section 8.2).
func SniffImage(data []byte) ImageType {
	switch {
	case bytes.HasPrefix(data, []byte("\xff\xd8\xff")):
		return JPEG
	case bytes.HasPrefix(data, []byte("\x89PNG")):
		return PNG
	case bytes.HasPrefix(data, []byte("GIF")):
		return GIF
	case len(data) >= 12 && string(data[8:12]) == "WEBP":
		return WEBP
	}
	return 0
}

// SniffAudio tells the format of a recording from its first bytes, 0 when it is
// none of those that peers play.
func SniffAudio(data []byte) AudioType {
	switch {
	case bytes.HasPrefix(data, []byte("\xff\xf1")), bytes.HasPrefix(data, []byte("\xff\xf9")):
		return AAC
	case len(data) >= 12 && bytes.HasPrefix(data, []byte("#!AMR\n")):
		return AMR
	}
	return 0
}
