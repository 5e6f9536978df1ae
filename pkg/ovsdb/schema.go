package ovsdb

import (
	"fmt"
	"math"
	"regexp"
	"slices"
	"strings"
)

// Indexes of the two columns that every table has.
const (
	indexUUID    = -1
	indexVersion = -2
)

// AtomType is the type of a scalar.
type AtomType string

// The atomic types of RFC 7047 section 3.1.
const (
	Integer    AtomType = "integer"
	Real       AtomType = "real"
	Boolean    AtomType = "boolean"
	String     AtomType = "string"
	UUIDType   AtomType = "uuid"
	strongRef           = "strong"
	weakRef             = "weak"
	unlimited           = math.MaxInt
	maxInteger          = math.MaxInt64
)

// Schema describes a database. It never changes once parsed.
type Schema struct {
	Name    string
	Version string
	Cksum   string
	Tables  []*TableSchema // sorted by name

	byName map[string]*TableSchema
}

// TableSchema describes a table.
type TableSchema struct {
	Name    string
	Index   int             // position in Schema.Tables
	Columns []*ColumnSchema // sorted by name; _uuid and _version are not among them
	MaxRows int             // 0 means unlimited
	IsRoot  bool            // rows live without being referenced
	Indexes [][]*ColumnSchema

	byName   map[string]*ColumnSchema
	defaults []Value
	refs     []*ColumnSchema // columns that hold references
}

// ColumnSchema describes a column.
type ColumnSchema struct {
	Name      string
	Index     int // position in TableSchema.Columns and in Row.At
	Type      ColumnType
	Mutable   bool
	Ephemeral bool

	def Value
}

// ColumnType is a scalar, an optional, a set or a map type.
type ColumnType struct {
	Key      BaseType
	Value    *BaseType // of a map, else nil
	Min, Max int       // Max is math.MaxInt when unlimited
}

// BaseType is an atomic type with its constraints.
type BaseType struct {
	Type                   AtomType
	Enum                   []Value // sorted
	MinInteger, MaxInteger int64
	MinReal, MaxReal       float64
	MinLength, MaxLength   int
	RefTable               string
	RefType                string // "strong" or "weak" when RefTable is set

	ref *TableSchema
}

// IsScalar reports whether values are bare atoms.
func (t *ColumnType) IsScalar() bool { return t.Value == nil && t.Min == 1 && t.Max == 1 }

// IsMap reports whether values are a Map.
func (t *ColumnType) IsMap() bool { return t.Value != nil }

// IsOptional reports whether values are a set of at most one atom.
func (t *ColumnType) IsOptional() bool { return t.Value == nil && t.Min == 0 && t.Max == 1 }

// Default is the value of a column that an insert does not give.
func (c *ColumnSchema) Default() Value { return c.def }

// Table returns the named table, or nil.
func (s *Schema) Table(name string) *TableSchema { return s.byName[name] }

// Column returns the named column, _uuid and _version included, or nil.
func (t *TableSchema) Column(name string) *ColumnSchema { return t.byName[name] }

var (
	uuidColumn    = &ColumnSchema{Name: "_uuid", Index: indexUUID, Type: ColumnType{Key: plainBase(UUIDType), Min: 1, Max: 1}, def: UUID{}}
	versionColumn = &ColumnSchema{Name: "_version", Index: indexVersion, Ephemeral: true, Type: ColumnType{Key: plainBase(UUIDType), Min: 1, Max: 1}, def: UUID{}}
	idPattern     = regexp.MustCompile(`^[a-zA-Z_][a-zA-Z0-9_]*$`)
	versionNumber = regexp.MustCompile(`^[0-9]+\.[0-9]+\.[0-9]+$`)
)

func isID(s string) bool { return idPattern.MatchString(s) }

func plainBase(t AtomType) BaseType {
	return BaseType{
		Type: t, MinInteger: math.MinInt64, MaxInteger: maxInteger,
		MinReal: math.Inf(-1), MaxReal: math.Inf(1), MaxLength: unlimited,
	}
}

func syntaxError(v any, format string, args ...any) *Error {
	return &Error{Code: "syntax error", Syntax: jsonText(v), Details: fmt.Sprintf(format, args...)}
}

// ParseSchema reads and checks a schema in the form of RFC 7047 section 3.2.
func ParseSchema(text []byte) (*Schema, error) {
	v, err := parseJSON(text)
	if err != nil {
		return nil, fmt.Errorf("parsing schema: %w", err)
	}
	s, err := schemaFromJSON(v)
	if err != nil {
		return nil, fmt.Errorf("parsing schema: %w", err)
	}
	return s, nil
}

