package worker

import (
	"strings"
	"sync"
)

// keep is how much is kept of each end of the child's stderr: the cause stands first, a library's own report last, and
// between them may lie any number of lines.
const keep = 16 << 10

// lastWords keeps the first and the last of what the child has printed since the last request.
type lastWords struct {
	mu   sync.Mutex
	head []byte
	tail []byte // up to 2*keep, cut to keep when that is reached
	lost bool   // something between them is gone
}

// mark forgets what was printed before: it belongs to requests that went well.
func (l *lastWords) mark() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.head, l.tail, l.lost = nil, nil, false
}

func (l *lastWords) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	n := len(p)
	if room := keep - len(l.head); room > 0 {
		k := min(room, len(p))
		l.head = append(l.head, p[:k]...)
		p = p[k:]
	}
	if len(p) > keep {
		p, l.tail, l.lost = p[len(p)-keep:], l.tail[:0], true
	}
	l.tail = append(l.tail, p...)
	if len(l.tail) >= 2*keep {
		l.tail = append(l.tail[:0], l.tail[len(l.tail)-keep:]...)
		l.lost = true
	}
	return n, nil
}

func (l *lastWords) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	tail, lost := l.tail, l.lost
	if len(tail) > keep {
		tail, lost = tail[len(tail)-keep:], true
	}
	s := string(l.head)
	if lost {
		s += "\n[...]\n"
	}
	return strings.ToValidUTF8(s+string(tail), "\uFFFD")
}
