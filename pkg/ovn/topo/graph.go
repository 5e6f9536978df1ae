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
	stack   []*frame
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

type node struct {
	height  int
	queued  bool
	running bool
	mark    uint64
	deps    []*node
	rdeps   map[*node]struct{}
	update  func() bool // recomputes, reports whether the value changed; nil for inputs
	drop    func()      // forgets the value when nobody reads it any more; nil for units
}

type frame struct {
	id   uint64
	node *node
	deps []*node
}

// unitHeight puts units behind all facts.
const unitHeight = 1 << 30

// read records that the running rule depends on n.
func (g *graph) read(n *node) {
	if len(g.stack) == 0 {
		return
	}
	f := g.stack[len(g.stack)-1]
	if n.mark == f.id {
		return
	}
	n.mark = f.id
	f.deps = append(f.deps, n)
}

func (g *graph) enqueue(n *node) {
	if n.queued || n.update == nil {
		return
	}
	n.queued = true
	heap.Push(&g.queue, n)
}

// touched enqueues everything that read n.
func (g *graph) touched(n *node) {
	for r := range n.rdeps {
		if r.height <= n.height {
			r.height = n.height + 1
			if r.queued {
				heap.Init(&g.queue)
			}
		}
		g.enqueue(r)
	}
}

// run computes n and links it to what it read.
func (g *graph) run(n *node) (changed bool) {
	n.queued, n.running = false, true
	g.frames++
	f := &frame{id: g.frames, node: n}
	g.stack = append(g.stack, f)
	depth := len(g.stack)
	defer func() {
		g.stack = g.stack[:depth-1]
		n.running = false
		g.link(n, f.deps)
		if changed {
			g.touched(n)
		}
	}()
	return n.update()
}

func (g *graph) link(n *node, deps []*node) {
	height := 0
	for _, d := range deps {
		if d.rdeps == nil {
			d.rdeps = map[*node]struct{}{}
		}
		d.rdeps[n] = struct{}{}
		height = max(height, d.height+1)
	}
	if n.height < unitHeight {
		n.height = max(n.height, height)
	}
	old := n.deps
	n.deps = deps
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
	delete(d.rdeps, n)
	if len(d.rdeps) > 0 || d.drop == nil {
		return
	}
	d.drop()
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
	cells map[K]*inputCell[V]
}

type inputCell[V any] struct {
	node
	val V
	set bool
}

func newInput[K comparable, V any](g *graph) *Input[K, V] {
	return &Input[K, V]{g: g, cells: map[K]*inputCell[V]{}}
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

func (in *Input[K, V]) cell(k K) *inputCell[V] {
	c := in.cells[k]
	if c == nil {
		c = &inputCell[V]{}
		c.drop = func() {
			if !c.set {
				delete(in.cells, k)
			}
		}
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
	if len(c.rdeps) == 0 {
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
	cells   map[K]*ruleCell[V]
	unit    func(K, V) Unit // set when the values are the views of units
}

type ruleCell[V any] struct {
	node
	val V
}

func newRule[K comparable, V any](g *graph, name string, compute func(K) V) *Rule[K, V] {
	return &Rule[K, V]{g: g, name: name, compute: compute, cells: map[K]*ruleCell[V]{}}
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

func (r *Rule[K, V]) add(k K) *ruleCell[V] {
	c := &ruleCell[V]{}
	c.update = func() bool { return r.run(k, c) }
	if r.unit != nil {
		c.height = unitHeight
	} else {
		c.drop = func() { delete(r.cells, k); c.queued = false }
	}
	r.cells[k] = c
	return c
}

func (r *Rule[K, V]) run(k K, c *ruleCell[V]) (changed bool) {
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
