package ovsdb

import (
	"strconv"
	"sync"
	"weak"
)

// sharedContents is what a monitor without conditions is answered with. Clients that ask for the same between two commits get the
// same text, made once: after a restart of the server all ovn-controllers with ovn-monitor-all come at the same time.
type sharedContents struct {
	asked string
	rows  [][]*Row

	once   sync.Once
	pieces [][]byte
}

// contentsCache finds the contents that some client is still being sent; it does not keep them alive. It is of the publisher's
// goroutine.
type contentsCache struct{ last weak.Pointer[sharedContents] }

// forget is called when the database changes.
func (c *contentsCache) forget() { c.last = weak.Pointer[sharedContents]{} }

// of returns the contents for a monitor that begins now, nil if it has conditions: then hardly anybody asks for the same.
func (c *contentsCache) of(m *monitor, rows [][]*Row) *sharedContents {
	if m.asked == "" {
		return nil
	}
	if k := c.last.Value(); k != nil && k.asked == m.asked {
		return k
	}
	k := &sharedContents{asked: m.asked, rows: rows}
	c.last = weak.Make(k)
	return k
}

// text makes the pieces, or waits for who makes them.
func (k *sharedContents) text(m *monitor) [][]byte {
	k.once.Do(func() {
		var b []byte
		b = m.appendInitial(b, k.rows, func(b []byte) ([]byte, bool) {
			k.pieces = append(k.pieces, b)
			return make([]byte, 0, cap(b)), true
		})
		k.pieces = append(k.pieces, b)
		k.rows = nil
	})
	return k.pieces
}

// askedText says what a monitor asks for; "" if it has conditions.
func askedText(version int, tables []*monTable, requests any) string {
	for _, t := range tables {
		if len(t.where) > 0 || t.never {
			return ""
		}
	}
	return strconv.Itoa(version) + jsonText(requests)
}
