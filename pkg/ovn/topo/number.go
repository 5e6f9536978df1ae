package topo

import (
	"math"
	"strconv"
	"strings"
)

// Int reads a decimal number of an options column as stock does: with blanks or a sign before it, nothing behind it, and no more
// than 32 bits. What is no such number counts as otherwise.
func Int(s string, otherwise int) int {
	n, ok := signed(s)
	if !ok || n < math.MinInt32 || n > math.MaxInt32 {
		return otherwise
	}
	return int(n)
}

// Uint is Int for numbers that are not negative.
func Uint(s string, otherwise uint32) uint32 {
	n, ok := signed(s)
	if !ok || n < 0 || n > math.MaxUint32 {
		return otherwise
	}
	return uint32(n)
}

// Long is Int for numbers of 64 bits.
func Long(s string, otherwise int64) int64 {
	n, ok := signed(s)
	if !ok {
		return otherwise
	}
	return n
}

// Ulong is Long for numbers of 64 bits without a sign. As C has it, a negative one counts from the top.
func Ulong(s string, otherwise uint64) uint64 {
	s = strings.TrimLeft(s, blanks)
	digits, negative := strings.CutPrefix(s, "-")
	if !negative {
		digits = strings.TrimPrefix(s, "+")
	}
	n, err := strconv.ParseUint(digits, 10, 64)
	switch {
	case err != nil:
		return otherwise
	case negative:
		return -n
	}
	return n
}

func signed(s string) (int64, bool) {
	n, err := strconv.ParseInt(strings.TrimLeft(s, blanks), 10, 64)
	return n, err == nil
}
