package kube

import (
	"fmt"
	"os"
	"strings"

	"k8s.io/cli-runtime/pkg/genericclioptions"
	"k8s.io/cli-runtime/pkg/genericiooptions"
	"k8s.io/component-base/cli"
	"k8s.io/kubectl/pkg/cmd"
	"k8s.io/kubectl/pkg/cmd/plugin"
	cmdutil "k8s.io/kubectl/pkg/cmd/util"
)

// Kubectl runs kubectl with args (without its name) and returns its exit status. kubeconfig is used unless the caller's
// environment or arguments name another one; it sets the environment of this process, which does nothing else.
func Kubectl(args []string, kubeconfig string) int {
	if os.Getenv("KUBECONFIG") == "" && kubeconfig != "" {
		if _, err := os.Stat(kubeconfig); err == nil {
			if err := os.Setenv("KUBECONFIG", kubeconfig); err != nil {
				return 1
			}
		}
	}
	streams := genericiooptions.IOStreams{In: os.Stdin, Out: os.Stdout, ErrOut: os.Stderr}
	argv := append([]string{"kubectl"}, args...)
	c := cmd.NewDefaultKubectlCommandWithArgs(cmd.KubectlOptions{
		PluginHandler: cmd.NewDefaultPluginHandler(plugin.ValidPluginFilenamePrefixes),
		Arguments:     argv,
		ConfigFlags: genericclioptions.NewConfigFlags(true).WithDeprecatedPasswordFlag().WithDiscoveryBurst(300).
			WithDiscoveryQPS(50).WithWarningPrinter(streams),
		IOStreams: streams,
	})
	c.SetArgs(args)
	status := 0
	if err := cli.RunNoErrOutput(c); err != nil {
		cmdutil.BehaviorOnFatal(func(msg string, code int) {
			fmt.Fprintln(os.Stderr, strings.TrimSuffix(msg, "\n"))
			status = code
		})
		cmdutil.CheckErr(err)
	}
	return status
}
