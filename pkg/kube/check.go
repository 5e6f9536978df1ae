package kube

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/spf13/pflag"
	cliflag "k8s.io/component-base/cli/flag"
	apiserveroptions "k8s.io/kubernetes/cmd/kube-apiserver/app/options"
	kcm "k8s.io/kubernetes/cmd/kube-controller-manager/app"
	kcmoptions "k8s.io/kubernetes/cmd/kube-controller-manager/app/options"
	proxy "k8s.io/kubernetes/cmd/kube-proxy/app"
	scheduleroptions "k8s.io/kubernetes/cmd/kube-scheduler/app/options"
	kubeletoptions "k8s.io/kubernetes/cmd/kubelet/app/options"
	kubeletconfig "k8s.io/kubernetes/pkg/kubelet/apis/config"

	"github.com/kove-io/kove/pkg/config"
)

// CheckArgs reads what the operator gave as --kubelet-arg and the like into the components' own flags, so that a wrong one is
// told before anything is started or written.
func CheckArgs(c *config.Config) error {
	var faults config.Faults
	for _, component := range []struct {
		name string
		args []string
		sets func() (cliflag.NamedFlagSets, error)
	}{
		{"kube-apiserver", c.Control.APIServerArgs, func() (cliflag.NamedFlagSets, error) {
			return apiserveroptions.NewServerRunOptions().Flags(), nil
		}},
		{"kube-controller-manager", c.Control.ControllerManagerArgs, func() (cliflag.NamedFlagSets, error) {
			s, err := kcmoptions.NewKubeControllerManagerOptions()
			if err != nil {
				return cliflag.NamedFlagSets{}, err
			}
			return s.Flags(kcm.KnownControllers(), kcm.ControllersDisabledByDefault(), kcm.ControllerAliases()), nil
		}},
		{"kube-scheduler", c.Control.SchedulerArgs, func() (cliflag.NamedFlagSets, error) {
			return *scheduleroptions.NewOptions().Flags, nil
		}},
		{"kubelet", c.Node.KubeletArgs, func() (cliflag.NamedFlagSets, error) {
			return oneSet(func(fs *pflag.FlagSet) {
				kubeletoptions.NewKubeletFlags().AddFlags(fs)
				kubeletoptions.AddKubeletConfigFlags(fs, &kubeletconfig.KubeletConfiguration{})
			}), nil
		}},
		{"kube-proxy", c.Node.KubeProxyArgs, func() (cliflag.NamedFlagSets, error) {
			return oneSet(proxy.NewOptions().AddFlags), nil
		}},
	} {
		if len(component.args) == 0 {
			continue
		}
		sets, err := component.sets()
		if err != nil {
			return fmt.Errorf("making the options of %s: %w", component.name, err)
		}
		for _, arg := range component.args {
			var f flagList
			f.user([]string{arg})
			fs := newFlagSet(component.name)
			for _, s := range slices.Sorted(maps.Keys(sets.FlagSets)) {
				fs.AddFlagSet(sets.FlagSets[s])
			}
			what := ""
			if err := fs.Parse(f); err != nil {
				what = err.Error()
			} else if rest := fs.Args(); len(rest) > 0 {
				what = fmt.Sprintf("%q is not a flag", strings.Join(rest, " "))
			}
			if what != "" {
				option := component.name + "-arg"
				faults = append(faults, config.Fault{Option: option, Origin: c.Origins[option], What: what,
					Remedy: "write NAME=VALUE with a flag of " + component.name})
			}
		}
	}
	return faults.Err()
}

func oneSet(add func(*pflag.FlagSet)) cliflag.NamedFlagSets {
	fs := pflag.NewFlagSet("flags", pflag.ContinueOnError)
	fs.SetNormalizeFunc(cliflag.WordSepNormalizeFunc)
	add(fs)
	return cliflag.NamedFlagSets{FlagSets: map[string]*pflag.FlagSet{"flags": fs}}
}
