package v1

import (
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// ConditionType names one aspect of an object's state.
type ConditionType string

const (
	// Validated tells whether the spec was accepted. While it is False nothing of the object is realised.
	Validated ConditionType = "Validated"
	// Ready tells whether the object is realised in the northbound database.
	Ready ConditionType = "Ready"
	// Ignored is True while the spec sets fields that this version of kove does not act on; the message names them.
	Ignored ConditionType = "Ignored"
)

// Condition is Kube-OVN's condition: metav1.Condition with an additional update time and no observed generation.
type Condition struct {
	Type   ConditionType          `json:"type"`
	Status corev1.ConditionStatus `json:"status"`
	// +optional
	Reason string `json:"reason,omitempty"`
	// +optional
	Message string `json:"message,omitempty"`
	// +optional
	LastUpdateTime metav1.Time `json:"lastUpdateTime,omitempty"`
	// +optional
	LastTransitionTime metav1.Time `json:"lastTransitionTime,omitempty"`
}

// SetCondition returns conditions with the given one in place. Times change only when something else does, so that
// setting the same condition again leaves the object as it is. The input is not modified.
func SetCondition(conditions []Condition, c Condition, now metav1.Time) []Condition {
	out := make([]Condition, 0, len(conditions)+1)
	found := false
	for _, old := range conditions {
		if old.Type != c.Type {
			out = append(out, old)
			continue
		}
		found = true
		if old.Status == c.Status && old.Reason == c.Reason && old.Message == c.Message {
			out = append(out, old)
			continue
		}
		c.LastUpdateTime, c.LastTransitionTime = now, now
		if old.Status == c.Status {
			c.LastTransitionTime = old.LastTransitionTime
		}
		out = append(out, c)
	}
	if !found {
		c.LastUpdateTime, c.LastTransitionTime = now, now
		out = append(out, c)
	}
	return out
}

// RemoveCondition returns conditions without those of type t.
func RemoveCondition(conditions []Condition, t ConditionType) []Condition {
	var out []Condition
	for _, c := range conditions {
		if c.Type != t {
			out = append(out, c)
		}
	}
	return out
}

// IsTrue tells whether the condition of type t is there and True.
func IsTrue(conditions []Condition, t ConditionType) bool {
	for _, c := range conditions {
		if c.Type == t {
			return c.Status == corev1.ConditionTrue
		}
	}
	return false
}
