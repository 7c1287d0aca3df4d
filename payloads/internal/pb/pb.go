// Package pb holds the generated protobuf types of the application payloads.
// Only package payloads uses them; it converts them at its edge.
//
// To change the wire format, edit payloads.proto and run make generate, which
// needs protoc.
package pb

//go:generate ../../../scripts/protoc.sh payloads.proto