func schemaFromJSON(v any) (*Schema, error) {
	m := newMembers(v, "database schema")
	s := &Schema{byName: map[string]*TableSchema{}}
	s.Name = m.id("name", true)
	s.Version, _ = m.str("version", false)
	s.Cksum, _ = m.str("cksum", false)
	tables := m.object("tables", true)
	if err := m.done(); err != nil {
		return nil, err
	}
	if s.Version != "" && !versionNumber.MatchString(s.Version) {
		return nil, syntaxError(v, "schema version %q not in format x.y.z", s.Version)
	}
	rootSeen := false
	for _, name := range sortedKeys(tables) {
		if strings.HasPrefix(name, "_") {
			return nil, syntaxError(v, "names beginning with \"_\" are reserved")
		}
		if !isID(name) {
			return nil, syntaxError(v, "name must be a valid id")
		}
		t, err := tableFromJSON(name, tables[name])
		if err != nil {
			return nil, err
		}
		t.Index = len(s.Tables)
		rootSeen = rootSeen || t.IsRoot
		s.Tables = append(s.Tables, t)
		s.byName[name] = t
	}
	for _, t := range s.Tables {
		if !rootSeen {
			t.IsRoot = true
		}
		for _, c := range t.Columns {
			bases := []*BaseType{&c.Type.Key}
			if c.Type.Value != nil {
				bases = append(bases, c.Type.Value)
			}
			for i, b := range bases {
				if b.RefTable == "" {
					continue
				}
				if b.ref = s.byName[b.RefTable]; b.ref == nil {
					return nil, &Error{Code: "syntax error", Details: fmt.Sprintf("column %s %s refers to undefined table %s", c.Name, [...]string{"key", "value"}[i], b.RefTable)}
				}
			}
			if c.Type.Key.ref != nil || c.Type.Value != nil && c.Type.Value.ref != nil {
				t.refs = append(t.refs, c)
			}
		}
	}
	return s, nil
}

func tableFromJSON(name string, v any) (*TableSchema, error) {
	m := newMembers(v, "table schema for table "+name)
	t := &TableSchema{Name: name, byName: map[string]*ColumnSchema{"_uuid": uuidColumn, "_version": versionColumn}}
	cols := m.object("columns", true)
	t.IsRoot = m.boolean("isRoot", false)
	if n, ok := m.integer("maxRows"); ok {
		if n <= 0 || n > math.MaxInt32 {
			return nil, syntaxError(v, "maxRows must be at least 1")
		}
		t.MaxRows = int(n)
	}
	indexes, _ := m.array("indexes")
	if err := m.done(); err != nil {
		return nil, err
	}
	if len(cols) == 0 {
		return nil, syntaxError(v, "table must have at least one column")
	}
	for _, cn := range sortedKeys(cols) {
		if strings.HasPrefix(cn, "_") {
			return nil, syntaxError(v, "names beginning with \"_\" are reserved")
		}
		if !isID(cn) {
			return nil, syntaxError(v, "name must be a valid id")
		}
		c, err := columnFromJSON(cn, cols[cn])
		if err != nil {
			return nil, err
		}
		c.Index = len(t.Columns)
		t.Columns = append(t.Columns, c)
		t.byName[cn] = c
		t.defaults = append(t.defaults, c.def)
	}
	for _, ix := range indexes {
		names, ok := ix.([]any)
		if !ok || len(names) == 0 {
			return nil, syntaxError(ix, "index must have at least one column")
		}
		var set []*ColumnSchema
		for _, n := range names {
			s, _ := n.(string)
			c := t.byName[s]
			switch {
			case c == nil:
				return nil, syntaxError(ix, "%s is not a valid column name", s)
			case c.Ephemeral:
				return nil, syntaxError(ix, "ephemeral columns (such as %s) may not be indexed", s)
			case slices.Contains(set, c):
				return nil, syntaxError(ix, "duplicate column %s", s)
			}
			set = append(set, c)
		}
		t.Indexes = append(t.Indexes, set)
	}
	return t, nil
}

func columnFromJSON(name string, v any) (*ColumnSchema, error) {
	m := newMembers(v, "schema for column "+name)
	c := &ColumnSchema{Name: name, Mutable: m.boolean("mutable", true), Ephemeral: m.boolean("ephemeral", false)}
	typ := m.any("type")
	if err := m.done(); err != nil {
		return nil, err
	}
	t, err := typeFromJSON(typ)
	if err != nil {
		return nil, err
	}
	c.Type = *t
	c.def = t.defaultValue()
	return c, nil
}

func typeFromJSON(v any) (*ColumnType, error) {
	t := &ColumnType{Min: 1, Max: 1}
	if _, ok := v.(string); ok {
		b, err := baseFromJSON(v)
		if err != nil {
			return nil, err
		}
		t.Key = *b
		return t, nil
	}
	m := newMembers(v, "ovsdb type")
	key, value := m.any("key"), m.optional("value")
	if n, ok := m.integer("min"); ok {
		if n != 0 && n != 1 {
			return nil, syntaxError(v, "min must be 0 or 1")
		}
		t.Min = int(n)
	}
	switch n := m.optional("max").(type) {
	case nil:
	case int64:
		if n < 1 || n > math.MaxUint32 {
			return nil, syntaxError(v, "bad min or max value")
		}
		t.Max = int(n)
	case string:
		if n != "unlimited" {
			return nil, syntaxError(v, "bad min or max value")
		}
		t.Max = unlimited
	default:
		return nil, syntaxError(v, "bad min or max value")
	}
	if err := m.done(); err != nil {
		return nil, err
	}
	b, err := baseFromJSON(key)
	if err != nil {
		return nil, err
	}
	t.Key = *b
	if value != nil {
		if t.Value, err = baseFromJSON(value); err != nil {
			return nil, err
		}
	}
	if t.Min > t.Max {
		return nil, syntaxError(v, "ovsdb type fails constraint checks")
	}
	return t, nil
}

