package northd

import (
	"fmt"

	"github.com/kove-io/kove/pkg/ovn/sb"
	"github.com/kove-io/kove/pkg/ovn/topo"
	"github.com/kove-io/kove/pkg/ovsdb"
)

// Ranges of tunnel keys (ovn-sb(5)). VXLAN's VNI carries both, 12 bits each, of which half the ports are multicast groups.
const (
	maxDatapathKey      = 1<<24 - 1
	maxDatapathKeyVXLAN = 1<<12 - 1
	maxLocalKeyVXLAN    = 1<<10 - 1 // where zones are joined over VXLAN
	maxPortKey          = 1<<15 - 1
	maxPortKeyVXLAN     = 1<<11 - 1

	// ReservedDatapathKeys at the top of the range are for ramp switches and other special datapaths.
	reservedDatapathKeys = 1<<16 - 1
)

// keySpace hands out the tunnel keys of one scope: of all datapaths, or of one datapath's ports. What is in use stays.
type keySpace struct {
	used map[int64]string // key → owner
	last int64            // what next gave out: a freed key is not used again at once, as chassis may still know it
	low  int64            // for first: those up to it are used
}

func newKeySpace() *keySpace { return &keySpace{used: map[int64]string{}} }

// take marks a key as used; false when it is somebody else's.
func (s *keySpace) take(key int64, owner string) bool {
	if o, ok := s.used[key]; ok && o != owner {
		return false
	}
	s.used[key] = owner
	s.last = max(s.last, key)
	return true
}

func (s *keySpace) free(key int64, owner string) {
	if s.used[key] == owner {
		delete(s.used, key)
		s.low = min(s.low, key-1)
	}
}

// release frees whatever owner has.
func (s *keySpace) release(owner string) {
	for k, o := range s.used {
		if o == owner {
			delete(s.used, k)
			s.low = min(s.low, k-1)
		}
	}
}

// next allocates the first free key after the last one, then from 1; 0 when there is none.
func (s *keySpace) next(limit int64, owner string) int64 {
	for range limit {
		if s.last++; s.last > limit {
			s.last = 1
		}
		if _, ok := s.used[s.last]; !ok {
			s.used[s.last] = owner
			return s.last
		}
	}
	return 0
}

// recede has next go on behind the highest key that is used.
func (s *keySpace) recede() {
	s.last = 0
	for k := range s.used {
		s.last = max(s.last, k)
	}
}

// first allocates the lowest free key; 0 when there is none.
func (s *keySpace) first(limit int64, owner string) int64 {
	for s.low < limit {
		s.low++
		if _, ok := s.used[s.low]; !ok {
			s.used[s.low] = owner
			return s.low
		}
	}
	return 0
}

// allocator decides the keys and the UUIDs of Datapath_Binding and Port_Binding rows.
type allocator struct {
	datapaths *keySpace
	dp        map[ovsdb.UUID]*topo.DatapathKey // by Logical_Switch or Logical_Router
	ports     map[ovsdb.UUID]*keySpace         // by Logical_Switch or Logical_Router
	port      map[string]*portAlloc            // by logical port name
	queues    *keySpace
	aclIDs    *keySpace
	evicted   map[ovsdb.UUID]ovsdb.UUID // datapaths that lost their key → their Datapath_Binding
	asked     map[string]int64          // keys that their owners, datapaths by UUID and ports by name, asked for and got
	bfdPorts  *keySpace                 // counted from firstBFDPort
	vxlan     bool
}

// maxACLID is the highest ID that fits into the register of the switch pipelines.
const maxACLID = 1<<15 - 1

// maxQueue is the highest queue that OVS's linux-htb takes.
const maxQueue = 0xf000

type portAlloc struct {
	topo.PortKey            // Owner is zero until it shows up
	dp           ovsdb.UUID // Logical_Switch or Logical_Router
	variant      topo.Variant
}

