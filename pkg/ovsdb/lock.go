package ovsdb

import (
	"slices"
	"sync"
)

// locks are the named locks of RFC 7047 section 4.1.8, shared by all connections of a server.
type locks struct {
	mu    sync.Mutex // guards the rest; it is held while owners are told, so that they learn of changes in their order
	queue map[string][]lockHolder
	// Who stole a lock; true once it was stolen from the thief. Then it is in no queue and gets nothing back, as with stock,
	// but has to unlock before it asks again.
	stole map[theft]bool
}

type theft struct {
	by   lockHolder
	name string
}

// lockHolder is told of what happens to a lock that it waits for or owns.
type lockHolder interface {
	lockChanged(method, name string)
}

func (l *locks) waiting(h lockHolder, name string) int {
	for i, x := range l.queue[name] {
		if x == h {
			return i
		}
	}
	return -1
}

// lock queues h and reports whether it owns the lock now; ok is false when h has asked for it before.
func (l *locks) lock(h lockHolder, name string, steal bool) (owns, ok bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.waiting(h, name) >= 0 || l.stole[theft{h, name}] {
		return false, false
	}
	q := l.queue[name]
	if steal {
		if len(q) > 0 {
			q[0].lockChanged("stolen", name)
			if victim := (theft{q[0], name}); l.stole != nil {
				if _, thief := l.stole[victim]; thief {
					l.stole[victim] = true
					q = q[1:]
				}
			}
		}
		l.queue[name] = append([]lockHolder{h}, q...)
		if l.stole == nil {
			l.stole = map[theft]bool{}
		}
		l.stole[theft{h, name}] = false
		return true, true
	}
	l.queue[name] = append(q, h)
	return len(q) == 0, true
}

// unlock takes h out of the queue; false when it was not in it. As with stock, whoever owns the lock then is told so, even
// if nothing changed for it.
func (l *locks) unlock(h lockHolder, name string) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	i := l.waiting(h, name)
	lost := l.stole[theft{h, name}]
	delete(l.stole, theft{h, name})
	if i < 0 {
		return lost
	}
	q := append([]lockHolder(nil), l.queue[name]...)
	q = append(q[:i], q[i+1:]...)
	if len(q) == 0 {
		delete(l.queue, name)
		return true
	}
	l.queue[name] = q
	q[0].lockChanged("locked", name)
	return true
}

func (l *locks) owns(h lockHolder, name string) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	q := l.queue[name]
	return len(q) > 0 && q[0] == h
}

// drop takes h out of every queue.
func (l *locks) drop(h lockHolder) {
	l.mu.Lock()
	var names []string
	for name := range l.queue {
		if l.waiting(h, name) >= 0 {
			names = append(names, name)
		}
	}
	for t, lost := range l.stole {
		if lost && t.by == h {
			delete(l.stole, t)
		}
	}
	l.mu.Unlock()
	for _, name := range names {
		l.unlock(h, name)
	}
}

// describe puts into a status what locks h holds, waits for, and has lost for good.
func (l *locks) describe(h lockHolder, status map[string]string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	add := func(key, name string) {
		if status[key] != "" {
			status[key] += " "
		}
		status[key] += name
	}
	for _, name := range sortedKeys(l.queue) {
		switch l.waiting(h, name) {
		case -1:
		case 0:
			add("locks_held", name)
		default:
			add("locks_waiting", name)
		}
	}
	var lost []string
	for t, yes := range l.stole {
		if yes && t.by == h {
			lost = append(lost, t.name)
		}
	}
	slices.Sort(lost)
	for _, name := range lost {
		add("locks_lost", name)
	}
}
