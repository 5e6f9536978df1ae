package externalgw

import (
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

func TestPlan(t *testing.T) {
	for _, tc := range []struct {
		name, object string
		data         map[string]string
		want         []string // parts of the event, nil for none
	}{
		{"another ConfigMap", "other", map[string]string{"external-gw-nic": "eth0"}, nil},
		{"switched off", Name, map[string]string{"enable-external-gw": "false", "external-gw-nic": "eth0"}, nil},
		{"the notebook's", Name, map[string]string{"enable-external-gw": "true", "external-gw-nic": "eth0", "external-gw-nodes": "edge-1"},
			[]string{"NIC eth0", "edge-1", "nothing was touched", "`kove doctor --role gateway --nic eth0`"}},
		{"without a NIC", Name, map[string]string{"enable-external-gw": "true"}, []string{"names no NIC", "nothing was touched"}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			plan := Plan(Facts{ConfigMap: &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Namespace: Namespace, Name: tc.object}, Data: tc.data}})
			if len(tc.want) == 0 {
				if len(plan.Events) != 0 {
					t.Errorf("events %v", plan.Events)
				}
				return
			}
			if len(plan.Events) != 1 {
				t.Fatalf("events %v", plan.Events)
			}
			if e := plan.Events[0]; e.Reason != "NotTakenOver" {
				t.Errorf("reason %s", e.Reason)
			}
			for _, part := range tc.want {
				if !strings.Contains(plan.Events[0].Message, part) {
					t.Errorf("%q is not in %q", part, plan.Events[0].Message)
				}
			}
		})
	}
	if plan := Plan(Facts{}); len(plan.Events) != 0 {
		t.Errorf("without a ConfigMap: %v", plan.Events)
	}
}