func newAllocator() *allocator {
	return &allocator{datapaths: newKeySpace(), dp: map[ovsdb.UUID]*topo.DatapathKey{}, ports: map[ovsdb.UUID]*keySpace{},
		port: map[string]*portAlloc{}, queues: newKeySpace(), asked: map[string]int64{}, evicted: map[ovsdb.UUID]ovsdb.UUID{}, aclIDs: newKeySpace(), bfdPorts: newKeySpace()}
}

// loadDatapath and loadPort take what the southbound database holds at start; false means that the key or the name is
// taken, so that the row has to go.
func (a *allocator) loadDatapath(id ovsdb.UUID, k topo.DatapathKey) bool {
	if a.dp[id] != nil || k.Key == 0 || !a.datapaths.take(k.Key, id.String()) {
		return false
	}
	a.dp[id] = &k
	return true
}

func (a *allocator) loadPort(name string, dp ovsdb.UUID, variant topo.Variant, k topo.PortKey) bool {
	if a.port[name] != nil || k.Key == 0 || !a.space(dp).take(k.Key, name) {
		return false
	}
	if k.Queue != 0 && !a.queues.take(k.Queue, name) {
		k.Queue = 0
	}
	a.port[name] = &portAlloc{PortKey: k, dp: dp, variant: variant}
	return true
}

func (a *allocator) space(dp ovsdb.UUID) *keySpace {
	s := a.ports[dp]
	if s == nil {
		s = newKeySpace()
		a.ports[dp] = s
	}
	return s
}

// requestable says why a key cannot be given to owner although it asks for it, "" if it can. The holder of a key that it
// asked for itself keeps it.
func (a *allocator) requestable(s *keySpace, key, limit int64, owner string) string {
	if key > limit || key < 0 {
		return fmt.Sprintf("it is not between 1 and %d", limit)
	}
	if holder, ok := s.used[key]; ok && holder != owner && a.asked[holder] == key {
		return holder + " asks for it too"
	}
	return ""
}

// datapath returns the key of a datapath, allocating it. requested is 0 or the operator's choice. A key that was
// requested by one and is held by another without having asked for it changes hands: evicted is that other one. A request
// that cannot be met gives another key, and says why it is unmet.
func (a *allocator) datapath(id ovsdb.UUID, requested int64) (k *topo.DatapathKey, evicted *ovsdb.UUID, unmet string, err error) {
	k = a.dp[id]
	owner := id.String()
	if requested != 0 {
		limit := int64(maxDatapathKey)
		if a.vxlan {
			limit = maxDatapathKeyVXLAN
		}
		if unmet = a.requestable(a.datapaths, requested, limit, owner); unmet == "" {
			a.asked[owner] = requested
			if k != nil && k.Key == requested {
				return k, nil, "", nil
			}
			if holder, ok := a.datapaths.used[requested]; ok {
				if h, err := ovsdb.ParseUUID(holder); err == nil && a.dp[h] != nil {
					evicted = &h
					a.evicted[h] = a.dp[h].SB
					delete(a.dp, h)
				}
			}
			if k != nil {
				a.datapaths.free(k.Key, owner)
			}
			a.datapaths.used[requested] = owner
			return a.setDatapath(id, requested), evicted, "", nil
		}
	}
	delete(a.asked, owner)
	if k != nil {
		return k, nil, unmet, nil
	}
	limit := int64(maxDatapathKey - reservedDatapathKeys)
	if a.vxlan {
		limit = maxDatapathKeyVXLAN
	}
	key := a.datapaths.next(limit, owner)
	if key == 0 {
		return nil, nil, unmet, fmt.Errorf("allocating tunnel key of datapath %s: all %d keys are in use", id, limit)
	}
	return a.setDatapath(id, key), nil, unmet, nil
}

func (a *allocator) setDatapath(id ovsdb.UUID, key int64) *topo.DatapathKey {
	// The northbound row's UUID serves for the southbound one too, unless that was chosen by somebody else.
	n := &topo.DatapathKey{SB: id, Key: key}
	if old := a.dp[id]; old != nil {
		n.SB = old.SB
	} else if sb, ok := a.evicted[id]; ok {
		n.SB = sb
		delete(a.evicted, id)
	}
	a.dp[id] = n
	return n
}

