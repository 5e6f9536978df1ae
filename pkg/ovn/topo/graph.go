package topo

import (
	"container/heap"
	"fmt"
	"reflect"
	"slices"

	"github.com/kove-io/kove/pkg/ovsdb"
)

// graph is an incremental computation: inputs that are set, rules that are computed from inputs and other rules, and units,
// the rules whose changes are reported. Rules run in order of height (1 + that of the highest thing read), so that each
// runs once per round on consistent values, and only those that read something that changed.
type graph struct {
	queue   nodeQueue
	stack   []frame
	reads   []*node // of the frames on the stack, one after the other
	frames  uint64
	changed []Unit // units whose value changed in this round
	faults  []Fault
}

// Fault is a rule that panicked. Its value stays what it was.
type Fault struct {
	Rule  string
	Key   string
	Panic any
}

// node is what the graph knows of a value. There are some for each row, so that their size counts.
type node struct {
	cell    cell
	height  int
	queued  bool
	running bool
	mark    uint64
	deps    []*node
	rdeps   nodeSet
}

// cell is a value with its node.
type cell interface {
	update() bool // recomputes, reports whether the value changed; inputs never do
	drop() bool   // forgets the value when nobody reads it any more; false if it stays, as units do
}

// nodeSet is a set of nodes, of one most of the time.
type nodeSet struct {
	few  []*node
	many map[*node]struct{}
}

const nodeSetFew = 16

func (s *nodeSet) add(n *node) {
	if s.many != nil {
		s.many[n] = struct{}{}
		return
	}
	if slices.Contains(s.few, n) {
		return
	}
	if s.few = append(s.few, n); len(s.few) > nodeSetFew {
		s.many = make(map[*node]struct{}, 2*nodeSetFew)
		for _, x := range s.few {
			s.many[x] = struct{}{}
		}
		s.few = nil
	}
}

func (s *nodeSet) remove(n *node) {
	if s.many != nil {
		delete(s.many, n)
	} else if i := slices.Index(s.few, n); i >= 0 {
		s.few = slices.Delete(s.few, i, i+1)
	}
}

func (s *nodeSet) empty() bool { return len(s.few) == 0 && len(s.many) == 0 }

func (s *nodeSet) each(f func(*node)) {
	for _, n := range s.few {
		f(n)
	}
	for n := range s.many {
		f(n)
	}
}

// frame is a rule that runs.
type frame struct {
	id    uint64
	first int // of its reads
}

// unitHeight puts units behind all facts.
const unitHeight = 1 << 30

// read records that the running rule depends on n.
func (g *graph) read(n *node) {
	if len(g.stack) == 0 {
		return
	}
	if id := g.stack[len(g.stack)-1].id; n.mark != id {
		n.mark = id
		g.reads = append(g.reads, n)
	}
}

func (g *graph) enqueue(n *node) {
	if n.queued {
		return
	}
	n.queued = true
	heap.Push(&g.queue, n)
}

// touched enqueues everything that read n.
func (g *graph) touched(n *node) {
	n.rdeps.each(func(r *node) {
		if r.height <= n.height {
			r.height = n.height + 1
			if r.queued {
				heap.Init(&g.queue)
			}
		}
		g.enqueue(r)
	})
}

// run computes n and links it to what it read.
func (g *graph) run(n *node) (changed bool) {
	n.queued, n.running = false, true
	g.frames++
	depth, first := len(g.stack), len(g.reads)
	g.stack = append(g.stack, frame{g.frames, first})
	defer func() {
		g.stack = g.stack[:depth]
		n.running = false
		g.link(n, g.reads[first:])
		clear(g.reads[first:])
		g.reads = g.reads[:first]
		if changed {
			g.touched(n)
		}
	}()
	return n.cell.update()
}

// link makes n depend on deps, which it may not keep.
func (g *graph) link(n *node, deps []*node) {
	same := slices.Equal(n.deps, deps)
	height := 0
	for _, d := range deps {
		if !same {
			d.rdeps.add(n)
		}
		height = max(height, d.height+1)
	}
	if n.height < unitHeight {
		n.height = max(n.height, height)
	}
	if same {
		return
	}
	old := n.deps
	n.deps = slices.Clone(deps)
	if len(old) == 0 {
		return
	}
	g.frames++
	for _, d := range deps {
		d.mark = g.frames
	}
	for _, d := range old {
		if d.mark != g.frames {
			g.unlink(n, d)
		}
	}
}

