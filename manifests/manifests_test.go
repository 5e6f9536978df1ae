package manifests

import (
	"bytes"
	"io"
	"strings"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/serializer"
	"k8s.io/apimachinery/pkg/util/yaml"
)

// Every document decodes strictly into the type that it claims to be.
func TestPackaged(t *testing.T) {
	scheme := runtime.NewScheme()
	for _, add := range []func(*runtime.Scheme) error{corev1.AddToScheme, appsv1.AddToScheme, rbacv1.AddToScheme, apiextensionsv1.AddToScheme} {
		if err := add(scheme); err != nil {
			t.Fatal(err)
		}
	}
	decoder := serializer.NewCodecFactory(scheme, serializer.EnableStrict).UniversalDeserializer()

	packaged, err := Packaged(Values{SystemImage: "kove.local/kove-sys:abc", ClusterDNS: "10.43.0.10", ClusterDomain: "cluster.local", Upstream: "/etc/resolv.conf"})
	if err != nil {
		t.Fatal(err)
	}
	kinds := map[string]int{}
	for name, text := range packaged {
		if strings.Contains(string(text), "<<") {
			t.Errorf("%s: a template action is left", name)
		}
		docs := yaml.NewDocumentDecoder(io.NopCloser(bytes.NewReader(text)))
		buf := make([]byte, 1<<20)
		for {
			n, err := docs.Read(buf)
			if err == io.EOF {
				break
			}
			if err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			obj, gvk, err := decoder.Decode(buf[:n], nil, nil)
			if err != nil {
				t.Fatalf("%s: %v\n%s", name, err, buf[:n])
			}
			kinds[gvk.Kind]++
			switch o := obj.(type) {
			case *appsv1.Deployment:
				if got := o.Spec.Template.Spec.Containers[0].Image; got != "kove.local/kove-sys:abc" {
					t.Errorf("image is %s", got)
				}
			case *corev1.Service:
				if o.Spec.ClusterIP != "10.43.0.10" {
					t.Errorf("clusterIP is %s", o.Spec.ClusterIP)
				}
			case *corev1.ConfigMap:
				if c := o.Data["Corefile"]; !strings.Contains(c, "kubernetes cluster.local in-addr.arpa") || !strings.Contains(c, "forward . /etc/resolv.conf\n") {
					t.Errorf("Corefile is\n%s", c)
				}
			case *apiextensionsv1.CustomResourceDefinition:
				if o.Spec.Group != "kubeovn.io" || len(o.Spec.Versions[0].AdditionalPrinterColumns) == 0 {
					t.Errorf("CRD %s: group %s, %d printer columns", o.Name, o.Spec.Group, len(o.Spec.Versions[0].AdditionalPrinterColumns))
				}
			}
		}
	}
	if kinds["CustomResourceDefinition"] != 3 || kinds["Deployment"] != 1 || kinds["Service"] != 1 || kinds["ClusterRole"] != 2 {
		t.Errorf("kinds are %v", kinds)
	}
}

func TestWithoutUpstream(t *testing.T) {
	packaged, err := Packaged(Values{SystemImage: "i", ClusterDNS: "10.43.0.10", ClusterDomain: "edge.site"})
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(string(packaged[CoreDNS]), "forward") {
		t.Error("a site without DNS servers still forwards")
	}
	if _, err := Packaged(Values{}); err == nil {
		t.Error("empty values were accepted")
	}
}
