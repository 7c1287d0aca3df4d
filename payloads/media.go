package payloads

import (
	"bytes"
	"encoding/base64"
	"strings"
)

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

// mediaTypes are the types of pictures and recordings that are shown. Whatever
// else a data URL can hold, a program that shows it might run.
var mediaTypes = []string{
	PNG.MIME(), JPEG.MIME(), WEBP.MIME(), GIF.MIME(), AAC.MIME(), AMR.MIME(),
}

// ParseMediaURL reads a data URL of a picture or recording in one of the known
// formats, and returns the type as MIME spells it and the content. The type is
// compared as programs do, whatever its case; it has no parameters, and the
// content is in standard base64. ok is false for everything else.
func ParseMediaURL(url string) (mime string, data []byte, ok bool) {
	head, encoded, found := strings.Cut(url, ",")
	const scheme, encoding = "data:", ";base64"
	if !found || len(head) < len(scheme)+len(encoding) {
		return "", nil, false
	}
	rest := len(head) - len(encoding)
	if !strings.EqualFold(head[:len(scheme)], scheme) || !strings.EqualFold(head[rest:], encoding) {
		return "", nil, false
	}
	for _, known := range mediaTypes {
		if strings.EqualFold(head[len(scheme):rest], known) {
			mime = known
		}
	}
	if mime == "" {
		return "", nil, false
	}
	data, err := base64.StdEncoding.Strict().DecodeString(encoded)
	if err != nil || len(data) == 0 || strings.ContainsAny(encoded, "\r\n") {
		return "", nil, false
	}
	return mime, data, true
}

// mediaURL writes what ParseMediaURL reads, "" for an unknown type.
func mediaURL(mime string, data []byte) string {
	if mime == "" {
		return ""
	}
	return "data:" + mime + ";base64," + base64.StdEncoding.EncodeToString(data)
}

// PictureURL returns a data URL of a picture in the spelling of Image.DataURL,
// "" for anything that is none.
func PictureURL(url string) string {
	mime, data, ok := ParseMediaURL(url)
	if !ok || !strings.HasPrefix(mime, "image/") {
		return ""
	}
	return mediaURL(mime, data)
}

// RecordingURL is PictureURL for recordings.
func RecordingURL(url string) string {
	mime, data, ok := ParseMediaURL(url)
	if !ok || !strings.HasPrefix(mime, "audio/") {
		return ""
	}
	return mediaURL(mime, data)
}