func (g *graph) unlink(n, d *node) {
	d.rdeps.remove(n)
	if !d.rdeps.empty() || !d.cell.drop() {
		return
	}
	deps := d.deps
	d.deps = nil
	for _, dd := range deps {
		g.unlink(d, dd)
	}
}

// settle runs what is queued.
func (g *graph) settle() {
	for len(g.queue) > 0 {
		n := heap.Pop(&g.queue).(*node)
		if n.queued {
			g.run(n)
		}
	}
}

type nodeQueue []*node

func (q nodeQueue) Len() int           { return len(q) }
func (q nodeQueue) Less(i, j int) bool { return q[i].height < q[j].height }
func (q nodeQueue) Swap(i, j int)      { q[i], q[j] = q[j], q[i] }
func (q *nodeQueue) Push(x any)        { *q = append(*q, x.(*node)) }
func (q *nodeQueue) Pop() any {
	old := *q
	n := old[len(old)-1]
	old[len(old)-1] = nil
	*q = old[:len(old)-1]
	return n
}

// Input is a keyed set of values that come from outside.
type Input[K comparable, V any] struct {
	g     *graph
	cells map[K]*inputCell[K, V]
}

type inputCell[K comparable, V any] struct {
	node
	in  *Input[K, V]
	key K
	val V
	set bool
}

func (c *inputCell[K, V]) update() bool { return false }

func (c *inputCell[K, V]) drop() bool {
	if !c.set {
		delete(c.in.cells, c.key)
	}
	return true
}

func newInput[K comparable, V any](g *graph) *Input[K, V] {
	return &Input[K, V]{g: g, cells: map[K]*inputCell[K, V]{}}
}

// Get returns the value of k, the zero value if it has none.
func (in *Input[K, V]) Get(k K) V {
	c := in.cells[k]
	if c == nil {
		if len(in.g.stack) == 0 {
			var zero V
			return zero
		}
		c = in.cell(k)
	}
	in.g.read(&c.node)
	return c.val
}

func (in *Input[K, V]) cell(k K) *inputCell[K, V] {
	c := in.cells[k]
	if c == nil {
		c = &inputCell[K, V]{in: in, key: k}
		c.node.cell = c
		in.cells[k] = c
	}
	return c
}

// peek is Get outside of rules.
func (in *Input[K, V]) peek(k K) V {
	if c := in.cells[k]; c != nil {
		return c.val
	}
	var zero V
	return zero
}

func (in *Input[K, V]) put(k K, v V) {
	c := in.cell(k)
	if c.set && same(c.val, v) {
		return
	}
	c.val, c.set = v, true
	in.g.touched(&c.node)
}

func (in *Input[K, V]) remove(k K) {
	c := in.cells[k]
	if c == nil || !c.set {
		return
	}
	var zero V
	c.val, c.set = zero, false
	if c.rdeps.empty() {
		delete(in.cells, k)
		return
	}
	in.g.touched(&c.node)
}

// each visits all values, outside of rules.
func (in *Input[K, V]) each(f func(K, V)) {
	for k, c := range in.cells {
		if c.set {
			f(k, c.val)
		}
	}
}

// Rule computes a fact of K from inputs and other facts.
type Rule[K comparable, V any] struct {
	g       *graph
	name    string
	compute func(K) V
	cells   map[K]*ruleCell[K, V]
	unit    func(K, V) Unit // set when the values are the views of units
}

type ruleCell[K comparable, V any] struct {
	node
	rule *Rule[K, V]
	key  K
	val  V
}

func (c *ruleCell[K, V]) update() bool { return c.rule.run(c.key, c) }

func (c *ruleCell[K, V]) drop() bool {
	if c.rule.unit != nil {
		return false
	}
	delete(c.rule.cells, c.key)
	c.queued = false
	return true
}

func newRule[K comparable, V any](g *graph, name string, compute func(K) V) *Rule[K, V] {
	return &Rule[K, V]{g: g, name: name, compute: compute, cells: map[K]*ruleCell[K, V]{}}
}

// Get returns the fact of k.
func (r *Rule[K, V]) Get(k K) V {
	c := r.cells[k]
	switch {
	case c == nil:
		c = r.add(k)
		r.g.run(&c.node)
	case c.running:
		panic("topo: a fact depends on itself")
	case c.queued:
		r.g.run(&c.node)
	}
	r.g.read(&c.node)
	return c.val
}

