package textflow

// Cache remembers the widths of short pieces of text, which are mostly words that come again. It belongs to one
// goroutine.
type Cache struct {
	m      Measurer
	widths map[cacheKey]float32
}

type cacheKey struct {
	text  string
	style Style
}

// Bounds of a Cache: longer pieces seldom come again, and a full cache starts anew.
const (
	cachedLen   = 48
	cachedCount = 1 << 15
)

// NewCache returns a cache in front of a measurer.
func NewCache(m Measurer) *Cache {
	return &Cache{m: m, widths: make(map[cacheKey]float32)}
}

// Width implements Measurer.
func (c *Cache) Width(text string, style Style) float32 {
	if len(text) > cachedLen {
		return c.m.Width(text, style)
	}
	key := cacheKey{text, style}
	if w, ok := c.widths[key]; ok {
		return w
	}
	if len(c.widths) >= cachedCount {
		clear(c.widths)
	}
	w := c.m.Width(text, style)
	c.widths[cacheKey{string([]byte(text)), style}] = w // a copy, so that the cache keeps no whole message alive
	return w
}

// Forget drops everything, as when the text size changes.
func (c *Cache) Forget() { clear(c.widths) }
