package app

import (
	"github.com/kove-io/kove/embedded"
	"github.com/kove-io/kove/pkg/kube"
)

// Versions are those of what is in this binary, by name.
func Versions(kove string) map[string]string {
	v := map[string]string{"kove": kove, "kubernetes": kube.Version()}
	if m, err := embedded.Manifest(); err == nil {
		for name, version := range m.Versions {
			v[name] = version
		}
		v["payload"] = m.Hash
	}
	return v
}
