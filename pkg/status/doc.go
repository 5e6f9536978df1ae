// Package status is what a running kove tells about itself, and how it is asked: JSON over HTTP on a unix socket that only
// root can open.
//
// It owns the JSON types, the socket and the reading of memory figures from /proc. It decides nothing; pkg/app fills
// in what it knows, pkg/cli prints it.
package status