func (a *allocator) freeDatapath(id ovsdb.UUID) {
	delete(a.asked, id.String())
	delete(a.evicted, id)
	if k := a.dp[id]; k != nil {
		a.datapaths.free(k.Key, id.String())
		delete(a.dp, id)
		delete(a.ports, id)
	}
}

// portKey returns the key of a port, allocating it. As with datapaths, a requested key is taken from a port that did not ask
// for it: evicted is its name.
func (a *allocator) portKey(name string, dp, owner ovsdb.UUID, variant topo.Variant, requested int64) (k *topo.PortKey, evicted, unmet string, err error) {
	p := a.port[name]
	if p != nil && !p.Owner.IsZero() && p.Owner != owner {
		return nil, "", "", fmt.Errorf("naming port %s: another logical port has that name", name)
	}
	if a.dp[dp] == nil {
		return nil, "", "", fmt.Errorf("allocating tunnel key of port %s: its datapath has none", name)
	}
	space := a.space(dp)
	limit := int64(maxPortKey)
	if a.vxlan {
		limit = maxPortKeyVXLAN
	}
	if requested != 0 {
		unmet = a.requestable(space, requested, limit, name)
	}
	meet := requested != 0 && unmet == ""
	if meet {
		a.asked[name] = requested
	} else {
		delete(a.asked, name)
	}
	same := p != nil && p.dp == dp && p.variant == variant
	if same && p.Key != 0 && (!meet || requested == p.Key) {
		p.Owner = owner
		k := p.PortKey
		return &k, "", unmet, nil
	}
	var key int64
	if meet {
		if evicted = space.used[requested]; evicted != "" {
			a.port[evicted].Key = 0
		}
		space.used[requested] = name
		space.last = max(space.last, requested)
		key = requested
	} else if key = space.next(limit, name); key == 0 {
		return nil, "", unmet, fmt.Errorf("allocating tunnel key of port %s: all %d keys of the datapath are in use", name, limit)
	}
	n := &portAlloc{PortKey: topo.PortKey{SB: hashUUID(sb.TablePortBinding, portRowKey(name, a.dp[dp].SB, variant)), Key: key, Owner: owner}, dp: dp, variant: variant}
	if p != nil {
		if same {
			n.SB, n.Queue = p.SB, p.Queue
		} else {
			a.queues.free(p.Queue, name)
		}
		a.space(p.dp).free(p.Key, name)
	}
	a.port[name] = n
	key2 := n.PortKey
	return &key2, evicted, unmet, nil
}

// queue gives a port a queue, or takes it, and returns its new key; nil when there is nothing to change.
func (a *allocator) queue(name string, owner ovsdb.UUID, want bool) *topo.PortKey {
	p := a.port[name]
	if p == nil || p.Owner != owner || want == (p.Queue != 0) {
		return nil
	}
	if want {
		if p.Queue = a.queues.first(maxQueue, name); p.Queue == 0 {
			return nil
		}
	} else {
		a.queues.free(p.Queue, name)
		p.Queue = 0
	}
	k := p.PortKey
	return &k
}

func (a *allocator) freePort(name string, owner ovsdb.UUID) bool {
	p := a.port[name]
	if p == nil || p.Owner != owner && !p.Owner.IsZero() {
		return false
	}
	if s := a.ports[p.dp]; s != nil {
		s.free(p.Key, name)
	}
	delete(a.asked, name)
	a.queues.free(p.Queue, name)
	delete(a.port, name)
	return true
}

// sweep forgets ports that were loaded and that nobody asked for.
func (a *allocator) sweep() {
	for name, p := range a.port {
		if p.Owner.IsZero() {
			a.freePort(name, p.Owner)
		}
	}
}

// portRowKey is the natural key of a Port_Binding. A port that moves to another switch, or becomes another variant, is another
// port to the chassis.
func portRowKey(name string, dp ovsdb.UUID, variant topo.Variant) string {
	if variant != "" {
		return name + "/" + dp.String() + "/" + string(variant)
	}
	return name + "/" + dp.String()
}
