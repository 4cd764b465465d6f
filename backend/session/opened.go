package session

import "sync"

// Opened are the files that the desktop gives to this running process. Only macOS does so; elsewhere such files are the arguments of
// another start, which package instance hands over.
type Opened struct {
	mu      sync.Mutex
	waiting []string
	take    func(paths []string) // nil until Serve
}

// NewOpened begins to listen. It must be called before the window library starts, since the files that this process was started
// with come while that starts, and at most once in a process.
func NewOpened() *Opened {
	o := &Opened{}
	listenOpened(o.add)
	return o
}

// Serve passes files to take from now on, at first those that came before. take runs on the window's thread or on the caller's; it
// must not wait for the window.
func (o *Opened) Serve(take func(paths []string)) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.take = take
	if len(o.waiting) > 0 {
		take(o.waiting)
	}
	o.waiting = nil
}

func (o *Opened) add(paths []string) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.take == nil {
		o.waiting = append(o.waiting, paths...)
		return
	}
	o.take(paths)
}
