package modelfile

import (
	"math"
	"strings"
	"unicode"
	"unicode/utf8"
)

// str gives a text of the header, "" when it is missing or no text.
func (g GGUF) str(key string) string {
	v := g.Values[key]
	if v.Type != TypeString {
		return ""
	}
	return strings.ToValidUTF8(v.Text, "\uFFFD")
}

// number gives an integer that is not negative; a negative one comes out too large for any limit.
func (g GGUF) number(key string) (uint64, bool) {
	v, ok := g.Values[key]
	if !ok {
		return 0, false
	}
	return v.integer()
}

func (v Value) integer() (uint64, bool) {
	switch v.Type {
	case TypeUint8, TypeInt8, TypeUint16, TypeInt16, TypeUint32, TypeInt32, TypeUint64, TypeInt64, TypeBool:
		return v.Bits, true
	case TypeFloat32, TypeFloat64, TypeString, TypeArray:
	}
	return 0, false
}

// float gives a number of either kind; false for NaN and infinities.
func (g GGUF) float(key string) (float64, bool) {
	v, ok := g.Values[key]
	if !ok {
		return 0, false
	}
	if v.Type == TypeFloat32 || v.Type == TypeFloat64 {
		f := math.Float64frombits(v.Bits)
		return f, !math.IsNaN(f) && !math.IsInf(f, 0)
	}
	n, ok := v.integer()
	return float64(int64(n)), ok
}

// layered sums up a number that may differ per layer.
type layered struct{ most, mean uint64 }

// perLayer reads a number that is written once, or once per layer. The mean is over all layers, rounded up.
func (g GGUF) perLayer(key string, layers int) (l layered, list, ok bool) {
	v, ok := g.Values[key]
	if !ok {
		return l, false, false
	}
	if v.Type != TypeArray {
		n, ok := v.integer()
		return layered{n, n}, false, ok
	}
	if len(v.List) < layers || layers == 0 {
		return l, true, false
	}
	var sum uint64
	for _, e := range v.List[:layers] {
		n, ok := e.integer()
		if !ok {
			return l, true, false
		}
		n = min(n, math.MaxInt64/(maxLayers+1))
		l.most = max(l.most, n)
		sum += n
	}
	l.mean = (sum + uint64(layers) - 1) / uint64(layers)
	return l, true, true
}

// clip makes a text out of a file fit to show: valid, printable, of at most n bytes.
func clip(s string, n int) string {
	if len(s) > n {
		for n > 0 && !utf8.RuneStart(s[n]) {
			n--
		}
		s = s[:n]
	}
	return strings.TrimSpace(printable(s))
}

// printable replaces what cannot be shown on one line: control characters, direction marks, broken encoding.
func printable(s string) string {
	return strings.Map(func(r rune) rune {
		if r == utf8.RuneError {
			return '?'
		}
		if unicode.IsSpace(r) {
			return ' '
		}
		if !unicode.IsPrint(r) {
			return -1
		}
		return r
	}, s)
}
