package addresses

import (
	"sync"

	"github.com/kove-io/kove/pkg/ipam"
	"github.com/kove-io/kove/pkg/reconcile"
)

// Listener is told about changes; it must not call back into the Ledger.
type Listener interface {
	// SubnetChanged: a subnet's usage is no longer what its status says.
	SubnetChanged(subnet string)
	// Retry: something that this object waited for may be there now.
	Retry(ref reconcile.Ref)
}

// Ledger is safe for concurrent use.
type Ledger struct {
	listener Listener

	mu      sync.Mutex // guards everything below
	book    *ipam.Book
	configs map[string]ipam.Config
	waiting map[string]map[reconcile.Ref]bool       // subnet → who waits for it
	pods    map[ipam.Owner]map[reconcile.Key]string // owner → its live pods and their nodes
	owners  map[reconcile.Key]ipam.Owner            // pod → its owner
}

// NewLedger returns an empty Ledger.
func NewLedger(l Listener) *Ledger {
	return &Ledger{
		listener: l, book: ipam.NewBook(), configs: map[string]ipam.Config{},
		waiting: map[string]map[reconcile.Ref]bool{},
		pods:    map[ipam.Owner]map[reconcile.Key]string{},
		owners:  map[reconcile.Key]ipam.Owner{},
	}
}

// SetSubnet makes a subnet's addresses available under these limits and wakes those who wait for it. It reports whether
// anything changed.
func (l *Ledger) SetSubnet(subnet string, c ipam.Config) bool {
	l.mu.Lock()
	old, known := l.configs[subnet]
	if known && sameConfig(old, c) {
		l.mu.Unlock()
		return false
	}
	l.configs[subnet] = c
	l.book.SetPool(subnet, c)
	wake := l.wake(subnet)
	l.mu.Unlock()
	l.tell(wake)
	return true
}

// RemoveSubnet forgets a subnet.
func (l *Ledger) RemoveSubnet(subnet string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	delete(l.configs, subnet)
	l.book.RemovePool(subnet)
}

// HasSubnet tells whether addresses of the subnet can be had.
func (l *Ledger) HasSubnet(subnet string) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.book.HasPool(subnet)
}

// Usage reports a subnet's fill level.
func (l *Ledger) Usage(subnet string) ipam.Usage {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.book.Usage(subnet)
}

// Get tells what an owner has.
func (l *Ledger) Get(o ipam.Owner) (ipam.Allocation, bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.book.Get(o)
}

// Allocate tries the subnets in order and gives an address of the first that can satisfy the request. If none can, who
// asked is remembered and told to retry when one of them changes.
func (l *Ledger) Allocate(subnets []string, r ipam.Request, who reconcile.Ref) (ipam.Allocation, error) {
	l.mu.Lock()
	before, had := l.book.Get(r.Owner)
	var a ipam.Allocation
	var err, first error
	for _, subnet := range subnets {
		if a, err = l.book.Allocate(subnet, r); err == nil {
			break
		}
		if first == nil {
			first = err
		}
	}
	if err != nil {
		for _, subnet := range subnets {
			if l.waiting[subnet] == nil {
				l.waiting[subnet] = map[reconcile.Ref]bool{}
			}
			l.waiting[subnet][who] = true
		}
		l.mu.Unlock()
		return ipam.Allocation{}, first
	}
	l.stopWaiting(who)
	var wake []reconcile.Ref
	changed := !had || before != a
	if had && changed {
		wake = l.wake(before.Subnet)
	}
	l.mu.Unlock()
	if changed {
		l.listener.SubnetChanged(a.Subnet)
		if had && before.Subnet != a.Subnet {
			l.listener.SubnetChanged(before.Subnet)
		}
	}
	l.tell(wake)
	return a, nil
}

// Restore records what an owner had before a restart.
func (l *Ledger) Restore(o ipam.Owner, a ipam.Allocation) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.book.Restore(o, a)
}

// Release gives an owner's address back and wakes those who wait for one.
func (l *Ledger) Release(o ipam.Owner) {
	l.mu.Lock()
	a, had := l.book.Release(o)
	var wake []reconcile.Ref
	if had {
		wake = l.wake(a.Subnet)
	}
	l.mu.Unlock()
	if had {
		l.listener.SubnetChanged(a.Subnet)
		l.tell(wake)
	}
}

// Forget ends the waiting of an object that is gone.
func (l *Ledger) Forget(who reconcile.Ref) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.stopWaiting(who)
}

// SetPod records that a live pod on a node stands behind an owner.
func (l *Ledger) SetPod(pod reconcile.Key, o ipam.Owner, node string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if old, ok := l.owners[pod]; ok && old != o {
		l.dropPod(pod)
	}
	l.owners[pod] = o
	if l.pods[o] == nil {
		l.pods[o] = map[reconcile.Key]string{}
	}
	l.pods[o][pod] = node
}

// RemovePod records that a pod is no longer there and tells which owner it had.
func (l *Ledger) RemovePod(pod reconcile.Key) (ipam.Owner, bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	o, ok := l.owners[pod]
	l.dropPod(pod)
	return o, ok
}

// Nodes lists the nodes of an owner's live pods: more than one while a VM migrates.
func (l *Ledger) Nodes(o ipam.Owner) []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return sortedValues(l.pods[o])
}

func (l *Ledger) dropPod(pod reconcile.Key) {
	o, ok := l.owners[pod]
	if !ok {
		return
	}
	delete(l.owners, pod)
	delete(l.pods[o], pod)
	if len(l.pods[o]) == 0 {
		delete(l.pods, o)
	}
}

func (l *Ledger) stopWaiting(who reconcile.Ref) {
	for subnet, refs := range l.waiting {
		delete(refs, who)
		if len(refs) == 0 {
			delete(l.waiting, subnet)
		}
	}
}

func (l *Ledger) wake(subnet string) []reconcile.Ref {
	var out []reconcile.Ref
	for ref := range l.waiting[subnet] {
		out = append(out, ref)
	}
	delete(l.waiting, subnet)
	return out
}

func (l *Ledger) tell(refs []reconcile.Ref) {
	for _, ref := range refs {
		l.listener.Retry(ref)
	}
}
