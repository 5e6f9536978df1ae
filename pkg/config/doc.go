// Package config owns the one Config of a kove process.
//
// A Config is resolved once and never modified afterwards:
//
//	defaults → /etc/kove/config.yaml → config.yaml.d/*.yaml → KOVE_* environment → flags → derived from the host → validated
//
// Every setting is one Option in options.go: its name is the flag, the key in the file and (as KOVE_NAME) the
// environment variable, so the three can never drift apart, and docs/configuration.md and docs/cli.md are generated
// from the same list. A source that names an unknown option, or gives a value of the wrong type, is an error that says
// where it stands and what to do.
//
// Config holds values only: no handles, channels, callbacks or loggers. Components receive their section. This package
// reads configuration files and asks the host for its name and addresses (through the Host interface); it changes
// nothing, starts nothing and imports nothing but the standard library and a YAML parser.
package config
