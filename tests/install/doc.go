// Package install tests how kove comes onto a machine and leaves it: install.sh from an HTTP server into lab nodes, upgrade
// under traffic, uninstall without a trace, every way in which a download or a machine can be wrong, kill -9 at any time;
// and the packages in roots of their own. It execs bin/kove; `make build` makes it.
package install
