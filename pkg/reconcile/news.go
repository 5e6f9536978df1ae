package reconcile

import (
	"sync"
	"time"
)

// repeatAfter is when an event that still holds is told again.
const repeatAfter = 5 * time.Minute

// news keeps a plan that says the same each time it is made from flooding the API with events.
type news struct {
	mu   sync.Mutex // guards told
	told map[Ref]map[string]telling
}

type telling struct {
	message string
	at      time.Time
}

// tell reports whether an event is worth sending, and if so takes it as sent.
func (n *news) tell(about Ref, e Event, now time.Time) bool {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.told == nil {
		n.told = map[Ref]map[string]telling{}
	}
	if n.told[about] == nil {
		n.told[about] = map[string]telling{}
	}
	last, ok := n.told[about][e.Reason]
	if ok && last.message == e.Message && now.Sub(last.at) < repeatAfter {
		return false
	}
	n.told[about][e.Reason] = telling{e.Message, now}
	return true
}

// forget drops what was told about an object that is gone.
func (n *news) forget(about Ref) {
	n.mu.Lock()
	defer n.mu.Unlock()
	delete(n.told, about)
}
