// Package cli is kove's command line: it turns arguments into a Config and a call.
//
// What is heavy (Kubernetes, containerd, the payload) comes in as function values in Actions, which cmd/kove fills. So this
// package builds and tests in seconds, and no command pays for what it does not use.
//
// Invariants: nothing here calls os.Exit, Run returns the exit status; every error names the object, what is wrong with it
// and what to do; flags, help and docs/cli.md come from pkg/config's options, so they cannot disagree; before a server or
// agent starts, proxy variables are cleared and said, and fatal findings of pkg/doctor end the command before anything on
// the machine changed.
//
// Exit status: see the Exit constants, which `kove help exit-status` and docs/cli.md print.
package cli