func baseFromJSON(v any) (*BaseType, error) {
	if s, ok := v.(string); ok {
		t, err := atomType(v, s)
		if err != nil {
			return nil, err
		}
		b := plainBase(t)
		return &b, nil
	}
	m := newMembers(v, "ovsdb type")
	name, _ := m.str("type", true)
	enum := m.optional("enum")
	t, err := atomType(v, name)
	if m.err == nil && err != nil {
		return nil, err
	}
	b := plainBase(t)
	if enum != nil {
		ct := ColumnType{Key: plainBase(t), Min: 1, Max: unlimited}
		d := decoder{}
		val, err := d.value(&ct, enum)
		if err != nil {
			return nil, err
		}
		b.Enum = atomsOf(val)
	}
	switch t {
	case Integer:
		if n, ok := m.integer("minInteger"); ok {
			b.MinInteger = n
		}
		if n, ok := m.integer("maxInteger"); ok {
			b.MaxInteger = n
		}
		if b.MinInteger > b.MaxInteger {
			return nil, syntaxError(v, "minInteger exceeds maxInteger")
		}
	case Real:
		if f, ok := m.real("minReal"); ok {
			b.MinReal = f
		}
		if f, ok := m.real("maxReal"); ok {
			b.MaxReal = f
		}
		if b.MinReal > b.MaxReal {
			return nil, syntaxError(v, "minReal exceeds maxReal")
		}
	case String:
		if n, ok := m.integer("minLength"); ok {
			b.MinLength = int(n)
		}
		if n, ok := m.integer("maxLength"); ok {
			b.MaxLength = int(n)
		}
		if b.MinLength > b.MaxLength || b.MinLength < 0 {
			return nil, syntaxError(v, "minLength exceeds maxLength")
		}
	case UUIDType:
		if b.RefTable = m.id("refTable", false); b.RefTable != "" {
			b.RefType = strongRef
			if s, ok := m.str("refType", false); ok {
				if s != strongRef && s != weakRef {
					return nil, syntaxError(v, "refType must be \"strong\" or \"weak\" (not %q)", s)
				}
				b.RefType = s
			}
		}
	}
	if err := m.done(); err != nil {
		return nil, err
	}
	return &b, nil
}

func atomType(v any, s string) (AtomType, error) {
	switch t := AtomType(s); t {
	case Integer, Real, Boolean, String, UUIDType:
		return t, nil
	}
	return "", syntaxError(v, "%q is not an atomic-type", s)
}

func (t *ColumnType) defaultValue() Value {
	if t.IsScalar() {
		return defaultAtom(t.Key.Type)
	}
	if t.IsMap() {
		if t.Min == 0 {
			return Map(nil)
		}
		return Map{{defaultAtom(t.Key.Type), defaultAtom(t.Value.Type)}}
	}
	if t.Min == 0 {
		return setOf(t.Key.Type, nil)
	}
	return setOf(t.Key.Type, []Value{defaultAtom(t.Key.Type)})
}

func defaultAtom(t AtomType) Value {
	switch t {
	case Integer:
		return int64(0)
	case Real:
		return float64(0)
	case Boolean:
		return false
	case String:
		return ""
	}
	return UUID{}
}

// setOf makes a typed set of atoms that are sorted and unique already.
func setOf(t AtomType, atoms []Value) Value {
	switch t {
	case Integer:
		return typedSet[int64](atoms)
	case Real:
		return typedSet[float64](atoms)
	case Boolean:
		return typedSet[bool](atoms)
	case String:
		return typedSet[string](atoms)
	}
	return typedSet[UUID](atoms)
}

func typedSet[T any](atoms []Value) []T {
	if len(atoms) == 0 {
		return nil
	}
	out := make([]T, len(atoms))
	for i, a := range atoms {
		out[i] = a.(T)
	}
	return out
}

// atomsOf lists the atoms of a scalar or a set.
func atomsOf(v Value) []Value {
	switch x := v.(type) {
	case []int64:
		return boxed(x)
	case []float64:
		return boxed(x)
	case []bool:
		return boxed(x)
	case []string:
		return boxed(x)
	case []UUID:
		return boxed(x)
	case Map, nil:
		return nil
	}
	return []Value{v}
}

func boxed[T any](xs []T) []Value {
	out := make([]Value, len(xs))
	for i, x := range xs {
		out[i] = x
	}
	return out
}

func sortedKeys[V any](m map[string]V) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}