func (r *Rule[K, V]) add(k K) *ruleCell[K, V] {
	c := &ruleCell[K, V]{rule: r, key: k}
	c.node.cell = c
	if r.unit != nil {
		c.height = unitHeight
	}
	r.cells[k] = c
	return c
}

func (r *Rule[K, V]) run(k K, c *ruleCell[K, V]) (changed bool) {
	defer func() {
		if p := recover(); p != nil {
			r.g.faults = append(r.g.faults, Fault{Rule: r.name, Key: fmt.Sprint(k), Panic: p})
			changed = false
		}
	}()
	v := r.compute(k)
	if same(c.val, v) {
		return false
	}
	c.val = v
	if r.unit != nil {
		r.g.changed = append(r.g.changed, r.unit(k, v))
	}
	return true
}

// start makes k a unit; stop ends it.
func (r *Rule[K, V]) start(k K) {
	if r.cells[k] == nil {
		r.g.enqueue(&r.add(k).node)
	}
}

func (r *Rule[K, V]) stop(k K) {
	c := r.cells[k]
	if c == nil {
		return
	}
	delete(r.cells, k)
	c.queued = false
	deps := c.deps
	c.deps = nil
	for _, d := range deps {
		r.g.unlink(&c.node, d)
	}
	var zero V
	r.g.changed = append(r.g.changed, r.unit(k, zero))
}

// same compares two values of an input or a rule. A pointer at the top is followed, since rules return new ones; pointers
// below it are facts or rows, which are the same only if they are identical. Everything else is compared by content.
func same(a, b any) bool {
	x, y := reflect.ValueOf(a), reflect.ValueOf(b)
	if !x.IsValid() || !y.IsValid() {
		return x.IsValid() == y.IsValid()
	}
	if x.Kind() == reflect.Pointer {
		if x.IsNil() || y.IsNil() {
			return x.IsNil() == y.IsNil()
		}
		if x.Pointer() == y.Pointer() {
			return true
		}
		x, y = x.Elem(), y.Elem()
	}
	return sameValue(x, y)
}

func sameValue(x, y reflect.Value) bool {
	switch x.Kind() {
	case reflect.Pointer:
		return x.Pointer() == y.Pointer() || !x.IsNil() && !y.IsNil() && x.Type().Elem().Kind() != reflect.Struct && sameValue(x.Elem(), y.Elem())
	case reflect.Struct:
		if x.Type().Comparable() && !hasPointer(x.Type()) {
			return x.Equal(y)
		}
		for i := range x.NumField() {
			if !sameValue(x.Field(i), y.Field(i)) {
				return false
			}
		}
		return true
	case reflect.Slice:
		if x.Len() != y.Len() {
			return false
		}
		if x.Len() == 0 || x.Pointer() == y.Pointer() {
			return true
		}
		if x.Type() == uuidSlice && x.CanInterface() && y.CanInterface() { // thousands of ports
			return slices.Equal(x.Interface().([]ovsdb.UUID), y.Interface().([]ovsdb.UUID))
		}
		for i := range x.Len() {
			if !sameValue(x.Index(i), y.Index(i)) {
				return false
			}
		}
		return true
	case reflect.Array:
		return x.Equal(y)
	case reflect.Map:
		if x.Len() != y.Len() {
			return false
		}
		if x.Pointer() == y.Pointer() {
			return true
		}
		for it := x.MapRange(); it.Next(); {
			v := y.MapIndex(it.Key())
			if !v.IsValid() || !sameValue(it.Value(), v) {
				return false
			}
		}
		return true
	case reflect.Interface:
		if x.IsNil() || y.IsNil() {
			return x.IsNil() == y.IsNil()
		}
		return x.Elem().Type() == y.Elem().Type() && sameValue(x.Elem(), y.Elem())
	default:
		return x.Equal(y)
	}
}

var uuidSlice = reflect.TypeFor[[]ovsdb.UUID]()

func hasPointer(t reflect.Type) bool {
	switch t.Kind() {
	case reflect.Pointer, reflect.Interface:
		return true
	case reflect.Struct:
		if t.PkgPath() == "net/netip" {
			return false // holds a pointer, but an interned one
		}
		for i := range t.NumField() {
			if hasPointer(t.Field(i).Type) {
				return true
			}
		}
	case reflect.Array:
		return hasPointer(t.Elem())
	}
	return false
}
