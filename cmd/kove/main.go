// Command kove is Kubernetes and OVN in one program. It only puts the command line (pkg/cli) together with what the
// commands do.
package main

import (
	"context"
	"fmt"
	"log/slog"
	"os"

	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/clientcmd"

	"github.com/kove-io/kove/pkg/app"
	"github.com/kove-io/kove/pkg/cli"
	"github.com/kove-io/kove/pkg/config"
	"github.com/kove-io/kove/pkg/containerd"
	"github.com/kove-io/kove/pkg/containerd/daemon"
	"github.com/kove-io/kove/pkg/kube"
	"github.com/kove-io/kove/pkg/ovn/central/command"
	northd "github.com/kove-io/kove/pkg/ovn/northd/command"
	"github.com/kove-io/kove/pkg/pki/join"
)

// version and commit are set by the linker, see packaging/ldflags.sh.
var version, commit = "dev", "unknown"

func main() {
	os.Exit(cli.New(cli.Actions{
		Server:  serve,
		Agent:   serve,
		Kubectl: kubectl,
		Ctr:     ctr,
		Containerd: func(ctx context.Context, args []string) error {
			return daemon.Containerd(ctx, append([]string{"containerd"}, args...))
		},
		Central: func(ctx context.Context, args []string) error {
			return command.New(version).RunContext(ctx, append([]string{"ovn-central"}, args...))
		},
		Northd: func(args []string) int {
			return northd.Run(args, version, os.Stdout, os.Stderr)
		},
		Tokens:   tokens,
		Images:   images,
		Stop:     app.Stop,
		Versions: versions,
	}).Run(context.Background(), os.Args))
}

func serve(ctx context.Context, c *config.Config, log *slog.Logger) error {
	return app.Run(ctx, c, app.Options{Version: version, Logger: log})
}

func versions() map[string]string {
	v := app.Versions(version)
	v["commit"] = commit
	return v
}

func kubectl(_ context.Context, args []string, c *config.Config) int {
	return kube.Kubectl(args, c.API.WriteKubeconfig)
}

func ctr(ctx context.Context, args []string, c *config.Config) int {
	// ctr's own defaults are another containerd's.
	for name, value := range map[string]string{"CONTAINERD_ADDRESS": c.Paths.Run("containerd", "containerd.sock"), "CONTAINERD_NAMESPACE": "k8s.io"} {
		if os.Getenv(name) == "" {
			_ = os.Setenv(name, value) // fails only for impossible names
		}
	}
	if err := daemon.Ctr(ctx, append([]string{"ctr"}, args...)); err != nil {
		fmt.Fprintln(os.Stderr, "ctr:", err)
		return 1
	}
	return 0
}

// images opens the image store of this node.
func images(socket string) (cli.Images, error) {
	s, err := containerd.OpenStore(socket)
	if err != nil {
		return nil, err
	}
	return imageStore{s}, nil
}

// imageStore says cli's words for containerd's.
type imageStore struct{ *containerd.Store }

// List implements cli.Images.
func (s imageStore) List(ctx context.Context) ([]cli.ImageInfo, error) {
	list, err := s.Store.List(ctx)
	out := make([]cli.ImageInfo, len(list))
	for i, img := range list {
		out[i] = cli.ImageInfo(img)
	}
	return out, err
}

// tokens opens the cluster's join tokens.
func tokens(kubeconfig string) (cli.Tokens, error) {
	rc, err := clientcmd.BuildConfigFromFlags("", kubeconfig)
	if err != nil {
		return nil, fmt.Errorf("loading %s: %w", kubeconfig, err)
	}
	client, err := kubernetes.NewForConfig(rc)
	if err != nil {
		return nil, fmt.Errorf("making a client of the cluster: %w", err)
	}
	return tokenStore{join.NewTokens(client)}, nil
}

// tokenStore says cli's words for join's.
type tokenStore struct{ *join.Tokens }

// List implements cli.Tokens.
func (t tokenStore) List(ctx context.Context) ([]cli.TokenInfo, error) {
	list, err := t.Tokens.List(ctx)
	out := make([]cli.TokenInfo, len(list))
	for i, info := range list {
		out[i] = cli.TokenInfo(info)
	}
	return out, err
}
